/** Running, adopting and stopping tasks. */
import { AwsError } from '../aws/errors.ts';
import { stopReason } from '../model/names.ts';
import type { ApplyStep } from './context.ts';
import { notPlaced } from './outcome.ts';

/**
 * Intent first: the attempt with its token and exact request is in the record before ECS is asked, so that after a crash
 * the same call is repeated, which ECS answers with the same task. A token that already made a task under another request
 * names that task, which is adopted.
 */
export const runTask: ApplyStep<'run-task'> = async (context, { attempt }) => {
  const { aws, pass } = context;
  await pass.recordAttempt(attempt);
  try {
    const outcome = await aws.ecs.runTask(attempt.request, attempt.clientToken);
    // A task may exist all the same (AWS-FACTS ECS "failures[] not reliable"): the next observation finds it.
    if (!outcome.ok) return notPlaced(outcome.reason, outcome.detail);
    return { ok: true, taskArn: outcome.task.arn };
  } catch (error) {
    const taskArn = error instanceof AwsError && error.kind === 'conflict' ? error.resourceIds[0] : undefined;
    if (taskArn === undefined) throw error;
    return { ok: true, taskArn, adopted: true };
  }
};

export const adoptTask: ApplyStep<'adopt-task'> = async (context, { attempt, taskArn }) => {
  await context.pass.recordAttempt({ ...attempt, taskArn });
  return { ok: true, taskArn };
};

export const stopTask: ApplyStep<'stop-task'> = async ({ aws }, { cluster, taskArn, why }) => {
  await aws.ecs.stopTask(cluster, taskArn, stopReason(why));
  return { ok: true };
};
