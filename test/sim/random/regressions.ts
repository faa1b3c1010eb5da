/** Stories that once failed: each is replayed in every test run, but for those that are still open. */
import { readdirSync, readFileSync } from 'node:fs';
import type { OracleName } from '../oracles/oracle.ts';
import type { Story } from './story.ts';

export interface Regression {
  readonly name: string;
  /** What went wrong, in one line. */
  readonly about: string;
  readonly oracle: OracleName;
  /** True while the operator still gets it wrong. */
  readonly open?: boolean;
  /** The seed that found it, and the commit at which it failed. */
  readonly found: { readonly seed: number; readonly commit: string };
  readonly story: Story;
}

const FOLDER = new URL('../regressions/', import.meta.url);

export function regressions(): readonly Regression[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.toSorted().map((file) => {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    return { ...(JSON.parse(text) as Omit<Regression, 'name'>), name: file.replace(/\.json$/, '') };
  });
}
