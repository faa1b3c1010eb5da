/** RunTask: checks, the client token, then one record for each task. */
import type { ContainerDefinition, RunTaskRequest, RunTaskResponse, Tag } from '@aws-sdk/client-ecs';
import { clusterOf } from './clusters.ts';
import { hexId } from './context.ts';
import type { EcsContext } from './context.ts';
import { cpuUnits } from './fargate-sizes.ts';
import type { LifeCycle } from './life-cycle.ts';
import { containerArn, taskArn } from './names.ts';
import { FAILURES, vcpusExhausted } from './refusals.ts';
import { checkAgainstDefinition, checkRunTask, runnableDefinition } from './run-task-check.ts';
import type { ContainerRecord, DefinitionRecord, FailureRecord, NetworkInterface, TaskRecord } from './state.ts';
import type { RunTaskFailure } from './switches.ts';
import { checkTags } from './tags.ts';
import { remember, replay } from './tokens.ts';
import { taskShape } from './views.ts';

export function runTask(ctx: EcsContext, lifeCycle: LifeCycle, input: RunTaskRequest): RunTaskResponse {
  const cluster = clusterOf(ctx, input.cluster).name;
  checkRunTask(input);
  const known = replay(ctx, cluster, input);
  if (known !== undefined) {
    return known;
  }
  const record = runnableDefinition(ctx, input);
  checkAgainstDefinition(ctx, input, record);
  const attempts = tryAll(ctx, { cluster, input, record });
  const tasks = attempts.flatMap(({ task }) => task ?? []);
  const failures = attempts.flatMap(({ failure }) => failure ?? []);
  // A task that starts in spite of its failure is one that the answer does not show.
  const hidden = attempts.flatMap(({ task, failure }) => (task && failure ? task : []));
  remember(ctx, cluster, input, { tasks, hidden, failures });
  for (const task of tasks) {
    lifeCycle.begin(task);
  }
  const shown = tasks.filter((task) => !hidden.includes(task)).map((task) => taskShape(ctx, task, true));
  const bare = ctx.bareRunTask();
  return { tasks: bare ? shown.map((task) => ({ ...task, containers: [], attachments: [] })) : shown, failures };
}

interface Launch {
  readonly cluster: string;
  readonly input: RunTaskRequest;
  readonly record: DefinitionRecord;
}

interface Attempt {
  readonly task?: TaskRecord;
  readonly failure?: FailureRecord;
}

/** Throws when the quota is full and says so by an exception. */
function tryAll(ctx: EcsContext, launch: Launch): Attempt[] {
  const count = launch.input.count ?? 1;
  if (ctx.vcpuRefusal === 'exception' && !hasVcpus(ctx, launch, count)) {
    throw vcpusExhausted();
  }
  return Array.from({ length: count }, () => tryOne(ctx, launch));
}

function tryOne(ctx: EcsContext, launch: Launch): Attempt {
  const refused = ctx.failRunTask(launch.input);
  const failure = refused && { failure: toFailure(refused) };
  if (failure !== undefined && !refused?.startsAnyway) {
    return failure;
  }
  if (!hasVcpus(ctx, launch, 1)) {
    return { failure: FAILURES.vcpus };
  }
  const task = record(ctx, launch);
  return task === undefined ? { failure: FAILURES.interface } : { task, ...failure };
}

/** AWS-FACTS ECS "Fargate": the quota counts vCPUs of Fargate tasks only. */
function hasVcpus(ctx: EcsContext, { input, record: { definition } }: Launch, count: number): boolean {
  const units = cpuUnits(input.overrides?.cpu ?? definition.cpu ?? '') ?? 0;
  return input.launchType !== 'FARGATE' || ctx.index.cpuUnits() + count * units <= ctx.vcpuQuota() * 1024;
}

function toFailure({ arn, reason, detail }: RunTaskFailure): FailureRecord {
  return { reason, ...(arn !== undefined && { arn }), ...(detail !== undefined && { detail }) };
}

/** Undefined when no address is left. */
function record(ctx: EcsContext, launch: Launch): TaskRecord | undefined {
  const { input, cluster } = launch;
  const { definition } = launch.record;
  const place = ctx.addresses.take(input.networkConfiguration?.awsvpcConfiguration?.subnets ?? []);
  if (place === undefined) {
    return undefined;
  }
  const id = hexId(ctx.random, 32);
  const task: TaskRecord = {
    ...requested(launch),
    seq: ctx.state.nextSeq,
    id,
    arn: taskArn(ctx, cluster, id),
    cluster,
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    version: 1,
    ...appearance(ctx),
    ...(ctx.neverStops() && { frozen: true }),
    network: interfaceOf(ctx, place),
    containers: (definition.containerDefinitions ?? []).map((one) => containerOf(ctx, cluster, id, one)),
  };
  ctx.state.nextSeq += 1;
  ctx.state.tasks[id] = task;
  ctx.index.add(task);
  ctx.changed();
  return task;
}

/** AWS-FACTS ECS "eventual consistency". */
function appearance(ctx: EcsContext): Pick<TaskRecord, 'createdAt' | 'visibleAt' | 'listedAt'> {
  const createdAt = ctx.clock.now();
  const lag = ctx.visibilityLagMs();
  return {
    createdAt,
    visibleAt: createdAt + (ctx.describeLagMs?.() ?? lag),
    listedAt: createdAt + (ctx.listLagMs?.() ?? lag),
  };
}

type Requested = Pick<
  TaskRecord,
  'definitionArn' | 'family' | 'group' | 'startedBy' | 'launchType' | 'cpu' | 'memory' | 'overrides' | 'tags'
>;

/** What comes from the request, or else from the definition. */
function requested(launch: Launch): Requested {
  const { overrides = {}, startedBy, group, launchType } = launch.input;
  const { taskDefinitionArn = '', family = '', cpu, memory } = launch.record.definition;
  return {
    definitionArn: taskDefinitionArn,
    family,
    group: group ?? `family:${family}`,
    startedBy,
    launchType: launchType === 'FARGATE' ? 'FARGATE' : 'EC2',
    cpu: overrides.cpu ?? cpu,
    memory: overrides.memory ?? memory,
    overrides: { ...overrides, containerOverrides: [...(overrides.containerOverrides ?? [])] },
    tags: tagsOf(launch),
  };
}

function tagsOf({ input, record: { tags } }: Launch): Tag[] {
  const own = checkTags(input.tags);
  const inherited = input.propagateTags === 'TASK_DEFINITION' ? tags : [];
  return [...inherited.filter((tag) => !own.some((one) => one.key === tag.key)), ...own];
}

function interfaceOf(ctx: EcsContext, place: { subnetId: string; address: string }): NetworkInterface {
  const mac = hexId(ctx.random, 10).match(/../g) ?? [];
  return {
    ...place,
    attachmentId: hexId(ctx.random, 32),
    interfaceId: `eni-${hexId(ctx.random, 17)}`,
    macAddress: ['0a', ...mac].join(':'),
    status: 'PRECREATED',
  };
}

function containerOf(ctx: EcsContext, cluster: string, task: string, definition: ContainerDefinition): ContainerRecord {
  return {
    name: definition.name ?? '',
    arn: containerArn(ctx, cluster, task, hexId(ctx.random, 32)),
    image: definition.image ?? '',
    runtimeId: `${task}-${hexId(ctx.random, 10)}`,
    essential: definition.essential !== false,
    lastStatus: 'PENDING',
  };
}
