/**
 * How one commit is installed, built, started and served: what `.mayfly.yml` says, and what is found in the repository
 * where it is silent. All paths are relative to the root of the repository, with `/`, without `./`; '' is the root.
 */
import type { Command } from '../processes/process-group.ts';

export interface Recipe {
  /** Each in a directory of its own; all of them run before any build. */
  readonly installs: readonly Install[];
  /** At most one a directory. */
  readonly builds: readonly Build[];
  /** At least one; names are unique. At least one has a route. */
  readonly processes: readonly ProcessRecipe[];
  /** Variables of every step, over those of the task. */
  readonly env: Readonly<Record<string, string>>;
  /** True: answers carry no `X-Robots-Tag` of ours. */
  readonly robots: boolean;
  /** What the person who pushed should know; each a sentence, `WARNING: …` where it matters. */
  readonly notes: readonly string[];
}

export type Manager = 'npm' | 'pnpm' | 'yarn';

export interface Install {
  readonly directory: string;
  readonly command: Command;
  /** Brings modules that were installed for other inputs to these, or fails; far faster where little differs. */
  readonly converge?: Command;
  /** Files that decide what is installed (lock file, manifests, .npmrc …); those that exist. */
  readonly inputs: readonly string[];
  /** Directories that it fills, e.g. `node_modules`, `packages/a/node_modules`. */
  readonly outputs: readonly string[];
  /** Equal inputs make equal outputs: there is a lock file, and no install script of the project's own. */
  readonly repeatable: boolean;
}

/** A set of files of the repository. */
export interface Inputs {
  /** Files, directories with all in them, or globs; `''` is everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Build {
  readonly directory: string;
  readonly command: Command;
  /** What it reads; the same files make the same output. */
  readonly inputs: Inputs;
  /** Mayfly's variables (COMMIT, BRANCH, SESSION_ID, PR_NUMBER, PUBLIC_URL) that its output may depend on. */
  readonly variables: readonly string[];
  /** Files and directories that help the next build and are copied to it, e.g. `.next/cache`. Not part of the output. */
  readonly carried: readonly string[];
}

export interface ProcessRecipe {
  readonly name: string;
  readonly directory: string;
  readonly command: Command;
  /** Requests whose path begins with it (whole segments) go here, the longest first. Absent: reached by siblings only. */
  readonly route?: string;
  /** Path of the health check; absent: healthy while it runs. */
  readonly health?: string;
  readonly env: Readonly<Record<string, string>>;
  /** It reloads by itself when files change: a new commit needs no build and no other process. */
  readonly hot?: 'vite' | 'next' | 'other';
}

/** The files of one commit, as a recipe is read from them. */
export interface Source {
  /** Path → id of its content (git's blob id, behind its mode unless it is a plain file), for every file of the commit. */
  readonly files: ReadonlyMap<string, string>;
  /** Text of a file of the commit; undefined when there is none. Links are not followed. Throws above 1 MB. */
  text(path: string): Promise<string | undefined>;
  /**
   * Matches of an extended regular expression in the text files that are included, as `path` and the matched text.
   * Pathspecs of git, e.g. `server`, `:(exclude)server`.
   */
  grep(
    pattern: string,
    pathspecs: readonly string[],
  ): Promise<readonly { readonly path: string; readonly text: string }[]>;
}

/** What the machine offers. */
export interface Surroundings {
  /** Managers besides npm that can be run. */
  readonly managers: ReadonlySet<Manager>;
  /** Host of the environment, for the allow-list of development servers. */
  readonly publicHost: string;
  /** HEALTH_PATH of the task: counts where the recipe says nothing. */
  readonly healthPath: string;
}
