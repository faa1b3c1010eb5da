/** What a command is given of the process: its streams, variables and files. */
import { styleText } from 'node:util';
import type { Clock } from '../runtime/clock.ts';

export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export interface Terminal {
  /** What was asked for, and nothing else: it may be piped. */
  readonly stdout: Output;
  /** Faults and progress. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws as `readFileSync` does. */
  readonly readFile: (path: string) => string;
  readonly clock: Clock;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export type Paint = (style: Style, text: string) => string;

/** Colours for a person at a terminal who did not decline them (no-color.org). */
export function painter({ stdout, env }: Pick<Terminal, 'stdout' | 'env'>): Paint {
  const colours = stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
}

/** On one line, without anything that moves a cursor: records and answers hold what people and programs put there. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
}
