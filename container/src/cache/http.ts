/** A cache behind URLs that the operator hands over, e.g. presigned ones of an object store. They are in no log or error. */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { CacheGrant } from '../control/orders.ts';
import type { Log } from '../log/log.ts';
import { type CacheKey, type CachePort, isCacheKey } from './port.ts';
import { download, upload } from './transfer.ts';

export interface HttpCacheOptions {
  /** The newest one; undefined: there is nothing to be had. */
  readonly grant: () => CacheGrant | undefined;
  /** Without any progress. */
  readonly timeoutMs: number;
  /** Of one object. */
  readonly maxBytes: number;
  readonly log: Log;
  /** Where a pipe is named for a moment; absent: the system's. */
  readonly tempDir?: string;
}

export function makeHttpCache({ grant, timeoutMs, maxBytes, log, tempDir = tmpdir() }: HttpCacheOptions): CachePort {
  return {
    mayPut: () => grant()?.put !== undefined,

    async get(key, signal) {
      signal.throwIfAborted();
      const template = grant()?.get;
      if (template === undefined) return undefined;
      try {
        return await download({ kind: 'download', url: fill(template, key), timeoutMs, maxBytes }, tempDir, signal);
      } catch (error) {
        signal.throwIfAborted();
        log.say(`WARNING: cache: ${key} cannot be had: ${(error as Error).message}`);
        return undefined;
      }
    },

    async put(key, file, signal) {
      signal.throwIfAborted();
      const template = grant()?.put;
      if (template === undefined) throw new Error('the cache may only be read');
      const { size } = await stat(file);
      if (size > maxBytes) return 'too-large';
      return await upload({ kind: 'upload', url: fill(template, key), timeoutMs, file, size }, signal);
    },
  };
}

function fill(template: string, key: CacheKey): string {
  if (!isCacheKey(key)) throw new Error(`${JSON.stringify(key)} is no key of a cache`);
  return template.replaceAll('{key}', key);
}
