/** Everything below some paths, as it is packed: in a fixed order, and with a fingerprint that tells of any change. */
import { createHash, type Hash } from 'node:crypto';
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { look } from './place.ts';

export interface Tree {
  /** Relative to the root; directories come before what is in them. */
  readonly names: readonly string[];
  /** Of the files' content. */
  readonly bytes: number;
  /** Differs when a name, a mode or the content of a file changed meanwhile: nobody can set back a file's ctime. */
  readonly fingerprint: string;
}

/** Tools' scratch space in node_modules: written while an app runs, and worth nothing to others. */
const SCRATCH = /(?:^|\/)node_modules\/(?:\.cache|\.vite|\.vite-temp|\.tmp)$/;

/** Reads below `root`, following no link. Throws when a path is not there, or something is neither file, directory nor link. */
export function readTree(root: string, paths: readonly string[], exclude: readonly string[] = []): Tree {
  const walk: Walk = { root, names: [], bytes: 0, hash: createHash('sha256'), excluded: new Set(exclude) };
  for (const path of [...paths].sort()) {
    const found = look(root, path);
    if (!found || found.isSymbolicLink()) throw new Error(`${path} is ${found ? 'a link' : 'not there'}`);
    visit(walk, path, found);
  }
  return { names: walk.names, bytes: walk.bytes, fingerprint: walk.hash.digest('hex') };
}

interface Walk {
  readonly root: string;
  readonly names: string[];
  readonly hash: Hash;
  readonly excluded: ReadonlySet<string>;
  bytes: number;
}

function visit(walk: Walk, name: string, stats: Stats): void {
  if (walk.excluded.has(name) || SCRATCH.test(name)) return;
  const { mode, size, mtimeMs, ctimeMs } = stats;
  walk.names.push(name);
  if (stats.isDirectory()) {
    walk.hash.update(`${name}\0${mode}\0`);
    for (const entry of readdirSync(`${walk.root}/${name}`).sort()) {
      const child = `${name}/${entry}`;
      visit(walk, child, lstatSync(`${walk.root}/${child}`));
    }
    return;
  }
  if (!stats.isFile() && !stats.isSymbolicLink()) throw new Error(`${name} is neither a file nor a directory`);
  if (stats.isFile()) walk.bytes += size;
  walk.hash.update(`${name}\0${mode}\0${size}\0${mtimeMs}\0${ctimeMs}\0`);
}
