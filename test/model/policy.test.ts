import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { backoffMs, DEFAULT_POLICY } from '../../src/model/policy.ts';

describe('the pause after failures in a row', () => {
  // biome-ignore format: a drawn table reads by rows
  test.each([
    [0,     5_000],
    [1,     5_000],
    [2,    10_000],
    [3,    20_000],
    [6,   160_000],
    [7,   300_000],
    [2_000, 300_000],
  ])('%i of them is %i ms', (failures, ms) => {
    expect(backoffMs(DEFAULT_POLICY, failures)).toBe(ms);
  });

  it('never shrinks, and never exceeds the longest', () => {
    const policy = fc.record({ backoffBaseMs: fc.integer({ min: 1, max: 1e6 }), backoffMaxMs: fc.integer({ min: 1 }) });
    fc.assert(
      fc.property(policy, fc.nat(5_000), (times, failures) => {
        const whole = { ...DEFAULT_POLICY, ...times };
        const pause = backoffMs(whole, failures);
        expect(pause).toBeLessThanOrEqual(times.backoffMaxMs);
        expect(backoffMs(whole, failures + 1)).toBeGreaterThanOrEqual(pause);
        expect(Number.isFinite(pause)).toBe(true);
      }),
    );
  });
});
