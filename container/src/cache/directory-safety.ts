/** Whether a directory is the supervisor's alone: what others could put there would be restored as if it were ours. */
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCacheKey } from './port.ts';

const SEGMENT = /^[a-z0-9][a-z0-9._-]*$/;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** E.g. `acme/shop/trusted`. Never leads out of the cache, nor to where an entry may be. */
export function isNamespace(text: string): boolean {
  const isSegment = (part: string): boolean => SEGMENT.test(part) && !part.includes('..') && !isCacheKey(part);
  return text.length <= 200 && text.split('/').every(isSegment);
}

export function ownUid(): number | undefined {
  return process.geteuid?.();
}

/** Makes `dir/namespace`; throws when somebody else than the supervisor's user may write to it. Returns its true path. */
export async function makeHome(dir: string, namespace: string): Promise<{ root: string; home: string }> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const root = await realpath(dir);
  await checkOwn(root);
  if (ownUid() === 0) await checkWay(root);
  let home = root;
  for (const segment of namespace.split('/')) {
    home = join(home, segment);
    await mkdir(home, { mode: 0o700 }).catch(ignore('EEXIST'));
    await checkOwn(home);
  }
  return { root, home };
}

async function checkOwn(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`the cache's ${path} is no directory`);
  const uid = ownUid();
  if (uid !== undefined && found.uid !== uid) throw new Error(`the cache's ${path} belongs to another user`);
  // Elsewhere than in the image everybody is the same user, and directories that a group may write to are common.
  if (uid === 0 && (found.mode & WRITABLE_BY_OTHERS) !== 0) throw new Error(`others may write to the cache's ${path}`);
}

/** Whoever may write to a directory above it could put another one in its place. */
async function checkWay(root: string): Promise<void> {
  for (let at = dirname(root); ; at = dirname(at)) {
    const { uid, mode } = await lstat(at);
    const open = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
    if (uid !== 0 || open) throw new Error(`others may write to ${at}, which is above the cache ${root}`);
    if (at === dirname(at)) return;
  }
}

/** For `catch`: an error of this code is as good as success. */
export function ignore(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
