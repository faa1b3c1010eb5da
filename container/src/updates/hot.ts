/** Updates of an app that reloads by itself: the files change under it, and nothing is built or started. */
import { makeFilter } from '../recipe/inputs.ts';
import { installKey } from '../recipe/keys.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { NODE } from '../phases/node.ts';
import { changeTo } from '../repository/checkout.ts';
import type { Candidate, Version, Workshop } from './version.ts';

/** True when development servers will show everything in which the two commits differ. Pure. */
export function canReload(live: Version, next: Candidate): boolean {
  const { recipe } = next;
  if (!recipe.processes.some(({ hot }) => hot !== undefined) || !sameRecipe(live.recipe, recipe)) return false;
  return sameModules(live, next) && onlyHotRead(recipe, changedPaths(live.files, next.source.files));
}

/** Brings the files of the next commit under the running app. Throws a PhaseError when they do not get there. */
export async function reload(workshop: Workshop, live: Version, next: Candidate): Promise<Version> {
  const { context, progress, repository } = workshop;
  const { commit, recipe, source } = next;
  await progress.phase('start', async (note) => {
    note('reloads by itself');
    await changeTo(context, repository, commit, live.checkout.dir);
  });
  const checkout = { ...commit, dir: live.checkout.dir };
  return { checkout, recipe, files: source.files, prepared: live.prepared };
}

function sameRecipe(a: Recipe, b: Recipe): boolean {
  return JSON.stringify({ ...a, notes: [] }) === JSON.stringify({ ...b, notes: [] });
}

/** Modules that are installed anew each time may differ: then it is no reload. */
function sameModules(live: Version, next: Candidate): boolean {
  return next.recipe.installs.every(
    (install) =>
      install.repeatable && installKey(install, live.files, NODE) === installKey(install, next.source.files, NODE),
  );
}

function changedPaths(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const changed = [...after].filter(([path, id]) => before.get(path) !== id).map(([path]) => path);
  return [...changed, ...[...before.keys()].filter((path) => !after.has(path))];
}

/** What a process reads is only known by its build; one without a build may read everything. */
function onlyHotRead({ processes, builds }: Recipe, changed: readonly string[]): boolean {
  const others = processes.filter(({ hot }) => hot === undefined);
  const known = others.every(({ directory }) => builds.some((build) => build.directory === directory));
  return known && builds.every(({ inputs }) => !changed.some(makeFilter(inputs)));
}
