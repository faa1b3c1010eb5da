import { expect, test } from 'vitest';
import { judgeAll } from './jury.ts';
import { changed, sourceOf } from './mutate.ts';
import { changesOf } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { SURVIVORS } from './survivors.ts';

test('what each mutant breaks is still there, once', () => {
  for (const change of [...MUTANTS, ...SURVIVORS].flatMap(changesOf)) {
    expect(changed(sourceOf(change), change)).not.toBe(sourceOf(change));
  }
});

test('names are not used twice', () => {
  const names = [...MUTANTS, ...SURVIVORS].map(({ name }) => name);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
});

test('a mutant whose text is gone, or there twice, is refused', () => {
  const change = { file: 'src/x.ts', from: 'a', to: 'b' };
  expect(() => changed('c', change)).toThrow('src/x.ts: found 0 times, allowed once: a');
  expect(() => changed('a a', change)).toThrow('found 2 times');
  expect(changed('c a', change)).toBe('c b');
});

test('every mutant is caught, and only where something is broken', { timeout: 300_000 }, async () => {
  const verdicts = await judgeAll(MUTANTS, 2);
  expect(verdicts.filter(({ outcome }) => outcome !== 'caught')).toEqual([]);
});
