/** Which package manager a directory is installed with, by its lock file. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';
import { faultOfJson, type Manifest } from './manifest.ts';
import { join } from './paths.ts';
import type { Manager } from './recipe.ts';
import type { Repo } from './repo.ts';

export interface Choice {
  readonly manager: Manager;
  /** From the root of the repository; absent when none can be followed. */
  readonly lockFile?: string;
  readonly notes: readonly string[];
}

const LOCK_FILES: readonly (readonly [file: string, manager: Manager])[] = [
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
];
const UNKNOWN_LOCK_FILES = ['bun.lock', 'bun.lockb', 'deno.lock'];
const QUIET = ['--no-audit', '--no-fund', '--include=dev'];

/** The field packageManager decides between several lock files. */
export function chooseManager(repo: Repo, directory: string, manifest: Manifest | undefined): Choice {
  const { managers } = repo.surroundings;
  const present = LOCK_FILES.filter(([file]) => repo.has(directory, file));
  const usable = present.filter(([, manager]) => manager === 'npm' || managers.has(manager));
  const named = (locks: typeof present) => locks.find(([, manager]) => manager === manifest?.packageManager);
  const taken = named(usable) ?? usable[0];
  const wanted = named(present) ?? present[0];
  if (!taken) return { manager: 'npm', notes: [noteOfNone(repo, directory, wanted)] };
  const [file, manager] = taken;
  const lockFile = join(directory, file);
  return { manager, lockFile, notes: notesOfSeveral(directory, { present, wanted, taken, manifest }) };
}

type Lock = (typeof LOCK_FILES)[number];

function noteOfNone(repo: Repo, directory: string, wanted: Lock | undefined): string {
  if (wanted) {
    const [file, manager] = wanted;
    const lockFile = join(directory, file);
    return `WARNING: ${lockFile} is IGNORED since ${manager} is not in this image; falling back to \`npm install\``;
  }
  const other = UNKNOWN_LOCK_FILES.find((file) => repo.has(directory, file));
  if (other !== undefined) {
    return `WARNING: ${join(directory, other)} is IGNORED since only npm, pnpm and yarn are known; falling back to \`npm install\``;
  }
  const where = directory === '' ? '' : ` in ${directory}`;
  return `WARNING: there is no lock file${where}; \`npm install\` picks whatever versions are newest today. Commit a lock file`;
}

interface Several {
  readonly present: readonly Lock[];
  readonly wanted: Lock | undefined;
  readonly taken: Lock;
  readonly manifest: Manifest | undefined;
}

function notesOfSeveral(directory: string, { present, wanted, taken, manifest }: Several): string[] {
  const [file, manager] = taken;
  if (wanted && wanted[1] !== manager) {
    const [ignored, missing] = wanted;
    return [
      `WARNING: ${join(directory, ignored)} is IGNORED since ${missing} is not in this image; ${join(directory, file)} is followed`,
    ];
  }
  const others = present.filter(([, each]) => each !== manager).map(([each]) => join(directory, each));
  if (others.length === 0 || manifest?.packageManager === manager) return [];
  return [
    `${join(directory, file)} is followed, and ${others.join(' and ')} is not; delete it, or set packageManager in package.json`,
  ];
}

/** Throws a PhaseError when the lock file is broken, which package managers tell in a way that few understand. */
export async function checkLockFile(repo: Repo, lockFile: string): Promise<void> {
  const fault = await faultOfLockFile(repo, lockFile);
  if (fault === undefined) return;
  throw new PhaseError('recipe', `${lockFile} cannot be used: ${fault}. Make it anew, and commit it`);
}

async function faultOfLockFile(repo: Repo, lockFile: string): Promise<string | undefined> {
  // Lock files can be too large to be held here; git looks into them at any size.
  const [conflict] = await repo.source.grep('^(<<<<<<<|>>>>>>>) ', [`:(literal)${lockFile}`]);
  if (conflict) return 'it holds the markers of a git merge conflict';
  if (!lockFile.endsWith('.json')) return undefined;
  const text = await repo.glance(lockFile);
  return text === undefined ? undefined : faultOfJson(text);
}

export async function installCommand(repo: Repo, directory: string, { manager, lockFile }: Choice): Promise<Command> {
  if (lockFile === undefined) return command('npm', 'install', '--no-package-lock', ...QUIET);
  if (manager === 'npm') return command('npm', 'ci', ...QUIET);
  if (manager === 'pnpm') return command('pnpm', 'install', '--frozen-lockfile', '--prod=false');
  return command('yarn', 'install', (await isModernYarn(repo, directory)) ? '--immutable' : '--frozen-lockfile');
}

const SAME_LOCK = fileURLToPath(new URL(`../lock-files/same-main${extname(import.meta.filename)}`, import.meta.url));
/** `install` rewrites a lock file in its own way; should it ask for other modules now, it did not fit. */
const CONVERGE = `trap 'rm -f .mayfly-lock; git checkout --quiet -- "$1"' EXIT
npm install --package-lock ${QUIET.join(' ')}
git show "HEAD:./$1" > .mayfly-lock
"$2" "$3" .mayfly-lock "$1"`;

/**
 * With modules of another commit in place. npm's `install` changes only what differs, where `ci` begins by removing
 * everything. Undefined for other managers, and without a lock file.
 */
export function convergeCommand({ manager, lockFile }: Choice): Command | undefined {
  if (lockFile === undefined || manager !== 'npm') return undefined;
  const name = lockFile.slice(lockFile.lastIndexOf('/') + 1);
  const args = ['-ec', CONVERGE, 'sh', name, process.execPath, SAME_LOCK];
  return { file: '/bin/sh', args, title: 'npm install' };
}

/** Yarn's modern versions are recognised by their configuration file or their lock file; the two know different flags. */
export async function isModernYarn(repo: Repo, directory: string): Promise<boolean> {
  if (repo.has(directory, '.yarnrc.yml')) return true;
  const found = await repo.source.grep('^__metadata:', [`:(literal)${join(directory, 'yarn.lock')}`]);
  return found.length > 0;
}

function command(file: string, ...args: string[]): Command {
  return { file, args, title: `${file} ${args[0] ?? ''}` };
}
