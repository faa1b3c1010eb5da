/** Where events become webhooks: what every payload has in common, and the `ping` of a new hook. */
import { type Deliveries, HOOK_ID } from './deliveries.ts';
import { apiUrl, repositoryJson, userJson } from './shapes.ts';
import type { State, StateFile } from './state.ts';
import type { Event, Site, World } from './world.ts';

type Json = Record<string, unknown>;

interface WorldParts {
  readonly file: StateFile;
  readonly deliveries: Deliveries;
  readonly now: () => number;
}

/** ISO with GitHub's grain of one second. */
export function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, '');
}

export function makeWorld(site: Site, state: State, parts: WorldParts): World {
  return {
    site,
    state,
    stamp: () => stampOf(parts.now()),
    nextId() {
      const id = state.nextId;
      state.nextId += 1;
      return id;
    },
    touch: () => parts.file.touch(),
    emit({ event, action, sender, payload }: Event) {
      const repository = repositoryJson(site, state);
      parts.deliveries.send(event, action, {
        ...(action === undefined ? {} : { action }),
        ...payload,
        repository: event === 'push' ? pushedRepository(repository) : repository,
        sender: userJson(site, sender),
      });
    },
  };
}

/** In a push, and only there, a repository has times in seconds and an owner with a name. */
function pushedRepository(repository: Json): Json {
  const owner = repository['owner'] as Json;
  const seconds = (key: string): number => Math.floor(Date.parse(String(repository[key])) / 1_000);
  return {
    ...repository,
    owner: { name: owner['login'], email: `${String(owner['login'])}@users.noreply.localhost`, ...owner },
    created_at: seconds('created_at'),
    pushed_at: seconds('pushed_at'),
    stargazers: 0,
    master_branch: repository['default_branch'],
  };
}

/** What GitHub sends when a webhook is made. */
export function emitPing(world: World, deliveries: Deliveries): void {
  const url = `${apiUrl(world.site)}/hooks/${HOOK_ID}`;
  const at = world.stamp();
  const hook = {
    type: 'Repository',
    id: HOOK_ID,
    name: 'web',
    active: true,
    events: ['delete', 'issue_comment', 'pull_request', 'push'],
    config: { content_type: 'json', insecure_ssl: '0', secret: '********', url: deliveries.url ?? '' },
    updated_at: at,
    created_at: at,
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: { code: null, status: 'unused', message: null },
  };
  const payload = { zen: 'Approachable is better than simple.', hook_id: HOOK_ID, hook };
  world.emit({ event: 'ping', sender: world.site.owner, payload });
}
