/**
 * Children in process groups of their own: whatever a script forks ends with it. Node spawns a `detached` child as the
 * leader of a new session and group, so the negative process id reaches all of them; `strays.ts` finds what left it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { pipeline, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { eachLine } from '../log/lines.ts';
import { readProcesses } from './proc.ts';
import { beginRun, endRun, type Identity, newRunId, remember, type Run, RUN_VARIABLE } from './runs.ts';
import { killStrays } from './strays.ts';

export type { Identity };

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** As people write it in messages, e.g. `npm run build`. */
  readonly title: string;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** Absent: as the supervisor itself. Supplementary groups are dropped. */
  readonly runAs?: Identity | undefined;
  /** What it reads: a stream, destroyed when it reads no more, or an open file. Absent: nothing. */
  readonly input?: Readable | number;
  /** An open file that takes what it prints, which `onLine` is then not told. */
  readonly output?: number;
}

export interface Exit {
  /** 0 for success; absent when a signal ended it or it never began. */
  readonly code?: number;
  /** `exited with code 1`, `was ended by SIGKILL`, `could not be started: …`. */
  readonly description: string;
}

export interface ProcessGroup {
  readonly pid: number | undefined;
  /** Undefined when it never began. */
  readonly run: Run | undefined;
  /** The leader's end, told when whatever it left behind is gone. While it is stopped, its forks have their grace too. */
  readonly exited: Promise<Exit>;
  /** SIGTERM to the group, once; SIGKILL to what is left after the shortest `graceMs` asked for. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

const GONE_POLL_MS = 20;
/** How long the last output of a process that ended is waited for; a fork that escaped may hold the pipe open. */
const OUTPUT_WAIT_MS = 500;
/** A group that SIGKILL has reached is given so long to disappear; only the kernel can delay it further. */
const KILLED_WAIT_MS = 1_000;

export function spawnGroup(command: Command, options: SpawnOptions): ProcessGroup {
  const { env, onLine, runAs, input, output } = options;
  const id = newRunId();
  const { file, args, cwd } = entering(command, options);
  const child = spawn(file, args, {
    cwd,
    env: { ...env, [RUN_VARIABLE]: id },
    detached: true,
    stdio: [typeof input === 'object' ? 'pipe' : (input ?? 'ignore'), output ?? 'pipe', 'pipe'],
    ...runAs,
  });
  // It may end without having read all; its exit code tells what that means.
  if (typeof input === 'object' && child.stdin) pipeline(input, child.stdin, () => undefined);
  const run = child.pid === undefined ? undefined : beginRun(id, child.pid, runAs);
  const printed = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const told = Promise.all(printed.map((stream) => eachLine(stream, onLine)));
  const ended = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ description: `could not be started: ${error.message}` }));
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
  });
  let killAt: number | undefined;
  const exited = ended.then(async (exit) => {
    if (killAt !== undefined) await groupGone(child, () => killAt ?? 0);
    signalGroup(child.pid, 'SIGKILL');
    if (run) {
      endRun(run);
      await killStrays(run);
    }
    await Promise.race([told, delay(OUTPUT_WAIT_MS)]);
    for (const stream of printed) stream.destroy();
    return exit;
  });
  return {
    pid: child.pid,
    run,
    exited,
    async stop(graceMs) {
      const first = killAt === undefined;
      killAt = Math.min(killAt ?? Infinity, performance.now() + graceMs);
      if (first) {
        if (run) remember(run, await readProcesses());
        signalGroup(child.pid, 'SIGTERM');
      }
      if (!(await groupGone(child, () => killAt ?? 0))) {
        signalGroup(child.pid, 'SIGKILL');
        const limit = performance.now() + KILLED_WAIT_MS;
        await groupGone(child, () => limit);
      }
      await exited;
    },
  };
}

/**
 * Node enters the working directory before it becomes another user, so a link there could lead where that user may not
 * go. `env` enters it as that user.
 */
function entering(
  command: Command,
  { cwd, runAs }: SpawnOptions,
): { file: string; args: readonly string[]; cwd: string } {
  const { file, args } = command;
  if (!runAs || process.platform !== 'linux') return { file, args, cwd };
  return { file: '/usr/bin/env', args: ['-C', cwd, '--', file, ...args], cwd: '/' };
}

/** Runs a command to its end. An abort stops its group and rejects with the signal's reason. */
export async function runGroup(
  command: Command,
  options: SpawnOptions & { readonly signal: AbortSignal; readonly cancelAfterMs: number },
): Promise<Exit> {
  options.signal.throwIfAborted();
  const group = spawnGroup(command, options);
  let stopping: Promise<void> | undefined;
  const onAbort = (): void => {
    stopping = group.stop(options.cancelAfterMs);
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const exit = await group.exited;
    await stopping;
    options.signal.throwIfAborted();
    return exit;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): Exit {
  if (code === null) return { description: `was ended by ${signal ?? 'an unknown signal'}` };
  return { code, description: `exited with code ${code}` };
}

/** False when no process of the group exists any more. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** False when something of it still runs at the time that `until` tells, which may come nearer meanwhile. */
async function groupGone(child: ChildProcess, until: () => number): Promise<boolean> {
  while (signalGroup(child.pid, 0)) {
    if (hasEnded(child) && (await isBuried(child.pid))) return true;
    if (performance.now() >= until()) return false;
    await delay(GONE_POLL_MS);
  }
  return true;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Only zombies are left, which wait for their new parent to take note of them, and do count for signals. */
async function isBuried(pid: number | undefined): Promise<boolean> {
  const table = await readProcesses();
  return table.size > 0 && [...table.values()].every((info) => info.group !== pid);
}
