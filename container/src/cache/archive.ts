/**
 * Packs paths into an archive and unpacks them again. Both are done by children with the rights of the user whose files
 * they are: the supervisor opens and reads nothing of it, and only hands streams and file descriptors on.
 */
import { randomBytes } from 'node:crypto';
import { ReadStream } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { makeTail } from '../log/log.ts';
import type { Exit, Identity } from '../processes/process-group.ts';
import { type ChildOptions, runChild, runScript } from './child.ts';
import { type ArchiveLimits, EXIT, type PackOrder, type UnpackOrder } from './order.ts';
import { isPlain, type Place } from './place.ts';
import type { CacheKey } from './port.ts';

export interface ArchiveOptions {
  /** Whose files they are; absent: the supervisor's own. */
  readonly runAs: Identity | undefined;
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
}

/** `corrupt`: the object itself is to blame, so nobody will ever have use of it. `failed`: something else. */
export type Unpacked =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'corrupt' | 'failed'; readonly message: string };

/** Writes an archive to a new file. Rejects with the reason when it cannot be kept; the file is then the caller's to remove. */
export async function pack(key: CacheKey, from: Place, file: string, options: ArchiveOptions): Promise<void> {
  const { dir, paths, exclude = [] } = from;
  checkPaths([...paths, ...exclude]);
  // The child gets it open: it may neither see nor enter the directory that it is in.
  const output = await open(file, 'wx', 0o600);
  try {
    const order: PackOrder = { key, dir, paths, exclude, limits: options.limits };
    const { exit, message } = await runOrder('pack-main', order, options, { output: output.fd });
    if (exit.code !== EXIT.done) throw new Error(message);
  } finally {
    await output.close();
  }
}

/** Fills the paths, or leaves nothing behind. Rejects only when the signal aborts; `source` is used up in any case. */
export async function unpack(key: CacheKey, source: Readable, into: Place, options: ArchiveOptions): Promise<Unpacked> {
  const { dir, paths } = into;
  const fresh = `.mayfly-unpack-${randomBytes(6).toString('hex')}`;
  // It may break before anybody reads it.
  source.on('error', () => undefined);
  const input = descriptorOf(source) ?? source;
  try {
    checkPaths(paths);
    const order: UnpackOrder = { key, dir, paths, fresh, limits: options.limits };
    const { exit, message } = await runOrder('unpack-main', order, options, { input });
    return judge(exit, message, typeof input === 'number' ? source.errored === null : source.readableEnded);
  } finally {
    source.destroy();
    await removeFresh(join(dir, fresh), options.runAs);
  }
}

/** Of what is open and not yet read: the child reads it itself, so that nothing passes through the supervisor. */
function descriptorOf(source: Readable): number | undefined {
  if (!(source instanceof ReadStream) || source.bytesRead > 0) return undefined;
  const { fd } = source as ReadStream & { readonly fd?: number | null };
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

function judge({ code }: Exit, message: string, complete: boolean): Unpacked {
  if (code === EXIT.done) return { outcome: 'done' };
  if (code === EXIT.corrupt) return { outcome: 'corrupt', message };
  if (code !== EXIT.truncated) return { outcome: 'failed', message };
  // Too short an object, or only a connection that broke.
  return complete ? { outcome: 'corrupt', message } : { outcome: 'failed', message: 'it could not be read to its end' };
}

function checkPaths(paths: readonly string[]): void {
  const wrong = paths.find((path) => !isPlain(path));
  if (wrong !== undefined) throw new Error(`${JSON.stringify(wrong)} is no path inside of a directory`);
}

async function runOrder(
  script: string,
  order: PackOrder | UnpackOrder,
  { runAs, signal }: ArchiveOptions,
  streams: Pick<ChildOptions, 'input' | 'output'>,
): Promise<{ exit: Exit; message: string }> {
  const tail = makeTail(1);
  const exit = await runScript(script, [JSON.stringify(order)], { ...streams, runAs, signal, onLine: tail.add });
  return { exit, message: tail.last(1)[0] || exit.description };
}

/** By its owner. A directory in it may be closed even to them. */
async function removeFresh(path: string, runAs: Identity | undefined): Promise<void> {
  if (!(await lstat(path).catch(() => undefined))) return;
  const args = ['-c', 'chmod -R u+rwX -- "$1"; rm -rf -- "$1"', 'sh', path];
  await runChild('sh', args, { runAs, signal: new AbortController().signal, onLine: () => undefined });
}
