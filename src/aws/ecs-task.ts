/** ECS tasks between AWS's shape and the operator's. Pure. */
import type { Attachment, Container, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import type { ObservedTask, TaskLastStatus } from '../model/observed.ts';
import { redact } from '../model/redact.ts';
import type { RunTaskRequest } from '../model/step.ts';
import type { TaskSpec } from '../model/observed.ts';
import { required } from './classify.ts';

const LAST_STATUSES: ReadonlySet<string> = new Set<TaskLastStatus>([
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
  'DELETED',
]);

/** What the task is when ECS leaves it out: `createdAt` is documented as set from PENDING on. */
export interface TaskDefaults {
  readonly now: number;
  /** The retry answer of an old client token has only ARN and states (AWS-FACTS ECS "clientToken"). */
  readonly request?: RunTaskRequest | undefined;
}

export function toObservedTask(task: Task, operation: string, defaults: TaskDefaults): ObservedTask {
  const arn = required(task.taskArn, operation, 'taskArn');
  const desiredStatus = task.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING';
  const container = containerOf(task);
  return {
    arn,
    session: task.group ?? defaults.request?.group ?? '',
    lastStatus: lastStatusOf(required(task.lastStatus, operation, `lastStatus of ${arn}`), desiredStatus),
    desiredStatus,
    spec: specOf(task, operation, defaults.request),
    createdAt: task.createdAt?.getTime() ?? defaults.now,
    ip: ipOf(task),
    stopCode: task.stopCode,
    stoppedReason: shown(task.stoppedReason),
    exitCode: container?.exitCode,
    containerReason: shown(container?.reason),
  };
}

/** Reasons end in comments and on public pages. */
function shown(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : redact(reason);
}

/** A status that AWS adds one day is one in transition: neither running nor gone. */
function lastStatusOf(status: string, desired: 'RUNNING' | 'STOPPED'): TaskLastStatus {
  if (LAST_STATUSES.has(status)) return status as TaskLastStatus;
  return desired === 'STOPPED' ? 'STOPPING' : 'PENDING';
}

function specOf(task: Task, operation: string, request: RunTaskRequest | undefined): TaskSpec {
  const found = task.taskDefinitionArn ?? request?.taskDefinition;
  const taskDefinitionArn = required(found, operation, `taskDefinitionArn of ${task.taskArn}`);
  if (!task.overrides && request) {
    return { taskDefinitionArn, cpu: request.cpu, memory: request.memory, env: request.env };
  }
  const { cpu, memory } = task.overrides ?? {};
  return { taskDefinitionArn, cpu, memory, env: environmentOf(task) };
}

function environmentOf(task: Task): Record<string, string> {
  const environment = overrideOf(task)?.environment ?? [];
  return Object.fromEntries(environment.map(({ name = '', value = '' }) => [name, value]));
}

/** The override of the container that Mayfly sets: the one with an environment. */
function overrideOf(task: Task) {
  const overrides = task.overrides?.containerOverrides ?? [];
  return overrides.find(({ environment }) => (environment?.length ?? 0) > 0) ?? overrides[0];
}

function containerOf(task: Task): Container | undefined {
  const name = overrideOf(task)?.name;
  return task.containers?.find((container) => container.name === name) ?? task.containers?.[0];
}

/** None once the interface is gone: its address may already belong to another environment's task. */
function ipOf(task: Task): string | undefined {
  const attachments = task.attachments ?? [];
  if (task.lastStatus === 'STOPPED' || attachments.some(isDetached)) return undefined;
  const details = attachments.flatMap((attachment) => attachment.details ?? []);
  const interfaces = (task.containers ?? []).flatMap((container) => container.networkInterfaces ?? []);
  return (
    details.find(({ name }) => name === 'privateIPv4Address')?.value ??
    interfaces.find(({ privateIpv4Address }) => privateIpv4Address)?.privateIpv4Address
  );
}

function isDetached({ status }: Attachment): boolean {
  return status === 'DELETED' || status === 'FAILED';
}

/**
 * The SDK's request. Equal requests give equal bytes: any drift of a parameter under the same client token is a
 * ConflictException (AWS-FACTS ECS "token consequence").
 */
export function toRunTaskInput(request: RunTaskRequest, clientToken: string): RunTaskCommandInput {
  const { cpu, memory } = request;
  return {
    clientToken,
    cluster: request.cluster,
    count: 1,
    enableECSManagedTags: false,
    group: request.group,
    launchType: request.launchType,
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...request.subnets],
        securityGroups: [...request.securityGroups],
        assignPublicIp: request.assignPublicIp ? 'ENABLED' : 'DISABLED',
      },
    },
    overrides: {
      ...(cpu === undefined ? {} : { cpu }),
      ...(memory === undefined ? {} : { memory }),
      containerOverrides: [
        { name: request.container, environment: sorted(request.env).map(([name, value]) => ({ name, value })) },
      ],
    },
    startedBy: request.startedBy,
    tags: sorted(request.tags).map(([key, value]) => ({ key, value })),
    taskDefinition: request.taskDefinition,
  };
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
