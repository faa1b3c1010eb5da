/** Whether files of a directory lead out of it, to others of the repository. */
import { literalPart } from './globs.ts';
import { UNREAD } from './unread.ts';
import { isBelow, join, parent } from './paths.ts';
import type { Repo } from './repo.ts';
import { mentions, textsOf, type Work } from './script-words.ts';

const NAME = '[A-Za-z0-9_@.*/-]*';
const QUOTE = '["\'`]';
/** `../..` as a part of a path, and the segments that follow it in a list: `'..', '..', 'dist'`. */
const UPWARDS = `(^|[^.A-Za-z0-9_])\\.\\.((/${NAME})?${QUOTE}( *, *${QUOTE}${NAME}${QUOTE})*|/${NAME})`;

/**
 * A path that leads to nothing in the commit is no input, e.g. the built front end that a server shows. One that leads
 * to a directory around it could be any path.
 */
export async function climbsOut(repo: Repo, work: Work): Promise<boolean> {
  const { directory } = work;
  if ((await textsOf(repo, work)).some((text) => mentions(text, '..'))) return true;
  const found = await repo.source.grep(UPWARDS, [`:(literal)${directory}`, ...UNREAD]);
  const targets = new Set(found.map(({ path, text }) => join(parent(path), pathIn(text))));
  return [...targets].some((target) => !isBelow(target, directory) && isRead(repo, target, directory));
}

/** `'..', '..', 'dist'` → `../../dist`; what stands before the first dots is cut off. */
function pathIn(text: string): string {
  const parts = text
    .slice(text.indexOf('..'))
    .split(/["'`]/)
    .filter((part) => /^[\w@.*/-]+$/.test(part));
  return literalPart(parts.join('/'));
}

function isRead(repo: Repo, target: string, directory: string): boolean {
  if (isBelow(target, '..') || isBelow(directory, target)) return true;
  if (target.split('/').includes('node_modules')) return false;
  // Imports leave out endings, and name what is compiled by the ending that it will have.
  const stem = target.replace(/\.[cm]?jsx?$/, '');
  const files = [...repo.source.files.keys()];
  return repo.directories.has(target) || files.some((path) => path === target || path.startsWith(`${stem}.`));
}
