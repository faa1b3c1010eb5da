/** What the local ECS knows: plain JSON values, so that it can be kept in a file as it is. Times are ms since the epoch. */
import type { Tag, TaskDefinition, TaskOverride } from '@aws-sdk/client-ecs';
import type { ProcessIdentity } from '../runner/port.ts';

export interface EcsState {
  version: 1;
  /** By name. */
  clusters: Record<string, ClusterRecord>;
  /** By family; ascending by revision. */
  families: Record<string, DefinitionRecord[]>;
  /** By task id, in the order of their creation. */
  tasks: Record<string, TaskRecord>;
  /** By cluster and client token. */
  tokens: Record<string, TokenRecord>;
  /** Of the next task. */
  nextSeq: number;
}

export interface ClusterRecord {
  name: string;
  tags: Tag[];
}

export interface DefinitionRecord {
  definition: Omit<TaskDefinition, 'registeredAt' | 'deregisteredAt' | 'deleteRequestedAt'>;
  registeredAt: number;
  deregisteredAt?: number;
  deleteRequestedAt?: number;
  tags: Tag[];
}

/** AWS-FACTS ECS "lifecycle". */
export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED'
  | 'DELETED';

/** AWS-FACTS ECS "stopCode". */
export type StopCode =
  | 'TaskFailedToStart'
  | 'EssentialContainerExited'
  | 'UserInitiated'
  | 'ServiceSchedulerInitiated'
  | 'SpotInterruption'
  | 'TerminationNotice'
  | 'InfrastructureHealth';

export interface TaskRecord {
  /** Ascends with creation; the key of pages. */
  seq: number;
  id: string;
  arn: string;
  cluster: string;
  definitionArn: string;
  family: string;
  group: string;
  startedBy?: string | undefined;
  launchType: 'FARGATE' | 'EC2';
  cpu?: string | undefined;
  memory?: string | undefined;
  overrides: TaskOverride;
  tags: Tag[];
  lastStatus: TaskStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  version: number;
  createdAt: number;
  /** Until then DescribeTasks answers MISSING. */
  visibleAt: number;
  /** Until then ListTasks leaves it out; absent: `visibleAt`. */
  listedAt?: number;
  /** Of the token that made it, in `EcsState.tokens`. */
  tokenKey?: string;
  /** It never reports STOPPED. */
  frozen?: boolean;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
  network: NetworkInterface;
  containers: ContainerRecord[];
}

export interface NetworkInterface {
  subnetId: string;
  address: string;
  attachmentId: string;
  interfaceId: string;
  macAddress: string;
  status: 'PRECREATED' | 'ATTACHED' | 'DELETED' | 'FAILED';
  /** The subnet has its address back. */
  released?: boolean;
}

export interface ContainerRecord {
  name: string;
  arn: string;
  image: string;
  imageDigest?: string;
  runtimeId: string;
  essential: boolean;
  lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  exitCode?: number;
  reason?: string;
  /** Of the process that stands for it, while it may live. */
  process?: ProcessIdentity;
}

/** AWS-FACTS ECS "clientToken". */
export interface TokenRecord {
  /** The request without its token, in a form that can be compared. */
  request: string;
  taskIds: string[];
  taskArns: string[];
  /** Of the tasks, those that the first answer did not show. */
  hiddenIds?: string[];
  failures: FailureRecord[];
  createdAt: number;
}

export interface FailureRecord {
  arn?: string;
  reason: string;
  detail?: string;
}

export function emptyEcsState(): EcsState {
  return { version: 1, clusters: {}, families: {}, tasks: {}, tokens: {}, nextSeq: 1 };
}

export function taskByArn(state: EcsState, arn: string): TaskRecord | undefined {
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const task = Object.hasOwn(state.tasks, id) ? state.tasks[id] : undefined;
  return task?.arn === arn ? task : undefined;
}

/** Refuses a file of another kind or version. What is inside was written by this module and is believed. */
export function parseEcsState(raw: unknown): EcsState {
  const state = (raw ?? {}) as Partial<EcsState>;
  if (state.version !== 1) {
    throw new Error(`version must be 1; found ${JSON.stringify(state.version)}`);
  }
  for (const name of ['clusters', 'families', 'tasks', 'tokens'] as const) {
    if (typeof state[name] !== 'object' || state[name] === null) {
      throw new Error(`${name} must be an object; found ${JSON.stringify(state[name])}`);
    }
  }
  if (!Number.isInteger(state.nextSeq)) {
    throw new Error(`nextSeq must be a whole number; found ${JSON.stringify(state.nextSeq)}`);
  }
  return state as EcsState;
}
