/** What the steps of one family are applied with, and what steps of one pass tell each other. */
import type { Logger } from '../telemetry/logger.ts';
import type { Attempt } from '../model/environment.ts';
import type { Observed } from '../model/observed.ts';
import type { Step, StepKind } from '../model/step.ts';
import type { Aws } from '../aws/ports.ts';
import type { ControlPort } from '../control/port.ts';
import type { StepOutcome } from './outcome.ts';

export interface ApplyDeps {
  readonly aws: Aws;
  readonly control: ControlPort;
}

/**
 * Persists the attempt in the record's status; RunTask is not called before it has resolved, nor when it rejects
 * (DESIGN §6.1).
 */
export type RecordAttempt = (attempt: Attempt) => Promise<void>;

/** One pass over one environment. */
export interface Pass {
  /** ARNs by name: as observed, and as made by earlier steps of the pass. */
  readonly targetGroupArns: Map<string, string>;
  readonly recordAttempt: RecordAttempt;
  /** Its lines carry the reconcile's id and the session. */
  readonly logger: Logger;
}

/** A pass on top of what was observed; make one for each plan that is applied. */
export function beginPass(observed: Pick<Observed, 'targetGroup'>, recordAttempt: RecordAttempt, logger: Logger): Pass {
  const { targetGroup } = observed;
  return { targetGroupArns: new Map(targetGroup ? [[targetGroup.name, targetGroup.arn]] : []), recordAttempt, logger };
}

export type StepOf<K extends StepKind> = Extract<Step, { readonly kind: K }>;

export interface StepContext extends ApplyDeps {
  readonly sessionId: string;
  readonly pass: Pass;
}

/** Executes one kind of step. AWS's errors are thrown, and become outcomes in one place (`applier.ts`). */
export type ApplyStep<K extends StepKind> = (context: StepContext, step: StepOf<K>) => Promise<StepOutcome>;
