/** What the steps of a task's life work with: timers, and what cannot be kept in a file. */
import type { RunningProcess } from '../runner/port.ts';
import type { EcsContext } from './context.ts';
import type { TaskRecord, TaskStatus } from './state.ts';
import type { InterfaceFault } from './switches.ts';
import type { Timer, Timers } from './timers.ts';
import type { TaskTimings } from './timings.ts';

/** Of tasks that are not STOPPED. */
export interface Live {
  readonly timings: TaskTimings;
  readonly interfaceFault: InterfaceFault | undefined;
  readonly processes: Map<string, RunningProcess>;
  /** The step that comes next. */
  step?: Timer;
  readonly kills: Timer[];
}

export interface Machine {
  readonly ctx: EcsContext;
  readonly timers: Timers;
  readonly live: Map<string, Live>;
  /** Called whenever a task has stopped. */
  onStopped: () => void;
}

export function next(machine: Machine, live: Live, ms: number, fn: () => void): void {
  live.step?.cancel();
  live.step = machine.timers.after(ms, fn);
}

export function moveTo(machine: Machine, task: TaskRecord, status: TaskStatus): void {
  task.lastStatus = status;
  changed(machine, task);
}

export function changed(machine: Machine, task: TaskRecord): void {
  task.version += 1;
  noted(machine.ctx, task);
}

/** Of a change that the task's version does not count. */
export function noted(ctx: EcsContext, task: TaskRecord): void {
  ctx.readings.note(task);
  ctx.changed();
}
