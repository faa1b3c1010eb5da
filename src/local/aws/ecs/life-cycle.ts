/**
 * The life of a task, as a state machine over the clock and the runner:
 *
 *     PROVISIONING → PENDING → (ACTIVATING) → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING → STOPPED → forgotten
 *
 * A task that is to stop before its containers started goes straight to DEPROVISIONING. AWS-FACTS ECS "lifecycle".
 */
import type { ContainerExit, RunningProcess } from '../runner/port.ts';
import type { EcsContext, TaskTimings } from './context.ts';
import { definitionOf, prepareContainer } from './launch.ts';
import type { ContainerRecord, StopCode, TaskRecord, TaskStatus } from './state.ts';
import { makeTimers } from './timers.ts';
import type { Timer, Timers } from './timers.ts';

export interface StopReason {
  readonly code: StopCode;
  readonly reason: string;
}

export interface LifeCycle {
  /** Of a task that was just recorded. */
  begin(task: TaskRecord): void;
  /** Does nothing when the task is to stop already. */
  stop(task: TaskRecord, why: StopReason): void;
  /** Stops every task; resolves when all are STOPPED and no timer is left. */
  close(): Promise<void>;
}

/** STOPPED tasks can be described for so long. AWS-FACTS ECS "DescribeTasks". */
const KEEP_STOPPED_MS = 3600 * 1000;

/** What cannot be kept in a file: of tasks that are not STOPPED. */
interface Live {
  readonly timings: TaskTimings;
  readonly processes: Map<string, RunningProcess>;
  /** The step that comes next. */
  step?: Timer;
  readonly kills: Timer[];
}

interface Machine {
  readonly ctx: EcsContext;
  readonly timers: Timers;
  readonly live: Map<string, Live>;
  /** Called whenever a task has stopped. */
  onStopped: () => void;
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
    close: () => close(machine),
  };
}

function begin(machine: Machine, task: TaskRecord): void {
  const live: Live = { timings: machine.ctx.timings(), processes: new Map(), kills: [] };
  machine.live.set(task.id, live);
  next(machine, live, live.timings.provisioning, () => attach(machine, task, live));
}

function next(machine: Machine, live: Live, ms: number, fn: () => void): void {
  live.step?.cancel();
  live.step = machine.timers.after(ms, fn);
}

function moveTo(machine: Machine, task: TaskRecord, status: TaskStatus): void {
  task.lastStatus = status;
  changed(machine, task);
}

function changed(machine: Machine, task: TaskRecord): void {
  task.version += 1;
  machine.ctx.changed();
}

function attach(machine: Machine, task: TaskRecord, live: Live): void {
  task.network.status = 'ATTACHED';
  moveTo(machine, task, 'PENDING');
  next(machine, live, live.timings.pending, () => startContainers(machine, task, live));
}

function startContainers(machine: Machine, task: TaskRecord, live: Live): void {
  const { ctx } = machine;
  task.pullStartedAt = ctx.clock.now();
  const prepared = task.containers.map((container) => ({ container, made: prepareContainer(ctx, task, container) }));
  for (const { container, made } of prepared) {
    if (!made.ok) {
      container.reason = made.reason;
      stop(machine, task, { code: 'TaskFailedToStart', reason: made.reason });
      return;
    }
  }
  task.pullStoppedAt = ctx.clock.now();
  for (const { container, made } of prepared) {
    if (made.ok) {
      container.imageDigest = made.image.digest;
      const running = ctx.runner.start(made.spec);
      live.processes.set(container.name, running);
      follow(machine, task, container, running);
    }
  }
  activate(machine, task, live);
}

function follow(machine: Machine, task: TaskRecord, container: ContainerRecord, running: RunningProcess): void {
  running.onStart((identity) => {
    container.process = identity;
    machine.ctx.changed();
  });
  running.onExit((exit) => exited(machine, task, container, exit));
}

function activate(machine: Machine, task: TaskRecord, live: Live): void {
  if (live.timings.activating > 0) {
    moveTo(machine, task, 'ACTIVATING');
    next(machine, live, live.timings.activating, () => run(machine, task));
  } else {
    run(machine, task);
  }
}

function run(machine: Machine, task: TaskRecord): void {
  task.startedAt = machine.ctx.clock.now();
  for (const container of task.containers) {
    if (container.lastStatus === 'PENDING') {
      container.lastStatus = 'RUNNING';
    }
  }
  moveTo(machine, task, 'RUNNING');
}

