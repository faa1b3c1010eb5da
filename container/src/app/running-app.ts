/** Everything of one version that runs: one process or several, seen as one app. */
import type { Upstream } from './upstream.ts';

export interface RunningApp {
  /** Of the process whose route is the longest that the path begins with. */
  upstream(path: string): Upstream | undefined;
  /** Resolves with the reason when the first process ends, whoever ended it; the others are stopped then. */
  readonly exited: Promise<string>;
  /** All processes that have a health check answer it. */
  healthy(): Promise<boolean>;
  /** As it was found last; costs no question. */
  readonly lastHealthy: boolean;
  readonly resources: () => Promise<Resources | undefined>;
  /**
   * Lets requests finish for `drainMs`, then SIGTERM, so that the app itself can say goodbye on its WebSockets, then
   * SIGKILL after `killAfterMs`, then what is still open is cut.
   */
  stop(limits: { readonly drainMs: number; readonly killAfterMs: number }): Promise<void>;
}

/** Of all processes of an app, forks included. */
export interface Resources {
  readonly processes: number;
  readonly rssBytes: number;
  /** Since they began. */
  readonly cpuSeconds: number;
}
