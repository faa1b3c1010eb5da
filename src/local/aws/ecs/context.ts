/** What every operation of the local ECS works with. Nothing here asks the system for time, timers or randomness. */
import type { Images } from '../images.ts';
import type { LogStore } from '../logs/store.ts';
import type { TaskRunner } from '../runner/port.ts';
import { ApiError } from '../service.ts';
import type { LocalClock } from '../service.ts';
import type { AddressPool } from './addresses.ts';
import type { Readings } from './readings.ts';
import type { EcsState } from './state.ts';
import type { EcsSwitches } from './switches.ts';
import type { TaskIndex } from './task-index.ts';

export interface EcsOptions extends EcsSwitches {
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
  readonly state: EcsState;
  /** Called after every change of `state`. */
  readonly changed: () => void;
}

export interface EcsContext extends EcsOptions {
  readonly addresses: AddressPool;
  readonly index: TaskIndex;
  readonly readings: Readings;
  /** When client tokens are looked through again. */
  readonly tokenSweep: { dueAt: number };
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
