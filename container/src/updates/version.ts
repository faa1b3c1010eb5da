/** One commit, from fetch to a healthy app: what a job makes, in a directory of its own. */
import { join } from 'node:path';
import type { RunningApp } from '../app/running-app.ts';
import type { Checkout, PhaseContext } from '../phases/phase.ts';
import { start } from '../phases/start.ts';
import { readSurroundings } from '../phases/surroundings.ts';
import { readRecipe } from '../recipe/read.ts';
import type { Recipe, Source } from '../recipe/recipe.ts';
import type { Commit, Repository } from '../repository/repository.ts';
import { readSource } from '../repository/source.ts';
import { type Predecessor, type PreparedSoFar, prepare } from './prepare.ts';
import { PhaseError, type Progress } from './progress.ts';

export interface Version {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly files: Source['files'];
  readonly prepared: PreparedSoFar;
  /** A reload was broken off: its files are of two commits. */
  readonly mixed?: true;
}

/** A commit whose files and recipe are known. */
export interface Candidate {
  readonly commit: Commit;
  readonly source: Source;
  readonly recipe: Recipe;
}

export interface Workshop {
  readonly context: PhaseContext;
  readonly progress: Progress;
  readonly repository: Repository;
}

export async function readCandidate(workshop: Workshop, commit: Commit): Promise<Candidate> {
  const { context, progress, repository } = workshop;
  return await progress.phase('recipe', async () => {
    const source = await readSource(repository, commit.commit, context.signal);
    return { commit, source, recipe: await readRecipe(source, await readSurroundings(context.settings)) };
  });
}

/** Where a version is made. */
export interface Site {
  readonly dir: string;
  readonly previous: Predecessor | undefined;
  /** Settles when the files of the commit are in `dir`. */
  readonly filled: Promise<void>;
}

/** Runs the phases from `install` on. Throws a PhaseError, or the signal's reason; the caller removes `dir` then. */
export async function makeVersion(
  workshop: Workshop,
  candidate: Candidate,
  { dir, previous, filled }: Site,
): Promise<{ readonly version: Version; readonly app: RunningApp }> {
  const { context, progress } = workshop;
  const { commit, recipe, source } = candidate;
  const checkout = { ...commit, dir };
  await filled;
  const prepared = await prepare(context, progress, { checkout, recipe, source, previous });
  const version = { checkout, recipe, files: source.files, prepared };
  try {
    return { version, app: await run(workshop, version) };
  } catch (error) {
    prepared.modules.cancel();
    await prepared.modules.settled;
    throw error;
  }
}

async function run(workshop: Workshop, version: Version): Promise<RunningApp> {
  const { checkout, recipe, prepared } = version;
  const { context, progress } = workshop;
  const launched = await progress.phase('start', () => start(context, checkout, recipe));
  return await progress.phase('healthy', async () => {
    try {
      return await launched.healthy();
    } catch (error) {
      if (!prepared.modules.incomplete || !(error instanceof PhaseError)) throw error;
      context.log.say('the app did not start; once more, with all modules in place');
      await prepared.modules.settled;
      return await (await start(context, checkout, recipe)).healthy();
    }
  });
}

/** `<n>-<sha7>`, or `<n>-head` when the commit is not known before it is fetched. */
export function versionDir(workDir: string, number: number, commit: string): string {
  return join(workDir, `${number}-${commit.slice(0, 7)}`);
}
