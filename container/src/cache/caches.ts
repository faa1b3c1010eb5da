/** The caches of this supervisor: the machine's own first, then the one that the operator lends. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheGrant } from '../control/orders.ts';
import type { Log } from '../log/log.ts';
import type { Settings } from '../settings.ts';
import { makeDirectoryCache } from './directory.ts';
import { makeHttpCache } from './http.ts';
import type { CachePort } from './port.ts';
import { makeStash, type Stash, STASH_LIMITS } from './stash.ts';

const HTTP_TIMEOUT_MS = 30_000;

export interface CachesOptions {
  readonly settings: Settings;
  readonly workDir: string;
  readonly log: Log;
  /** As it was lent last. */
  readonly grant: () => CacheGrant | undefined;
}

/** A directory that cannot be used is told, and done without. */
export async function openStash({ settings, workDir, log, grant }: CachesOptions): Promise<Stash> {
  const tempDir = join(workDir, 'archives');
  await mkdir(tempDir, { mode: 0o700 });
  const http = makeHttpCache({ grant, timeoutMs: HTTP_TIMEOUT_MS, maxBytes: STASH_LIMITS.maxBytes, log });
  const local = await openDirectory(settings, log);
  return makeStash({ caches: [...local, http], runAs: settings.runAs, tempDir, log, limits: STASH_LIMITS });
}

async function openDirectory({ cacheDir: dir, ...settings }: Settings, log: Log): Promise<readonly CachePort[]> {
  if (dir === undefined) return [];
  const { cacheNamespace: namespace, cacheMaxBytes: maxBytes } = settings;
  try {
    return [await makeDirectoryCache({ dir, namespace, maxBytes, log })];
  } catch (error) {
    log.say(`WARNING: the cache in CACHE_DIR is not used: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
