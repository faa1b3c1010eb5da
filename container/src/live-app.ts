/**
 * The version that serves. Replaces it in one step, lets the requests of the old one finish, and starts an app that
 * died again with growing pauses.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AppProcess } from './app-process.ts';
import type { Log } from './log.ts';
import { PhaseError } from './progress.ts';
import { restartAfter } from './restarts.ts';
import type { Timings } from './timings.ts';
import type { Upstream } from './upstream.ts';
import type { Version } from './version.ts';

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
  const retiring = new Set<Promise<void>>();
  const restarting = new Set<Promise<void>>();
  const draining = new Set<AppProcess>();
  let current: Running | undefined;

  function watch(running: Running, app: AppProcess): void {
    running.app = app;
    running.healthySince = now();
    void app.exited.then((reason) => {
      if (running.app === app) running.app = undefined;
      if (running.abort.signal.aborted) return;
      track(restarting, died(running, reason, now() - running.healthySince));
    });
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

  async function retire(running: Running): Promise<void> {
    const { app } = running;
    running.abort.abort();
    if (app) {
      draining.add(app);
      await app.upstream.drain(timings.drainMs);
      await app.stop(timings.killAfterMs);
      draining.delete(app);
    }
    await options.remove(running.version);
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
      if (old) track(retiring, retire(old));
    },
    async stop() {
      current?.abort.abort();
      const apps = [...draining, ...(current?.app ? [current.app] : [])];
      await Promise.all(apps.map((app) => Promise.all([app.upstream.drain(0), app.stop(timings.stopKillAfterMs)])));
      await Promise.all([...retiring, ...restarting]);
    },
  };
}

function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
