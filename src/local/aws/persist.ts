/** A JSON file that mirrors a value in memory: written whole, never half, and soon after each change. */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface PersistedState<T> {
  /** Change it in place, then call `save`. */
  readonly value: T;
  /** Writes within `DEBOUNCE_MS`; calls in between share one write. */
  save(): void;
  /** Resolves when all that was saved is on disk; rejects when it could not be written. */
  flush(): Promise<void>;
  /** Flushes; later saves do nothing. */
  close(): Promise<void>;
}

export interface StateOptions<T> {
  /** Checks what was read from the file; throws to refuse it. Without it the file is believed. */
  readonly parse?: (raw: unknown) => T;
  /** Told of writes in the background that failed. */
  readonly onError?: (error: unknown) => void;
}

/** Several changes of one request or task share a write. */
const DEBOUNCE_MS = 25;

/** Reads `file`, or starts with `initial` when there is none. `file` undefined keeps the value in memory only. */
export async function openState<T>(
  file: string | undefined,
  initial: T,
  options: StateOptions<T> = {},
): Promise<PersistedState<T>> {
  if (file === undefined) {
    return { value: initial, save: () => undefined, flush: async () => undefined, close: async () => undefined };
  }
  await mkdir(dirname(file), { recursive: true });
  return mirror(file, await readState(file, initial, options.parse), options.onError);
}

async function readState<T>(file: string, initial: T, parse: StateOptions<T>['parse']): Promise<T> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  });
  if (text === undefined) {
    return initial;
  }
  try {
    const raw: unknown = JSON.parse(text);
    return parse ? parse(raw) : (raw as T);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`state file ${file} cannot be read; repair it, or remove it to start anew: ${why}`, {
      cause: error,
    });
  }
}

function mirror<T>(file: string, value: T, onError: StateOptions<T>['onError']): PersistedState<T> {
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  let closed = false;
  /** Writes follow each other, so that an older one never lands on a newer one. */
  let last: Promise<void> = Promise.resolve();

  const writeIfDirty = async (): Promise<void> => {
    if (!dirty) {
      return;
    }
    dirty = false;
    try {
      await writeAtomically(file, JSON.stringify(value));
    } catch (error) {
      dirty = true;
      throw error;
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const next = last.then(writeIfDirty);
    last = next.catch(() => undefined);
    return next;
  };
  return {
    value,
    save() {
      if (closed) {
        return;
      }
      dirty = true;
      timer ??= setTimeout(() => {
        flush().catch((error: unknown) => onError?.(error));
      }, DEBOUNCE_MS);
    },
    flush,
    async close() {
      closed = true;
      await flush();
    },
  };
}

/** A reader, or a crash at any point, sees the old content or the new, never a part. */
async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
