/** What the supervisor says of itself: shapes for `/status` and `/version`. */
import type { LiveApp } from '../app/live-app.ts';
import type { Checkout } from '../phases/phase.ts';
import type { FailureReport, JobReport, PhaseRecord, Progress } from '../updates/progress.ts';
import type { Proxy } from '../proxy/proxy.ts';

export interface StatusReport {
  readonly session: string;
  readonly liveCommit?: string;
  readonly healthy: boolean;
  readonly job?: JobReport;
  readonly failure?: FailureReport;
  readonly inFlight: number;
  /** Of the newest job, in the order in which they ran. */
  readonly phases: readonly PhaseRecord[];
  /** Seconds. */
  readonly uptime: number;
}

export interface StatusParts {
  readonly session: string;
  readonly live: LiveApp;
  readonly progress: Progress;
  readonly proxy: Proxy;
  readonly uptime: number;
}

export async function statusOf(parts: StatusParts): Promise<StatusReport> {
  const { session, live, progress, proxy, uptime } = parts;
  const healthy = await live.healthy();
  const liveCommit = live.version()?.checkout.commit;
  const job = progress.job();
  const failure = progress.failure();
  return {
    session,
    ...(liveCommit === undefined ? {} : { liveCommit }),
    healthy,
    ...(job === undefined ? {} : { job }),
    ...(failure === undefined ? {} : { failure }),
    inFlight: proxy.inFlight(),
    phases: progress.phases(),
    uptime,
  };
}

export interface PublicVersion {
  readonly commit: string;
  readonly shortCommit: string;
  readonly branch: string;
  readonly commitDate: string;
  readonly commitMessage: string;
  /** Seconds. */
  readonly uptime: number;
}

/** For anybody who can open the environment. */
export function publicVersion(checkout: Checkout | undefined, uptime: number): PublicVersion | undefined {
  if (!checkout) return undefined;
  const { commit, branch, commitDate, commitMessage } = checkout;
  return { commit, shortCommit: commit.slice(0, 7), branch, commitDate, commitMessage, uptime };
}

/** For the operator: also where it lies and what runs it. */
export function describeVersion(checkout: Checkout | undefined, uptime: number): object | undefined {
  const version = publicVersion(checkout, uptime);
  return version && checkout ? { ...version, workDir: checkout.dir, nodeVersion: process.version } : undefined;
}
