/** Paths of a repository: with `/`, without `./`, '' for its root. */
import { posix } from 'node:path';

export function join(directory: string, path: string): string {
  const joined = posix.join(directory, path);
  return joined === '.' ? '' : joined.replace(/\/$/, '');
}

export function parent(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

/** The directory itself counts as below it. */
export function isBelow(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

/** `a/b` → `a/b`, `a`, ''. */
export function selfAndParents(path: string): string[] {
  return path === '' ? [''] : [path, ...selfAndParents(parent(path))];
}

/** Every directory that holds a file, at whatever depth. */
export function directoriesOf(files: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>(['']);
  for (const file of files) {
    for (let at = parent(file); !found.has(at); at = parent(at)) found.add(at);
  }
  return found;
}

/** By code units, so that the order is the same everywhere. */
export function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
