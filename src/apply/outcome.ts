/** What became of a step, and the one table from AWS's errors to reasons. */
import type { ObservedRule, ObservedTargetGroup } from '../model/observed.ts';
import type { Reason } from '../model/reasons.ts';
import type { AwsError, AwsErrorKind } from '../aws/errors.ts';

export type StepOutcome = StepDone | StepFailed;

/** The facts that the step made true; each is set by the steps that make it. */
export interface StepDone {
  readonly ok: true;
  /** `run-task`, `adopt-task` */
  readonly taskArn?: string | undefined;
  /** `run-task`: the token had made this task already, under a request that differs. */
  readonly adopted?: true | undefined;
  /** `register-task-definition` */
  readonly taskDefinitionArn?: string | undefined;
  /** `create-target-group` */
  readonly targetGroup?: ObservedTargetGroup | undefined;
  /** `create-rule` */
  readonly rule?: ObservedRule | undefined;
}

export interface StepFailed {
  readonly ok: false;
  readonly reason: Reason;
  readonly message: string;
  /** Look again after this; absent: back off. */
  readonly retryAfterMs?: number | undefined;
  /** No retry helps before a person changes something. */
  readonly terminal?: true | undefined;
  /** The priority or name belongs to somebody else: the next plan, with a fresh observation, takes another. */
  readonly taken?: true | undefined;
}

const SOON_MS = 2_000;
const LATER_MS = 15_000;
const MUCH_LATER_MS = 60_000;

type Meaning = Pick<StepFailed, 'reason' | 'retryAfterMs' | 'taken'>;

const MEANINGS: Readonly<Record<AwsErrorKind, Meaning>> = {
  throttled: { reason: 'Throttled', retryAfterMs: 5_000 },
  // What the step was planned on is no longer so: a fresh look decides.
  conflict: { reason: 'AwsError', retryAfterMs: SOON_MS },
  'not-found': { reason: 'AwsError', retryAfterMs: SOON_MS },
  taken: { reason: 'AwsError', retryAfterMs: SOON_MS, taken: true },
  // Only deletions meet it: what uses the thing is on its way out.
  'in-use': { reason: 'Removing', retryAfterMs: SOON_MS },
  quota: { reason: 'QuotaExceeded', retryAfterMs: MUCH_LATER_MS },
  denied: { reason: 'AwsDenied', retryAfterMs: MUCH_LATER_MS },
  invalid: { reason: 'AwsError' },
  unavailable: { reason: 'AwsUnavailable' },
};

export function failed(error: AwsError): StepFailed {
  const meaning = MEANINGS[error.kind];
  const ofEcs = error.kind === 'quota' && error.operation.startsWith('ecs:');
  return { ok: false, ...meaning, ...(ofEcs ? { reason: 'CapacityUnavailable' } : {}), message: error.message };
}

/** RunTask answered 200 with `failures[]` and no task. AWS-FACTS ECS "failures[]". */
export function notPlaced(reason: string, detail: string): StepFailed {
  const message = `ecs:RunTask: ${[reason, detail].filter(Boolean).join(': ')}`;
  const capacity = /^(RESOURCE|AGENT|CAPACITY)|capacity|limit on the number of vCPUs/i.test(`${reason} ${detail}`);
  return { ok: false, reason: capacity ? 'CapacityUnavailable' : 'TaskFailedToStart', message, retryAfterMs: LATER_MS };
}

/** What the step needs is not there yet. */
export function notYet(message: string): StepFailed {
  return { ok: false, reason: 'AwsError', message, retryAfterMs: SOON_MS };
}
