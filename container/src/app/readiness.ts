/** Waits for a process that was started to be of use. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessRecipe } from '../recipe/recipe.ts';
import type { Timings } from '../timings.ts';
import { isHealthy, type Probe, probe, type Target } from './health.ts';

export interface Awaited {
  readonly recipe: ProcessRecipe;
  readonly port: number;
  readonly hostHeader: string;
  readonly deadlineMs: number;
  readonly timings: Timings;
}

/** Where a process may listen that binds "localhost" or HOST. */
const LOOPBACK = ['127.0.0.1', '::1'];
/** The first looks follow each other quickly: many an app is there after a tenth of a second. */
const FIRST_POLL_MS = 10;

/**
 * Resolves with the loopback address at which it answers: its health check, or anything at all when it has a route and
 * no check. One that has neither is of use when it has not ended at once. Throws what was found instead when time is up.
 */
export async function untilReady(awaited: Awaited, signal: AbortSignal): Promise<string> {
  const { recipe, port, deadlineMs, timings } = awaited;
  if (recipe.health === undefined && recipe.route === undefined) {
    await delay(timings.pollMs, undefined, { signal });
    return '127.0.0.1';
  }
  const begun = performance.now();
  let seen: Probe = { error: 'ECONNREFUSED' };
  while (performance.now() < begun + deadlineMs) {
    for (const host of LOOPBACK) {
      const result = await look({ host, port }, awaited);
      signal.throwIfAborted();
      if (isHealthy(result)) return host;
      if ('status' in result || host === LOOPBACK[0]) seen = result;
    }
    const pause = Math.min(timings.pollMs, FIRST_POLL_MS + (performance.now() - begun) / 10);
    await delay(pause, undefined, { signal });
  }
  throw new Error(lateMessage(awaited, seen));
}

function look(target: Target, { recipe, hostHeader, timings }: Awaited): Promise<Probe> {
  if (recipe.health === undefined) return accepts(target, timings.probeTimeoutMs);
  return probe(target, recipe.health, hostHeader, timings.probeTimeoutMs);
}

/** A connection is enough, which counts as a good answer. */
function accepts(target: Target, timeoutMs: number): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, timeout: timeoutMs });
    const settle = (result: Probe): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle({ status: 200 }));
    socket.once('timeout', () => settle({ error: `no answer within ${timeoutMs} ms` }));
    socket.once('error', (error: NodeJS.ErrnoException) => settle({ error: error.code ?? error.message }));
  });
}

function lateMessage({ recipe, port, deadlineMs }: Awaited, seen: Probe): string {
  const asked = recipe.health === undefined ? `port ${port}` : `GET ${recipe.health} on port ${port}`;
  const found =
    'status' in seen
      ? `${asked} answers ${seen.status}; a status below 500 is needed`
      : `${asked} gives ${seen.error}. The app must listen on $PORT`;
  return `\`${recipe.command.title}\` runs but was not healthy within ${deadlineMs / 1_000} s: ${found}`;
}
