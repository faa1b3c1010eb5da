/** The last moments of apps that no longer serve: their requests finish, then their processes end. */
import type { AppProcess } from './app-process.ts';
import type { Timings } from '../timings.ts';

export interface Retirement {
  /** Lets what is in flight finish within bounds, stops the app, then calls `after`. */
  retire(app: AppProcess | undefined, after: () => Promise<void>): void;
  /** Cuts everything short; resolves when all are gone. */
  stop(): Promise<void>;
}

export function makeRetirement(timings: Timings): Retirement {
  const draining = new Set<AppProcess>();
  const retiring = new Set<Promise<void>>();

  async function retireOne(app: AppProcess | undefined, after: () => Promise<void>): Promise<void> {
    if (app) {
      draining.add(app);
      await app.upstream.drain(timings.drainMs);
      await app.stop(timings.killAfterMs);
      draining.delete(app);
    }
    await after();
  }

  return {
    retire: (app, after) => track(retiring, retireOne(app, after)),
    async stop() {
      await Promise.all([...draining].map((app) => stopNow(app, timings)));
      await Promise.all(retiring);
    },
  };
}

/** Without waiting for requests in flight. */
export async function stopNow(app: AppProcess, timings: Timings): Promise<void> {
  await Promise.all([app.upstream.drain(0), app.stop(timings.stopKillAfterMs)]);
}

/** Keeps `work` in `set` until it is done. */
export function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
