/** One commit, from fetch to a healthy app: what a job makes, in a directory of its own. */
import { join } from 'node:path';
import type { AppProcess } from '../app/app-process.ts';
import { handOver } from '../processes/ownership.ts';
import type { Progress } from './progress.ts';
import { build } from '../phases/build.ts';
import { fetchCommit, type Wanted } from '../phases/fetch.ts';
import { install, type Installed, readRecipe } from '../phases/install.ts';
import type { Checkout, PhaseContext } from '../phases/phase.ts';
import { start } from '../phases/start.ts';
import type { Recipe } from '../recipe/simple.ts';

export interface Version {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly installed: Installed;
}

export interface VersionPlace {
  /** Directory that holds this version and nothing else. */
  readonly dir: string;
  /** The version that serves, when there is one. */
  readonly previous: Installed | undefined;
}

/** Runs the four phases. Throws a PhaseError, or the signal's reason; the caller removes the directory then. */
export async function makeVersion(
  context: PhaseContext,
  progress: Progress,
  wanted: Wanted,
  place: VersionPlace,
): Promise<{ readonly version: Version; readonly app: AppProcess }> {
  const checkout = await progress.phase('fetch', () => fetchCommit(context, wanted, place.dir));
  progress.resolved(checkout.commit);
  context.log.say(`commit ${checkout.commit} of ${checkout.branch}: ${checkout.commitMessage}`);
  const recipe = await readRecipe(context, place.dir);
  const installed = await progress.phase('install', async () => {
    await handOver(context, place.dir);
    return await install(context, checkout, recipe, place.previous);
  });
  await progress.phase('build', () => build(context, checkout, recipe));
  const app = await progress.phase('start', () => start(context, checkout, recipe));
  return { version: { checkout, recipe, installed }, app };
}

/** `<n>-<sha7>`, or `<n>-head` when the commit is not known before it is fetched. */
export function versionDir(workDir: string, number: number, commit: string | undefined): string {
  return join(workDir, `${number}-${commit?.slice(0, 7) ?? 'head'}`);
}
