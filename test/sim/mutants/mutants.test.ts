import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { judgeAll } from './jury.ts';
import { changed, sourceOf } from './mutate.ts';
import { changesOf } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

test('what each mutant breaks is still there, once', () => {
  for (const change of MUTANTS.flatMap(changesOf)) {
    expect(changed(sourceOf(change), change)).not.toBe(sourceOf(change));
  }
});

test('names are not used twice', () => {
  const names = MUTANTS.map(({ name }) => name);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
});

test('a mutant whose text is gone, or there twice, is refused', () => {
  const change = { file: 'src/x.ts', from: 'a', to: 'b' };
  expect(() => changed('c', change)).toThrow('src/x.ts: found 0 times, allowed once: a');
  expect(() => changed('a a', change)).toThrow('found 2 times');
  expect(changed('c a', change)).toBe('c b');
});

/** All of them take about a minute of two cores: here a third, which one by the commit; `npm run sim:mutants` runs all. */
const THIRDS = 3;

test('a third of the mutants: each is caught, and only where something is broken', { timeout: 300_000 }, async () => {
  const third = thirdOfTheCommit();
  const some = MUTANTS.filter((_, index) => index % THIRDS === third);
  const verdicts = await judgeAll(some, 2);
  expect(verdicts.filter(({ outcome }) => outcome !== 'caught')).toEqual([]);
});

/** The first without a repository. */
function thirdOfTheCommit(): number {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' });
    return Number.parseInt(commit.slice(0, 6), 16) % THIRDS;
  } catch {
    return 0;
  }
}
