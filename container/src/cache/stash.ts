/** Restores what was installed or built before, and keeps it for others. Nothing depends on it but time. */
import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log/log.ts';
import type { Identity } from '../processes/process-group.ts';
import { pack, unpack } from './archive.ts';
import type { ArchiveLimits } from './order.ts';
import type { Place } from './place.ts';
import type { CacheKey, CachePort } from './port.ts';

export type { Place };

export interface Stash {
  /**
   * Fills `paths` (relative to `dir`), none of which may be there, from what is stored under the key. False: nothing
   * usable; whatever came half is removed again. Rejects only when `signal` aborts.
   */
  restore(key: CacheKey, into: Place, signal: AbortSignal): Promise<boolean>;
  /**
   * Packs at low priority and publishes; a failure is told to the log and is no failure. Skips when this supervisor
   * restored or kept this key before. Rejects only when `signal` aborts.
   */
  keep(key: CacheKey, from: Place, signal: AbortSignal): Promise<void>;
}

export interface StashOptions {
  /** Tried in this order. */
  readonly caches: readonly CachePort[];
  /** Who owns what is packed and unpacked; absent: the supervisor's own user. */
  readonly runAs: Identity | undefined;
  /** The supervisor's own, on a disk with room for an archive. */
  readonly tempDir: string;
  readonly log: Log;
  readonly limits: StashLimits;
}

export interface StashLimits extends ArchiveLimits {
  /** For one `restore` from one cache, and for one `keep`: what takes longer is not worth waiting for. */
  readonly deadlineMs: number;
}

export const STASH_LIMITS: StashLimits = {
  maxBytes: 512 * 1_024 ** 2,
  maxUnpackedBytes: 4 * 1_024 ** 3,
  deadlineMs: 300_000,
};

export function makeStash({ caches, runAs, tempDir, log, limits }: StashOptions): Stash {
  /** Restored, kept, or about to be kept. */
  const known = new Set<CacheKey>();
  let packing: Promise<unknown> = Promise.resolve();

  const withDeadline = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(limits.deadlineMs)]);

  async function restoreFrom(cache: CachePort, key: CacheKey, into: Place, signal: AbortSignal): Promise<boolean> {
    const source = await cache.get(key, signal);
    if (!source) return false;
    const unpacked = await unpack(key, source, into, { runAs, limits, signal });
    if (unpacked.outcome === 'done') return true;
    log.say(`WARNING: cache: ${key} was not restored: ${unpacked.message}`);
    if (unpacked.outcome === 'corrupt') await cache.drop?.(key);
    return false;
  }

  async function restore(key: CacheKey, into: Place, signal: AbortSignal): Promise<boolean> {
    const since = performance.now();
    for (const cache of caches) {
      const restored = await restoreFrom(cache, key, into, withDeadline(signal)).catch((error: unknown) => {
        signal.throwIfAborted();
        log.say(`WARNING: cache: ${key} was not restored: ${(error as Error).message}`);
        return false;
      });
      if (!restored) continue;
      known.add(key);
      log.event({ cache: 'hit', key, seconds: secondsSince(since) });
      return true;
    }
    log.event({ cache: 'miss', key, seconds: secondsSince(since) });
    return false;
  }

  async function publish(key: CacheKey, from: Place, takers: readonly CachePort[], signal: AbortSignal): Promise<void> {
    const file = join(tempDir, `pack-${randomBytes(6).toString('hex')}`);
    const since = performance.now();
    try {
      await pack(key, from, file, { runAs, limits, signal });
      const { size: bytes } = await stat(file);
      log.event({ cache: 'packed', key, bytes, seconds: secondsSince(since) });
      const results = await Promise.allSettled(takers.map((cache) => cache.put(key, file, signal)));
      for (const result of results) {
        if (result.status === 'fulfilled') log.event({ cache: result.value, key });
      }
      const fault = results.find((result) => result.status === 'rejected');
      if (fault) throw fault.reason;
    } finally {
      await rm(file, { force: true });
    }
  }

  async function keep(key: CacheKey, from: Place, signal: AbortSignal): Promise<void> {
    const takers = caches.filter((cache) => cache.mayPut?.() ?? true);
    if (known.has(key) || takers.length === 0) return;
    known.add(key);
    // One at a time: memory and cores belong to the app.
    const turn = packing.then(() => publish(key, from, takers, withDeadline(signal)));
    packing = turn.catch(() => undefined);
    await turn.catch((error: unknown) => {
      known.delete(key);
      signal.throwIfAborted();
      log.say(`cache: ${key} was not kept: ${(error as Error).message}`);
    });
  }

  return { restore, keep };
}

function secondsSince(start: number): number {
  return Math.round(performance.now() - start) / 1_000;
}
