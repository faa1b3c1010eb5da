/** What `.mayfly.yml` asks for, with every path from the root of the repository. */
import type { Inputs } from './recipe.ts';

export interface RecipeFile {
  readonly env: Readonly<Record<string, string>>;
  readonly robots: boolean;
  /** At least one. */
  readonly apps: readonly AppSpec[];
}

/** How one process and what it needs are made; what is absent is detected for its directory. */
export interface AppSpec {
  readonly name: string;
  readonly directory: string;
  readonly install?: readonly string[] | false;
  readonly build?: readonly string[] | false;
  readonly start?: string;
  readonly health?: string | false;
  readonly inputs?: Inputs;
  /** Files and globs besides those that are known to decide what is installed. */
  readonly installInputs?: readonly string[];
  readonly carried: readonly string[];
  readonly hot: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly route?: string;
}

export const DEFAULT_APP: AppSpec = { name: 'web', directory: '', carried: [], hot: false, env: {}, route: '/' };
