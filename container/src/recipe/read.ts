/** From the files of a commit to the recipe that it is run by. */
import { PhaseError } from '../updates/progress.ts';
import type { BuildWish } from './builds.ts';
import { type AppPlan, planApp } from './detect.ts';
import { FILE } from './faults.ts';
import { readRecipeFile } from './file.ts';
import { type InstallPlan, planInstall } from './installs.ts';
import { byText, isBelow } from './paths.ts';
import { reachOf } from './reach.ts';
import type { Build, Install, Recipe, Source, Surroundings } from './recipe.ts';
import { makeRepo, type Repo } from './repo.ts';
import { type AppSpec, DEFAULT_APP } from './spec.ts';
import { variablesOf } from './variables.ts';

/** Throws a PhaseError that names all faults of `.mayfly.yml` at once, or says what the repository lacks. */
export async function readRecipe(source: Source, surroundings: Surroundings): Promise<Recipe> {
  const repo = makeRepo(source, surroundings);
  const file = await readRecipeFile(repo);
  const { env = {}, robots = false, apps = [DEFAULT_APP] } = file ?? {};
  const plans = await allOf(apps.map((app) => planApp(repo, app, { env, taken: others(apps, app) })));
  const installs = await allOf(plans.flatMap((plan) => plan.installs).map((wish) => planInstall(repo, wish)));
  const found = joinInstalls(installs.filter((each) => each !== undefined));
  const wishes = joinBuilds(plans.flatMap(({ builds }) => builds));
  return {
    installs: found.map(({ install }) => install),
    builds: await planBuilds(repo, wishes, [...found.map(({ install }) => install.directory), ...placesOf(plans)]),
    processes: plans.map(({ process }) => process),
    env,
    robots,
    notes: [...new Set([...misnamed(repo), ...[...plans, ...wishes, ...found].flatMap(({ notes }) => notes)])],
  };
}

function others(apps: readonly AppSpec[], app: AppSpec): ReadonlySet<string> {
  return new Set(apps.filter((each) => each !== app).map(({ directory }) => directory));
}

/** All faults at once, rather than those of the first app. */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works);
  const messages = new Set<string>();
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected' && !(result.reason instanceof PhaseError)) await works[index];
    if (result.status === 'rejected') messages.add((result.reason as PhaseError).message);
  }
  if (messages.size > 0) throw new PhaseError('recipe', [...messages].join('\n'));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Members of a workspace share the install at its root, and no two installs fill the same directory. */
function joinInstalls(plans: readonly InstallPlan[]): readonly InstallPlan[] {
  const byDirectory = new Map<string, InstallPlan>();
  for (const plan of plans) {
    const { directory, inputs, repeatable } = plan.install;
    const known = byDirectory.get(directory);
    const joined = known && {
      ...known.install,
      inputs: [...new Set([...known.install.inputs, ...inputs])].toSorted(byText),
      repeatable: known.install.repeatable || repeatable,
    };
    byDirectory.set(directory, joined ? { ...known, install: joined } : plan);
  }
  const joined = [...byDirectory.values()];
  const owners = joined.map(({ install }) => install);
  return joined.map((plan) => ({ ...plan, install: withOwnOutputs(plan.install, owners) }));
}

/** Of several that fill a directory, the one that works closest to it. */
function withOwnOutputs(install: Install, all: readonly Install[]): Install {
  const isOwn = (output: string): boolean =>
    all.every(
      (other) =>
        other === install ||
        !other.outputs.includes(output) ||
        !isBelow(output, other.directory) ||
        other.directory.length < install.directory.length,
    );
  return { ...install, outputs: install.outputs.filter(isOwn) };
}

/** Processes of one directory, and members that the root's script builds, share a build. */
function joinBuilds(wishes: readonly BuildWish[]): readonly BuildWish[] {
  const joined = new Map<string, BuildWish>();
  for (const wish of wishes) {
    const known = joined.get(wish.directory) ?? wish;
    joined.set(wish.directory, { ...known, carried: [...new Set([...known.carried, ...wish.carried])] });
  }
  return [...joined.values()];
}

function placesOf(plans: readonly AppPlan[]): readonly string[] {
  return plans.flatMap(({ process, builds }) => [process.directory, ...builds.map(({ directory }) => directory)]);
}

async function planBuilds(repo: Repo, wishes: readonly BuildWish[], places: readonly string[]): Promise<Build[]> {
  const unstated = wishes.filter(({ inputs }) => inputs === undefined);
  const reach = await reachOf(repo, unstated, [...new Set(places)]);
  return await Promise.all(
    wishes.map(async ({ directory, command, inputs: stated, carried }) => {
      const inputs = stated ?? reach.get(directory) ?? { include: [''], exclude: [] };
      return { directory, command, inputs, variables: await variablesOf(repo, inputs), carried };
    }),
  );
}

function misnamed(repo: Repo): string[] {
  const other = ['.mayfly.yaml', 'mayfly.yml', 'mayfly.yaml'].find((name) => repo.has('', name));
  return other === undefined || repo.has('', FILE) ? [] : [`WARNING: ${other} is IGNORED; its name must be ${FILE}`];
}
