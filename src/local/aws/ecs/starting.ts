/** The first half of a task's life: interface, image, containers, RUNNING. */
import type { ContainerExit, RunningProcess } from '../runner/port.ts';
import { deprovisionWhenEnded, stop } from './ending.ts';
import { INTERFACE_TIMEOUT } from './interruptions.ts';
import { prepareContainer } from './launch.ts';
import { changed, moveTo, next, noted } from './machine.ts';
import type { Live, Machine } from './machine.ts';
import type { ContainerRecord, TaskRecord } from './state.ts';

/** Of a task that was just recorded. */
export function begin(machine: Machine, task: TaskRecord): void {
  const { ctx } = machine;
  const live: Live = {
    timings: ctx.timings(),
    interfaceFault: ctx.interfaceFault(),
    processes: new Map(),
    kills: [],
  };
  machine.live.set(task.id, live);
  noted(ctx, task);
  next(machine, live, live.timings.provisioning, () => attach(machine, task, live));
}

function attach(machine: Machine, task: TaskRecord, live: Live): void {
  if (live.interfaceFault !== undefined) {
    task.network.status = 'FAILED';
    stop(machine, task, INTERFACE_TIMEOUT);
    return;
  }
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
