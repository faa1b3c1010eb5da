/**
 * One log on disk, bounded: a row of files of equal size. When the row is full the oldest file goes, but never the first
 * when `keepFirst` says so, since a log is mostly read for how it began and how it ended.
 */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import type { Part } from './parts.ts';
import { TIME_LENGTH } from './render.ts';

export interface LogFilesOptions {
  /** Path of the file with this number. */
  readonly path: (number: number) => string;
  /** Resolves when the directory is there. */
  readonly ready: () => Promise<void>;
  readonly fileBytes: number;
  readonly files: number;
  readonly keepFirst: boolean;
}

export interface LogFiles {
  /**
   * Whole lines, one batch at a time. Rejects when the disk does not take it; then nothing of it is kept. What it
   * resolves with makes the batch a part of the log, at the moment in which the caller gives it up.
   */
  write(batch: Buffer): Promise<() => void>;
  /** All of it at this moment, in order; `gap` makes the line that stands for what had to go, with the time given. */
  parts(gap: (bytes: number, time: string) => string): Part[];
  close(): Promise<void>;
  /** Whoever reads it at the moment finds it gone. */
  remove(): Promise<void>;
}

interface LogFile {
  readonly path: string;
  /** Of its first line. */
  readonly time: string;
  /** Of complete batches: what a failed write left behind them is overwritten. */
  size: number;
}

export function makeLogFiles(options: LogFilesOptions): LogFiles {
  const { fileBytes, keepFirst } = options;
  const files: LogFile[] = [];
  let newest: { readonly file: LogFile; readonly handle: FileHandle } | undefined;
  let opened = 0;
  let gone = 0;

  async function begin(batch: Buffer): Promise<NonNullable<typeof newest>> {
    await options.ready();
    const file = { path: options.path(opened), time: batch.toString('latin1', 0, TIME_LENGTH), size: 0 };
    // Never a file that is there already: it would not be the supervisor's.
    const handle = await open(file.path, 'wx', 0o600);
    opened += 1;
    await close().catch(() => undefined);
    newest = { file, handle };
    files.push(file);
    const [oldest] = files.length > options.files ? files.splice(keepFirst ? 1 : 0, 1) : [];
    gone += oldest?.size ?? 0;
    if (oldest) await unlink(oldest.path).catch(() => undefined);
    return newest;
  }

  async function close(): Promise<void> {
    const closing = newest?.handle;
    newest = undefined;
    await closing?.close();
  }

  return {
    async write(batch) {
      const fits = newest && newest.file.size + batch.length <= fileBytes;
      const { file, handle } = newest && fits ? newest : await begin(batch);
      for (let done = 0; done < batch.length; ) {
        const { bytesWritten } = await handle.write(batch, done, batch.length - done, file.size + done);
        done += bytesWritten;
      }
      return () => {
        file.size += batch.length;
      };
    },
    parts(gap) {
      const parts: Part[] = files.map(({ path, size }) => ({ path, from: 0, to: size }));
      const at = keepFirst ? 1 : 0;
      return gone === 0 ? parts : parts.toSpliced(at, 0, { text: gap(gone, files[at]?.time ?? '') });
    },
    close,
    async remove() {
      await close();
      for (const { path } of files.splice(0)) await unlink(path);
    },
  };
}
