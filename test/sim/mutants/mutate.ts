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

/** Everything that is imported from now on sees the change. Returns whether the file has been loaded yet. */
export function breakOperator(change: Change): () => boolean {
  const url = urlOf(change);
  let loaded = false;
  registerHooks({
    load(loadedUrl, context, nextLoad) {
      if (loadedUrl !== url) return nextLoad(loadedUrl, context);
      loaded = true;
      return { format: 'module-typescript', source: changed(sourceOf(change), change), shortCircuit: true };
    },
  });
  return () => loaded;
}

export function sourceOf(change: Pick<Change, 'file'>): string {
  return readFileSync(new URL(urlOf(change)), 'utf8');
}

function urlOf({ file }: Pick<Change, 'file'>): string {
  return new URL(`../../../${file}`, import.meta.url).href;
}
