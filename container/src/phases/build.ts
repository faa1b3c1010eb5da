/** Runs a build, unless the same files were built before: here, by the version that serves, or by another task. */
import { join } from 'node:path';
import { freePorts } from '../app/ports.ts';
import type { CacheKey } from '../cache/port.ts';
import { buildKey, countingEnv } from '../recipe/keys.ts';
import type { Build, Recipe } from '../recipe/recipe.ts';
import { keyOf } from './install.ts';
import { NODE } from './node.ts';
import {
  bringBack,
  changedModules,
  copyPaths,
  findOutputs,
  placeAside,
  setAside,
  takeAside,
  timestamp,
} from './output.ts';
import { type Checkout, type PhaseContext, projectEnv, runCommand } from './phase.ts';

/** A build whose output is set aside, for the version after it and for other tasks. */
export interface Built {
  readonly build: Build;
  readonly key: string;
  /** False when the output is not all that the build did, so that nobody may reuse it. Settles after the build. */
  readonly reusable: Promise<boolean>;
  /** In a few words, when it was not simply built. */
  readonly how?: string;
}

export interface BuildJob {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly files: ReadonlyMap<string, string>;
  readonly previous: { readonly dir: string; readonly built: readonly Built[] } | undefined;
}

/** Absent when the modules themselves are not the same each time: then nothing of an earlier build counts. */
function keyOfBuild(context: PhaseContext, job: BuildJob, build: Build): string | undefined {
  const { checkout, recipe, files } = job;
  const installKeys = recipe.installs.map((install) => keyOf(install, files));
  const known = installKeys.filter((key) => key !== undefined);
  if (known.length < installKeys.length) return undefined;
  const env = countingEnv(projectEnv(context.settings, checkout, build.directory, recipe.env), build.variables);
  return buildKey(build, { files, env, installKeys: known, node: NODE });
}

/** The output of an earlier build of the same files, when there is one. */
export async function reuse(context: PhaseContext, job: BuildJob, build: Build): Promise<Built | undefined> {
  const key = keyOfBuild(context, job, build);
  if (key === undefined) return undefined;
  const { dir } = job.checkout;
  const how = (await isTakenOver(context, job, build, key))
    ? 'taken over'
    : (await context.stash.restore(cacheKey(key), placeAside(dir, build), context.signal))
      ? 'restored from the cache'
      : undefined;
  if (how === undefined || !(await bringBack(context, { dir, build }))) return undefined;
  return { build, key, reusable: Promise.resolve(true), how };
}

async function isTakenOver(
  context: PhaseContext,
  { checkout, previous }: BuildJob,
  build: Build,
  key: string,
): Promise<boolean> {
  const same = previous?.built.find((each) => each.build.directory === build.directory && each.key === key);
  if (!previous || !same || !(await same.reusable)) return false;
  return await takeAside(context, { from: previous.dir, to: checkout.dir, build });
}

/** A build that has just run. */
export interface BuildRun {
  readonly build: Build;
  /** The timestamp of its beginning. */
  readonly before: string;
}

export async function buildOne(context: PhaseContext, job: BuildJob, build: Build): Promise<BuildRun> {
  const { checkout, recipe, previous } = job;
  const { settings } = context;
  if (previous) await copyPaths(context, { from: previous.dir, to: checkout.dir, paths: build.carried });
  const [port] = await freePorts(1);
  // Builds that render pages or check their settings want a PORT; nothing of the supervisor's listens there.
  const env = {
    ...projectEnv(settings, checkout, build.directory, recipe.env),
    HOST: '127.0.0.1',
    PORT: String(port),
  };
  const label = recipe.builds.length > 1 ? { label: build.directory || '.' } : {};
  const cwd = join(checkout.dir, build.directory);
  const before = await timestamp(context, checkout.dir, build);
  await runCommand(context, { phase: 'build', command: build.command, cwd, env, runAs: settings.runAs, ...label });
  return { build, before };
}

/**
 * What can be reused later of builds that have just run. For all of them at once, since of two that read each other's
 * files one may write into the other's place.
 */
export async function recordBuilt(
  context: PhaseContext,
  job: BuildJob,
  ran: readonly BuildRun[],
): Promise<readonly Built[]> {
  const { checkout, recipe } = job;
  const { dir } = checkout;
  const outputs = ran.length > 0 ? await findOutputs(context, dir, recipe) : undefined;
  const recorded = ran.map(async ({ build, before }): Promise<Built[]> => {
    const key = keyOfBuild(context, job, build);
    const paths = outputs?.get(build.directory) ?? [];
    if (key === undefined || paths.length === 0 || !(await setAside(context, { dir, build }, paths))) return [];
    // A job that is cancelled meanwhile has no successor that would reuse it.
    const changed = changedModules(context, { dir, recipe, before }).catch(() => true);
    return [{ build, key, reusable: changed.then((found) => !found) }];
  });
  return (await Promise.all(recorded)).flat();
}

/** Puts what was built where other tasks find it. */
export async function keepBuilt(context: PhaseContext, { dir }: Checkout, built: Built): Promise<void> {
  if (built.how !== undefined || !(await built.reusable)) return;
  await context.stash.keep(cacheKey(built.key), placeAside(dir, built.build), context.signal);
}

function cacheKey(key: string): CacheKey {
  return `build-${key}`;
}
