/** What scripts of package.json speak of. */
import type { Build } from './recipe.ts';
import type { Manifest } from './manifest.ts';
import type { Repo } from './repo.ts';

/** As a word of its own: `cd server`, `server/build`, but not `entry-server`. */
export function mentions(text: string, word: string): boolean {
  return wordsOf(text).has(word);
}

/** A build, as far as it tells what is run. */
export type Work = Pick<Build, 'directory' | 'command'>;

/** All that a build runs of package.json, and its own command. */
export async function textsOf(repo: Repo, { directory, command }: Work): Promise<readonly string[]> {
  const manifest = await repo.manifest(directory);
  const scripts = manifest ? scriptsOf(manifest, ['build', ...command.args.flatMap((text) => [...wordsOf(text)])]) : [];
  return [...scripts, ...command.args];
}

/** The texts of these scripts, with their pre and post scripts, and of those that they name. */
export function scriptsOf({ scripts }: Manifest, names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const queue = [...names];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const text = found.has(name) || !Object.hasOwn(scripts, name) ? undefined : scripts[name];
    if (text !== undefined) {
      found.add(name);
      queue.push(`pre${name}`, `post${name}`, ...namesIn(text, Object.keys(scripts)));
    }
  }
  return [...found].map((name) => scripts[name] ?? '');
}

/** `build:*` names all that begin so. */
function namesIn(text: string, known: readonly string[]): readonly string[] {
  const words = wordsOf(text);
  const prefixes = [...words].filter((word) => word.endsWith(':'));
  return known.filter((name) => words.has(name) || prefixes.some((prefix) => name.startsWith(prefix)));
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[^\w@.:-]+/));
}
