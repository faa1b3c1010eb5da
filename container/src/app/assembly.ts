/** Makes one app of the processes that run, once they are of use. */
import { resourcesOf } from '../processes/resources.ts';
import type { Timings } from '../timings.ts';
import { makeHealthCheck, probe } from './health.ts';
import { type End, firstEnd, type Member, stopMembers } from './member.ts';
import { makeRouter } from './routes.ts';
import type { RunningApp } from './running-app.ts';
import { makeUpstream } from './upstream.ts';

/** How long the last bytes of processes that ended may take to reach the browsers. */
const GOODBYE_MS = 300;

/** A member, and the loopback address at which it was found. */
export interface Placed {
  readonly member: Member;
  readonly host: string;
}

export interface AssemblyOptions {
  readonly hostHeader: string;
  readonly timings: Timings;
}

/** One process that ends takes the others along: half an app is none, and all are started again together. */
export function assemble(placed: readonly Placed[], options: AssemblyOptions): RunningApp {
  const members = placed.map(({ member }) => member);
  const checks = placed.flatMap((each) => checkOf(each, options));
  const routes = placed.flatMap((each) => routeOf(each));
  const upstreams = routes.map(([, upstream]) => upstream);
  const route = makeRouter(routes);
  let gone = false;
  let stopping = false;
  const exited = firstEnd(members).then((end) => {
    gone = true;
    if (!stopping) void stopMembers(members, options.timings.cancelAfterMs);
    return reasonOf(end, members);
  });
  return {
    exited,
    upstream: (path) => (gone ? undefined : route(path)),
    async healthy() {
      const answers = await Promise.all(checks.map((check) => check.healthy()));
      return !gone && answers.every(Boolean);
    },
    get lastHealthy() {
      return !gone && checks.every((check) => check.last);
    },
    resources: () => resourcesOf(members.flatMap(({ group }) => group.run ?? [])),
    async stop({ drainMs, killAfterMs }) {
      stopping = true;
      await Promise.all(upstreams.map((upstream) => upstream.finish(drainMs)));
      await stopMembers(members, killAfterMs);
      await Promise.all(upstreams.map((upstream) => upstream.close(GOODBYE_MS)));
    },
  };
}

function checkOf({ member, host }: Placed, { hostHeader, timings }: AssemblyOptions) {
  const { recipe, port } = member;
  const { health } = recipe;
  if (health === undefined) return [];
  const ask = () => probe({ host, port }, health, hostHeader, timings.probeTimeoutMs);
  return [makeHealthCheck(ask, { freshMs: timings.probeFreshMs, waitMs: timings.probeWaitMs })];
}

function routeOf({ member, host }: Placed) {
  const { route, hot } = member.recipe;
  return route === undefined ? [] : [[route, makeUpstream(host, member.port, hot === 'next')] as const];
}

function reasonOf({ member, description }: End, members: readonly Member[]): string {
  return members.length === 1 ? description : `ended since its process ${member.recipe.name} ${description}`;
}
