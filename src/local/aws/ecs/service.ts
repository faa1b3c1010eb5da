/** Elastic Container Service over one state. */
import type { LocalClock, Service } from '../service.ts';
import { makeAddressPool } from './addresses.ts';
import type { EcsContext, EcsOptions } from './context.ts';
import type { StopReason } from './interruptions.ts';
import { makeLifeCycle } from './life-cycle.ts';
import { operationsOf } from './operations.ts';
import { makeReadings } from './readings.ts';
import { emptyEcsState, taskByArn } from './state.ts';
import type { EcsState } from './state.ts';
import { DEFAULT_SWITCHES } from './switches.ts';
import { makeTaskIndex } from './task-index.ts';

export interface Ecs {
  readonly service: Service;
  /** To read. */
  readonly state: EcsState;
  /**
   * Stops a running task as the infrastructure would (see INTERRUPTIONS). Of one that is to stop already it changes
   * nothing but, when abrupt, its time left. False when nothing came of it.
   */
  interrupt(taskArn: string, why: StopReason): boolean;
  /** From now on the task never reports STOPPED; false when it has already, or is unknown. */
  freeze(taskArn: string): boolean;
  /** Undoes `freeze`; false when the task was not frozen. */
  thaw(taskArn: string): boolean;
  /** Refuses new tasks, stops all others, and resolves when they are STOPPED. */
  close(): Promise<void>;
}

/** What must be given; the rest of EcsOptions has defaults. */
type Needed = 'account' | 'region' | 'random' | 'runner' | 'images' | 'logs' | 'subnets';

export type EcsSettings = Pick<EcsOptions, Needed> & { readonly clock: LocalClock } & Partial<EcsOptions>;

export function makeEcs(settings: EcsSettings): Ecs {
  const ctx: EcsContext = {
    ...DEFAULT_SWITCHES,
    state: emptyEcsState(),
    changed: () => undefined,
    ...settings,
    addresses: makeAddressPool(settings.subnets, settings.reuseAddresses ?? DEFAULT_SWITCHES.reuseAddresses),
    index: makeTaskIndex(),
    readings: makeReadings(settings.clock, settings.statusLagMs),
    tokenSweep: { dueAt: 0 },
  };
  const lifeCycle = makeLifeCycle(ctx);
  let closed = false;
  const operations = operationsOf(ctx, lifeCycle, () => closed);
  return {
    service: { protocol: 'json1.1', target: 'AmazonEC2ContainerServiceV20141113', signingName: 'ecs', operations },
    state: ctx.state,
    interrupt(taskArn, why) {
      const task = taskByArn(ctx.state, taskArn);
      if (task === undefined) {
        return false;
      }
      if (task.desiredStatus === 'STOPPED') {
        return why.abruptly === true && lifeCycle.cutShort(task);
      }
      lifeCycle.stop(task, why);
      return true;
    },
    freeze(taskArn) {
      const task = taskByArn(ctx.state, taskArn);
      return task !== undefined && lifeCycle.freeze(task);
    },
    thaw(taskArn) {
      const task = taskByArn(ctx.state, taskArn);
      return task !== undefined && lifeCycle.thaw(task);
    },
    close() {
      closed = true;
      return lifeCycle.close();
    },
  };
}
