/** A commit's files as recipes are read from them: out of git's objects, so that no link on disk can lead anywhere. */
import type { Source } from '../recipe/recipe.ts';
import { PhaseError } from '../updates/progress.ts';
import { GitError } from './git.ts';
import type { Repository } from './repository.ts';

const MOST_TEXT = 1_024 * 1_024;
const PLAIN = '100644';
const LINK = '120000';

interface Entry {
  readonly mode: string;
  readonly id: string;
  readonly bytes: number;
}

export async function readSource(repository: Repository, commit: string, signal: AbortSignal): Promise<Source> {
  const { git, dir } = repository;
  const entries = parseTree(await git.read(dir, ['ls-tree', '-r', '-l', '-z', commit], signal));
  return {
    files: new Map([...entries].map(([path, { mode, id }]) => [path, mode === PLAIN ? id : `${mode} ${id}`])),
    async text(path) {
      const entry = entries.get(path);
      if (!entry) return undefined;
      if (entry.mode === LINK) throw new PhaseError('recipe', `${path} is a link; it must be a file of the repository`);
      if (entry.bytes > MOST_TEXT) throw new PhaseError('recipe', `${path} is larger than 1 MB`);
      return await git.read(dir, ['cat-file', 'blob', entry.id], signal);
    },
    async grep(pattern, pathspecs) {
      const args = ['grep', '-I', '-o', '-z', '--full-name', '-E', '-e', pattern, commit, '--', ...pathspecs];
      return parseMatches(await readMatches(() => git.read(dir, args, signal)), commit);
    },
  };
}

/** `<mode> <type> <id> <bytes>\t<path>`; submodules are no files. */
function parseTree(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const line of text.split('\0')) {
    const [, mode = '', type, id = '', bytes = '', path = ''] = /^(\d+) (\w+) (\w+) +(\S+)\t([^]*)$/.exec(line) ?? [];
    if (type === 'blob') entries.set(path, { mode, id, bytes: Number(bytes) });
  }
  return entries;
}

/** Git's exit code 1 means that nothing matches. */
async function readMatches(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof GitError && error.code === 1) return '';
    throw error;
  }
}

/** `<commit>:<path>\0<match>` a line. */
function parseMatches(text: string, commit: string): { readonly path: string; readonly text: string }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [place = '', match = ''] = line.split('\0', 2);
      return { path: place.slice(commit.length + 1), text: match };
    });
}
