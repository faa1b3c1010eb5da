/** Reads `.mayfly.yml`. */
import { check } from './check.ts';
import { FILE, faultsError } from './faults.ts';
import type { Repo } from './repo.ts';
import type { RecipeFile } from './spec.ts';
import { parseYaml } from './yaml.ts';

const MOST_BYTES = 64 * 1_024;

/** Undefined when there is none. Throws a PhaseError that names every fault. */
export async function readRecipeFile(repo: Repo): Promise<RecipeFile | undefined> {
  if (!repo.has('', FILE)) return undefined;
  const text = await repo.glance(FILE);
  if (text === undefined || Buffer.byteLength(text) > MOST_BYTES) {
    throw faultsError([{ path: [], text: 'must be a plain file of at most 64 KB' }]);
  }
  const parsed = await parseYaml(text);
  if ('problems' in parsed) throw faultsError(parsed.problems.map((problem) => ({ path: [], text: problem })));
  // The schema's library, too, is loaded only where there is a file.
  const { validate } = await import('./schema.ts');
  const { value, faults } = validate(parsed.content ?? {});
  const checked = check(value, repo);
  const all = [...faults, ...checked.faults];
  if (all.length > 0) throw faultsError(all, parsed.lineOf);
  return checked.file;
}
