/**
 * The part of GitHub that Mayfly uses, on loopback, over any local git repository: each branch but the default one is a
 * pull request. REST and webhooks are shaped as GitHub's own, so the operator runs against it unchanged (DESIGN §8).
 */
import { join, resolve } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { connectLocalGitHub, type LocalGitHubClient } from './client.ts';
import { Deliveries } from './deliveries.ts';
import { findDefaultBranch, git } from './git.ts';
import { checkSameOrigin, parseJson, sendError } from './http.ts';
import { type Controls, localRoutes } from './local-routes.ts';
import { checkOptions, type LocalGitHubOptions, type Settings } from './options.ts';
import { pageRoutes } from './page-routes.ts';
import { type Poller, startPoller } from './poller.ts';
import { restRoutes } from './rest.ts';
import { emitPing, makeWorld, stampOf } from './events.ts';
import { emptyState, loadState, makeStateFile, noStateFile, type State, type StateFile } from './state.ts';
import { scanBranches } from './watch.ts';
import type { Site, World } from './world.ts';

export interface LocalGitHub extends LocalGitHubClient {
  /** Stops polling, gives up the webhook under way, closes every connection, writes the state. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** The first look at the repository is silent; on a restart with a state file, webhooks tell what happened since. */
export async function startLocalGitHub(options: LocalGitHubOptions): Promise<LocalGitHub> {
  const settings = checkOptions(options);
  const repoPath = resolve(settings.repoPath);
  await git(repoPath, ['rev-parse', '--git-dir']).catch((cause: unknown) => {
    throw new Error(`repoPath: ${repoPath} is not a git repository that can be read`, { cause });
  });
  const { state, file } = await openState(settings, repoPath);
  const place = { url: '' };
  const site = makeSite(settings, repoPath, place);
  const deliveries = new Deliveries(
    {
      secret: settings.webhookSecret,
      timeoutMs: settings.webhookTimeoutMs,
      repoId: site.repoId,
      now: settings.now,
      log: settings.log,
    },
    settings.webhookUrl,
  );
  const world = makeWorld(site, state, { file, deliveries, now: settings.now });
  const scan = async (): Promise<void> => {
    await scanBranches(world);
    await file.saved();
  };
  const ready = Promise.withResolvers<void>();
  const app = makeApp(settings, world, file, ready.promise, {
    deliveries,
    get url() {
      return place.url;
    },
    refresh: () => poller.refresh(),
    setWebhookUrl(url) {
      deliveries.url = url ?? undefined;
      emitPing(world, deliveries);
    },
  });
  place.url = await listen(app, settings.port);
  const poller: Poller = startPoller(scan, settings.pollMs, settings.log);
  const stop = async (): Promise<void> => {
    await poller.close();
    await deliveries.close();
    await app.close();
    await file.saved();
  };
  emitPing(world, deliveries);
  try {
    await poller.refresh();
  } catch (error) {
    ready.resolve();
    await stop();
    throw error;
  }
  ready.resolve();
  const client = connectLocalGitHub({ url: place.url, fullName: site.fullName, token: settings.token });
  let stopping: Promise<void> | undefined;
  return { ...client, close: () => (stopping ??= stop()) };
}

async function openState(settings: Settings, repoPath: string): Promise<{ state: State; file: StateFile }> {
  const path = settings.stateDir === undefined ? undefined : join(settings.stateDir, 'github.json');
  const known = path === undefined ? undefined : await loadState(path, settings.fullName);
  const at = stampOf(settings.now());
  const state =
    known ?? emptyState(settings.fullName, settings.defaultBranch ?? (await findDefaultBranch(repoPath)), at);
  return { state, file: path === undefined ? noStateFile : makeStateFile(path, () => state) };
}

/** The address is known only once the server listens. */
function makeSite(settings: Settings, repoPath: string, place: { readonly url: string }): Site {
  const [owner = ''] = settings.fullName.split('/');
  return {
    get url() {
      return place.url;
    },
    repoPath,
    fullName: settings.fullName,
    owner,
    repoId: settings.repoId,
    forks: settings.forks,
    permissions: settings.permissions,
  };
}

function makeApp(
  settings: Settings,
  world: World,
  file: StateFile,
  ready: Promise<void>,
  controls: Controls,
): FastifyInstance {
  const { log } = settings;
  const app = Fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 1_000 } });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (request: FastifyRequest, body: string) =>
    parseJson(request, body),
  );
  app.setErrorHandler((error: Error, _request, reply) => sendError(error, reply, log));
  app.addHook('onRequest', async (request) => {
    checkSameOrigin(request);
    await ready;
  });
  // A change is on disk before it is confirmed.
  app.addHook('onSend', async (request, _reply, body) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') await file.saved();
    return body;
  });
  void app.register(restRoutes, {
    world,
    token: settings.token,
    rateLimit: settings.rateLimit,
    now: settings.now,
    log,
  });
  void app.register(localRoutes, controls);
  void app.register(pageRoutes, { world, deliveries: controls.deliveries, suggestedLabels: settings.suggestedLabels });
  return app;
}

async function listen(app: FastifyInstance, port: number): Promise<string> {
  try {
    return await app.listen({ host: HOST, port });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} on ${HOST} is taken: is a local GitHub running already?`, { cause: error });
  }
}
