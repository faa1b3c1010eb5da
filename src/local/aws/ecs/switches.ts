/** How the local ECS behaves where AWS's behaviour varies or is not documented, and what it is told to get wrong. */
import type { RunTaskRequest } from '@aws-sdk/client-ecs';
import type { ApiError } from '../service.ts';
import type { AddressReuse } from './addresses.ts';
import type { FailureRecord } from './state.ts';
import { DEFAULT_TIMINGS } from './timings.ts';
import type { TaskTimings } from './timings.ts';

/** A task of a RunTask call that is answered in `failures[]`. */
export interface RunTaskFailure extends FailureRecord {
  /** The task runs nevertheless (AWS-FACTS ECS "failures[] not reliable"). */
  readonly startsAnyway?: boolean;
}

/**
 * `timeout`: the task fails to start. `late`: so too, but its interface comes up afterwards and holds the address until
 * the task is forgotten. AWS-FACTS ECS "ENI late".
 */
export type InterfaceFault = 'timeout' | 'late';

export interface EcsSwitches {
  /** Asked once a task. */
  readonly timings: () => TaskTimings;
  /** Between SIGTERM and SIGKILL, unless the container definition says. AWS-FACTS ECS "StopTask": 30. */
  readonly stopTimeoutSeconds: number;
  /** How long a new task stays invisible; asked once a task. AWS-FACTS ECS "eventual consistency". */
  readonly visibilityLagMs: () => number;
  /** Instead of `visibilityLagMs`, for DescribeTasks and StopTask. */
  readonly describeLagMs?: (() => number) | undefined;
  /** Instead of `visibilityLagMs`, for ListTasks. */
  readonly listLagMs?: (() => number) | undefined;
  /** How long a task that is to stop is still listed as RUNNING; asked once a task. AWS-FACTS ECS "ListTasks". */
  readonly delistLagMs: () => number;
  /** How long DescribeTasks still shows what was before a change; asked once a change. It never goes back in time. */
  readonly statusLagMs?: (() => number) | undefined;
  /** Asked once for each task that a RunTask call wants. AWS-FACTS ECS "failures[]". */
  readonly failRunTask: (request: RunTaskRequest) => RunTaskFailure | undefined;
  /** Asked before every operation, by its name, e.g. `RegisterTaskDefinition`; what it answers is thrown. */
  readonly refuse: (operation: string, input: object) => ApiError | undefined;
  /** RunTask answers without containers and attachments. AWS-FACTS ECS "RunTask response"; asked once a call. */
  readonly bareRunTask: () => boolean;
  /** How many vCPUs Fargate tasks may take together until they are STOPPED. AWS-FACTS ECS "Fargate": 6. */
  readonly vcpuQuota: () => number;
  /** How a full quota is told: in `failures[]`, or as a ClientException. Both are seen. */
  readonly vcpuRefusal: 'failure' | 'exception';
  readonly reuseAddresses: AddressReuse;
  /** In which status the interface goes, and its address with it. */
  readonly freeAddressesAt: 'DEPROVISIONING' | 'STOPPED';
  /** Asked once a task. */
  readonly interfaceFault: () => InterfaceFault | undefined;
  /** The task stays DEPROVISIONING (AWS-FACTS EventBridge, last row); asked once a task. See also `Ecs.freeze`. */
  readonly neverStops: () => boolean;
  /** How long a deregistered definition still runs. AWS-FACTS ECS "task definitions": up to 10 minutes. */
  readonly deregistrationWindowMs: number;
  /** A second registration of a family within so long is refused. AWS-FACTS ECS "Register race"; 0 never refuses. */
  readonly registerRaceMs: number;
}

/** AWS as one would wish it. */
export const DEFAULT_SWITCHES: EcsSwitches = {
  timings: () => DEFAULT_TIMINGS,
  stopTimeoutSeconds: 30,
  visibilityLagMs: () => 0,
  delistLagMs: () => 0,
  failRunTask: () => undefined,
  refuse: () => undefined,
  bareRunTask: () => false,
  vcpuQuota: () => Number.POSITIVE_INFINITY,
  vcpuRefusal: 'failure',
  reuseAddresses: 'last',
  freeAddressesAt: 'STOPPED',
  interfaceFault: () => undefined,
  neverStops: () => false,
  deregistrationWindowMs: 0,
  registerRaceMs: 0,
};
