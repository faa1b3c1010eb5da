/**
 * The supervisor's own bare repository: what was fetched once is not fetched again, and a force-push or a rewound branch
 * is no special case, since commits are fetched by their id. The project's code reads it and cannot write to it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PhaseContext } from '../phases/phase.ts';
import { runCommand } from '../phases/phase.ts';
import { PhaseError } from '../updates/progress.ts';
import type { Git } from './git.ts';

export interface Wanted {
  readonly branch: string;
  /** Absent: the head of `branch`. */
  readonly commit?: string;
}

export interface Commit {
  readonly branch: string;
  readonly commit: string;
  /** ISO 8601, of the committer. */
  readonly commitDate: string;
  /** First line. */
  readonly commitMessage: string;
}

export interface Repository {
  readonly dir: string;
  readonly format: 'sha1' | 'sha256';
  readonly git: Git;
  /** Brings the wanted commit here. Throws a PhaseError of `fetch`; `isRefused` tells whether a credential may help. */
  fetch(context: PhaseContext, wanted: Wanted): Promise<Commit>;
}

/** `format` of its objects, which is that of the server's repository. */
export async function makeRepository(
  workDir: string,
  git: Git,
  format: 'sha1' | 'sha256' = 'sha1',
): Promise<Repository> {
  const dir = join(workDir, 'repository');
  await mkdir(dir, { mode: 0o755 });
  const init = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, '.'];
  await git.read(dir, init, AbortSignal.timeout(10_000));
  return {
    dir,
    format,
    git,
    async fetch(context, wanted) {
      const id = await bring({ context, dir, git }, wanted);
      const shown = await git.read(dir, ['log', '-1', '--format=%H%n%cI%n%s', id], context.signal);
      const [commit = '', commitDate = '', commitMessage = ''] = shown.split('\n');
      return { branch: wanted.branch, commit, commitDate, commitMessage };
    },
  };
}

interface Here {
  readonly context: PhaseContext;
  readonly dir: string;
  readonly git: Git;
}

/** What a fetch brings gets a ref: it says that all of it is here, and to later fetches what need not come again. */
const FETCHED = 'refs/mayfly/fetched';
const refOf = (commit: string): string => `refs/mayfly/${commit}`;

/** The id of the wanted commit, which is here afterwards. */
async function bring(here: Here, { branch, commit }: Wanted): Promise<string> {
  const head = `refs/heads/${branch}`;
  if (commit === undefined) {
    await fetchRef(here, head, ['--depth', '1']);
    return await remember(here, FETCHED);
  }
  if (await has(here, refOf(commit))) return commit;
  try {
    await fetchRef(here, commit, ['--depth', '1']);
  } catch (error) {
    if (!(error instanceof PhaseError) || !ONLY_REFS.test(error.message)) throw error;
    // Some servers serve only what a ref points at: then the branch is fetched, and the commit must be on it.
    here.context.log.say(`the server does not give out commit ${commit} by its id; fetching branch ${branch}`);
    await fetchRef(here, head, []);
    if (!(await has(here, `${commit}^{commit}`))) {
      throw new PhaseError('fetch', `commit ${commit} is not on branch ${branch}`, error.logTail);
    }
  }
  return await remember(here, commit);
}

const ONLY_REFS = /not our ref|unadvertised object|find remote ref|no such ref/i;

async function remember({ git, dir, context }: Here, name: string): Promise<string> {
  const id = (await git.read(dir, ['rev-parse', '--verify', `${name}^{commit}`], context.signal)).trim();
  await git.read(dir, ['update-ref', refOf(id), id], context.signal);
  return id;
}

async function has({ git, dir, context }: Here, name: string): Promise<boolean> {
  try {
    await git.read(dir, ['rev-parse', '--verify', '--quiet', name], context.signal);
    return true;
  } catch {
    context.signal.throwIfAborted();
    return false;
  }
}

async function fetchRef({ context, dir, git }: Here, what: string, depth: readonly string[]): Promise<void> {
  const { gitUrl } = context.settings;
  // No remote is configured: the URL is said each time, so that nothing of it lies on disk.
  const args = ['fetch', '--quiet', '--no-tags', '--force', ...depth, gitUrl, `${what}:${FETCHED}`];
  const { command, env } = git.remote(args);
  try {
    await runCommand(context, { phase: 'fetch', command, cwd: dir, env });
  } catch (error) {
    throw error instanceof PhaseError ? withReason(error) : error;
  }
}

/** Git says what is wrong in a line of its own; it belongs into the message. */
function withReason(error: PhaseError): PhaseError {
  const reason = error.logTail.findLast((line) => /^(?:fatal|error|remote):/.test(line));
  return reason === undefined ? error : new PhaseError('fetch', `${error.message}: ${reason}`, error.logTail);
}

const REFUSED =
  /could not read (?:Username|Password)|Authentication failed|Repository not found|repository .* not found|terminal prompts disabled|error: 40[13]/;

/** True when the server wants to know who asks. GitHub says "not found" of a private repository. */
export function isRefused(error: PhaseError): boolean {
  return REFUSED.test(error.message) || error.logTail.some((line) => REFUSED.test(line));
}
