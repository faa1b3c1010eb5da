/**
 * The environment record: one flat, hand-editable item (DESIGN §4).
 *
 * `Desired` is what people and intake write; `Status` belongs to the reconciling operator alone. Times are ISO 8601
 * strings in the record, since people read it, and milliseconds since the epoch everywhere else.
 */
import type { Conditions } from './conditions.ts';
import type { JobPhase, PhaseOutcome } from './observed.ts';
import type { Reason } from './reasons.ts';
import type { RunTaskRequest } from './step.ts';

/** `pull/12` or `issues/7`: who wants an environment. */
export type SourceKey = `${'pull' | 'issues'}/${number}`;

/** What one pull request or issue last asked for. A closed source stays as a tombstone for four days. */
export interface Source {
  readonly wanted: boolean;
  readonly branch: string;
  readonly commit?: string | undefined;
  readonly imageTag?: string | undefined;
  /** Login of the person or bot who opened it. */
  readonly author: string;
  /** False for code from a fork: it never receives secrets. */
  readonly trusted: boolean;
  /** Set when the ask was understood and refused, e.g. `ForkRefused`; the environment is then not wanted by this source. */
  readonly refused?: Reason | undefined;
  /** True while the pull request or issue is open on GitHub. */
  readonly open: boolean;
  /** The label asks for an agent (none is configured yet; the comment says so). */
  readonly agent?: boolean | undefined;
  /** The snapshot's `updated_at`, ISO, one-second grain: the logical time that orders snapshots. */
  readonly at: string;
  /** When it was closed: its head stands still from then on, while titles and labels still move `at`. */
  readonly closedAt?: string | undefined;
}

/** A pull request that asked for an environment whose session id another branch has. */
export interface Clash {
  /** Of the pull request, not of the record. */
  readonly branch: string;
  readonly open: boolean;
}

/** A person's exception, which wins over the plain attributes until removed or past `until`. */
export interface Override {
  readonly wanted?: boolean | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly imageTag?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly keep?: boolean | undefined;
  readonly paused?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
  readonly until?: string | undefined;
}

export interface Desired {
  readonly sessionId: string;
  /** Key of a project in the configuration. */
  readonly project: string;
  /** Head repository, `owner/name`. */
  readonly repo: string;
  /** GitHub's numeric id of the head repository, once intake has seen it: the identity behind `repo`. */
  readonly repoId?: number | undefined;
  readonly branch: string;
  /** 40 or 64 hex digits; see `commitOf` for when it counts. */
  readonly commit?: string | undefined;
  /** Absent means the project's default tag. */
  readonly imageTag?: string | undefined;
  readonly wanted: boolean;
  readonly sources: Readonly<Partial<Record<SourceKey, Source>>>;
  /** Who asked in vain, since the name is taken: they are told so, and change nothing. Written by intake. */
  readonly clashes?: Readonly<Partial<Record<SourceKey, Clash>>> | undefined;
  /** Counts intake's writes; guards its read-modify-write. */
  readonly intakeRev: number;
  readonly override?: Override | undefined;
  readonly visitedAt?: string | undefined;
}

/** One try at running a task. Written before RunTask is called, so that a crash in between is repeated, never doubled. */
export interface Attempt {
  /** Counts up from 1 each time the environment is wanted anew. */
  readonly number: number;
  /** Versioned hash of the task's specification (`task-hash.ts`). */
  readonly taskHash: string;
  /** At most 64 characters of ASCII 33–126. AWS-FACTS ECS "clientToken". */
  readonly clientToken: string;
  /** The exact request: any drift of a parameter under the same token is a ConflictException. */
  readonly request: RunTaskRequest;
  readonly requestedAt: string;
  readonly taskArn?: string | undefined;
  /** When the load balancer first found the attempt's task healthy. */
  readonly healthyAt?: string | undefined;
}

