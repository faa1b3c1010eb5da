/**
 * Takes the lines of one log and brings them to disk behind the caller's back. What waits is bounded; what is lost is
 * counted, and a line in its place says so.
 */
import type { LogFiles } from './files.ts';
import type { Part } from './parts.ts';

export interface SpoolOptions {
  readonly files: LogFiles;
  /** What may wait in memory for the disk. */
  readonly waitingBytes: number;
  readonly batchBytes: number;
  /** A line of the log, with its end, in the supervisor's words; of now when no time is given. */
  readonly notice: (text: string, time?: string) => string;
  readonly onError: (error: unknown) => void;
}

export interface Spool {
  /** A line with its end. Never throws. */
  append(line: string): void;
  /** All of it at this moment, in order, whether it is on disk already or not. */
  parts(): Part[];
  /** Resolves when what was appended is on disk, or lost. Nothing may be appended any more. */
  close(): Promise<void>;
}

/** Lines that come within this time are written together. */
const GATHER_MS = 50;

export function makeSpool(options: SpoolOptions): Spool {
  const { files, notice, batchBytes } = options;
  let waiting: string[] = [];
  let waitingBytes = 0;
  /** Not on disk yet, and no longer in `waiting`. */
  let writing: readonly string[] = [];
  /** Bytes that the disk did not take; they stand before what waits. */
  let failed = 0;
  /** Bytes for which there was no room; they stand behind what waits. */
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> | undefined;

  const lossOf = (bytes: number): string[] =>
    bytes === 0 ? [] : [notice(`${bytes} bytes are missing here: they could not be written in time`)];

  function push(line: string): void {
    waiting.push(line);
    waitingBytes += Buffer.byteLength(line);
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    work ??= drain().finally(() => (work = undefined));
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting.slice(0, countOf(waiting, batchBytes));
      const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
      const before = failed;
      waiting = waiting.slice(lines.length);
      waitingBytes -= bytes;
      writing = [...lossOf(before), ...lines];
      failed = 0;
      try {
        const commit = await files.write(Buffer.from(writing.join('')));
        commit();
      } catch (error) {
        failed = before + bytes;
        options.onError(error);
      }
      writing = [];
    }
  }

  return {
    append(line) {
      // Once there was no room, half of it must be free again: otherwise lines and notices would alternate.
      const room = options.waitingBytes / (dropped > 0 ? 2 : 1);
      if (waitingBytes + line.length > room) {
        dropped += Buffer.byteLength(line);
        return;
      }
      for (const loss of lossOf(dropped)) push(loss);
      dropped = 0;
      push(line);
      if (waitingBytes >= batchBytes) start();
      else timer ??= setTimeout(start, GATHER_MS).unref();
    },
    parts() {
      const text = [...writing, ...lossOf(failed), ...waiting, ...lossOf(dropped)].join('');
      const parts = files.parts((bytes, time) => notice(`${bytes} bytes are missing here: the log is too long`, time));
      return text === '' ? parts : [...parts, { text }];
    },
    async close() {
      for (const loss of lossOf(dropped)) push(loss);
      dropped = 0;
      start();
      await work;
      await files.close().catch(options.onError);
    },
  };
}

/** How many lines make a batch: at least one. */
function countOf(lines: readonly string[], batchBytes: number): number {
  let bytes = 0;
  const over = lines.findIndex((line) => (bytes += Buffer.byteLength(line)) > batchBytes);
  return over === -1 ? lines.length : Math.max(1, over);
}
