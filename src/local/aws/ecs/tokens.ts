/** Client tokens of RunTask. AWS-FACTS ECS "clientToken". */
import type { RunTaskRequest, RunTaskResponse, Task } from '@aws-sdk/client-ecs';
import { ApiError } from '../service.ts';
import type { EcsContext } from './context.ts';
import type { TaskRecord, TokenRecord } from './state.ts';
import { taskShape } from './views.ts';

const DAY_MS = 24 * 3600 * 1000;

/**
 * The first answer to the same token and request; undefined for a new token. Throws ConflictException, with the tasks
 * that the token made, when the request differs.
 */
export function replay(ctx: EcsContext, cluster: string, input: RunTaskRequest): RunTaskResponse | undefined {
  forgetExpired(ctx);
  const known = input.clientToken === undefined ? undefined : ctx.state.tokens[keyOf(cluster, input.clientToken)];
  if (known === undefined) {
    return undefined;
  }
  if (known.request !== comparable(input)) {
    throw new ApiError(
      'ConflictException',
      'The clientToken was already used for a RunTask request with other parameters.',
      400,
      { resourceIds: [...known.taskArns] },
    );
  }
  const tasks = known.taskIds.flatMap((id) => ctx.state.tasks[id] ?? []);
  return { tasks: tasks.map((task) => replayed(ctx, task)), failures: known.failures.map((one) => ({ ...one })) };
}

export function remember(
  ctx: EcsContext,
  cluster: string,
  input: RunTaskRequest,
  outcome: Pick<TokenRecord, 'taskIds' | 'taskArns' | 'failures'>,
): void {
  if (input.clientToken !== undefined) {
    const record = { ...outcome, request: comparable(input), createdAt: ctx.clock.now() };
    ctx.state.tokens[keyOf(cluster, input.clientToken)] = record;
    ctx.changed();
  }
}

function replayed(ctx: EcsContext, task: TaskRecord): Task {
  if (task.lastStatus !== 'STOPPED') {
    return taskShape(ctx, task, true);
  }
  return { taskArn: task.arn, lastStatus: task.lastStatus, desiredStatus: task.desiredStatus };
}

/** A token lives as long as one of its tasks can be described, and a day at most. */
function forgetExpired(ctx: EcsContext): void {
  for (const [key, token] of Object.entries(ctx.state.tokens)) {
    const old = ctx.clock.now() - token.createdAt >= DAY_MS;
    const gone = token.taskIds.length > 0 && !token.taskIds.some((id) => ctx.state.tasks[id] !== undefined);
    if (old || gone) {
      delete ctx.state.tokens[key];
      ctx.changed();
    }
  }
}

/** A space is in neither a cluster's name nor a token. */
function keyOf(cluster: string, token: string): string {
  return `${cluster} ${token}`;
}

/** Equal for requests whose members are equal, in whatever order; lists count in order. */
function comparable(input: RunTaskRequest): string {
  const { clientToken: _token, ...rest } = input;
  return JSON.stringify(rest, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