/** Why the last start, update or run went wrong. `final` holds until the commit or the task hash changes. */
export interface Failure {
  readonly reason: Reason;
  readonly message: string;
  readonly at: string;
  readonly final: boolean;
  readonly commit?: string | undefined;
  readonly taskHash?: string | undefined;
  /** The attempt that failed, so that one end of a task is counted once. */
  readonly attempt?: number | undefined;
  /** How many attempts in a row failed at this commit and hash. */
  readonly count: number;
  /** Not before this time is the next attempt made. */
  readonly retryAt?: string | undefined;
  readonly stopCode?: string | undefined;
  readonly exitCode?: number | undefined;
  /** Redacted, at most 20 lines. */
  readonly logTail?: readonly string[] | undefined;
}

/** The newest job of an attempt's supervisor, as it told it. For people only: nothing is decided from it. */
export interface JobRecord {
  /** Number of the attempt. */
  readonly attempt: number;
  /** `failed` also when the attempt ended before the job did. */
  readonly outcome: 'running' | 'done' | 'failed';
  /** At most 12, in the order in which they ran. */
  readonly phases: readonly PhaseRecord[];
}

export interface PhaseRecord {
  readonly phase: JobPhase;
  /** When it began. */
  readonly at: string;
  /** How long it took; absent while it runs, and when nobody saw its end. */
  readonly ms?: number | undefined;
  readonly outcome: PhaseOutcome;
  /** In a few words how it was done. */
  readonly note?: string | undefined;
}

/** One commit that became live, newest first in `Status.deployments` (five are kept). */
export interface Deployment {
  readonly commit: string;
  readonly imageTag: string;
  readonly at: string;
}

/** The comment Mayfly keeps on one pull request or issue. */
export interface CommentRef {
  readonly id: number;
  /** Hash of the body last written, so that an unchanged body costs no call; empty while a write is under way. */
  readonly hash: string;
}

export interface Status {
  /** Counts status writes; each write is conditional on the one before it. */
  readonly rev: number;
  /** Of the leader that wrote it last (DESIGN §6); a former leader's write is refused. Nothing is decided by it. */
  readonly epoch?: number | undefined;
  readonly conditions: Conditions;
  readonly attempt?: Attempt | undefined;
  readonly failure?: Failure | undefined;
  /** A failed in-place update; the previous version keeps serving. */
  readonly updateFailure?: Failure | undefined;
  readonly job?: JobRecord | undefined;
  /** The commit whose code answers requests, as last reported by the supervisor. */
  readonly liveCommit?: string | undefined;
  /** The branch's head as last resolved through GitHub, and since when it is known to be that. */
  readonly head?: { readonly branch: string; readonly commit: string; readonly at: string } | undefined;
  readonly rulePriority?: number | undefined;
  readonly url?: string | undefined;
  /** Since when the environment is wanted: the start of label-to-URL. */
  readonly wantedAt?: string | undefined;
  /** When the rule was removed in a teardown: the start of the settle time. */
  readonly routeRemovedAt?: string | undefined;
  /** Since when the target of a replaced task has been draining. */
  readonly drainingSince?: string | undefined;
  readonly deployments: readonly Deployment[];
  readonly comments: Readonly<Partial<Record<SourceKey, CommentRef>>>;
}

/** Epochs are about seconds since 1970. What is larger, a hand put there, and it counts as absent. */
export const MAX_EPOCH = 10_000_000_000;

/** For people only; derived from conditions, and never feeds a decision. */
export type EnvironmentState = 'PENDING' | 'STARTING' | 'RUNNING' | 'SLEEPING' | 'STOPPING' | 'STOPPED' | 'FAILED';

/** One thing wrong with one attribute of a record, in words for the person who edited it. */
export interface Fault {
  /** Attribute path as in the table, e.g. `override.until`. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

/** A record as read: either understood whole, or named attribute by attribute. Status is read apart and never blocks. */
export type StoredEnvironment =
  | {
      readonly sessionId: string;
      readonly ok: true;
      readonly desired: Desired;
      readonly status: Status;
      readonly state?: EnvironmentState | undefined;
      readonly expiresAt?: number | undefined;
    }
  | {
      readonly sessionId: string;
      readonly ok: false;
      readonly faults: readonly Fault[];
      readonly status: Status;
      readonly state?: EnvironmentState | undefined;
      readonly expiresAt?: number | undefined;
    };

export const EMPTY_STATUS: Status = { rev: 0, conditions: {}, deployments: [], comments: {} };
