/** What the supervisor says of itself: shapes for `/status` and `/version`. */
import type { LiveApp } from '../app/live-app.ts';
import type { Resources } from '../app/running-app.ts';
import type { Checkout } from '../phases/phase.ts';
import type { FailureReport, JobReport, PhaseRecord, Progress } from '../updates/progress.ts';
import type { Proxy } from '../proxy/proxy.ts';
import { memoryLimit, type OwnResources, ownResources } from './resources.ts';

export interface StatusReport {
  readonly session: string;
  readonly liveCommit?: string;
  readonly healthy: boolean;
  readonly job?: JobReport;
  readonly failure?: FailureReport;
  /** Without it the first job cannot begin. */
  readonly waitingFor?: WaitingFor;
  readonly inFlight: number;
  /** What was asked of port 3001, in the shape of `proxy/traffic.ts`. */
  readonly traffic?: object;
  /** Of the newest job, in the order in which they ran. */
  readonly phases: readonly PhaseRecord[];
  readonly resources: {
    /** Absent while no app runs, or where it cannot be told. */
    readonly app?: Resources;
    readonly supervisor: OwnResources;
    /** Of the whole task, in bytes; absent when there is none. */
    readonly memoryLimit?: number;
  };
  /** Seconds. */
  readonly uptime: number;
}

export type WaitingFor = 'credential' | 'order';

export interface StatusParts {
  readonly session: string;
  readonly live: Pick<LiveApp, 'healthy' | 'version'>;
  readonly progress: Pick<Progress, 'job' | 'failure' | 'phases'>;
  readonly proxy: Pick<Proxy, 'inFlight'>;
  readonly uptime: number;
  /** Takes secrets out of what children printed. */
  readonly redact: (text: string) => string;
  readonly appResources?: () => Promise<Resources | undefined>;
  readonly traffic?: object;
  readonly waitingFor?: WaitingFor | undefined;
}

export async function statusOf(parts: StatusParts): Promise<StatusReport> {
  const { session, live, progress, proxy, uptime, traffic, redact } = parts;
  const [healthy, app] = await Promise.all([live.healthy(), parts.appResources?.()]);
  const failure = progress.failure();
  return {
    session,
    healthy,
    ...given({ liveCommit: live.version()?.checkout.commit, job: progress.job(), traffic }),
    ...given({ failure: failure && withoutSecrets(failure, redact), waitingFor: parts.waitingFor }),
    inFlight: proxy.inFlight(),
    phases: progress.phases(),
    resources: { ...given({ app, memoryLimit: memoryLimit() }), supervisor: ownResources() },
    uptime,
  };
}

/** Only the fields that have a value. */
function given<T extends object>(fields: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Characters of each line of a failure; an operator takes no more of a line, and bounds the whole. */
const MAX_TAIL_LINE = 1_000;

/** Cut after the secrets were taken out: half a secret is not known as one. */
function withoutSecrets(failure: FailureReport, redact: (text: string) => string): FailureReport {
  const logTail = failure.logTail.map((line) => redact(line).slice(0, MAX_TAIL_LINE));
  return { ...failure, message: redact(failure.message), logTail };
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
