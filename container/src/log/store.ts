/**
 * The whole log, on disk and bounded, for `GET /logs`. A log of its own for each phase, each process of the app and the
 * supervisor itself, so that a flood of one takes nothing of another.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEntry, LogSource } from './entry.ts';
import { makeFollowers } from './followers.ts';
import { mergeByTime, sinceTime, skipLines } from './merge.ts';
import { blocksOf, lastLines, type Part } from './parts.ts';
import { notice, render } from './render.ts';
import { type LogLimits, makeShelf } from './shelf.ts';

export interface LogQuery {
  /** Absent: all, in order of time. */
  readonly source?: LogSource;
  /** The last so many lines. */
  readonly tail?: number;
  /** ISO 8601 in UTC with milliseconds: nothing older. */
  readonly since?: string;
}

/** What is read comes in blocks of whole lines, `<time> <source> <text>`. */
export interface LogStore {
  /** Never throws: what cannot be written is counted, and told once. */
  append(entry: LogEntry): void;
  /** What a phase logs from now on belongs to another job. Of each phase the newest job's log is kept and the one before. */
  beginJob(): void;
  /** What is there at the moment of the call. */
  read(query?: LogQuery): AsyncIterable<string>;
  /** What is there and what comes, until `signal` aborts or the store closes. */
  follow(query: LogQuery, signal: AbortSignal): AsyncIterable<string>;
  /** Resolves when everything is on disk. The directory stays. */
  close(): Promise<void>;
}

export interface LogStoreOptions {
  /** Made with the first line, for the supervisor alone; must not be there yet. */
  readonly dir: string;
  readonly limits?: Partial<LogLimits>;
  /** Told the first time that something cannot be written. */
  readonly onError?: (message: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const MB = 2 ** 20;
const LIMITS: LogLimits = { phase: 16 * MB, app: 8 * MB, apps: 16, waiting: MB, batch: 64 * 1_024 };

export function makeLogStore(options: LogStoreOptions): LogStore {
  const { dir, now = Date.now } = options;
  const limits = { ...LIMITS, ...options.limits };
  const onError = once((error) => options.onError?.(`the log cannot be written: ${String(error)}`));
  const path = (name: string): string => join(dir, name);
  const shelf = makeShelf({ path, ready: directory(dir), limits, onError, now });
  const followers = makeFollowers<Line>({
    limit: limits.waiting,
    sizeOf: (line) => line.text.length,
    missed: (count) => {
      const text = `${count} lines left out here: they were read too slowly`;
      return { source: 'mayfly', text: notice('mayfly', text, new Date(now()).toISOString()) };
    },
  });
  let closed = false;

  function read({ source, tail, since }: LogQuery = {}): AsyncIterable<string> {
    const blocks = readLogs(shelf.logs(source), tail);
    return since === undefined ? blocks : sinceTime(blocks, since);
  }

  return {
    append(entry) {
      if (closed) return;
      const spool = shelf.spool(entry.source);
      for (const text of render(entry)) {
        spool.append(text);
        followers.tell({ source: entry.source, text });
      }
    },
    beginJob: () => shelf.beginJob(),
    read,
    async *follow(query, signal) {
      const { source } = query;
      const follower = followers.add((line) => source === undefined || line.source === source);
      const end = (): void => follower.end();
      signal.addEventListener('abort', end);
      if (closed || signal.aborted) end();
      try {
        // From the same moment on, so that no line is missing and none comes twice.
        yield* read(query);
        for (let lines = await follower.next(); lines; lines = await follower.next()) {
          yield lines.map(({ text }) => text).join('');
        }
      } finally {
        signal.removeEventListener('abort', end);
        end();
      }
    },
    async close() {
      closed = true;
      followers.endAll();
      await shelf.close();
    },
  };
}

interface Line {
  readonly source: LogSource;
  readonly text: string;
}

async function* readLogs(logs: readonly (readonly Part[])[], tail: number | undefined): AsyncGenerator<string> {
  if (tail === undefined) return yield* merged(logs);
  const last = [];
  for (const parts of logs) last.push(await lastLines(parts, tail));
  const surplus = last.reduce((sum, log) => sum + log.lines, 0) - tail;
  yield* skipLines(merged(last.map((log) => log.parts)), Math.max(0, surplus));
}

function merged(logs: readonly (readonly Part[])[]): AsyncGenerator<string> {
  const [first = []] = logs;
  return logs.length > 1 ? mergeByTime(logs.map(blocksOf)) : blocksOf(first);
}

/** Made when it is first needed; tried again as long as it cannot be made. */
function directory(dir: string): () => Promise<void> {
  let making: Promise<void> | undefined;
  return () => {
    making ??= mkdir(dir, { mode: 0o700 }).catch((error: unknown) => {
      making = undefined;
      throw error;
    });
    return making;
  };
}

function once(tell: (error: unknown) => void): (error: unknown) => void {
  let told = false;
  return (error) => {
    if (!told) tell(error);
    told = true;
  };
}
