/** How modules get into a directory, what decides which, and where they end up. */
import { shellCommand } from './commands.ts';
import { FILE } from './faults.ts';
import { makeFilter } from './inputs.ts';
import {
  checkLockFile,
  type Choice,
  chooseManager,
  convergeCommand,
  installCommand,
  isModernYarn,
} from './managers.ts';
import type { Manifest } from './manifest.ts';
import { byText, isBelow, join } from './paths.ts';
import type { Install } from './recipe.ts';
import type { Repo } from './repo.ts';
import { homeOf } from './workspaces.ts';

export interface InstallWish {
  readonly directory: string;
  /** In place of what the lock file asks for. */
  readonly commands?: readonly string[];
  /** Files and globs that decide what is installed, besides those that are known. */
  readonly more?: readonly string[];
  /** `.mayfly.yml` sets variables that the command may read. */
  readonly env: boolean;
}

export interface InstallPlan {
  readonly install: Install;
  readonly notes: readonly string[];
}

const CONFIGURATION = ['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', 'pnpm-workspace.yaml'];
const DIRECTORIES = ['patches', '.yarn/patches', '.yarn/plugins', '.yarn/releases'];
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];
/** They set up a developer's git, or apply `patches/`: what is installed is the same each time. */
const HARMLESS =
  /^(?:husky(?: install)?(?: [\w./-]+)?|is-ci \|\| husky(?: install)?|simple-git-hooks|lefthook install|patch-package)(?: \|\| (?:true|exit 0))?$/;

/** Commands that install just what a lock file says, as our own do. */
const PLAIN =
  /^(?:npm ci|pnpm (?:install|i) --frozen-lockfile|yarn install --(?:frozen-lockfile|immutable))(?: --[\w=-]+)*$/;

/** Undefined when there is nothing to install. */
export async function planInstall(repo: Repo, wish: InstallWish): Promise<InstallPlan | undefined> {
  const { root: home, members } = await homeOf(repo, wish.directory);
  const manifest = await repo.manifest(home);
  if (!manifest && !wish.commands) return undefined;
  const choice = chooseManager(repo, home, manifest);
  if (choice.lockFile !== undefined) await checkLockFile(repo, choice.lockFile);
  const packages = await packagesOf(repo, [home, ...members], wish);
  const facts = {
    inputs: inputsOf(repo, packages, wish, choice),
    outputs: packages.map(({ directory }) => join(directory, 'node_modules')).toSorted(byText),
    repeatable: await isRepeatable(repo, { home, packages, choice, wish }),
  };
  if (wish.commands) {
    const { directory, commands } = wish;
    return { install: { directory, command: shellCommand(commands), ...facts }, notes: [] };
  }
  const command = await installCommand(repo, home, choice);
  const converge = isPatched(facts.inputs, packages) ? undefined : convergeCommand(choice);
  const install = { directory: home, command, ...(converge && { converge }), ...facts };
  return { install, notes: choice.notes };
}

/** Modules that are not as they came keep what was done to them, where only what differs is installed. */
function isPatched(inputs: readonly string[], packages: readonly Package[]): boolean {
  const scripts = packages.flatMap(({ manifest }) => INSTALL_SCRIPTS.map((name) => manifest?.scripts[name] ?? ''));
  return inputs.some((path) => /(?:^|\/)patches\//.test(path)) || scripts.some((text) => text.includes('patch'));
}

interface Package {
  readonly directory: string;
  readonly manifest: Manifest | undefined;
}

/** With the directories of the repository that they depend on by path; a stated command may fill any below its own. */
async function packagesOf(repo: Repo, known: readonly string[], wish: InstallWish): Promise<readonly Package[]> {
  const found = new Map<string, Package>();
  const queue = [...known, ...(isPlain(wish) ? [] : repo.packagesBelow(wish.directory))];
  for (let directory = queue.shift(); directory !== undefined; directory = queue.shift()) {
    if (!found.has(directory)) {
      const manifest = await repo.manifest(directory);
      found.set(directory, { directory, manifest });
      queue.push(...localDependencies(repo, directory, manifest).map((each) => each.directory));
    }
  }
  return [...found.values()];
}

function isPlain({ commands }: InstallWish): boolean {
  return commands === undefined || (commands.length === 1 && PLAIN.test(commands[0]?.trim() ?? ''));
}

interface LocalDependency {
  readonly directory: string;
  readonly kind: 'file' | 'link' | 'portal';
}

function localDependencies(repo: Repo, from: string, manifest: Manifest | undefined): LocalDependency[] {
  return Object.values(manifest?.dependencies ?? {}).flatMap((range): LocalDependency[] => {
    const [, kind, path] = /^(file|link|portal):(?:\.\/)?(.+)$/.exec(range) ?? [];
    const directory = path === undefined ? undefined : join(from, path);
    if (directory === undefined || isBelow(directory, '..') || !repo.directories.has(directory)) return [];
    return [{ directory, kind: kind as LocalDependency['kind'] }];
  });
}

function inputsOf(repo: Repo, packages: readonly Package[], wish: InstallWish, { lockFile }: Choice): string[] {
  const manifests = packages.map(({ directory }) => join(directory, 'package.json'));
  const settings = packages.flatMap(({ directory }) => CONFIGURATION.map((name) => join(directory, name)));
  const folders = packages.flatMap(({ directory }) => DIRECTORIES.map((name) => join(directory, name)));
  const include = [...manifests, ...settings, ...folders, ...(wish.more ?? [])];
  if (lockFile !== undefined) include.push(lockFile);
  if (wish.env) include.push(FILE);
  return [...repo.source.files.keys()].filter(makeFilter({ include, exclude: [] })).toSorted(byText);
}

interface Repeat {
  readonly home: string;
  readonly packages: readonly Package[];
  readonly choice: Choice;
  readonly wish: InstallWish;
}

async function isRepeatable(repo: Repo, { home, packages, choice, wish }: Repeat): Promise<boolean> {
  if (await isElsewhere(repo, home, packages, choice)) return false;
  // Who names the files that decide answers for it.
  if (wish.more !== undefined) return true;
  if (choice.lockFile === undefined || !isPlain(wish)) return false;
  return packages.every((each) => !runsOwnCode(repo, each) && !copiesFiles(repo, each, choice));
}

function runsOwnCode(repo: Repo, { directory, manifest }: Package): boolean {
  const scripts = INSTALL_SCRIPTS.map((name) => manifest?.scripts[name]);
  return (
    repo.has(directory, 'binding.gyp') ||
    scripts.some((script) => script !== undefined && !HARMLESS.test(script.trim()))
  );
}

/** Others than npm copy a directory that is depended on by `file:`, with whatever is in it. */
function copiesFiles(repo: Repo, { directory, manifest }: Package, { manager }: Choice): boolean {
  return manager !== 'npm' && localDependencies(repo, directory, manifest).some(({ kind }) => kind === 'file');
}

/** True when modules are not only in directories node_modules of their own: committed ones, and yarn's Plug'n'Play. */
async function isElsewhere(
  repo: Repo,
  home: string,
  packages: readonly Package[],
  { manager }: Choice,
): Promise<boolean> {
  const committed = packages.some(({ directory }) => repo.directories.has(join(directory, 'node_modules')));
  if (committed || manager !== 'yarn' || !(await isModernYarn(repo, home))) return committed;
  const settings = (await repo.glance(join(home, '.yarnrc.yml'))) ?? '';
  return !/^nodeLinker:\s*["']?(?:node-modules|pnpm)\b/m.test(settings);
}
