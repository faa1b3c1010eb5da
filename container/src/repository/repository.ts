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
  readonly git: Git;
  /** Brings the wanted commit here. Throws a PhaseError of `fetch`; `isRefused` tells whether a credential may help. */
  fetch(context: PhaseContext, wanted: Wanted): Promise<Commit>;
}

export async function makeRepository(workDir: string, git: Git): Promise<Repository> {
  const dir = join(workDir, 'repository');
  await mkdir(dir, { mode: 0o755 });
  await git.read(dir, ['init', '--quiet', '--bare', '--template=', '.'], AbortSignal.timeout(10_000));
  return {
    dir,
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

/** The name under which git knows the wanted commit afterwards. */
async function bring(here: Here, { branch, commit }: Wanted): Promise<string> {
  const head = `refs/heads/${branch}`;
  if (commit === undefined) {
    await fetchRef(here, '--depth', '1', head);
    return 'FETCH_HEAD';
  }
  if (await has(here, commit)) return commit;
  try {
    await fetchRef(here, '--depth', '1', commit);
  } catch (error) {
    if (!(error instanceof PhaseError) || isRefused(error)) throw error;
    // Some servers serve only what a ref points at: then the branch is fetched, and the commit must be on it.
    here.context.log.say(`the server does not give out commit ${commit} by its id; fetching branch ${branch}`);
    await fetchRef(here, head);
    if (!(await has(here, commit))) {
      throw new PhaseError('fetch', `commit ${commit} is not on branch ${branch}`, error.logTail);
    }
  }
  return commit;
}

async function has({ git, dir, context }: Here, commit: string): Promise<boolean> {
  try {
    await git.read(dir, ['cat-file', '-e', `${commit}^{tree}`], context.signal);
    return true;
  } catch {
    context.signal.throwIfAborted();
    return false;
  }
}

async function fetchRef({ context, dir, git }: Here, ...args: string[]): Promise<void> {
  const { gitUrl } = context.settings;
  const [ref = '', ...options] = args.toReversed();
  // No remote is configured: the URL is said each time, so that nothing of it lies on disk.
  const { command, env } = git.remote(['fetch', '--quiet', '--no-tags', ...options.toReversed(), gitUrl, ref]);
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
