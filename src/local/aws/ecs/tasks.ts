/** Finding, describing and stopping tasks. */
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  ListTasksRequest,
  ListTasksResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
} from '@aws-sdk/client-ecs';
import { pageSize, paginate } from '../paging.ts';
import { ApiError } from '../service.ts';
import { clusterOf } from './clusters.ts';
import { invalid } from './context.ts';
import type { EcsContext } from './context.ts';
import type { LifeCycle } from './life-cycle.ts';
import { noted } from './machine.ts';
import { taskArn, taskId } from './names.ts';
import type { TaskRecord } from './state.ts';
import { taskShape } from './views.ts';

const MAX_DESCRIBED = 100;
const MAX_LISTED = 100;
/** [BC] StopTask. */
const MAX_REASON = 255;

/** The other filters of ListTasks: none of them may be beside startedBy. AWS-FACTS ECS "ListTasks". */
const OTHER_FILTERS = [
  'containerInstance',
  'family',
  'serviceName',
  'desiredStatus',
  'launchType',
  'daemonName',
] as const;

export function listTasks(ctx: EcsContext, input: ListTasksRequest): ListTasksResponse {
  const cluster = clusterOf(ctx, input.cluster).name;
  checkFilters(input);
  const tasks = candidates(ctx, cluster, input).filter((task) => isListed(ctx, task) && matches(task, input));
  const request = { limit: pageSize('maxResults', input.maxResults, MAX_LISTED), token: input.nextToken };
  const page = paginate(tasks, (task) => task.seq, request);
  return { taskArns: page.items.map((task) => task.arn), nextToken: page.nextToken };
}

function checkFilters(input: ListTasksRequest): void {
  const others = OTHER_FILTERS.filter((name) => input[name] !== undefined);
  if (input.startedBy !== undefined && others.length > 0) {
    throw invalid(`When startedBy is specified, it must be the only filter; found also ${others.join(', ')}`);
  }
  if (!['RUNNING', 'PENDING', 'STOPPED'].includes(input.desiredStatus ?? 'RUNNING')) {
    throw invalid(`desiredStatus must be RUNNING, PENDING or STOPPED; found '${input.desiredStatus}'`);
  }
  if (input.serviceName !== undefined) {
    throw new ApiError('ServiceNotFoundException', 'Service not found.');
  }
}

/** ECS never sets a desired status of PENDING, so that this filter finds nothing. */
function candidates(ctx: EcsContext, cluster: string, input: ListTasksRequest): readonly TaskRecord[] {
  const { desiredStatus = 'RUNNING', startedBy } = input;
  return desiredStatus === 'PENDING' ? [] : ctx.index.listed({ cluster, desiredStatus, startedBy });
}

function matches(task: TaskRecord, input: ListTasksRequest): boolean {
  return (
    (input.family === undefined || task.family === input.family) &&
    (input.launchType === undefined || task.launchType === input.launchType) &&
    input.containerInstance === undefined &&
    input.daemonName === undefined
  );
}

export function describeTasks(ctx: EcsContext, input: DescribeTasksRequest): DescribeTasksResponse {
  const cluster = clusterOf(ctx, input.cluster).name;
  const wanted = input.tasks ?? [];
  if (wanted.length === 0 || wanted.length > MAX_DESCRIBED) {
    throw invalid(`tasks must be 1 to ${MAX_DESCRIBED}; found ${wanted.length}`);
  }
  const withTags = input.include?.includes('TAGS') ?? false;
  const tasks: Task[] = [];
  const failures: { arn: string; reason: string }[] = [];
  for (const idOrArn of wanted) {
    const task = findTask(ctx, cluster, idOrArn);
    if (task === undefined) {
      const arn = idOrArn.startsWith('arn:') ? idOrArn : taskArn(ctx, cluster, idOrArn);
      failures.push({ arn, reason: 'MISSING' });
    } else {
      tasks.push(taskShape(ctx, ctx.readings.read(task), withTags));
    }
  }
  return { tasks, failures };
}

/** Idempotent: a task that is to stop already is answered as it is. Deletes the task's tags, as documented. */
export function stopTask(ctx: EcsContext, lifeCycle: LifeCycle, input: StopTaskRequest): StopTaskResponse {
  const cluster = clusterOf(ctx, input.cluster).name;
  const { length } = input.reason ?? '';
  if (length > MAX_REASON) {
    throw invalid(`reason must be at most ${MAX_REASON} characters; found ${length}`);
  }
  const task = findTask(ctx, cluster, input.task ?? '');
  if (task === undefined) {
    throw invalid('The referenced task was not found.');
  }
  if (task.tags.length > 0) {
    task.tags = [];
    noted(ctx, task);
  }
  lifeCycle.stop(task, { code: 'UserInitiated', reason: input.reason ?? 'Task stopped by user' });
  return { task: taskShape(ctx, task, true) };
}

function findTask(ctx: EcsContext, cluster: string, idOrArn: string): TaskRecord | undefined {
  const id = taskId(ctx, cluster, idOrArn);
  const task = id !== undefined && Object.hasOwn(ctx.state.tasks, id) ? ctx.state.tasks[id] : undefined;
  return task?.cluster === cluster && isVisible(ctx, task) ? task : undefined;
}

function isListed(ctx: EcsContext, task: TaskRecord): boolean {
  return ctx.clock.now() >= (task.listedAt ?? task.visibleAt);
}

function isVisible(ctx: EcsContext, task: TaskRecord): boolean {
  return ctx.clock.now() >= task.visibleAt;
}
