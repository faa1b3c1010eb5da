/**
 * The version that serves. Replaces it in one step, lets the requests of the old one finish, and starts an app that
 * died again with growing pauses.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../log/log.ts';
import { PhaseError } from '../updates/progress.ts';
import type { Version } from '../updates/version.ts';
import { makeRetirement, stopNow, track } from './retirement.ts';
import { restartAfter } from './restarts.ts';
import type { Resources, RunningApp } from './running-app.ts';
import type { Timings } from '../timings.ts';
import type { Upstream } from './upstream.ts';

/** `V` is what the caller calls a version; here it is only handed around. */
export interface LiveApp<V = Version> {
  version(): V | undefined;
  /** Where requests for a path go now; undefined while no app runs. */
  upstream(path: string): Upstream | undefined;
  healthy(): Promise<boolean>;
  /** As it was found last; costs no question. */
  lastHealthy(): boolean;
  /** Of the app that serves; undefined while none runs, and where it cannot be known. */
  resources(): Promise<Resources | undefined>;
  /** The switch: from here on, every request goes to `app`. */
  adopt(version: V, app: RunningApp): void;
  /** The app that serves has taken a newer version in by itself: only what is said of it changes. */
  relabel(version: V): void;
  /** Serves nothing more and stops every app, also those that still finish their requests, without waiting for these. */
  stop(): Promise<void>;
}

export interface LiveAppOptions<V = Version> {
  readonly timings: Timings;
  readonly log: Log;
  /** Starts another copy of a version. Rejects with a PhaseError when it does not become healthy. */
  readonly start: (version: V, signal: AbortSignal) => Promise<RunningApp>;
  /** Removes what a version has on disk. */
  readonly remove: (version: V) => Promise<void>;
  /** The app died too often. Return true to go on trying, since a newer version is on its way. */
  readonly onCrashLoop: (reason: string) => boolean;
  /** What serves is another one, or runs no more, or again. */
  readonly onChange?: () => void;
  readonly now?: () => number;
}

interface Running<V> {
  version: V;
  readonly abort: AbortController;
  app: RunningApp | undefined;
  /** Resolves when nothing of it runs any more, or the next copy does. */
  watched: Promise<void>;
  healthySince: number;
  deaths: number;
}

export function makeLiveApp<V = Version>(options: LiveAppOptions<V>): LiveApp<V> {
  const { timings, log } = options;
  const now = options.now ?? (() => performance.now());
  const retirement = makeRetirement(timings);
  const watching = new Set<Promise<void>>();
  let current: Running<V> | undefined;

  function watch(running: Running<V>, app: RunningApp): void {
    running.app = app;
    running.healthySince = now();
    running.watched = afterEnd(running, app);
    track(watching, running.watched);
    options.onChange?.();
  }

  async function afterEnd(running: Running<V>, app: RunningApp): Promise<void> {
    const reason = await app.exited;
    const healthyForMs = now() - running.healthySince;
    if (running.app === app) running.app = undefined;
    options.onChange?.();
    if (running.abort.signal.aborted) return;
    await app.stop({ drainMs: 0, killAfterMs: timings.cancelAfterMs });
    if (!running.abort.signal.aborted) await died(running, reason, healthyForMs);
  }

  async function died(running: Running<V>, reason: string, healthyForMs: number): Promise<void> {
    const restart = restartAfter(running.deaths, healthyForMs, timings);
    running.deaths = restart.deaths;
    const message = `the app ${reason} (death ${restart.deaths} of ${timings.restartDelaysMs.length + 1} in a row)`;
    if (restart.delayMs === undefined && !options.onCrashLoop(message)) return;
    const delayMs = restart.delayMs ?? timings.restartDelaysMs.at(-1) ?? 0;
    log.say(`${message}; it is started again in ${delayMs / 1_000} s`);
    await startAgain(running, delayMs);
  }

  async function startAgain(running: Running<V>, delayMs: number): Promise<void> {
    const { signal } = running.abort;
    try {
      await delay(delayMs, undefined, { signal });
      const app = await options.start(running.version, signal);
      if (signal.aborted) return await stopNow(app, timings);
      log.say('the app is healthy again');
      watch(running, app);
    } catch (error) {
      if (signal.aborted) return;
      await died(running, error instanceof PhaseError ? `did not start again: ${error.message}` : String(error), 0);
    }
  }

  function retire(old: Running<V>): void {
    old.abort.abort();
    retirement.retire(old.app, async () => {
      await old.watched;
      await options.remove(old.version);
    });
  }

  return {
    version: () => current?.version,
    upstream: (path) => current?.app?.upstream(path),
    healthy: async () => (await current?.app?.healthy()) ?? false,
    lastHealthy: () => current?.app?.lastHealthy ?? false,
    resources: async () => await current?.app?.resources(),
    adopt(version, app) {
      const old = current;
      current = makeRunning(version);
      watch(current, app);
      if (old) retire(old);
    },
    relabel(version) {
      if (current) current.version = version;
      options.onChange?.();
    },
    async stop() {
      current?.abort.abort();
      const app = current?.app;
      if (current) current.app = undefined;
      await Promise.all([app && stopNow(app, timings), retirement.stop()]);
      await Promise.all(watching);
    },
  };
}

function makeRunning<V>(version: V): Running<V> {
  const watched = Promise.resolve();
  return { version, abort: new AbortController(), app: undefined, watched, healthySince: 0, deaths: 0 };
}
