/**
 * Downloads and uploads, by a child with the supervisor's rights: a stream of 20 MB that passes through the supervisor
 * makes it grow by 30 MB for good. The URL reaches the child by its input, where no other process can see it.
 */
import { closeSync } from 'node:fs';
import { addAbortSignal, Readable } from 'node:stream';
import { type ChildOptions, runScript } from './child.ts';
import { makePipe, readPipe } from './pipe.ts';

export type TransferOrder = Download | Upload;

export interface Download {
  readonly kind: 'download';
  readonly url: string;
  /** Without any progress. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export interface Upload {
  readonly kind: 'upload';
  readonly url: string;
  readonly timeoutMs: number;
  readonly file: string;
  readonly size: number;
}

/** How a transfer ends; anything else is a fault of the child. */
export const TRANSFER_EXIT = { done: 0, failed: 10, missing: 20, taken: 21, tooLarge: 22 } as const;

/** What it prints: that the object is there and its content comes, or why it does not. All else is not for the log. */
export const FOUND = 'found';
export const FAILED = 'failed: ';

/** Undefined: there is no such object. Rejects with what failed. */
export async function download(order: Download, tempDir: string, signal: AbortSignal): Promise<Readable | undefined> {
  const stop = new AbortController();
  const pipe = await makePipe(tempDir, signal);
  const source = readPipe(pipe.reader, () => stop.abort());
  // It may break before anybody reads it.
  source.on('error', () => undefined);
  addAbortSignal(signal, source);
  const found = Promise.withResolvers<'found'>();
  const onLine = (line: string): void => {
    if (line === FOUND) found.resolve('found');
    // Destroyed before its end is reached, since the child waits for that.
    else if (line.startsWith(FAILED)) source.destroy(new Error(line.slice(FAILED.length)));
  };
  const running = start(order, { output: pipe.writer, onLine, signal: AbortSignal.any([signal, stop.signal]) });
  closeSync(pipe.writer);
  running.catch((error: unknown) => source.destroy(error as Error));
  const first = await Promise.race([found.promise, running.catch(() => undefined)]);
  if (first === 'found') return source;
  source.destroy();
  signal.throwIfAborted();
  if (source.errored) throw source.errored;
  if (first?.code === TRANSFER_EXIT.missing) return undefined;
  throw new Error(`the transfer ${first?.description ?? 'ended'}`);
}

/** Rejects with what failed. */
export async function upload(order: Upload, signal: AbortSignal): Promise<'stored' | 'taken' | 'too-large'> {
  let failure: string | undefined;
  const onLine = (line: string): void => {
    if (line.startsWith(FAILED)) failure = line.slice(FAILED.length);
  };
  const { code, description } = await start(order, { onLine, signal });
  if (code === TRANSFER_EXIT.done) return 'stored';
  if (code === TRANSFER_EXIT.taken) return 'taken';
  if (code === TRANSFER_EXIT.tooLarge) return 'too-large';
  throw new Error(failure ?? `the transfer ${description}`);
}

async function start(order: TransferOrder, options: Omit<ChildOptions, 'runAs' | 'input'>) {
  const input = Readable.from([JSON.stringify(order)], { objectMode: false });
  return await runScript('transfer-main', [], { ...options, runAs: undefined, input });
}
