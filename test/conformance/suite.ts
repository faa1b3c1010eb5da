/** The suite as vitest tests, over one implementation. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ArenaSource } from './arena.ts';
import { CASES } from './cases.ts';
import { type Judged, judge, staleDeviations } from './judge.ts';

export function conformanceSuite(open: () => Promise<ArenaSource>): void {
  const judged: Judged[] = [];
  let source: ArenaSource;
  beforeAll(async () => {
    source = await open();
  });
  afterAll(() => source.close());

  it.for(CASES.map((one) => [`${one.facts[0]}: ${one.name}`, one] as const))('%s', async ([, one], { skip }) => {
    const result = await judge(one, source);
    judged.push(result);
    if (result.verdict.kind === 'skipped') skip(result.verdict.why);
    if (result.verdict.kind === 'failed') throw result.verdict.error;
  });

  it('leaves nothing behind', () => {
    expect(judged.flatMap(({ case: { name }, leftovers }) => leftovers.map((one) => `${name}: ${one}`))).toEqual([]);
  });

  it('lists no deviation that is none', () => {
    expect(staleDeviations(judged, source)).toEqual([]);
  });
}
