/** Reads of a local git repository. Nothing here writes: `GIT_OPTIONAL_LOCKS=0` keeps even the index untouched. */
import { execFile } from 'node:child_process';

export interface Branch {
  readonly name: string;
  readonly sha: string;
  /** First line of the head commit's message. */
  readonly subject: string;
}

interface Person {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 with offset. */
  readonly date: string;
}

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

export interface DiffStat {
  readonly commits: number;
  readonly files: number;
  readonly additions: number;
  readonly deletions: number;
}

interface GitOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const MAX_OUTPUT = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const FIELDS = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

/** Variables such as GIT_DIR, set while a hook runs, would lead git to another repository. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
}

/** Runs git in `dir` without a shell and returns what it printed. Rejects with git's own message. */
export function git(dir: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const env = {
    ...cleanEnvironment(),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    ...options.env,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['-C', dir, ...args],
      { env, maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS, windowsHide: true },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        reject(new Error(`git ${args[0]} in ${dir}: ${stderr.trim() || error.message}`, { cause: error }));
      },
    );
    // git may exit without reading its input; the exit code already tells why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

async function succeeds(dir: string, args: readonly string[]): Promise<boolean> {
  return git(dir, args).then(
    () => true,
    () => false,
  );
}

/** Every branch of the repository, by name. */
export async function readBranches(repo: string): Promise<Branch[]> {
  const format = '--format=%(objectname)%00%(refname:lstrip=2)%00%(contents:subject)';
  const output = await git(repo, ['for-each-ref', format, 'refs/heads']);
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [sha = '', name = '', subject = ''] = line.split('\0');
      return { name, sha, subject };
    });
}

/**
 * The branch that pull requests aim at: what `origin` says, else `main`, else `master`, else the checked-out one. HEAD
 * comes last because it moves whenever a person works in the repository.
 */
export async function findDefaultBranch(repo: string): Promise<string> {
  const names = new Set((await readBranches(repo)).map((branch) => branch.name));
  const origin = await symbolicRef(repo, 'refs/remotes/origin/HEAD');
  const head = await symbolicRef(repo, 'HEAD');
  const candidates = [origin?.replace(/^refs\/remotes\/origin\//, ''), 'main', 'master'];
  return (
    candidates.find((name) => name !== undefined && names.has(name)) ?? head?.replace(/^refs\/heads\//, '') ?? 'main'
  );
}

async function symbolicRef(repo: string, ref: string): Promise<string | undefined> {
  const target = await git(repo, ['symbolic-ref', '--quiet', ref]).catch(() => '');
  return target.trim() || undefined;
}

/** The commit that a full or short id, a branch, a tag or a `heads/…` or `tags/…` name leads to. */
export async function resolveCommit(repo: string, ref: string): Promise<string | undefined> {
  const names = [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`];
  if (/^[0-9a-f]{7,64}$/.test(ref)) names.push(ref);
  for (const name of names) {
    // `^{commit}` also follows annotated tags. No name starts with a dash, so none can be taken for an option.
    const sha = await git(repo, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]).catch(() => '');
    if (sha !== '' && isPlainRef(name)) return sha.trim();
  }
  return undefined;
}

/** Refuses git's revision syntax (`main~3`, `main@{1}`, `:/text`), which GitHub does not take either. */
function isPlainRef(name: string): boolean {
  return !/[~^:?*[\\\s]|@\{|\.\./.test(name);
}

export async function readCommit(repo: string, sha: string): Promise<Commit> {
  const output = await git(repo, ['show', '--no-patch', '--no-show-signature', `--format=${FIELDS}`, sha, '--']);
  const fields = output.split('\0');
  const field = (index: number): string => fields[index] ?? '';
  const person = (first: number): Person => ({ name: field(first), email: field(first + 1), date: field(first + 2) });
  return {
    sha: field(0),
    tree: field(1),
    parents: field(2)
      .split(' ')
      .filter((parent) => parent !== ''),
    author: person(3),
    committer: person(6),
    message: field(9).trimEnd(),
  };
}

/** Ids of the commits in `to` but not in `from`, oldest first, at most the `limit` newest. */
export async function listCommits(repo: string, from: string, to: string, limit: number): Promise<string[]> {
  const output = await git(repo, ['rev-list', '--reverse', `--max-count=${limit}`, to, `^${from}`, '--']);
  return output.split('\n').filter((line) => line !== '');
}

export async function isAncestor(repo: string, ancestor: string, descendant: string): Promise<boolean> {
  return succeeds(repo, ['merge-base', '--is-ancestor', ancestor, descendant]);
}

export interface ChangedFiles {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
}

/** Paths that a commit changed against its first parent. */
export async function changedFiles(repo: string, sha: string): Promise<ChangedFiles> {
  const output = await git(repo, ['diff-tree', '-r', '--root', '--no-commit-id', '--name-status', '-z', sha]);
  const parts = output.split('\0');
  const files: ChangedFiles = { added: [], removed: [], modified: [] };
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const path = parts[at + 1] ?? '';
    const list = { A: files.added, D: files.removed }[parts[at] ?? ''] ?? files.modified;
    list.push(path);
  }
  return files;
}

/** How far `head` is from `base`, as a pull request counts it; zeros when the two have no history in common. */
export async function diffStat(repo: string, base: string, head: string): Promise<DiffStat> {
  const [count, short] = await Promise.all([
    git(repo, ['rev-list', '--count', head, `^${base}`, '--']),
    git(repo, ['diff', '--no-ext-diff', '--shortstat', `${base}...${head}`, '--']),
  ]).catch(() => ['0', '']);
  const number = (pattern: RegExp): number => Number(pattern.exec(short ?? '')?.[1] ?? 0);
  return {
    commits: Number(count),
    files: number(/(\d+) files? changed/),
    additions: number(/(\d+) insertion/),
    deletions: number(/(\d+) deletion/),
  };
}
