/** Log lines to stdout and to the store, without secrets; and the bounded memory of the last ones that a failure carries. */
import { stripVTControlCharacters } from 'node:util';
import type { LogEntry, LogSource } from './entry.ts';
import { type FloodLimits, makeFlood } from './flood.ts';
import { makeRedaction } from './redaction.ts';

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

/** The one log of a process, which the others are handed as a Log. */
export interface RootLog extends Log {
  /** From now on every line goes to `store` too, beginning with those that came before there was one. */
  keep(store: LogSink): void;
  /** For text that leaves by another way than the log; cut to MAX_LINE characters. */
  redact(text: string): string;
  /** Tells what is still to be told of lines left out of stdout. */
  end(): void;
}

export interface LogSink {
  append(entry: LogEntry): void;
}

export interface LogOptions {
  readonly flood?: FloodLimits;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Lines before there is a store that are kept for it. */
const MAX_EARLY = 100;

/** `secrets` are blotted out of every line, also of what children print. `write` gets whole lines. */
export function makeLog(
  write: (text: string) => void,
  secrets: readonly string[] = [],
  options: LogOptions = {},
): RootLog {
  const redaction = makeRedaction(secrets);
  const early: LogEntry[] = [];
  let store: LogSink | undefined;

  const stamp = makeStamp(options.now ?? Date.now);

  function keep(source: LogSource, text: string): void {
    const entry = { at: stamp(), source, text };
    if (store) store.append(entry);
    else if (early.length < MAX_EARLY) early.push(entry);
  }

  function say(message: string): void {
    const text = redaction.redact(message);
    keep('mayfly', text);
    write(`[mayfly] ${text}\n`);
  }

  const flood = makeFlood(say, options.flood);
  return {
    say,
    event: (fields) => say(formatEvent(fields)),
    line(source, text) {
      const shown = redaction.line(text);
      keep(source, shown);
      if (flood.admits(source, Buffer.byteLength(shown) + 1)) write(`${shown}\n`);
    },
    hide: (secret) => redaction.hide(secret),
    redact: (text) => redaction.line(text),
    keep(sink) {
      store = sink;
      for (const entry of early.splice(0)) sink.append(entry);
    },
    end: () => flood.end(),
  };
}

/** The time in ISO 8601, made once for the many lines of a millisecond. */
function makeStamp(now: () => number): () => string {
  let time = NaN;
  let stamp = '';
  return () => {
    const current = now();
    if (current !== time) stamp = new Date(current).toISOString();
    time = current;
    return stamp;
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
