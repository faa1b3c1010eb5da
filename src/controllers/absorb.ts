/** What the outcome of a step adds to the facts of the record. Pure. */
import type { StepOutcome } from '../apply/outcome.ts';
import type { Status } from '../model/environment.ts';
import type { Policy } from '../model/policy.ts';
import type { Reason } from '../model/reasons.ts';
import type { Step } from '../model/step.ts';
import { failureFrom } from '../plan/failure.ts';

export interface Applied {
  readonly step: Step;
  readonly outcome: StepOutcome;
  readonly policy: Policy;
  readonly now: number;
}

export function absorb(status: Status, applied: Applied): Status {
  return applied.outcome.ok ? absorbSuccess(status, applied) : absorbFailure(status, applied);
}

function absorbSuccess(status: Status, { step, outcome, now }: Applied): Status {
  const at = new Date(now).toISOString();
  if (!outcome.ok) return status;
  switch (step.kind) {
    case 'run-task':
      return { ...status, attempt: { ...step.attempt, taskArn: outcome.taskArn } };
    case 'adopt-task':
      return { ...status, attempt: { ...step.attempt, taskArn: step.taskArn } };
    case 'create-rule':
      return { ...status, rulePriority: step.spec.priority };
    case 'delete-rule':
      return { ...status, routeRemovedAt: at };
    default:
      return status;
  }
}

/** RunTask may or may not have been applied, or was not even tried. */
const UNANSWERED: ReadonlySet<Reason> = new Set<Reason>(['AwsUnavailable', 'Throttled']);

/**
 * A definite refusal to run a task counts as a failed attempt, so that the pauses grow. An answer that never came keeps
 * the attempt open: the next pass repeats it with the same token.
 */
function absorbFailure(status: Status, { step, outcome, policy, now }: Applied): Status {
  if (outcome.ok) return status;
  if (step.kind === 'create-rule') return { ...status, rulePriority: undefined };
  if (step.kind !== 'run-task' || UNANSWERED.has(outcome.reason)) return status;
  const { number, taskHash, request } = step.attempt;
  const incident = {
    verdict: { reason: outcome.reason, remedy: 'crash' as const },
    message: outcome.message,
    attempt: number,
    commit: request.env['COMMIT'],
    taskHash,
    served: false,
  };
  return { ...status, attempt: { ...step.attempt }, failure: failureFrom(incident, status.failure, policy, now) };
}
