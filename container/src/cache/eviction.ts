/** Keeps a cache's directory, with all namespaces in it, below its limit: what was used longest ago goes first. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isCacheKey } from './port.ts';

/** Of a file that is being written; a writer that died leaves it behind. */
export const TEMPORARY = '.put-';
/** No writer takes so long without writing anything. */
const STALE_MS = 3_600_000;
/** More than a namespace has segments: below it lies nothing of ours. */
const DEPTH = 20;

interface Entry {
  readonly path: string;
  readonly temporary: boolean;
  readonly size: number;
  /** Reading an entry touches it. */
  readonly usedAt: number;
}

/**
 * Removes what crashed writers left, and then entries until `bytes` more have room below `maxBytes`. Other supervisors
 * may do the same at the same time: at worst too much is removed. Returns how many entries were.
 */
export async function makeRoom(root: string, bytes: number, maxBytes: number, now: number): Promise<number> {
  const entries = await list(root);
  const isStale = (entry: Entry): boolean => entry.temporary && now - entry.usedAt > STALE_MS;
  for (const entry of entries.filter(isStale)) await remove(entry);
  const kept = entries.filter((entry) => !isStale(entry));
  let total = kept.reduce((sum, { size }) => sum + size, bytes);
  let evicted = 0;
  for (const entry of kept.filter(({ temporary }) => !temporary).sort((one, other) => one.usedAt - other.usedAt)) {
    if (total <= maxBytes) break;
    await remove(entry);
    total -= entry.size;
    evicted += 1;
  }
  return evicted;
}

async function list(dir: string, depth = DEPTH): Promise<Entry[]> {
  const found = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const lists = await Promise.all(
    found.map(async (each) => {
      const path = join(dir, each.name);
      if (each.isDirectory()) return depth > 0 ? await list(path, depth - 1) : [];
      const temporary = each.name.startsWith(TEMPORARY);
      if (!temporary && !isCacheKey(each.name)) return [];
      const stats = await lstat(path).catch(() => undefined);
      return stats ? [{ path, temporary, size: stats.size, usedAt: stats.mtimeMs }] : [];
    }),
  );
  return lists.flat();
}

/** Somebody else may have been quicker. */
async function remove({ path }: Entry): Promise<void> {
  await unlink(path).catch(() => undefined);
}
