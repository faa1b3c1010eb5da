/** What every operation of the local ECS works with. Nothing here asks the system for time, timers or randomness. */
import type { RunTaskRequest } from '@aws-sdk/client-ecs';
import type { Images } from '../images.ts';
import type { LogStore } from '../logs/store.ts';
import type { TaskRunner } from '../runner/port.ts';
import { ApiError } from '../service.ts';
import type { LocalClock } from '../service.ts';
import type { AddressPool } from './addresses.ts';
import type { EcsState, FailureRecord } from './state.ts';

/** How long a task stays in each status before the next, in ms. */
export interface TaskTimings {
  readonly provisioning: number;
  readonly pending: number;
  /** 0 leaves ACTIVATING out, as ECS does for tasks that no service registers. */
  readonly activating: number;
  readonly deactivating: number;
  readonly deprovisioning: number;
}

/** A task of a RunTask call that is answered in `failures[]`. */
export interface RunTaskFailure extends FailureRecord {
  /** The task runs nevertheless (AWS-FACTS ECS "failures[] not reliable"). */
  readonly startsAnyway?: boolean;
}

export interface EcsOptions {
  readonly account: string;
  readonly region: string;
  readonly clock: LocalClock;
  /** 0 ≤ x < 1. The source of all ids. */
  readonly random: () => number;
  readonly runner: TaskRunner;
  readonly images: Pick<Images, 'resolve'>;
  readonly logs: LogStore;
  /** CIDR block by subnet id. */
  readonly subnets: Readonly<Record<string, string>>;
  /** Asked once a task. */
  readonly timings: () => TaskTimings;
  /** Between SIGTERM and SIGKILL, unless the container definition says. AWS-FACTS ECS "StopTask": 30. */
  readonly stopTimeoutSeconds: number;
  /** How long a new task stays invisible; asked once a task. AWS-FACTS ECS "eventual consistency". */
  readonly visibilityLagMs: () => number;
  /** Asked once for each task that a RunTask call wants. AWS-FACTS ECS "failures[]". */
  readonly failRunTask: (request: RunTaskRequest) => RunTaskFailure | undefined;
  readonly state: EcsState;
  /** Called after every change of `state`. */
  readonly changed: () => void;
}

export interface EcsContext extends EcsOptions {
  readonly addresses: AddressPool;
}

/** AWS's message names the parameter; ours also says what was found. */
export function invalid(message: string): ApiError {
  return new ApiError('InvalidParameterException', message);
}

export function clientError(message: string): ApiError {
  return new ApiError('ClientException', message);
}

/** Lower-case hex digits. */
export function hexId(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}
