/** What scripts of package.json speak of. */
import type { Manifest } from './manifest.ts';

/** As a word of its own: `cd server`, `server/build`, but not `entry-server`. */
export function mentions(text: string, word: string): boolean {
  return wordsOf(text).has(word);
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
