/** /repos/{owner}/{repo}/pulls */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalid } from './errors.ts';
import { actorOf, idIn, paginate, parseBody, queryOf } from './http.ts';
import { pullJson, pullListJson } from './pull-shapes.ts';
import { closePull, editPull, findPull, reopenPull } from './pulls.ts';
import type { Pull } from './state.ts';
import { ownerOf, type World } from './world.ts';

const patch = z.object({
  title: z.string().trim().min(1).optional(),
  body: z.string().nullable().optional(),
  state: z.enum(['open', 'closed']).optional(),
});

export function pullRoutes(app: FastifyInstance, world: World): void {
  const { site, state } = world;
  const pullIn = (request: FastifyRequest): Pull =>
    findPull(world, idIn((request.params as Record<string, string>)['number']));

  app.get('/pulls', async (request, reply) => {
    const pulls = selectPulls(world, queryOf(request));
    return paginate(request, reply, site.url, pulls).map((pull) => pullListJson(site, state, pull));
  });

  app.get('/pulls/:number', async (request) => pullJson(site, state, pullIn(request)));

  app.patch('/pulls/:number', async (request) => {
    const pull = pullIn(request);
    const change = parseBody(patch, 'PullRequest', request.body);
    const sender = actorOf(request);
    if (change.state === 'open') reopenPull(world, pull, sender);
    if (change.state === 'closed') closePull(world, pull, sender, 'person');
    const { title = pull.title, body = pull.body } = change;
    editPull(world, pull, { title, body }, sender);
    return pullJson(site, state, pull);
  });
}

type Query = Readonly<Record<string, string>>;

/** `state`, `head`, `base`, `sort` and `direction`, with GitHub's defaults: open ones, the newest first. */
function selectPulls(world: World, query: Query): Pull[] {
  const wanted = oneOf(query, 'state', ['open', 'closed', 'all']);
  const { head, base } = query;
  const label = (pull: Pull): string => `${ownerOf(world.site, pull.branch)}:${pull.branch}`;
  return world.state.pulls
    .filter((pull) => wanted === 'all' || pull.state === wanted)
    .filter((pull) => head === undefined || head === label(pull))
    .filter((pull) => base === undefined || base === pull.base)
    .sort(order(query));
}

export function order(query: Query): (a: Pull, b: Pull) => number {
  const key = oneOf(query, 'sort', ['created', 'updated']);
  const sign = oneOf(query, 'direction', ['desc', 'asc']) === 'asc' ? 1 : -1;
  const text = (pull: Pull): string => (key === 'created' ? pull.createdAt : pull.updatedAt);
  return (a, b) => sign * (text(a).localeCompare(text(b)) || a.number - b.number);
}

/** The first value is the default. */
export function oneOf(query: Query, name: string, values: readonly string[]): string {
  const value = query[name] ?? values[0] ?? '';
  if (!values.includes(value)) {
    throw invalid('PullRequest', name, `${name} is "${value}", allowed are ${values.join(', ')}`);
  }
  return value;
}
