/** A program as a person starts it in a terminal: what it prints, how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

export interface Program {
  readonly pid: number;
  /** Everything printed so far, stdout and stderr as they came. */
  output(): string;
  /** Null when a signal ended it. */
  readonly exited: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

const SOURCE = resolve(import.meta.dirname, '../../../src');

/** `script` within src/. Nothing of this process's environment but PATH and HOME is passed on. */
export function startProgram(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [resolve(SOURCE, script), ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    pid: child.pid ?? -1,
    output: () => output,
    exited: once(child, 'close').then(([code]) => code as number | null),
    signal: (signal) => void child.kill(signal),
  };
}
