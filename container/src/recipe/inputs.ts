/** Which files of a commit are among a build's inputs. */
import { isGlob, literalPart, makeMatcher, type Matcher } from './globs.ts';
import { isBelow } from './paths.ts';
import type { Inputs } from './recipe.ts';

export const EVERYTHING: Inputs = { include: [''], exclude: [] };

/** An entry is a file, a directory with all in it, or a glob (see globs.ts). Exclusions win. */
export function makeFilter({ include, exclude }: Inputs): Matcher {
  const wanted = include.map(entryMatcher);
  const unwanted = exclude.map(entryMatcher);
  return (path) => wanted.some((matches) => matches(path)) && !unwanted.some((matches) => matches(path));
}

/** Pathspecs for git that leave out nothing of the inputs, but may let in more. */
export function pathspecsOf({ include }: Inputs): string[] {
  const roots = include.map((entry) => (isGlob(entry) ? literalPart(entry) : entry));
  return roots.includes('') ? [] : roots.map((root) => `:(literal)${root}`);
}

function entryMatcher(entry: string): Matcher {
  // `src/**` is all of src; the same as `src`, and quicker.
  const text = entry.replace(/(?:^|\/)\*\*$/, '');
  if (!isGlob(text)) return (path) => isBelow(path, text);
  const matches = makeMatcher(text);
  const below = makeMatcher(`${text}/**`);
  return (path) => matches(path) || below(path);
}
