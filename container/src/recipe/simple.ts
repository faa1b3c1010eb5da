/** How a checkout is installed, built and started, read from its files. Pure: what is on disk comes in as a value. */
import type { Command } from '../processes/process-group.ts';
import { PhaseError } from '../updates/progress.ts';

export interface Checkout {
  /** Names at the root of the repository. */
  readonly files: ReadonlySet<string>;
  /** Text of `package.json`, when there is one. */
  readonly manifest: string | undefined;
}

export interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly workspaces: boolean;
  /** The parts that decide what is installed, as text to compare. */
  readonly dependencies: string;
}

export interface Recipe {
  readonly manifest: Manifest;
  readonly lockFile: string | undefined;
  readonly install: Command;
  /** Something the person who pushed should know about the install. */
  readonly note?: string;
  readonly build?: Command;
  readonly start: Command;
}

type Manager = 'npm' | 'pnpm' | 'yarn';

const LOCK_FILES: readonly (readonly [file: string, manager: Manager])[] = [
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
];

const QUIET = ['--no-audit', '--no-fund', '--include=dev'];

/** `has` tells whether a package manager is in the image. Throws a PhaseError that says what the repository lacks. */
export function detectRecipe(checkout: Checkout, has: (manager: string) => boolean): Recipe {
  const manifest = parseManifest(checkout.manifest);
  const locked = LOCK_FILES.find(([file]) => checkout.files.has(file));
  const usable = locked && (locked[1] === 'npm' || has(locked[1])) ? locked : undefined;
  const manager = usable?.[1] ?? 'npm';
  const startScript = ['start', 'dev'].find((name) => Object.hasOwn(manifest.scripts, name));
  if (startScript === undefined) {
    throw new PhaseError(
      'start',
      'package.json has no script "start" (nor "dev"), so nothing says how the app is started',
    );
  }
  const note = noteOf(locked, usable);
  return {
    manifest,
    lockFile: usable?.[0],
    install: installCommand(usable, checkout),
    ...(note === undefined ? {} : { note }),
    ...(Object.hasOwn(manifest.scripts, 'build') ? { build: scriptCommand(manager, manifest, 'build') } : {}),
    start: scriptCommand(manager, manifest, startScript),
  };
}

function noteOf(
  locked: readonly [string, Manager] | undefined,
  usable: readonly [string, Manager] | undefined,
): string | undefined {
  if (usable) return undefined;
  if (!locked) {
    return 'WARNING: there is no lock file; `npm install` picks whatever versions are newest today. Commit a lock file';
  }
  const [file, manager] = locked;
  return `WARNING: ${file} is IGNORED since ${manager} is not in this image; falling back to \`npm install\``;
}

function installCommand(locked: readonly [string, Manager] | undefined, checkout: Checkout): Command {
  switch (locked?.[1]) {
    case 'npm':
      return command('npm', 'ci', ...QUIET);
    case 'pnpm':
      return command('pnpm', 'install', '--frozen-lockfile', '--prod=false');
    case 'yarn':
      // Yarn's modern versions are recognised by their configuration file; the two know different flags.
      return command('yarn', 'install', checkout.files.has('.yarnrc.yml') ? '--immutable' : '--frozen-lockfile');
    default:
      return command('npm', 'install', '--no-package-lock', ...QUIET);
  }
}

function command(file: string, ...args: string[]): Command {
  return { file, args, title: `${file} ${args[0] ?? ''}` };
}

/**
 * A shell of our own starts at once, stays small beside the app and keeps the script's exit code, but knows no pre and
 * post scripts and sets no `npm_…` variables; a script that may need those runs under its package manager. `projectEnv`
 * puts `node_modules/.bin` on the PATH.
 */
function scriptCommand(manager: Manager, manifest: Manifest, name: string): Command {
  const { scripts } = manifest;
  const script = scripts[name] ?? '';
  const hooked = Object.hasOwn(scripts, `pre${name}`) || Object.hasOwn(scripts, `post${name}`);
  const title = `${manager} run ${name}`;
  // Yarn may keep no node_modules at all and resolve commands itself.
  const managed = manager === 'yarn' || hooked || script.includes('npm_');
  return managed ? { file: manager, args: ['run', name], title } : { file: '/bin/sh', args: ['-c', script], title };
}

function parseManifest(text: string | undefined): Manifest {
  if (text === undefined) {
    throw new PhaseError('install', 'the repository has no package.json at its root, so nothing says how to run it');
  }
  const parsed = parseObject(text);
  const scripts = isRecord(parsed['scripts']) ? parsed['scripts'] : {};
  const parts = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides'];
  return {
    scripts: Object.fromEntries(
      Object.entries(scripts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    workspaces: parsed['workspaces'] !== undefined,
    dependencies: JSON.stringify(parts.map((part) => parsed[part] ?? null)),
  };
}

function parseObject(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new PhaseError('install', `package.json is not valid JSON: ${String(error)}`);
  }
  if (!isRecord(parsed)) throw new PhaseError('install', 'package.json does not hold a JSON object');
  return parsed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
