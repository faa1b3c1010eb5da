/**
 * Why a task ended, as a reason and a policy (DESIGN §6.6): what the branch's own code does wrong is final until a new
 * commit; what the infrastructure does wrong is tried again; an app that served and then died comes back with growing
 * pauses.
 */
import type { Failure } from '../model/environment.ts';
import { isOwnStop } from '../model/names.ts';
import type { JobPhase, ObservedTask } from '../model/observed.ts';
import type { Policy } from '../model/policy.ts';
import { backoffMs } from '../model/policy.ts';
import { REASONS, type Reason } from '../model/reasons.ts';

/** - `final`: the code must change; `retry`: at most `policy.retries` times; `crash`: for ever, with growing pauses. */
export type Remedy = 'final' | 'retry' | 'crash';

export interface Verdict {
  readonly reason: Reason;
  readonly remedy: Remedy;
}

/** Exit codes of the supervisor (container/README.md). */
const SUPERVISOR_EXITS: Readonly<Record<number, Verdict>> = {
  20: { reason: 'FetchFailed', remedy: 'retry' },
  21: { reason: 'InstallFailed', remedy: 'final' },
  22: { reason: 'BuildFailed', remedy: 'final' },
  23: { reason: 'StartFailed', remedy: 'final' },
  24: { reason: 'AppCrashed', remedy: 'crash' },
  25: { reason: 'RecipeInvalid', remedy: 'final' },
  // The task's environment is not valid: another task would have the same.
  78: { reason: 'TaskExited', remedy: 'final' },
};

const PHASES: Readonly<Record<JobPhase, Verdict>> = {
  fetch: { reason: 'FetchFailed', remedy: 'retry' },
  recipe: { reason: 'RecipeInvalid', remedy: 'final' },
  install: { reason: 'InstallFailed', remedy: 'final' },
  build: { reason: 'BuildFailed', remedy: 'final' },
  start: { reason: 'StartFailed', remedy: 'final' },
  healthy: { reason: 'StartFailed', remedy: 'final' },
};

export function verdictOfPhase(phase: JobPhase): Verdict {
  return PHASES[phase];
}

/** Undefined when Mayfly itself stopped the task. */
export function verdictOf(task: ObservedTask, supervised: boolean): Verdict | undefined {
  const { stopCode, stoppedReason = '', containerReason = '' } = task;
  if (stopCode === 'UserInitiated' && isOwnStop(stoppedReason)) return undefined;
  if (stopCode === 'TaskFailedToStart') return failedToStart(stoppedReason);
  if (/OutOfMemory/i.test(`${containerReason} ${stoppedReason}`)) return { reason: 'OutOfMemory', remedy: 'crash' };
  return (supervised && exitVerdict(task)) || otherEnd(task);
}

function exitVerdict({ exitCode }: ObservedTask): Verdict | undefined {
  return exitCode === undefined ? undefined : SUPERVISOR_EXITS[exitCode];
}

/** A container that ends by itself will likely do so again; anything else came from outside. */
function otherEnd({ stopCode }: ObservedTask): Verdict {
  return { reason: 'TaskExited', remedy: stopCode === 'EssentialContainerExited' ? 'retry' : 'crash' };
}

function failedToStart(stoppedReason: string): Verdict {
  if (/CannotPullContainer.*(not found|manifest unknown)/is.test(stoppedReason)) {
    return { reason: 'ImageNotFound', remedy: 'retry' };
  }
  if (/capacity/i.test(stoppedReason)) return { reason: 'CapacityUnavailable', remedy: 'crash' };
  return { reason: 'TaskFailedToStart', remedy: 'retry' };
}

export interface Incident {
  readonly verdict: Verdict;
  readonly message?: string | undefined;
  readonly attempt: number;
  readonly commit?: string | undefined;
  readonly taskHash: string;
  /** True when the attempt had served before: its end starts a new count of a crash loop. */
  readonly served: boolean;
  readonly stopCode?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly logTail?: readonly string[] | undefined;
}

/** From this end in a row on, of a task that had served each time, it is a loop rather than an accident. */
const LOOP_FROM = 3;

/** The failure to record for an incident, counting on from `before` when it is about the same commit and task hash. */
export function failureFrom(incident: Incident, before: Failure | undefined, policy: Policy, now: number): Failure {
  const same = before !== undefined && concerns(before, incident.commit, incident.taskHash);
  const count = same ? before.count + 1 : 1;
  const { remedy } = incident.verdict;
  const final = !incident.served && (remedy === 'final' || (remedy === 'retry' && count > policy.retries));
  return {
    ...wordsOf(incident, count),
    at: new Date(now).toISOString(),
    final,
    commit: incident.commit,
    taskHash: incident.taskHash,
    attempt: incident.attempt,
    count,
    retryAt: final ? undefined : new Date(now + retryPause(incident, count, policy)).toISOString(),
    stopCode: incident.stopCode,
    exitCode: incident.exitCode,
    logTail: incident.logTail,
  };
}

function wordsOf({ verdict: { reason }, message = REASONS[reason], served, stopCode }: Incident, count: number) {
  const loops = served && stopCode === 'EssentialContainerExited' && count >= LOOP_FROM;
  return loops ? { reason: 'CrashLoop' as const, message: `${REASONS[reason]} ${message}` } : { reason, message };
}

/** A task that served and died is replaced at once the first time. */
function retryPause(incident: Incident, count: number, policy: Policy): number {
  return incident.served && count === 1 ? 0 : backoffMs(policy, incident.served ? count - 1 : count);
}

/** A failure holds only for the commit and the kind of task that failed. */
export function concerns(failure: Failure, commit: string | undefined, taskHash: string): boolean {
  return failure.commit === commit && failure.taskHash === taskHash;
}
