/** Records as JSON lines in a file, bounded: when it is full it becomes `….1`, in the place of an older one. */
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Journal<T> {
  /** Written soon after, in this order. */
  add(record: T): void;
  /** Resolves when all that was added is on disk; later records are dropped. */
  close(): Promise<void>;
}

export interface JournalOptions {
  /** Of the file before it is set aside. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Told of writes that failed; their records are lost. */
  readonly onError?: (error: unknown) => void;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Adds to what `file` has; makes its directory. */
export async function openJournal<T>(file: string, options: JournalOptions = {}): Promise<Journal<T>> {
  const { maxBytes = MAX_BYTES, onError } = options;
  await mkdir(dirname(file), { recursive: true });
  let bytes = await sizeOf(file);
  let waiting: string[] = [];
  let closed = false;
  let last: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const lines = waiting.join('');
    waiting = [];
    if (lines === '') return;
    if (bytes >= maxBytes) {
      await rename(file, `${file}.1`);
      bytes = 0;
    }
    await appendFile(file, lines, { mode: 0o600 });
    bytes += Buffer.byteLength(lines);
  };
  return {
    add(record) {
      if (closed) return;
      waiting.push(`${JSON.stringify(record)}\n`);
      if (waiting.length === 1) last = last.then(write).catch((error: unknown) => onError?.(error));
    },
    async close() {
      closed = true;
      await last;
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
