/**
 * A cache in a directory that several supervisors may share at the same time. An entry is published by a hard link from
 * a complete file, so it is there as a whole or not at all, and the first of several stays.
 */
import { randomBytes } from 'node:crypto';
import { constants, copyFile, type FileHandle, link, lstat, open, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../log/log.ts';
import { ignore, isNamespace, makeHome, ownUid } from './directory-safety.ts';
import { makeRoom, TEMPORARY } from './eviction.ts';
import { type CacheKey, type CachePort, isCacheKey } from './port.ts';

export interface DirectoryCacheOptions {
  /** May hold many namespaces; nobody else than the supervisor's user may write to it. */
  readonly dir: string;
  readonly namespace: string;
  /** Of all namespaces together. */
  readonly maxBytes: number;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** One entry may fill so much of the whole: a larger one would push too many others out. */
const SHARE = 1 / 4;

/** Rejects when the namespace is no such, or the directory is not safe. */
export async function makeDirectoryCache(options: DirectoryCacheOptions): Promise<CachePort> {
  const { dir, namespace, maxBytes, log, now = Date.now } = options;
  if (!isNamespace(namespace)) throw new Error(`${JSON.stringify(namespace)} is no namespace of a cache`);
  const { root, home } = await makeHome(dir, namespace);
  const pathOf = (key: CacheKey): string => {
    if (!isCacheKey(key)) throw new Error(`${JSON.stringify(key)} is no key of a cache`);
    return join(home, key);
  };

  async function free(bytes: number): Promise<void> {
    const evicted = await makeRoom(root, bytes, maxBytes, now());
    if (evicted > 0) log.event({ cache: 'evicted', entries: evicted });
  }

  async function put(key: CacheKey, file: string, signal: AbortSignal): Promise<'stored' | 'taken' | 'too-large'> {
    const path = pathOf(key);
    const { size } = await stat(file);
    if (size > maxBytes * SHARE) return 'too-large';
    if (await lstat(path).catch(() => undefined)) return 'taken';
    await free(size);
    const temporary = join(home, `${TEMPORARY}${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      signal.throwIfAborted();
      await copyFile(file, temporary, constants.COPYFILE_EXCL);
      await settle(temporary, size, now());
      signal.throwIfAborted();
      return await publish(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  await free(0);
  return {
    async get(key, signal) {
      signal.throwIfAborted();
      return await read(pathOf(key), now()).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') log.say(`WARNING: cache: ${key} cannot be read: ${error.code ?? error.message}`);
        return undefined;
      });
    },
    put,
    async drop(key) {
      await unlink(pathOf(key)).catch(() => undefined);
    },
  };
}

async function publish(temporary: string, path: string): Promise<'stored' | 'taken'> {
  let outcome: 'stored' | 'taken' = 'stored';
  await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
    ignore('EEXIST')(error);
    outcome = 'taken';
  });
  return outcome;
}

/** On the disk, with the rights and the time of an entry. */
async function settle(path: string, size: number, now: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    if ((await handle.stat()).size !== size) throw new Error('the file changed while it was copied');
    await handle.chmod(0o600);
    await handle.utimes(now / 1_000, now / 1_000);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Only a file of our own, never what a link leads to; and no pipe, at which opening would wait. */
async function read(path: string, now: number): Promise<Readable> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await checkEntry(handle);
    await handle.utimes(now / 1_000, now / 1_000);
    return handle.createReadStream();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkEntry(handle: FileHandle): Promise<void> {
  const found = await handle.stat();
  const uid = ownUid();
  if (!found.isFile()) throw new Error('it is no file');
  if (uid !== undefined && found.uid !== uid) throw new Error('it belongs to another user');
  if ((found.mode & 0o022) !== 0) throw new Error('others may write to it');
}
