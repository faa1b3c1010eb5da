/** Client tokens of RunTask. AWS-FACTS ECS "clientToken". */
import type { RunTaskRequest, RunTaskResponse, Task } from '@aws-sdk/client-ecs';
import { ApiError } from '../service.ts';
import type { EcsContext } from './context.ts';
import type { FailureRecord, TaskRecord, TokenRecord } from './state.ts';
import { taskShape } from './views.ts';

const DAY_MS = 24 * 3600 * 1000;

const SWEEP_MS = 3600 * 1000;
/** Failures of an answer that is older are only counted. */
const FAILURES_KEPT_MS = 3600 * 1000;

/**
 * The first answer to the same token and request, about the tasks as they are now; undefined for a new token. Throws
 * ConflictException, with the tasks that the token made, when the request differs.
 */
export function replay(ctx: EcsContext, cluster: string, input: RunTaskRequest): RunTaskResponse | undefined {
  const known = input.clientToken === undefined ? undefined : ctx.state.tokens[keyOf(cluster, input.clientToken)];
  if (known === undefined || isOver(ctx, known)) {
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
  const shown = known.taskIds.filter((id) => !known.hiddenIds?.includes(id));
  const tasks = shown.flatMap((id) => ctx.state.tasks[id] ?? []).filter(({ lastStatus }) => lastStatus !== 'DELETED');
  const old = ctx.clock.now() - known.createdAt > FAILURES_KEPT_MS;
  return {
    tasks: tasks.map((task) => replayed(ctx, task)),
    failures: known.failures.map((one) => (old ? {} : { ...one })),
  };
}

/** What one call made. `hidden`: tasks that its answer does not show. */
export interface Outcome {
  readonly tasks: readonly TaskRecord[];
  readonly hidden: readonly TaskRecord[];
  readonly failures: readonly FailureRecord[];
}

export function remember(ctx: EcsContext, cluster: string, input: RunTaskRequest, outcome: Outcome): void {
  if (input.clientToken === undefined) {
    return;
  }
  const key = keyOf(cluster, input.clientToken);
  ctx.state.tokens[key] = {
    request: comparable(input),
    createdAt: ctx.clock.now(),
    taskIds: outcome.tasks.map((task) => task.id),
    taskArns: outcome.tasks.map((task) => task.arn),
    hiddenIds: outcome.hidden.map((task) => task.id),
    failures: [...outcome.failures],
  };
  for (const task of outcome.tasks) {
    task.tokenKey = key;
  }
  forgetOld(ctx);
  ctx.changed();
}

/** When the time of one of its tasks is over: the token goes with the last of them. */
export function forgetToken(ctx: EcsContext, task: TaskRecord): void {
  const token = task.tokenKey === undefined ? undefined : ctx.state.tokens[task.tokenKey];
  if (token !== undefined && token.taskIds.includes(task.id) && !hasTasks(ctx, token, task.id)) {
    delete ctx.state.tokens[task.tokenKey ?? ''];
  }
}

function replayed(ctx: EcsContext, task: TaskRecord): Task {
  if (task.lastStatus !== 'STOPPED') {
    return taskShape(ctx, task, true);
  }
  return { taskArn: task.arn, lastStatus: task.lastStatus, desiredStatus: task.desiredStatus };
}

/** A token lives a day, and as long as one of its tasks and an hour, whichever is less. */
function isOver(ctx: EcsContext, token: TokenRecord): boolean {
  return isOld(ctx, token) || (token.taskIds.length > 0 && !hasTasks(ctx, token));
}

function isOld(ctx: EcsContext, token: TokenRecord): boolean {
  return ctx.clock.now() - token.createdAt >= DAY_MS;
}

function hasTasks(ctx: EcsContext, token: TokenRecord, except?: string): boolean {
  return token.taskIds.some((id) => {
    const status = ctx.state.tasks[id]?.lastStatus;
    return id !== except && status !== undefined && status !== 'DELETED';
  });
}

/** Those with tasks go with them; this is for the others, and looks at all of them once in a while only. */
function forgetOld(ctx: EcsContext): void {
  const now = ctx.clock.now();
  if (now < ctx.tokenSweep.dueAt) {
    return;
  }
  ctx.tokenSweep.dueAt = now + SWEEP_MS;
  for (const [key, token] of Object.entries(ctx.state.tokens)) {
    if (isOld(ctx, token)) {
      delete ctx.state.tokens[key];
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
