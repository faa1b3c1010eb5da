/**
 * Runs a container as a child process: in a process group of its own, with nothing of this process's environment but
 * PATH, and in a scratch directory of its own that goes with it. A stand-in for a container, not a jail.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { makeLineSplitter } from './lines.ts';
import type { ContainerExit, ContainerSpec, ProcessIdentity, RunningProcess, TaskRunner } from './port.ts';
import { carriersOf, isStillOurs, startTimeOf } from './process-identity.ts';

/** How long output may still come after the main process has ended. */
const OUTPUT_GRACE_MS = 1000;
const KILL_ROUNDS = 3;

export interface ProcessRunnerOptions {
  /** Scratch directories are made in here. */
  readonly directory: string;
}

export function makeProcessRunner(options: ProcessRunnerOptions): TaskRunner {
  return {
    start: (spec) => startProcess(join(options.directory, spec.name), spec),
    reap(identity) {
      if (isStillOurs(identity)) {
        killGroup(identity.pid, 'SIGKILL');
      }
      killCarriers(identity.directory);
      removeDirectory(identity.directory).catch(() => undefined);
    },
  };
}

/**
 * Resolves to undefined when the address can be listened on, else to what to do about it. macOS has 127.0.0.1 only;
 * every other loopback address must be added by hand.
 */
export async function addressProblem(address: string): Promise<string | undefined> {
  const server = createServer();
  const error = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ host: address, port: 0 }, () => resolve(undefined));
  });
  if (error === undefined) {
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  }
  const advice = address.startsWith('127.') ? `; run: sudo ifconfig lo0 alias ${address}` : '';
  return `cannot listen on ${address} (${(error as NodeJS.ErrnoException).code ?? error.message})${advice}`;
}

/** A value that is told to whoever asks, whether before or after it is there. */
interface Told<T> {
  tell(value: T): void;
  listen(fn: (value: T) => void): void;
}

function makeTold<T>(): Told<T> {
  let value: { readonly of: T } | undefined;
  const listeners: ((value: T) => void)[] = [];
  return {
    tell(next) {
      if (value === undefined) {
        value = { of: next };
        for (const fn of listeners) {
          fn(next);
        }
      }
    },
    listen(fn) {
      listeners.push(fn);
      const known = value;
      if (known !== undefined) {
        queueMicrotask(() => fn(known.of));
      }
    },
  };
}

function startProcess(directory: string, spec: ContainerSpec): RunningProcess {
  const exit = makeTold<ContainerExit>();
  const started = makeTold<ProcessIdentity>();
  let child: ChildProcess | undefined;
  let ended = false;
  const begin = async (): Promise<void> => {
    const problem = await addressProblem(spec.address);
    if (problem !== undefined) {
      exit.tell({ startError: `ResourceInitializationError: ${problem}` });
    } else if (ended) {
      exit.tell({ exitCode: exitCodeOf('SIGTERM') });
    } else {
      child = launch(directory, spec, exit);
      tellIdentity(child, directory, started);
    }
  };
  // A program or an environment that cannot be passed on makes spawn throw.
  begin().catch((error: unknown) => finish(directory, exit, { startError: cannotStart(error) }));
  return {
    onExit: (fn) => exit.listen(fn),
    onStart: (fn) => started.listen(fn),
    signal(signal) {
      ended = true;
      if (child?.pid !== undefined && isRunning(child)) {
        // As Docker does: a request to stop goes to the main process only, the end comes to all of them.
        if (signal === 'SIGKILL') {
          killGroup(child.pid, signal);
        } else {
          child.kill(signal);
        }
      }
    },
  };
}

function tellIdentity(child: ChildProcess, directory: string, started: Told<ProcessIdentity>): void {
  if (child.pid !== undefined) {
    started.tell({ pid: child.pid, startedAt: startTimeOf(child.pid), directory });
  }
}

function launch(directory: string, spec: ContainerSpec, exit: Told<ContainerExit>): ChildProcess {
  mkdirSync(directory, { recursive: true });
  const [program = '', ...args] = spec.command;
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: directory, TMPDIR: directory, ...spec.env };
  const child = spawn(program, args, { cwd: directory, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  pipeLines(child, spec);
  child.once('error', (error) => {
    // Also told when a signal could not be sent, which does not mean that the process is gone.
    if (child.pid === undefined) {
      finish(directory, exit, { startError: cannotStart(error) });
    }
  });
  child.once('exit', (code, signal) => {
    // What the main process leaves behind goes with it, as the processes of a container do.
    killGroup(child.pid, 'SIGKILL');
    killCarriers(directory);
    afterOutput(child, () => finish(directory, exit, { exitCode: code ?? exitCodeOf(signal) }));
  });
  return child;
}

function pipeLines(child: ChildProcess, spec: ContainerSpec): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = makeLineSplitter((line) => spec.log(line, stream));
    child[stream]?.on('data', (chunk: Buffer) => lines.push(chunk));
    child[stream]?.once('end', () => lines.end());
  }
}

/**
 * The log should hold every line before the task is seen to stop, so this waits for the end of both pipes; but not
 * for ever, since a process that left its group may hold them open.
 */
function afterOutput(child: ChildProcess, fn: () => void): void {
  const timer = setTimeout(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, OUTPUT_GRACE_MS);
  child.once('close', () => {
    clearTimeout(timer);
    fn();
  });
}

function finish(directory: string, exit: Told<ContainerExit>, result: ContainerExit): void {
  removeDirectory(directory).then(
    () => exit.tell(result),
    // Left behind in a temporary directory: no reason to keep the task from stopping.
    () => exit.tell(result),
  );
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) {
      process.kill(-pid, signal);
    }
  } catch {
    // ESRCH: nobody is left in the group. EPERM (macOS): only zombies are.
  }
}

/** Also those that went to a group of their own; once more, since one may have started another meanwhile. */
function killCarriers(directory: string): void {
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const pids = carriersOf(directory);
    for (const pid of pids) kill(pid);
    if (pids.length === 0) return;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it has just ended by itself.
  }
}

function removeDirectory(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function cannotStart(error: unknown): string {
  return `CannotStartContainerError: ${error instanceof Error ? error.message : String(error)}`;
}
