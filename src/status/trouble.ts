/** What went wrong with the start or the last update, in the words and with the details that people need to act. */
import type { Condition, Conditions } from '../model/conditions.ts';
import type { EnvironmentState, Failure, Status } from '../model/environment.ts';
import { REASONS, type Reason } from '../model/reasons.ts';

export interface FailureView {
  readonly reason: Reason;
  /** What the reason means, from the closed list. */
  readonly meaning: string;
  readonly message: string;
  readonly at: string;
  /** Nothing is tried again before the commit or the kind of task changes. */
  readonly final: boolean;
  readonly commit?: string | undefined;
  readonly retryAt?: string | undefined;
  readonly stopCode?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly logTail?: readonly string[] | undefined;
}

/** Why the environment does not run, or is being started again. A failure that was overcome is not shown. */
export function startFailure(state: EnvironmentState, { failure, conditions }: Status): FailureView | undefined {
  if (state === 'PENDING' || state === 'STARTING') return failureView(failure);
  if (state !== 'FAILED') return undefined;
  return failure?.final ? failureView(failure) : (blockedBy(conditions) ?? failureView(failure));
}

export function failureView(failure: Failure | undefined): FailureView | undefined {
  if (!failure) return undefined;
  const { reason, message, at, final, commit, retryAt, stopCode, exitCode, logTail } = failure;
  return { reason, meaning: REASONS[reason], message, at, final, commit, retryAt, stopCode, exitCode, logTail };
}

/** Nothing was tried, since something is missing: an image, a branch. It goes on by itself once that is there. */
function blockedBy({ TaskRunning: task, Ready: ready }: Conditions): FailureView | undefined {
  const blocker = [task, ready].find((condition): condition is Condition => condition?.status === 'False');
  if (!blocker) return undefined;
  const { reason, message, since } = blocker;
  return { reason, meaning: REASONS[reason], message, at: since, final: false };
}
