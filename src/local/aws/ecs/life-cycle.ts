/**
 * The life of a task, as a state machine over the clock and the runner:
 *
 *     PROVISIONING → PENDING → (ACTIVATING) → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING → STOPPED → (DELETED) → forgotten
 *
 * A task that is to stop before its containers started goes straight to DEPROVISIONING. AWS-FACTS ECS "lifecycle".
 */
import type { EcsContext } from './context.ts';
import { cutShort, forgetInTime, freeze, stop, thaw } from './ending.ts';
import type { StopReason } from './interruptions.ts';
import { moveTo } from './machine.ts';
import type { Machine } from './machine.ts';
import { begin } from './starting.ts';
import type { TaskRecord } from './state.ts';
import { makeTimers } from './timers.ts';

export interface LifeCycle {
  /** Of a task that was just recorded. */
  begin(task: TaskRecord): void;
  /** Does nothing when the task is to stop already. */
  stop(task: TaskRecord, why: StopReason): void;
  /** Ends at once what still runs of a task that is to stop; false when nothing does. */
  cutShort(task: TaskRecord): boolean;
  /** From now on the task never reports STOPPED; false when it has already. */
  freeze(task: TaskRecord): boolean;
  /** Undoes `freeze`; false when the task was not frozen. */
  thaw(task: TaskRecord): boolean;
  /** Stops every task; resolves when all are STOPPED and no timer is left. */
  close(): Promise<void>;
}

/** Takes over what the state holds: tasks of an earlier life were cut off and are STOPPED. */
export function makeLifeCycle(ctx: EcsContext): LifeCycle {
  const machine: Machine = { ctx, timers: makeTimers(ctx.clock), live: new Map(), onStopped: () => undefined };
  for (const task of Object.values(ctx.state.tasks)) {
    takeOver(machine, task);
  }
  return {
    begin: (task) => begin(machine, task),
    stop: (task, why) => stop(machine, task, why),
    cutShort: (task) => cutShort(machine, task),
    freeze: (task) => freeze(machine, task),
    thaw: (task) => thaw(machine, task),
    close: () => close(machine),
  };
}

function takeOver(machine: Machine, task: TaskRecord): void {
  const { ctx } = machine;
  // The pool of this process never gave out its address.
  task.network.released = true;
  if (task.lastStatus !== 'STOPPED' && task.lastStatus !== 'DELETED') {
    cutOff(machine, task);
  }
  ctx.index.add(task);
  forgetInTime(machine, task);
}

function cutOff(machine: Machine, task: TaskRecord): void {
  const { ctx } = machine;
  for (const container of task.containers) {
    container.lastStatus = 'STOPPED';
    if (container.process !== undefined) {
      ctx.runner.reap(container.process);
      delete container.process;
    }
  }
  delete task.frozen;
  task.desiredStatus = 'STOPPED';
  task.stopCode ??= 'InfrastructureHealth';
  task.stoppedReason ??= 'The local AWS ended while the task ran';
  task.network.status = 'DELETED';
  task.stoppedAt = ctx.clock.now();
  moveTo(machine, task, 'STOPPED');
}

function close(machine: Machine): Promise<void> {
  return new Promise((resolve) => {
    machine.onStopped = () => {
      if (machine.live.size === 0) {
        machine.timers.cancelAll();
        resolve();
      }
    };
    for (const id of machine.live.keys()) {
      const task = machine.ctx.state.tasks[id];
      if (task !== undefined) {
        stop(machine, task, { code: 'InfrastructureHealth', reason: 'The local AWS was shut down' });
        thaw(machine, task);
      }
    }
    machine.onStopped();
  });
}
