/** Where in a checkout something is packed from, or restored to. */
import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface Place {
  readonly dir: string;
  /** Relative to `dir`, with `/`: directories or files, none of them inside of another. */
  readonly paths: readonly string[];
  /** Likewise; left out when packing. */
  readonly exclude?: readonly string[];
}

/** Relative, and inside of where it is relative to: no `..`, no `.`, nothing empty. */
export function isPlain(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => !['', '.', '..'].includes(part));
}

/**
 * What is at `root/path`, when the way there leads through directories only; a link on the way would lead out of
 * `root`. Undefined when there is nothing.
 */
export function look(root: string, path: string): Stats | undefined {
  let at = root;
  let found: Stats | undefined;
  for (const part of path.split('/')) {
    if (found && !found.isDirectory()) throw new Error(`${path}: a part of the way is no directory`);
    at = join(at, part);
    found = lstatSync(at, { throwIfNoEntry: false });
    if (!found) return undefined;
  }
  return found;
}
