/** Runs a build, unless the same files were built before: here, by the version that serves, or by another task. */
import { join } from 'node:path';
import { freePorts } from '../app/ports.ts';
import type { CacheKey } from '../cache/port.ts';
import { buildKey, countingEnv } from '../recipe/keys.ts';
import type { Build, Recipe } from '../recipe/recipe.ts';
import { keyOf } from './install.ts';
import { NODE } from './node.ts';
import {
  changedModules,
  copyPaths,
  discard,
  type Finished,
  findOutput,
  gather,
  placeOfGathered,
  scatter,
  timestamp,
} from './output.ts';
import { type Checkout, type PhaseContext, projectEnv, runCommand } from './phase.ts';

/** What a build of a version left, for the version after it. */
export interface Built {
  readonly build: Build;
  readonly key: string;
  /** What it wrote; undefined when that cannot be told apart, so that nobody may reuse it. Settles after the build. */
  readonly output: Promise<readonly string[] | undefined>;
  readonly how?: string;
}

export interface BuildJob {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly files: ReadonlyMap<string, string>;
  readonly previous: { readonly dir: string; readonly built: readonly Built[] } | undefined;
}

/** Absent when the modules themselves are not the same each time: then nothing of an earlier build counts. */
export function keyOfBuild(context: PhaseContext, job: BuildJob, build: Build): string | undefined {
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
  return (await takeOver(context, job, build, key)) ?? (await restore(context, job, build, key));
}

async function takeOver(
  context: PhaseContext,
  { checkout, previous }: BuildJob,
  build: Build,
  key: string,
): Promise<Built | undefined> {
  const same = previous?.built.find((each) => each.build.directory === build.directory && each.key === key);
  const output = await same?.output;
  if (!previous || !output || !(await copyPaths(context, { from: previous.dir, to: checkout.dir, paths: output }))) {
    return undefined;
  }
  return { build, key, output: Promise.resolve(output), how: 'taken over' };
}

async function restore(
  context: PhaseContext,
  { checkout }: BuildJob,
  build: Build,
  key: string,
): Promise<Built | undefined> {
  const { dir } = checkout;
  const gathered = placeOfGathered(dir, build);
  if (!(await context.stash.restore(cacheKey(key), gathered, context.signal))) return undefined;
  const output = await scatter(context, { dir, build });
  if (output) return { build, key, output: Promise.resolve(output), how: 'restored from the cache' };
  await discard(context, gathered);
  return undefined;
}

/** A build that has just run. */
export interface BuildRun {
  readonly build: Build;
  readonly key: string | undefined;
  /** The timestamp of its beginning. */
  readonly before: string;
}

export async function buildOne(context: PhaseContext, job: BuildJob, build: Build): Promise<BuildRun> {
  const { checkout, recipe, previous } = job;
  const { settings } = context;
  const key = keyOfBuild(context, job, build);
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
  const before = await timestamp(context, checkout.dir);
  await runCommand(context, { phase: 'build', command: build.command, cwd, env, runAs: settings.runAs, ...label });
  return { build, key, before };
}

/**
 * What can be reused later. Looked for when all builds are done, since of two that read each other's files one may write
 * into the other's place, and before the app runs, which may write too.
 */
export async function recordBuilt(context: PhaseContext, job: BuildJob, ran: BuildRun): Promise<Built | undefined> {
  const { build, key, before } = ran;
  if (key === undefined) return undefined;
  const finished = { dir: job.checkout.dir, recipe: job.recipe, build, before };
  const paths = await findOutput(context, finished);
  return { build, key, output: unlessModulesChanged(context, finished, paths) };
}

async function unlessModulesChanged(
  context: PhaseContext,
  finished: Finished,
  paths: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  // A job that is cancelled meanwhile has no successor that would reuse it.
  const changed = await changedModules(context, finished).catch(() => true);
  return changed ? undefined : paths;
}

/** Puts what was built where other tasks find it. */
export async function keepBuilt(
  context: PhaseContext,
  { dir }: Checkout,
  { build, key, output, how }: Built,
): Promise<void> {
  const paths = how === undefined ? await output : undefined;
  const gathered = paths && (await gather(context, { dir, build }, paths));
  if (!gathered) return;
  await context.stash.keep(cacheKey(key), gathered, context.signal);
  await discard(context, gathered);
}

function cacheKey(key: string): CacheKey {
  return `build-${key}`;
}
