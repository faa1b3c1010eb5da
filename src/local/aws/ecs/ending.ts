/** The second half of a task's life: from being told to stop to being forgotten. */
import { definitionOf } from './launch.ts';
import type { StopReason } from './interruptions.ts';
import { moveTo, next } from './machine.ts';
import type { Live, Machine } from './machine.ts';
import type { TaskRecord } from './state.ts';
import { forgetToken } from './tokens.ts';

/** STOPPED tasks can be described for so long. AWS-FACTS ECS "DescribeTasks". */
const KEEP_STOPPED_MS = 3600 * 1000;

/** Does nothing when the task is to stop already. */
export function stop(machine: Machine, task: TaskRecord, why: StopReason): void {
  const live = machine.live.get(task.id);
  if (live === undefined || task.desiredStatus === 'STOPPED') {
    return;
  }
  task.desiredStatus = 'STOPPED';
  task.stopCode = why.code;
  task.stoppedReason = why.reason;
  task.stoppingAt = machine.ctx.clock.now();
  if (why.containerReason !== undefined) {
    for (const container of task.containers.filter(({ essential }) => essential)) {
      container.reason = why.containerReason;
    }
  }
  delist(machine, task);
  if (live.processes.size === 0) {
    deprovision(machine, task, live);
  } else if (why.abruptly) {
    kill(machine, task, live);
  } else {
    moveTo(machine, task, 'DEACTIVATING');
    next(machine, live, live.timings.deactivating, () => terminate(machine, task, live));
  }
}

function delist(machine: Machine, task: TaskRecord): void {
  const lag = machine.ctx.delistLagMs();
  if (lag <= 0) {
    machine.ctx.index.delist(task);
  } else {
    machine.timers.after(lag, () => {
      if (machine.ctx.state.tasks[task.id] !== undefined) {
        machine.ctx.index.delist(task);
      }
    });
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

/** The host of a task goes that is to stop already: no grace is left. False when nothing ran any more. */
export function cutShort(machine: Machine, task: TaskRecord): boolean {
  const live = machine.live.get(task.id);
  if (live === undefined || live.processes.size === 0) {
    return false;
  }
  kill(machine, task, live);
  return true;
}

function kill(machine: Machine, task: TaskRecord, live: Live): void {
  live.step?.cancel();
  moveTo(machine, task, 'STOPPING');
  for (const running of live.processes.values()) {
    running.signal('SIGKILL');
  }
}

export function deprovisionWhenEnded(machine: Machine, task: TaskRecord): void {
  const live = machine.live.get(task.id);
  if (live !== undefined && task.lastStatus === 'STOPPING' && live.processes.size === 0) {
    deprovision(machine, task, live);
  }
}

function deprovision(machine: Machine, task: TaskRecord, live: Live): void {
  const { ctx } = machine;
  for (const timer of live.kills) {
    timer.cancel();
  }
  task.executionStoppedAt = ctx.clock.now();
  for (const container of task.containers) {
    container.lastStatus = 'STOPPED';
  }
  if (ctx.freeAddressesAt === 'DEPROVISIONING') {
    detach(machine, task, live);
  }
  moveTo(machine, task, 'DEPROVISIONING');
  live.step?.cancel();
  finishLater(machine, task, live);
}

function finishLater(machine: Machine, task: TaskRecord, live: Live): void {
  if (!task.frozen) {
    next(machine, live, live.timings.deprovisioning, () => finish(machine, task, live));
  }
}

/** From now on the task never reports STOPPED; false when it has already. */
export function freeze(machine: Machine, task: TaskRecord): boolean {
  const live = machine.live.get(task.id);
  if (live === undefined) {
    return false;
  }
  task.frozen = true;
  if (task.lastStatus === 'DEPROVISIONING') {
    live.step?.cancel();
  }
  machine.ctx.changed();
  return true;
}

/** Undoes `freeze`; false when the task was not frozen. */
export function thaw(machine: Machine, task: TaskRecord): boolean {
  const live = machine.live.get(task.id);
  if (live === undefined || !task.frozen) {
    return false;
  }
  delete task.frozen;
  machine.ctx.changed();
  if (task.lastStatus === 'DEPROVISIONING') {
    finishLater(machine, task, live);
  }
  return true;
}

/** The interface goes, and its address with it, unless it came up late and nobody takes it down. */
function detach(machine: Machine, task: TaskRecord, live: Live): void {
  if (task.network.status === 'ATTACHED') {
    task.network.status = 'DELETED';
  }
  if (live.interfaceFault === 'late') {
    task.network.status = 'ATTACHED';
  } else {
    release(machine, task);
  }
}

function release(machine: Machine, task: TaskRecord): void {
  if (!task.network.released) {
    task.network.released = true;
    machine.ctx.addresses.give(task.network.subnetId, task.network.address);
  }
}

function finish(machine: Machine, task: TaskRecord, live: Live): void {
  const { ctx } = machine;
  detach(machine, task, live);
  task.stoppedAt = ctx.clock.now();
  machine.live.delete(task.id);
  ctx.index.release(task);
  moveTo(machine, task, 'STOPPED');
  forgetLater(machine, task, { stoppedMs: KEEP_STOPPED_MS, deletedMs: live.timings.deleted ?? 0 });
  machine.onStopped();
}

/** Of a task that was STOPPED before this process began. */
export function forgetInTime(machine: Machine, task: TaskRecord): void {
  const now = machine.ctx.clock.now();
  const stoppedMs = Math.max(0, (task.stoppedAt ?? now) + KEEP_STOPPED_MS - now);
  forgetLater(machine, task, { stoppedMs, deletedMs: 0 });
}

function forgetLater(
  machine: Machine,
  task: TaskRecord,
  times: { readonly stoppedMs: number; readonly deletedMs: number },
): void {
  machine.timers.after(times.stoppedMs, () => {
    machine.ctx.index.remove(task);
    forgetToken(machine.ctx, task);
    if (times.deletedMs > 0) {
      moveTo(machine, task, 'DELETED');
      machine.timers.after(times.deletedMs, () => forget(machine, task));
    } else {
      forget(machine, task);
    }
  });
}

function forget(machine: Machine, task: TaskRecord): void {
  release(machine, task);
  delete machine.ctx.state.tasks[task.id];
  machine.ctx.readings.forget(task);
  machine.ctx.changed();
}
