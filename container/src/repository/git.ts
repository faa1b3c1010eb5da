/** Runs git with nothing but our own configuration, and the credential only where it reaches the network. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from '../processes/process-group.ts';
import type { Settings } from '../settings.ts';

export interface Git {
  /** A command that talks to the server: with the credential, for `runCommand`. */
  remote(args: readonly string[]): { readonly command: Command; readonly env: Readonly<Record<string, string>> };
  /** Asks about what is here; resolves with what git printed. Rejects when git fails, with its exit code in `code`. */
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
      const { stdout } = await run('git', [...OPTIONS, ...args], { cwd, env, signal, maxBuffer: MOST_OUTPUT });
      return stdout;
    },
  };
}

const OPTIONS = [
  'core.hooksPath=/dev/null',
  'advice.detachedHead=false',
  'gc.auto=0',
  'maintenance.auto=false',
  // No helper of the machine's may be asked.
  'credential.helper=',
].flatMap((option) => ['-c', option]);

/** The token reaches git through a helper that reads it from git's own environment, and only for the server of GIT_URL. */
function credentialOptions(gitUrl: string, token: string | undefined): string[] {
  const { origin, protocol } = new URL(gitUrl);
  if (token === undefined || protocol !== 'https:') return [];
  return ['-c', `credential.${origin}.helper=${HELPER}`];
}
