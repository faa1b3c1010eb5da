/** The last moments of apps that no longer serve: their requests finish, then their processes end. */
import type { RunningApp } from './running-app.ts';
import type { Timings } from '../timings.ts';

export interface Retirement {
  /** Lets what is in flight finish within bounds, stops the app, then calls `after`. */
  retire(app: RunningApp | undefined, after: () => Promise<void>): void;
  /** Waits no longer for requests; resolves when all are gone. */
  stop(): Promise<void>;
}

export function makeRetirement(timings: Timings): Retirement {
  const leaving = new Set<RunningApp>();
  const retiring = new Set<Promise<void>>();

  async function retireOne(app: RunningApp | undefined, after: () => Promise<void>): Promise<void> {
    if (app) {
      leaving.add(app);
      await app.stop({ drainMs: timings.drainMs, killAfterMs: timings.killAfterMs });
      leaving.delete(app);
    }
    await after();
  }

  return {
    retire: (app, after) => track(retiring, retireOne(app, after)),
    async stop() {
      await Promise.all([...leaving].map((app) => stopNow(app, timings)));
      await Promise.all(retiring);
    },
  };
}

/** Without waiting for requests in flight. */
export async function stopNow(app: RunningApp, timings: Timings): Promise<void> {
  await app.stop({ drainMs: 0, killAfterMs: timings.stopKillAfterMs });
}

/** Keeps `work` in `set` until it is done. */
export function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const entry = work.finally(() => set.delete(entry));
  set.add(entry);
}
