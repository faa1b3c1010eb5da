/** Installs what the lock file says, or takes over the modules of the version that serves when nothing changed. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, readdir, realpath } from 'node:fs/promises';
import { delimiter, join, sep } from 'node:path';
import { freePort } from '../app/app-process.ts';
import { runGroup } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';
import { detectRecipe, type Recipe } from '../recipe/simple.ts';
import { type Checkout, type PhaseContext, projectEnv, runCommand } from './phase.ts';

export interface Installed {
  readonly dir: string;
  /** Equal keys install the same modules; absent when that cannot be told from the files alone. */
  readonly key: string | undefined;
}

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];

export async function readRecipe(context: PhaseContext, dir: string): Promise<Recipe> {
  const files = new Set(await readdir(dir));
  const manifest = files.has('package.json') ? await readInside(dir, 'package.json') : undefined;
  const available = new Set<string>();
  for (const manager of ['pnpm', 'yarn']) {
    if (await isOnPath(manager, context.settings.childEnv['PATH'] ?? '')) available.add(manager);
  }
  return detectRecipe({ files, manifest }, (manager) => available.has(manager));
}

/** A link in the repository must not show a file that only the supervisor may read. */
async function readInside(dir: string, name: string): Promise<string> {
  const [root, file] = await Promise.all([realpath(dir), realpath(join(dir, name))]);
  if (!file.startsWith(root + sep))
    throw new PhaseError('install', `${name} is a link that leads out of the repository`);
  return await readFile(file, 'utf8');
}

/** `previous` is the version that serves, when there is one; its directory is only read. */
export async function install(
  context: PhaseContext,
  checkout: Checkout,
  recipe: Recipe,
  previous: Installed | undefined,
): Promise<Installed> {
  const { dir } = checkout;
  const key = await installKey(dir, recipe);
  if (key !== undefined && key === previous?.key && (await takeOver(context, previous.dir, dir))) {
    context.log.say('the lock file is unchanged: dependencies are taken over');
    return { dir, key };
  }
  if (recipe.note !== undefined) context.log.say(recipe.note);
  // NODE_ENV=production would leave out the devDependencies that builds need.
  const env = {
    ...projectEnv(context.settings, checkout),
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
  };
  const { runAs } = context.settings;
  await runCommand(context, { phase: 'install', command: recipe.install, cwd: dir, env, runAs });
  return { dir, key };
}

/**
 * No key without a lock file (versions move), with workspaces (modules in several places), or with install scripts of
 * the project's own (they may generate code from any file).
 */
async function installKey(dir: string, recipe: Recipe): Promise<string | undefined> {
  const { manifest, lockFile } = recipe;
  const scripted = INSTALL_SCRIPTS.some((name) => Object.hasOwn(manifest.scripts, name));
  if (lockFile === undefined || manifest.workspaces || scripted) return undefined;
  const hash = createHash('sha256').update(`${lockFile}\n${manifest.dependencies}\n`);
  for (const file of [lockFile, '.npmrc', '.yarnrc.yml', '.pnpmfile.cjs', 'pnpm-workspace.yaml']) {
    const text = await readFile(join(dir, file)).catch(() => Buffer.alloc(0));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

/**
 * Copies by hard link: next to no time and space, and the version that serves keeps its own directory. False when that
 * is not possible here; the caller then installs.
 */
async function takeOver(context: PhaseContext, from: string, to: string): Promise<boolean> {
  const modules = join(from, 'node_modules');
  const exists = await access(modules).then(
    () => true,
    () => false,
  );
  if (!exists) return true;
  const { settings, signal, timings } = context;
  const command = { file: 'cp', args: ['-al', modules, join(to, 'node_modules')], title: 'cp -al node_modules' };
  const options = {
    cwd: to,
    env: settings.childEnv,
    onLine: () => undefined,
    signal,
    cancelAfterMs: timings.cancelAfterMs,
    runAs: settings.runAs,
  };
  const exit = await runGroup(command, options);
  if (exit.code !== 0) return false;
  // Tools rewrite their caches in place, and a linked file would change under the version that serves.
  const caches = ['.cache', '.vite'].map((name) => join(to, 'node_modules', name));
  const cleared = await runGroup({ file: 'rm', args: ['-rf', '--', ...caches], title: 'rm -rf caches' }, options);
  return cleared.code === 0;
}

async function isOnPath(name: string, path: string): Promise<boolean> {
  const candidates = path.split(delimiter).filter((folder) => folder !== '');
  for (const folder of candidates) {
    const found = await access(join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
