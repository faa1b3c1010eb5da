/** Fetches exactly one commit, by its id: rewound and force-pushed branches are no special case. */
import { mkdir } from 'node:fs/promises';
import type { Log } from '../log/log.ts';
import type { Command } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';
import type { Settings } from '../settings.ts';
import { type Checkout, type PhaseContext, runCommand } from './phase.ts';

export interface Wanted {
  readonly branch: string;
  /** Absent: the head of `branch`. */
  readonly commit?: string;
}

/** Resolves with the wanted commit checked out in `dir`. */
export async function fetchCommit(context: PhaseContext, wanted: Wanted, dir: string): Promise<Checkout> {
  const git = makeGit(context, dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await git('init', '--quiet', '--template=', '--initial-branch=mayfly');
  await git('remote', 'add', 'origin', context.settings.gitUrl);
  await bring(context, git, wanted);
  await git('checkout', '--quiet', '--detach', wanted.commit ?? 'FETCH_HEAD');
  const read = makeGit({ ...context, log: SILENT }, dir);
  const [commit = '', commitDate = '', commitMessage = ''] = await read('log', '-1', '--format=%H%n%cI%n%s');
  return { dir, branch: wanted.branch, commit, commitDate, commitMessage };
}

/** For questions whose answer is no news. */
const SILENT: Log = { say: () => undefined, event: () => undefined, line: () => undefined, hide: () => undefined };

type Git = (...args: string[]) => Promise<string[]>;

async function bring(context: PhaseContext, git: Git, wanted: Wanted): Promise<void> {
  const head = `refs/heads/${wanted.branch}`;
  if (wanted.commit === undefined) {
    await git('fetch', '--quiet', '--no-tags', '--depth', '1', 'origin', head);
    return;
  }
  try {
    await git('fetch', '--quiet', '--no-tags', '--depth', '1', 'origin', wanted.commit);
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    // Some servers serve only what a ref points at: then the branch is fetched, and the commit must be on it.
    context.log.say(`the server does not give out commit ${wanted.commit} by its id; fetching branch ${wanted.branch}`);
    await git('fetch', '--quiet', '--no-tags', 'origin', head);
    await git('cat-file', '-e', `${wanted.commit}^{commit}`).catch(() => {
      throw new PhaseError('fetch', `commit ${wanted.commit} is not on branch ${wanted.branch}`, error.logTail);
    });
  }
}

function makeGit(context: PhaseContext, dir: string): Git {
  const env = gitEnv(context.settings);
  const options = [
    ...credentialOptions(context.settings),
    '-c',
    'core.hooksPath=/dev/null',
    '-c',
    'advice.detachedHead=false',
  ];
  return async (...args) => {
    const command: Command = { file: 'git', args: [...options, ...args], title: `git ${args[0] ?? ''}` };
    try {
      return await runCommand(context, { phase: 'fetch', command, cwd: dir, env });
    } catch (error) {
      throw error instanceof PhaseError ? withReason(error) : error;
    }
  };
}

/** Git says what is wrong in a line of its own; it belongs into the message. */
function withReason(error: PhaseError): PhaseError {
  const reason = error.logTail.findLast((line) => /^(?:fatal|error|remote):/.test(line));
  return reason === undefined ? error : new PhaseError('fetch', `${error.message}: ${reason}`, error.logTail);
}

const TOKEN_VARIABLE = 'MAYFLY_GIT_TOKEN';
const HELPER = `!f() { test "$1" = get && printf 'username=x-access-token\\npassword=%s\\n' "$${TOKEN_VARIABLE}"; }; f`;

/** The token reaches git through a helper that reads it from git's own environment, and only for the server of GIT_URL. */
function credentialOptions(settings: Settings): string[] {
  const { origin, protocol } = new URL(settings.gitUrl);
  const cleared = ['-c', 'credential.helper='];
  if (settings.gitToken === undefined || protocol !== 'https:') return cleared;
  return [...cleared, '-c', `credential.${origin}.helper=${HELPER}`];
}

/** The project's code may write to its home: nothing there may steer the git that holds the token. */
const OWN_CONFIG_ONLY = { HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };

function gitEnv(settings: Settings): Record<string, string> {
  const token = settings.gitToken === undefined ? {} : { [TOKEN_VARIABLE]: settings.gitToken };
  const { XDG_CONFIG_HOME: _, ...env } = settings.childEnv;
  return { ...env, ...OWN_CONFIG_ONLY, GIT_TERMINAL_PROMPT: '0', ...token };
}