function exited(machine: Machine, task: TaskRecord, container: ContainerRecord, exit: ContainerExit): void {
  machine.live.get(task.id)?.processes.delete(container.name);
  delete container.process;
  container.lastStatus = 'STOPPED';
  if (exit.exitCode !== undefined) {
    container.exitCode = exit.exitCode;
  }
  if (exit.startError !== undefined) {
    container.reason = exit.startError;
  }
  changed(machine, task);
  if (exit.startError !== undefined) {
    stop(machine, task, { code: 'TaskFailedToStart', reason: exit.startError });
  } else if (container.essential) {
    stop(machine, task, { code: 'EssentialContainerExited', reason: 'Essential container in task exited' });
  }
  deprovisionWhenEnded(machine, task);
}

function stop(machine: Machine, task: TaskRecord, why: StopReason): void {
  const live = machine.live.get(task.id);
  if (live === undefined || task.desiredStatus === 'STOPPED') {
    return;
  }
  task.desiredStatus = 'STOPPED';
  task.stopCode = why.code;
  task.stoppedReason = why.reason;
  task.stoppingAt = machine.ctx.clock.now();
  if (live.processes.size > 0) {
    moveTo(machine, task, 'DEACTIVATING');
    next(machine, live, live.timings.deactivating, () => terminate(machine, task, live));
  } else {
    deprovision(machine, task, live);
  }
}

/** SIGTERM, and SIGKILL for whatever has not ended when its time is up. AWS-FACTS ECS "StopTask". */
function terminate(machine: Machine, task: TaskRecord, live: Live): void {
  moveTo(machine, task, 'STOPPING');
  for (const [name, running] of live.processes) {
    const seconds = definitionOf(machine.ctx, task, name).stopTimeout ?? machine.ctx.stopTimeoutSeconds;
    live.kills.push(machine.timers.after(seconds * 1000, () => running.signal('SIGKILL')));
    running.signal('SIGTERM');
  }
  deprovisionWhenEnded(machine, task);
}

function deprovisionWhenEnded(machine: Machine, task: TaskRecord): void {
  const live = machine.live.get(task.id);
  if (live !== undefined && task.lastStatus === 'STOPPING' && live.processes.size === 0) {
    deprovision(machine, task, live);
  }
}

function deprovision(machine: Machine, task: TaskRecord, live: Live): void {
  for (const kill of live.kills) {
    kill.cancel();
  }
  task.executionStoppedAt = machine.ctx.clock.now();
  for (const container of task.containers) {
    container.lastStatus = 'STOPPED';
  }
  moveTo(machine, task, 'DEPROVISIONING');
  next(machine, live, live.timings.deprovisioning, () => finish(machine, task));
}

function finish(machine: Machine, task: TaskRecord): void {
  const { ctx } = machine;
  if (task.network.status === 'ATTACHED') {
    task.network.status = 'DELETED';
  }
  ctx.addresses.give(task.network.subnetId, task.network.address);
  task.stoppedAt = ctx.clock.now();
  machine.live.delete(task.id);
  moveTo(machine, task, 'STOPPED');
  forgetLater(machine, task, KEEP_STOPPED_MS);
  machine.onStopped();
}

function forgetLater(machine: Machine, task: TaskRecord, ms: number): void {
  machine.timers.after(ms, () => {
    delete machine.ctx.state.tasks[task.id];
    machine.ctx.changed();
  });
}

function takeOver(machine: Machine, task: TaskRecord): void {
  const { ctx } = machine;
  const now = ctx.clock.now();
  if (task.lastStatus !== 'STOPPED') {
    for (const container of task.containers) {
      container.lastStatus = 'STOPPED';
      if (container.process !== undefined) {
        ctx.runner.reap(container.process);
        delete container.process;
      }
    }
    task.desiredStatus = 'STOPPED';
    task.stopCode ??= 'InfrastructureHealth';
    task.stoppedReason ??= 'The local AWS ended while the task ran';
    task.network.status = 'DELETED';
    task.stoppedAt = now;
    moveTo(machine, task, 'STOPPED');
  }
  forgetLater(machine, task, Math.max(0, (task.stoppedAt ?? now) + KEEP_STOPPED_MS - now));
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
      }
    }
    machine.onStopped();
  });
}
