/**
 * Executes steps; never decides. Every AWS error becomes an outcome with a reason. What is not AWS's, such as a record
 * that somebody else wrote or a lease that is lost, is thrown: the pass must end there.
 */
import type { Step, StepKind } from '../model/step.ts';
import { AwsError } from '../aws/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ApplyDeps, ApplyStep, Pass, StepContext } from './context.ts';
import { failed, type StepOutcome } from './outcome.ts';
import { createRule, deleteRule, setWeights } from './rules.ts';
import { sync } from './sync.ts';
import {
  completeTargetGroup,
  createTargetGroup,
  deleteTargetGroup,
  deregisterTarget,
  modifyTargetGroup,
  registerTarget,
} from './target-groups.ts';
import { registerTaskDefinition } from './task-definitions.ts';
import { adoptTask, runTask, stopTask } from './tasks.ts';

const HANDLERS: { readonly [K in StepKind]: ApplyStep<K> } = {
  'register-task-definition': registerTaskDefinition,
  'run-task': runTask,
  'adopt-task': adoptTask,
  'stop-task': stopTask,
  'create-target-group': createTargetGroup,
  'complete-target-group': completeTargetGroup,
  'modify-target-group': modifyTargetGroup,
  'create-rule': createRule,
  'set-weights': setWeights,
  'delete-rule': deleteRule,
  'delete-target-group': deleteTargetGroup,
  'register-target': registerTarget,
  'deregister-target': deregisterTarget,
  sync,
};

export interface Applier {
  /** Steps of one pass share `pass` (see `beginPass`), in the order of the plan. */
  apply(sessionId: string, step: Step, pass: Pass): Promise<StepOutcome>;
}

export interface ApplierOptions extends ApplyDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export function makeApplier({ clock, metrics, ...deps }: ApplierOptions): Applier {
  for (const kind of Object.keys(HANDLERS)) {
    for (const outcome of ['ok', 'taken', 'failed']) metrics.steps.inc({ kind, outcome }, 0);
  }

  return {
    async apply(sessionId, step, pass) {
      const begun = clock.monotonic();
      const outcome = await execute({ ...deps, sessionId, pass }, step);
      metrics.steps.inc({ kind: step.kind, outcome: labelOf(outcome) });
      const { kind, why } = step;
      const fields = { step: kind, why, ms: Math.round(clock.monotonic() - begun) };
      if (outcome.ok) pass.logger.info({ ...fields, ...outcome }, `applied ${kind}`);
      else pass.logger.warn({ ...fields, ...outcome }, `${kind} failed: ${outcome.message}`);
      return outcome;
    },
  };
}

async function execute<K extends StepKind>(
  context: StepContext,
  step: Step & { readonly kind: K },
): Promise<StepOutcome> {
  try {
    // The table pairs each kind with its function; TypeScript cannot follow that through an index.
    const handler = HANDLERS[step.kind] as ApplyStep<StepKind>;
    return await handler(context, step);
  } catch (error) {
    if (error instanceof AwsError) return failed(error);
    throw error;
  }
}

function labelOf(outcome: StepOutcome): 'ok' | 'taken' | 'failed' {
  if (outcome.ok) return 'ok';
  return outcome.taken ? 'taken' : 'failed';
}
