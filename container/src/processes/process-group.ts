/**
 * Children in process groups of their own: whatever a script forks ends with it. Node spawns a `detached` child as the
 * leader of a new session and group, so the negative process id reaches all of them.
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { eachLine } from '../log/log.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** As people write it in messages, e.g. `npm run build`. */
  readonly title: string;
}

/** A user of the system, by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  /** Absent: as the supervisor itself. Supplementary groups are dropped. */
  readonly runAs?: Identity | undefined;
}

export interface Exit {
  /** 0 for success; absent when a signal ended it or it never began. */
  readonly code?: number;
  /** `exited with code 1`, `was ended by SIGKILL`, `could not be started: …`. */
  readonly description: string;
}

export interface ProcessGroup {
  readonly pid: number | undefined;
  /** The leader's end. Whatever it left behind in its group is killed then. */
  readonly exited: Promise<Exit>;
  /** SIGTERM to the group, SIGKILL to what is left after `graceMs`. Resolves when the group is gone. */
  stop(graceMs: number): Promise<void>;
}

const GONE_POLL_MS = 20;
/** How long the last output of a process that ended is waited for; a fork that escaped may hold the pipe open. */
const OUTPUT_WAIT_MS = 500;
/** A group that SIGKILL has reached is given so long to disappear; only the kernel can delay it further. */
const KILLED_WAIT_MS = 1_000;

export function spawnGroup(command: Command, options: SpawnOptions): ProcessGroup {
  const { cwd, env, onLine, runAs } = options;
  const child = spawn(command.file, command.args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...runAs,
  });
  eachLine(child.stdout, onLine);
  eachLine(child.stderr, onLine);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ended = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ description: `could not be started: ${error.message}` }));
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
  });
  const exited = ended.then(async (exit) => {
    signalGroup(child.pid, 'SIGKILL');
    await Promise.race([closed, delay(OUTPUT_WAIT_MS)]);
    child.stdout.destroy();
    child.stderr.destroy();
    return exit;
  });
  return {
    pid: child.pid,
    exited,
    async stop(graceMs) {
      signalGroup(child.pid, 'SIGTERM');
      if (!(await groupGone(child.pid, graceMs))) {
        signalGroup(child.pid, 'SIGKILL');
        await groupGone(child.pid, KILLED_WAIT_MS);
      }
      await exited;
    },
  };
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

async function groupGone(pid: number | undefined, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (signalGroup(pid, 0)) {
    if (performance.now() >= deadline) return false;
    await delay(GONE_POLL_MS);
  }
  return true;
}
