import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, percentile, summarise } from './statistics.ts';

describe('percentile', () => {
  it('needs no sorted values, and sorts numbers as numbers', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('lies between the two nearest values, by their distance', () => {
    expect(median([1, 2])).toBe(1.5);
    expect(percentile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46);
  });

  it('of one value is that value', () => {
    expect(summarise([7])).toEqual({ n: 1, median: 7, p90: 7, p99: 7, least: 7, most: 7 });
  });

  it('is never outside of the values, and never falls as the share rises', () => {
    const values = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (all, one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        expect(percentile(all, low)).toBeGreaterThanOrEqual(Math.min(...all));
        expect(percentile(all, high)).toBeLessThanOrEqual(Math.max(...all));
        expect(percentile(all, low)).toBeLessThanOrEqual(percentile(all, high) + 1e-9);
      }),
    );
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it.each([
    ['no values', [], 0.5, 'values: found none'],
    ['a share above 1', [1], 90, 'share: found 90'],
    ['a share that is no number', [1], Number.NaN, 'share: found NaN'],
  ])('%s is refused', (_what, values, share, message) => {
    expect(() => percentile(values, share)).toThrow(message);
  });
});
