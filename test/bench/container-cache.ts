/** Caches as earlier starts leave them: with modules and built output, or with modules only. */
import { cpSync, globSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stand } from './container-stand.ts';
import { startSupervisor, type StartOptions } from './container-supervisor.ts';

export interface Caches {
  readonly modulesOnly: string;
  readonly everything: string;
  /** File sizes in MB by the kind of what is in them. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** What belongs to the settings of a cache, `dir` being the local directory. */
export function cacheEnv(dir: string): Record<string, string> {
  return { CACHE_DIR: dir, TRUST: 'bench' };
}

const FILL_LIMIT_MS = 90_000;
/** Longer than one archive takes. */
const QUIET_MS = 8_000;
const EVERY_MS = 200;

/** Undefined when the supervisor keeps nothing. */
export async function fillCaches(stand: Stand, options: StartOptions): Promise<Caches | undefined> {
  const everything = stand.keep('cache-everything');
  const supervisor = await startSupervisor(stand, { ...options, env: cacheEnv(everything) });
  await untilFull(everything);
  await supervisor.stop();
  const files = filesOf(everything);
  if (!isFull(files)) return undefined;
  const modulesOnly = stand.keep('cache-modules');
  cpSync(everything, modulesOnly, { recursive: true });
  for (const path of filesOf(modulesOnly)) if (kindOf(path) === 'build') rmSync(join(modulesOnly, path));
  return { modulesOnly, everything, sizes: sizesOf(everything, files) };
}

/** Archives are packed one after the other, at low priority: until all are there, and no more come. */
async function untilFull(dir: string): Promise<void> {
  const deadline = performance.now() + FILL_LIMIT_MS;
  let last = '';
  let since = performance.now();
  while (performance.now() < deadline && performance.now() - since < QUIET_MS) {
    const files = filesOf(dir);
    const now = isFull(files) ? JSON.stringify(sizesOf(dir, files)) : undefined;
    if (now !== last) since = performance.now();
    last = now ?? '';
    await delay(EVERY_MS);
  }
}

/** The front end's and the server's, of both kinds. */
function isFull(files: readonly string[]): boolean {
  return ['modules', 'build'].every((kind) => files.filter((path) => kindOf(path) === kind).length >= 2);
}

function filesOf(dir: string): readonly string[] {
  return globSync('**/*', { cwd: dir, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

function kindOf(path: string): string {
  return /(?:^|\/)(modules|build)-[0-9a-f]{64}$/.exec(path)?.[1] ?? 'other';
}

function sizesOf(dir: string, files: readonly string[]): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const path of files) {
    const size = statSync(join(dir, path), { throwIfNoEntry: false })?.size ?? 0;
    sizes[kindOf(path)] = (sizes[kindOf(path)] ?? 0) + size / 1_000_000;
  }
  return sizes;
}
