/** A child process of the demo: started, waited for, and ended by its pid; its output goes to a log file. */
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ChildOptions {
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<number | null>;
  /** The last lines that this process wrote. */
  tail(): string;
  /** The first message that the child sends over IPC: what it says when it is ready. Rejects when it ends before. */
  readonly ready: Promise<Serializable>;
  /** Sends the signal, then SIGKILL after 15 seconds; resolves to the exit code when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href;
const KILL_AFTER_MS = 15_000;
const TAIL_LINES = 15;
const TAIL_LENGTH = 8_000;

export function startChild({ name, script, args = [], env = {}, logFile }: ChildOptions): Child {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile, { flags: 'a' });
  const child = fork(script, args, {
    execPath: process.execPath,
    execArgv: ['--import', END_WITH_PARENT],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A terminal's Ctrl-C goes to the whole foreground group: the demo alone decides the order of the end.
    detached: true,
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.pipe(log, { end: false });
    stream?.on('data', (chunk: Buffer) => {
      written = (written + chunk.toString()).slice(-TAIL_LENGTH);
    });
  }
  const tail = (): string => written.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const ready = readiness(child, name, tail);
  // Not every child says that it is ready, and nobody may be waiting when one ends.
  ready.catch(() => undefined);
  return {
    name,
    pid: child.pid ?? -1,
    exited,
    tail,
    ready,
    stop: (signal) => stop(child, exited, signal),
  };
}

async function readiness(child: ChildProcess, name: string, tail: () => string): Promise<Serializable> {
  const message = once(child, 'message').then(([first]) => first as Serializable);
  // Closed, not only ended: what it wrote last has arrived.
  const death = once(child, 'close').then(([code]) => {
    throw new Error(`${name} ended with code ${code} before it was ready:\n${tail()}`);
  });
  return await Promise.race([message, death]);
}

async function stop(
  child: ChildProcess,
  exited: Promise<number | null>,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  const code = await exited;
  clearTimeout(timer);
  return code;
}
