/** Which folder holds the pages. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Some builds put them deeper, e.g. `dist/shop/browser`. */
const DEEPEST = 2;

/**
 * The first of the folders with an index.html; below one without it, the only folder at its level that has one.
 * Undefined when there is none.
 */
export function findSite(folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const found = findBelow([folder], folder === '.' ? 0 : DEEPEST);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findBelow(level: readonly string[], depth: number): string | undefined {
  const [found, another] = level.filter((folder) => existsSync(join(folder, 'index.html')));
  if (found !== undefined) return another === undefined ? found : undefined;
  return depth === 0 || level.length === 0 ? undefined : findBelow(level.flatMap(foldersIn), depth - 1);
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map((entry) => join(folder, entry.name));
}
