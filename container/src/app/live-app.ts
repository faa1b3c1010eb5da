/**
 * The version that serves. Replaces it in one step, lets the requests of the old one finish, and starts an app that
 * died again with growing pauses.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AppProcess } from './app-process.ts';
import type { Log } from '../log/log.ts';
import { PhaseError } from '../updates/progress.ts';
import { makeRetirement, stopNow, track } from './retirement.ts';
import { restartAfter } from './restarts.ts';
import type { Timings } from '../timings.ts';
import type { Upstream } from './upstream.ts';
import type { Version } from '../updates/version.ts';

export interface LiveApp {
  version(): Version | undefined;
  /** Where requests go now; undefined while no app runs. */
  upstream(): Upstream | undefined;
  healthy(): Promise<boolean>;
  /** As it was found last; costs no question. */
  lastHealthy(): boolean;
  /** The switch: from here on, every request goes to `app`. */
  adopt(version: Version, app: AppProcess): void;
  /** Stops every app, also those that still finish their requests. */
  stop(): Promise<void>;
}

export interface LiveAppOptions {
  readonly timings: Timings;
  readonly log: Log;
  /** Starts another copy of a version. */
  readonly start: (version: Version, signal: AbortSignal) => Promise<AppProcess>;
  /** Removes what a version has on disk. */
  readonly remove: (version: Version) => Promise<void>;
  /** The app died too often. Return true to go on trying, since a newer version is on its way. */
  readonly onCrashLoop: (reason: string) => boolean;
  readonly now?: () => number;
}

interface Running {
  readonly version: Version;
  readonly abort: AbortController;
  app: AppProcess | undefined;
  healthySince: number;
  deaths: number;
}

export function makeLiveApp(options: LiveAppOptions): LiveApp {
  const { timings, log } = options;
  const now = options.now ?? (() => performance.now());
  const retirement = makeRetirement(timings);
  const watching = new Set<Promise<void>>();
  let current: Running | undefined;

  function watch(running: Running, app: AppProcess): void {
    running.app = app;
    running.healthySince = now();
    track(watching, afterEnd(running, app));
  }

  async function afterEnd(running: Running, app: AppProcess): Promise<void> {
    const reason = await app.exited;
    if (running.app === app) running.app = undefined;
    if (!running.abort.signal.aborted) await died(running, reason, now() - running.healthySince);
  }

  async function died(running: Running, reason: string, healthyForMs: number): Promise<void> {
    const restart = restartAfter(running.deaths, healthyForMs, timings);
    running.deaths = restart.deaths;
    const message = `the app ${reason} (death ${restart.deaths} of ${timings.restartDelaysMs.length + 1} in a row)`;
    if (restart.delayMs === undefined && !options.onCrashLoop(message)) return;
    const delayMs = restart.delayMs ?? timings.restartDelaysMs.at(-1) ?? 0;
    log.say(`${message}; it is started again in ${delayMs / 1_000} s`);
    await startAgain(running, delayMs);
  }

  async function startAgain(running: Running, delayMs: number): Promise<void> {
    const { signal } = running.abort;
    try {
      await delay(delayMs, undefined, { signal });
      const app = await options.start(running.version, signal);
      if (signal.aborted) return await app.stop(timings.cancelAfterMs);
      log.say('the app is healthy again');
      watch(running, app);
    } catch (error) {
      if (signal.aborted) return;
      await died(running, error instanceof PhaseError ? `did not start again: ${error.message}` : String(error), 0);
    }
  }

  return {
    version: () => current?.version,
    upstream: () => current?.app?.upstream,
    healthy: async () => (await current?.app?.healthy()) ?? false,
    lastHealthy: () => current?.app?.lastHealthy ?? false,
    adopt(version, app) {
      const old = current;
      current = { version, abort: new AbortController(), app: undefined, healthySince: 0, deaths: 0 };
      watch(current, app);
      old?.abort.abort();
      if (old) retirement.retire(old.app, () => options.remove(old.version));
    },
    async stop() {
      current?.abort.abort();
      const app = current?.app;
      await Promise.all([app && stopNow(app, timings), retirement.stop()]);
      await Promise.all(watching);
    },
  };
}
