/** Breaks the operator's source while it is loaded: what lies in `src/` stays as it is, and has no hooks for tests. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { Change } from './mutant.ts';

/** The file's text with the change. Throws when what is to be replaced is not there exactly once. */
export function changed(source: string, { file, from, to }: Change): string {
  const found = source.split(from).length - 1;
  if (found !== 1) throw new Error(`${file}: found ${found} times, allowed once: ${from}`);
  return source.replace(from, () => to);
}

/** Everything that is imported from now on sees the changes. Returns the files of which nothing was imported so far. */
export function breakOperator(changes: readonly Change[]): () => readonly string[] {
  const byUrl = Map.groupBy(changes, urlOf);
  const loaded = new Set<string>();
  registerHooks({
    load(url, context, nextLoad) {
      const [first, ...more] = byUrl.get(url) ?? [];
      if (!first) return nextLoad(url, context);
      loaded.add(url);
      const source = more.reduce(changed, changed(sourceOf(first), first));
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  return () => changes.filter((change) => !loaded.has(urlOf(change))).map(({ file }) => file);
}

export function sourceOf(change: Pick<Change, 'file'>): string {
  return readFileSync(new URL(urlOf(change)), 'utf8');
}

function urlOf({ file }: Pick<Change, 'file'>): string {
  return new URL(`../../../${file}`, import.meta.url).href;
}
