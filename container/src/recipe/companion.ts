/** A server in a directory of its own beside a front end. */
import { hasScript, type Manifest } from './manifest.ts';
import { join } from './paths.ts';
import type { Repo } from './repo.ts';
import { scriptsOf } from './script-words.ts';

const NAME = 'server';
const INSTALL_HOOKS = ['preinstall', 'install', 'postinstall', 'prepare'];

/** Undefined when there is none, or when another process runs in it. */
export async function companionOf(
  repo: Repo,
  directory: string,
  taken: ReadonlySet<string>,
): Promise<string | undefined> {
  const place = join(directory, NAME);
  const manifest = taken.has(place) ? undefined : await repo.manifest(place);
  if (!manifest) return undefined;
  const isPackage =
    Object.keys(manifest.dependencies).length > 0 || ['start', 'build'].some((name) => hasScript(manifest, name));
  return isPackage ? place : undefined;
}

/** The front end's own scripts already install, or build, what is in the directory below it. */
export function isDoneBy(manifest: Manifest | undefined, step: 'install' | 'build', name: string): boolean {
  if (!manifest) return false;
  return scriptsOf(manifest, step === 'install' ? INSTALL_HOOKS : ['build']).some((text) => worksIn(text, name));
}

/** A command that goes into the directory: `cd server`, `npm --prefix server`, `yarn --cwd ./server`, `make -C server`. */
export function worksIn(command: string, name: string): boolean {
  const places = command.matchAll(/(?:\bcd |--(?:prefix|cwd|dir)[ =]|-C ?)["']?(?:\.\/)?([\w./-]+)/g);
  return [...places].some(([, place = '']) => place.replace(/\/$/, '') === name);
}
