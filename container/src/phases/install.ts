/** Fills the directories of modules in the cheapest way that is right. */
import { join } from 'node:path';
import { freePorts } from '../app/ports.ts';
import type { CacheKey } from '../cache/port.ts';
import { installKey } from '../recipe/keys.ts';
import type { Install, Recipe } from '../recipe/recipe.ts';
import type { Command } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';
import { linkModules, removeModules } from './modules.ts';
import { nearKeys } from './near.ts';
import { NODE } from './node.ts';
import { type Checkout, type PhaseContext, projectEnv, runCommand } from './phase.ts';

/** What an install of a version left, for the version after it. */
export interface Installed {
  readonly install: Install;
  /** Equal keys install the same modules; absent when that cannot be told from the files alone. */
  readonly key: string | undefined;
  /** In a few words, when it was not simply installed. */
  readonly how?: string;
  /** Where these modules would help others whose lock file differs. */
  readonly near?: CacheKey;
}

export interface InstallJob {
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  readonly files: ReadonlyMap<string, string>;
  /** Where modules may be taken over from. */
  readonly previous: { readonly dir: string; readonly installed: readonly Installed[] } | undefined;
}

export function keyOf(install: Install, files: ReadonlyMap<string, string>): string | undefined {
  return install.repeatable ? installKey(install, files, NODE) : undefined;
}

/** The same modules from the version that serves or from a cache; else nearly the same ones, and what differs; else all. */
export async function installOne(context: PhaseContext, job: InstallJob, install: Install): Promise<Installed> {
  const key = keyOf(install, job.files);
  if (key === undefined) {
    await run(context, job, install, install.command);
    return { install, key };
  }
  const before = job.previous?.installed.find((each) => each.install.directory === install.directory);
  const from = before && job.previous?.dir;
  const how = await reuse(context, job, { install, key, from: before?.key === key ? from : undefined });
  if (how !== undefined) return { install, key, how };
  // What install scripts of the project's own did to the modules before would stay.
  const near = before?.install.converge && from;
  return { install, key, ...(await converge(context, job, install, near)) };
}

async function reuse(
  context: PhaseContext,
  { checkout: { dir } }: InstallJob,
  { install, key, from }: { readonly install: Install; readonly key: string; readonly from: string | undefined },
): Promise<string | undefined> {
  if (from !== undefined && (await linkModules(context, { from, to: dir, install }))) return 'taken over';
  const place = { dir, paths: install.outputs };
  const restored = await context.stash.restore(`modules-${key}`, place, context.signal);
  return restored ? 'restored from the cache' : undefined;
}

async function converge(
  context: PhaseContext,
  job: InstallJob,
  install: Install,
  from: string | undefined,
): Promise<Pick<Installed, 'how' | 'near'>> {
  const { dir } = job.checkout;
  const [newest, older] = nearKeys(install);
  if (install.converge) {
    const linked = from !== undefined && (await linkModules(context, { from, to: dir, install }));
    const found = linked ? undefined : await restoreFirst(context, dir, install, [newest, older]);
    if ((linked || found) && (await bringUpToDate(context, job, install, install.converge))) {
      return { how: 'brought up to date', ...(found === newest || linked ? {} : { near: newest }) };
    }
  }
  await run(context, job, install, install.command);
  return install.converge ? { near: newest } : {};
}

async function restoreFirst(
  context: PhaseContext,
  dir: string,
  { outputs }: Install,
  keys: readonly CacheKey[],
): Promise<CacheKey | undefined> {
  for (const key of keys) {
    if (await context.stash.restore(key, { dir, paths: outputs }, context.signal)) return key;
  }
  return undefined;
}

/** False, and all modules gone, when it could not be done this way: then they are installed from nothing. */
async function bringUpToDate(
  context: PhaseContext,
  job: InstallJob,
  install: Install,
  command: Command,
): Promise<boolean> {
  try {
    await run(context, job, install, command);
    return true;
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    context.log.say(`${error.message}; everything is installed anew`);
    await removeModules(context, job.checkout.dir, install);
    return false;
  }
}

async function run(
  context: PhaseContext,
  { checkout, recipe }: InstallJob,
  { directory }: Install,
  command: Command,
): Promise<void> {
  const { settings } = context;
  const [port] = await freePorts(1);
  const env = {
    ...projectEnv(settings, checkout, directory, recipe.env),
    // NODE_ENV=production would leave out the devDependencies that builds need.
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: String(port),
  };
  const label = recipe.installs.length > 1 ? { label: directory || '.' } : {};
  const cwd = join(checkout.dir, directory);
  await runCommand(context, { phase: 'install', command, cwd, env, runAs: settings.runAs, ...label });
}
