/** Log lines to stdout, and the bounded memory of the last ones that a failure carries. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';
import type { LogSource } from './entry.ts';

/** Longer lines are cut: an app that prints without line breaks must not grow the supervisor's memory. */
export const MAX_LINE = 4_000;

export interface Log {
  /** The supervisor's own words: `[mayfly] …`. */
  say(message: string): void;
  /** For programs too: `[mayfly] phase=install outcome=done seconds=4.2`. Fields that are undefined are left out. */
  event(fields: Readonly<Record<string, string | number | undefined>>): void;
  /** A line of a child, as it is. */
  line(source: LogSource, text: string): void;
  /** From now on blotted out of every line. */
  hide(secret: string): void;
}

/** `secrets` are blotted out of every line, also of what children print. */
export function makeLog(write: (text: string) => void, secrets: readonly string[] = []): Log {
  const hidden = [...secrets];
  const redact = (text: string): string => hidden.reduce((line, secret) => line.replaceAll(secret, '[redacted]'), text);
  const say = (message: string): void => write(`[mayfly] ${redact(message)}\n`);
  return {
    say,
    event: (fields) => say(formatEvent(fields)),
    line: (_source, text) => write(`${redact(text)}\n`),
    hide(secret) {
      if (secret !== '') hidden.push(secret);
    },
  };
}

function formatEvent(fields: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${/^[\w.:/-]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
    .join(' ');
}

export interface Tail {
  add(line: string): void;
  /** The newest `count` lines, oldest first, without terminal colours. */
  last(count: number): string[];
}

export function makeTail(limit = 200): Tail {
  const lines: string[] = [];
  return {
    add(line) {
      lines.push(stripVTControlCharacters(line));
      if (lines.length > limit) lines.shift();
    },
    last: (count) => lines.slice(-count),
  };
}

/** Calls `onLine` for each line of a stream, cut to MAX_LINE; an unfinished last line counts when the stream ends. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): void => onLine(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line);
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split(/\r?\n/);
    // One character more than the limit is kept, so that the cut still shows.
    rest = (parts.pop() ?? '').slice(0, MAX_LINE + 1);
    parts.forEach(emit);
  });
  stream.on('end', () => {
    if (rest !== '') emit(rest);
  });
  // A pipe may break when its process is killed; the exit tells what happened.
  stream.on('error', () => undefined);
}
