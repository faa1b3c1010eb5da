/** Paths in `.mayfly.yml`: from the directory of an app, and never out of the repository. */
import { type Fault, found } from './faults.ts';
import { isGlob } from './globs.ts';
import { isBelow, join } from './paths.ts';
import type { Inputs } from './recipe.ts';
import type { Repo } from './repo.ts';

export function readDirectory(text: string | undefined, at: Fault['path'], repo: Repo, faults: Fault[]): string {
  if (text === undefined) return '';
  const inside = !/^\/|(?:^|\/)\.\.(?:\/|$)/.test(text);
  const directory = inside ? join('', text) : '';
  if (!inside || !repo.directories.has(directory)) {
    faults.push({ path: at, text: found(text, 'a directory of the repository that has files, e.g. apps/web') });
    return '';
  }
  return directory;
}

export interface PathRules {
  readonly allowed: string;
  readonly allows: (entry: string) => boolean;
}

/** `../shared` is right in a monorepo, as long as it stays inside. */
export const INPUTS: PathRules = {
  allowed: 'paths and globs inside the repository, from the directory of the app',
  allows: (entry) => !/^!?\/|[^./!].*(?:^|\/)\.\.(?:\/|$)/.test(entry),
};
export const CARRIED: PathRules = {
  allowed: 'files and directories below the directory of the app, no globs',
  allows: (entry) => !isGlob(entry) && !/^[/!]|(?:^|\/)(?:\.\.|\.git)(?:\/|$)/.test(entry) && join('', entry) !== '',
};

/** From the root of the repository, with the `!` that they may have. */
export function readPaths(
  list: readonly string[],
  where: { readonly at: Fault['path']; readonly directory: string; readonly rules: PathRules },
  faults: Fault[],
): string[] {
  return list.map((entry, index) => {
    const not = entry.startsWith('!') ? '!' : '';
    const path = join(where.directory, entry.slice(not.length));
    if (!where.rules.allows(entry) || isBelow(path, '..')) {
      faults.push({ path: [...where.at, index], text: found(entry, where.rules.allowed) });
    }
    return not + path;
  });
}

export function readInputs(paths: readonly string[], directory: string): Inputs {
  const include = paths.filter((path) => !path.startsWith('!'));
  const exclude = paths.filter((path) => path.startsWith('!')).map((path) => path.slice(1));
  return { include: include.length > 0 ? include : [directory], exclude };
}
