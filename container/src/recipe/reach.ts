/**
 * What each build reads, so that a push that touches nothing of it need not build again. Told by looking at what the
 * files speak of; where that leaves doubts, everything.
 */
import { climbsOut } from './climbing.ts';
import { EVERYTHING } from './inputs.ts';
import { readsInner } from './mentioning.ts';
import { isBelow, join, selfAndParents } from './paths.ts';
import type { Work } from './script-words.ts';
import type { Inputs } from './recipe.ts';
import type { Repo } from './repo.ts';
import { workspaceOf } from './workspaces.ts';

/** Files that tools look for in the directories around the one that they work in. */
const LOOKED_UP = ['*.config.*', '.*rc', '.*rc.*', '.env*', 'tsconfig*.json'];

/**
 * By directory of a build. `places` are all directories that anything is installed, built or run in. When one build
 * reaches into the place of another both read everything, since a build may also write there.
 */
export async function reachOf(
  repo: Repo,
  builds: readonly Work[],
  places: readonly string[],
): Promise<ReadonlyMap<string, Inputs>> {
  const open = await isAnyOpen(repo, builds, places);
  const inputsOf = (directory: string): Inputs => {
    const inner = innerPlaces(directory, places);
    return open || (directory === '' && inner.length === 0)
      ? EVERYTHING
      : { include: around(directory), exclude: inner };
  };
  return new Map(builds.map(({ directory }) => [directory, inputsOf(directory)]));
}

async function isAnyOpen(repo: Repo, builds: readonly Work[], places: readonly string[]): Promise<boolean> {
  const answers = builds.flatMap((work) => [
    // Members reach each other by name, through their modules.
    workspaceOf(repo, work.directory).then((workspace) => workspace !== undefined),
    work.directory === '' ? Promise.resolve(false) : climbsOut(repo, work),
    ...innerPlaces(work.directory, places).map((inner) => readsInner(repo, work, inner)),
  ]);
  return (await Promise.all(answers)).includes(true);
}

function innerPlaces(directory: string, places: readonly string[]): readonly string[] {
  return places.filter((place) => place !== directory && isBelow(place, directory));
}

function around(directory: string): readonly string[] {
  const above = selfAndParents(directory).slice(1);
  return [directory, ...above.flatMap((each) => LOOKED_UP.map((name) => join(each, name)))];
}
