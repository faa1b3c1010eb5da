/** One running copy of the app: started on a private port of its own, watched until healthy, stopped with its forks. */
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isHealthy, makeHealthCheck, probe, type HealthCheck, type Probe, type Target } from './health.ts';
import { makeTail } from '../log/log.ts';
import { spawnGroup, type Command, type Identity, type ProcessGroup } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';
import type { Timings } from '../timings.ts';
import { makeUpstream, type Upstream } from './upstream.ts';

export interface AppOptions {
  readonly command: Command;
  readonly cwd: string;
  /** Without PORT and HOST. */
  readonly env: Readonly<Record<string, string>>;
  readonly runAs?: Identity | undefined;
  readonly healthPath: string;
  readonly hostHeader: string;
  readonly deadlineMs: number;
  readonly timings: Timings;
  readonly onLine: (line: string) => void;
}

export interface AppProcess {
  readonly upstream: Upstream;
  /** Resolves with the reason when the app ends, whoever ended it. */
  readonly exited: Promise<string>;
  healthy(): Promise<boolean>;
  /** As it was found last; costs no question. */
  readonly lastHealthy: boolean;
  /** The newest lines it printed. */
  tail(): string[];
  stop(killAfterMs: number): Promise<void>;
}

export const TAIL_LINES = 20;
/** Where an app may listen that binds "localhost" or HOST. */
const LOOPBACK = ['127.0.0.1', '::1'];

/** Resolves once the app answers its health check; throws a PhaseError of phase `start` and leaves nothing behind. */
export async function startApp(options: AppOptions, signal: AbortSignal): Promise<AppProcess> {
  signal.throwIfAborted();
  const port = await freePort();
  const tail = makeTail();
  const onLine = (line: string): void => {
    tail.add(line);
    options.onLine(line);
  };
  const env = { ...options.env, PORT: String(port), HOST: '127.0.0.1' };
  const group = spawnGroup(options.command, { cwd: options.cwd, env, onLine, runAs: options.runAs });
  try {
    const host = await untilHealthy(group, port, options, signal);
    return makeApp(group, { host, port }, options, () => tail.last(TAIL_LINES));
  } catch (error) {
    await group.stop(options.timings.cancelAfterMs);
    signal.throwIfAborted();
    throw new PhaseError('start', error instanceof Error ? error.message : String(error), tail.last(TAIL_LINES));
  }
}

function makeApp(group: ProcessGroup, target: Target, options: AppOptions, tail: () => string[]): AppProcess {
  const { timings } = options;
  let gone = false;
  const exited = group.exited.then((exit) => {
    gone = true;
    return exit.description;
  });
  const check: HealthCheck = makeHealthCheck(
    () => probe(target, options.healthPath, options.hostHeader, timings.probeTimeoutMs),
    { freshMs: timings.probeFreshMs, waitMs: timings.probeWaitMs },
  );
  return {
    upstream: makeUpstream(target.host, target.port),
    exited,
    healthy: async () => !gone && (await check.healthy()) && !gone,
    get lastHealthy() {
      return !gone && check.last;
    },
    tail,
    stop: (killAfterMs) => group.stop(killAfterMs),
  };
}

/** The loopback address at which the app answers. Throws what was seen instead. */
async function untilHealthy(
  group: ProcessGroup,
  port: number,
  options: AppOptions,
  signal: AbortSignal,
): Promise<string> {
  const { command, deadlineMs, healthPath, hostHeader, timings } = options;
  const deadline = performance.now() + deadlineMs;
  let ended: string | undefined;
  group.exited.then(
    (exit) => (ended = exit.description),
    () => undefined,
  );
  let seen: Probe = { error: 'ECONNREFUSED' };
  while (performance.now() < deadline) {
    for (const host of LOOPBACK) {
      const result = await probe({ host, port }, healthPath, hostHeader, timings.probeTimeoutMs);
      signal.throwIfAborted();
      if (ended !== undefined) throw new Error(endedMessage(command, ended, port));
      if (isHealthy(result)) return host;
      if ('status' in result || host === LOOPBACK[0]) seen = result;
    }
    await delay(timings.pollMs, undefined, { signal });
  }
  throw new Error(lateMessage(options, port, seen));
}

function endedMessage(command: Command, ended: string, port: number): string {
  return `\`${command.title}\` ${ended} before it answered. The app must keep running and listen on $PORT (${port} this time)`;
}

function lateMessage(options: AppOptions, port: number, seen: Probe): string {
  const asked = `GET ${options.healthPath} on port ${port}`;
  const found =
    'status' in seen
      ? `${asked} answers ${seen.status}; a status below 500 is needed`
      : `${asked} gives ${seen.error}. The app must listen on $PORT`;
  return `\`${options.command.title}\` runs but was not healthy within ${options.deadlineMs / 1_000} s: ${found}`;
}

/** A port that was free a moment ago. The kernel hands out a different one for every call in a short time. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server listens at no port');
  return bound.port;
}
