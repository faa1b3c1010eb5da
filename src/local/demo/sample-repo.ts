/** Git repositories for the demo and for tests, made with plumbing so that no work tree and no user's config matters. */
import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from '../github/git.ts';

/** A file as it shall be, or a text in it to exchange. Paths are relative to the repository, with slashes. */
export type FileChange =
  | { readonly file: string; readonly content: string }
  | { readonly file: string; readonly replace: readonly [from: string, to: string] };

export interface BranchSpec {
  readonly name: string;
  readonly change: FileChange;
  readonly message: string;
}

export interface RepoSpec {
  readonly message: string;
  readonly branches: readonly BranchSpec[];
  /** Puts the first commit's files into the empty directory. */
  fill(dir: string): Promise<void>;
}

const SAMPLE = fileURLToPath(new URL('../../../container/examples/web', import.meta.url));
/** Results of work in the example's own folder, which do not belong to it. */
const LEFT_OUT = new Set(['node_modules', 'dist']);
/** Fixed, so that the same repository has the same commit ids everywhere. */
const FIRST_DATE = '2026-01-01T09:00:00Z';

const BRANCHES: readonly BranchSpec[] = [
  {
    name: 'add-greeting',
    change: { file: 'src/content.ts', replace: ['Hello from main', 'Good morning, harbour'] },
    message: 'Greet the harbour',
  },
  {
    name: 'dark-theme',
    change: {
      file: 'src/style.css',
      replace: [
        '--page: #f4f8fa;\n  --card: #ffffff;\n  --ink: #12303d;\n  --faint: #5d7783;\n  --accent: #0b7285;',
        '--page: #0b161b;\n  --card: #12242c;\n  --ink: #e3f1f6;\n  --faint: #8aa7b3;\n  --accent: #3bc9db;',
      ],
    },
    message: 'Dark theme',
  },
  {
    name: 'broken-build',
    change: { file: 'src/app.tsx', replace: ['nextTides(Date.now(), 6)', "nextTides(Date.now(), 'six')"] },
    message: 'Show fewer tides',
  },
];

/**
 * Makes a git repository of the sample application: `main` checked out, and `add-greeting`, `dark-theme` and
 * `broken-build` each one commit ahead. A directory that is a repository with commits already is left as it is.
 */
export async function makeSampleRepo(dir: string): Promise<void> {
  await makeRepo(dir, {
    message: 'Tide tables',
    branches: BRANCHES,
    fill: (target) => cp(SAMPLE, target, { recursive: true, filter: (path) => !LEFT_OUT.has(nameIn(path)) }),
  });
}

function nameIn(path: string): string {
  return path.slice(SAMPLE.length + 1);
}

/** Rejects when `dir` has files but is no repository, or is one without a commit. */
export async function makeRepo(dir: string, spec: RepoSpec): Promise<void> {
  const path = resolve(dir);
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) return checkRepo(path);
  // Made beside it and moved there when complete, so that nobody finds half a repository.
  const draft = await mkdtemp(`${path}.new-`);
  try {
    await fillRepo(draft, spec);
    await rename(draft, path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function fillRepo(dir: string, spec: RepoSpec): Promise<void> {
  await spec.fill(dir);
  await write(dir, ['init', '--quiet', '--initial-branch=main']);
  await write(dir, ['add', '--all']);
  await write(dir, ['commit', '--quiet', '--no-verify', '--message', spec.message], dates(0));
  for (const [index, branch] of spec.branches.entries()) {
    await write(dir, ['branch', branch.name, 'main']);
    await commit(dir, branch.name, branch.change, { message: branch.message, env: dates(index + 1) });
  }
}

async function checkRepo(path: string): Promise<void> {
  // Git would otherwise find the repository that the directory lies in.
  const env = { GIT_CEILING_DIRECTORIES: dirname(await realpath(path)) };
  await git(path, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { env }).catch((cause: unknown) => {
    throw new Error(`${path} is not empty and not a git repository with commits; choose another directory`, { cause });
  });
}

/**
 * Commits one change on top of a branch and returns the new commit's id. Work tree, index and HEAD stay as they are,
 * also when the branch is the one that is checked out. Rejects when another commit came in between.
 */
export async function commitChange(dir: string, branch: string, change: FileChange, message: string): Promise<string> {
  return commit(dir, branch, change, { message });
}

interface CommitOptions {
  readonly message: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function commit(dir: string, branch: string, change: FileChange, options: CommitOptions): Promise<string> {
  const ref = `refs/heads/${branch}`;
  const parent = (await git(dir, ['show-ref', '--verify', '--hash', ref])).trim();
  const content = await contentAfter(dir, parent, change);
  const tree = await treeWith(dir, parent, change.file, content);
  const args = ['commit-tree', tree, '-p', parent, '-m', options.message];
  const sha = (await write(dir, args, options.env)).trim();
  await write(dir, ['update-ref', '-m', `commit: ${options.message}`, ref, sha, parent]);
  return sha;
}

async function contentAfter(dir: string, parent: string, change: FileChange): Promise<string> {
  if ('content' in change) return change.content;
  const [from, to] = change.replace;
  const before = await git(dir, ['cat-file', 'blob', `${parent}:${change.file}`]);
  const after = before.replace(from, () => to);
  if (after === before) throw new Error(`${change.file} at ${parent.slice(0, 7)} has no "${from}" to replace`);
  return after;
}

/** The parent's tree with one file changed, made in an index of its own. */
async function treeWith(dir: string, parent: string, file: string, content: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'mayfly-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(scratch, 'index') };
    const blob = (await git(dir, ['hash-object', '-w', '--stdin'], { input: content })).trim();
    const mode = (await git(dir, ['ls-tree', parent, '--', file])).split(' ')[0] || '100644';
    await git(dir, ['read-tree', parent], { env });
    await git(dir, ['update-index', '--add', '--cacheinfo', `${mode},${blob},${file}`], { env });
    return (await git(dir, ['write-tree'], { env })).trim();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function dates(hour: number): Readonly<Record<string, string>> {
  const date = new Date(Date.parse(FIRST_DATE) + hour * 3_600_000).toISOString();
  return { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
}

/** Hooks, signing, templates and line endings of the user's own config would change what is committed. */
function write(dir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const identity = ['-c', 'user.name=Mayfly Demo', '-c', 'user.email=demo@localhost'];
  const isolated = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TEMPLATE_DIR: '' };
  return git(dir, [...identity, ...args], { env: { ...isolated, ...env } });
}
