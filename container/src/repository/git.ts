/** Runs git with nothing but our own configuration, and the credential only where it reaches the network. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from '../processes/process-group.ts';
import { diskNote } from '../phases/disk.ts';
import type { Settings } from '../settings.ts';
import { PhaseError } from '../updates/progress.ts';

export interface Git {
  /** A command that talks to the server: with the credential, for `runCommand`. */
  remote(args: readonly string[]): { readonly command: Command; readonly env: Readonly<Record<string, string>> };
  /** Works on what is here; resolves with what git printed. Rejects with a GitError when git fails. */
  read(cwd: string, args: readonly string[], signal: AbortSignal): Promise<string>;
}

const TOKEN_VARIABLE = 'MAYFLY_GIT_TOKEN';
const HELPER = `!f() { test "$1" = get && printf 'username=x-access-token\\npassword=%s\\n' "$${TOKEN_VARIABLE}"; }; f`;
/** The project's code may write to its home: nothing there may steer the git that holds the credential. */
const OWN_CONFIG_ONLY = { HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
/** The list of files of a very large repository. */
const MOST_OUTPUT = 64 * 1_024 * 1_024;

const run = promisify(execFile);

export function makeGit(settings: Settings, credential: () => string | undefined): Git {
  const { XDG_CONFIG_HOME: _, ...inherited } = settings.childEnv;
  const env = { ...inherited, ...OWN_CONFIG_ONLY, GIT_TERMINAL_PROMPT: '0' };
  return {
    remote(args) {
      const token = credential();
      const options = [...OPTIONS, ...credentialOptions(settings.gitUrl, token)];
      return {
        command: { file: 'git', args: [...options, ...args], title: `git ${args[0] ?? ''}` },
        env: token === undefined ? env : { ...env, [TOKEN_VARIABLE]: token },
      };
    },
    async read(cwd, args, signal) {
      try {
        const { stdout } = await run('git', [...OPTIONS, ...args], { cwd, env, signal, maxBuffer: MOST_OUTPUT });
        return stdout;
      } catch (error) {
        signal.throwIfAborted();
        throw await gitError(args[0] ?? '', cwd, error as Failure);
      }
    },
  };
}

/** Of a command that works on what is here. */
export class GitError extends PhaseError {
  /** Exit code; absent when it did not run to its end. */
  readonly code: number | undefined;

  constructor(message: string, code: number | undefined, lines: readonly string[]) {
    super('fetch', message, lines);
    this.name = 'GitError';
    this.code = code;
  }
}

interface Failure extends Error {
  readonly code?: number | string;
  readonly stderr?: string;
}

async function gitError(verb: string, cwd: string, failure: Failure): Promise<GitError> {
  const lines = (failure.stderr ?? '').split('\n').filter((line) => line !== '');
  const why = lines.findLast((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1) ?? String(failure.code);
  const code = typeof failure.code === 'number' ? failure.code : undefined;
  return new GitError(`\`git ${verb}\` failed: ${why}${await diskNote(cwd, lines)}`, code, lines.slice(-20));
}

const OPTIONS = [
  'core.hooksPath=/dev/null',
  'advice.detachedHead=false',
  'gc.auto=0',
  'maintenance.auto=false',
  // A fetch that breaks off leaves no part of a pack behind, where loose objects would stay.
  'fetch.unpackLimit=1',
  // No helper of the machine's may be asked.
  'credential.helper=',
].flatMap((option) => ['-c', option]);

/** The token reaches git through a helper that reads it from git's own environment, and only for the server of GIT_URL. */
function credentialOptions(gitUrl: string, token: string | undefined): string[] {
  const { origin, protocol } = new URL(gitUrl);
  if (token === undefined || protocol !== 'https:') return [];
  return ['-c', `credential.${origin}.helper=${HELPER}`];
}
