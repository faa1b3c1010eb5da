/** A child process of the demo: started, waited for, and ended by its pid; its output goes to a log file. */
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
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
  /** The first message that the child sends over IPC: what it says when it is ready. Rejects when it ends before. */
  readonly ready: Promise<Serializable>;
  /** Sends the signal, then SIGKILL after 15 seconds; resolves to the exit code when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href;
const KILL_AFTER_MS = 15_000;

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
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const ready = readiness(child, name, exited, logFile);
  // Not every child says that it is ready, and nobody may be waiting when one ends.
  ready.catch(() => undefined);
  return {
    name,
    pid: child.pid ?? -1,
    exited,
    ready,
    stop: (signal) => stop(child, exited, signal),
  };
}

async function readiness(
  child: ChildProcess,
  name: string,
  exited: Promise<number | null>,
  logFile: string,
): Promise<Serializable> {
  const message = once(child, 'message').then(([first]) => first as Serializable);
  const death = exited.then((code) => {
    throw new Error(`${name} ended with code ${code} before it was ready:\n${lastLines(logFile)}`);
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

export function lastLines(file: string, lines = 15): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
