import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeTokenBucket } from '../../src/runtime/token-bucket.ts';
import { makeFakeClock } from './fake-clock.ts';

describe('a token bucket', () => {
  it('gives the burst at once and then one token an interval', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 3, perSecond: 4, clock });
    const times: number[] = [];
    for (let call = 0; call < 6; call++) void bucket.take().then(() => times.push(clock.monotonic()));
    await clock.advance(10_000);
    expect(times).toEqual([0, 0, 0, 250, 500, 750]);
    expect(clock.pending()).toBe(0);
  });

  it('fills up to the burst in a pause, and no further', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 2, perSecond: 1, clock });
    await clock.advance(60_000);
    expect([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()]).toEqual([true, true, false]);
    await clock.advance(1_000);
    expect([bucket.tryTake(), bucket.tryTake()]).toEqual([true, false]);
  });

  it('serves in the order of asking, and lets nobody overtake', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 1, perSecond: 1, clock });
    const served: string[] = [];
    for (const name of ['a', 'b', 'c']) void bucket.take().then(() => served.push(name));
    expect(bucket.tryTake()).toBe(false);
    await clock.advance(1_000);
    expect(served).toEqual(['a', 'b']);
    expect(bucket.waiting()).toBe(1);
    await clock.advance(1_000);
    expect(served).toEqual(['a', 'b', 'c']);
  });

  it('loses nothing to timers that fire late by less than the burst lasts', async () => {
    const clock = makeFakeClock();
    const late = { ...clock, after: (ms: number, fn: () => void) => clock.after(ms + 70, fn) };
    const bucket = makeTokenBucket({ burst: 10, perSecond: 100, clock: late });
    let given = 0;
    for (let call = 0; call < 1_000; call++) void bucket.take().then(() => (given += 1));
    await clock.advance(5_000);
    expect(given).toBeGreaterThanOrEqual(10 + 492);
    expect(given).toBeLessThanOrEqual(10 + 500);
  });

  it('does not drift over a long run at an awkward rate', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 2, perSecond: 3, clock });
    let last = 0;
    for (let call = 0; call < 3_002; call++) void bucket.take().then(() => (last = clock.monotonic()));
    await clock.advance(2_000_000);
    expect(last).toBe(1_000_000);
  });

  it('lets an aborted caller go without using a token', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 1, perSecond: 1, clock });
    await bucket.take();
    const abort = new AbortController();
    const given = expect(bucket.take(abort.signal)).rejects.toThrow('gone');
    const next = bucket.take();
    abort.abort(new Error('gone'));
    await given;
    await clock.advance(1_000);
    await next;
    expect(clock.pending()).toBe(0);
  });

  it('leaves no timer when the last caller goes', async () => {
    const clock = makeFakeClock();
    const bucket = makeTokenBucket({ burst: 1, perSecond: 1, clock });
    await bucket.take();
    const abort = new AbortController();
    const given = expect(bucket.take(abort.signal)).rejects.toThrow('gone');
    abort.abort(new Error('gone'));
    await given;
    expect([clock.pending(), bucket.waiting()]).toEqual([0, 0]);
    await expect(bucket.take(abort.signal)).rejects.toThrow('gone');
  });

  it.each([
    [{ burst: 0, perSecond: 1 }, 'burst: found 0'],
    [{ burst: 1.5, perSecond: 1 }, 'burst: found 1.5'],
    [{ burst: 1, perSecond: 0 }, 'perSecond: found 0'],
    [{ burst: 1, perSecond: Number.NaN }, 'perSecond: found NaN'],
  ])('refuses %o', (options, message) => {
    expect(() => makeTokenBucket({ ...options, clock: makeFakeClock() })).toThrow(message);
  });
});

describe('in any window', () => {
  const scenario = fc.record({
    burst: fc.integer({ min: 1, max: 20 }),
    perSecond: fc.constantFrom(0.5, 1, 3, 7, 10, 40),
    /** Pauses between callers, in milliseconds. */
    pauses: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3_000 })), { minLength: 1, maxLength: 60 }),
  });

  it('gives no more than the limit, and starves nobody', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ burst, perSecond, pauses }) => {
        const clock = makeFakeClock();
        const bucket = makeTokenBucket({ burst, perSecond, clock });
        const times: number[] = [];
        for (const pause of pauses) {
          if (pause > 0) await clock.advance(pause);
          void bucket.take().then(() => times.push(clock.monotonic()));
        }
        await clock.advance(Math.ceil((pauses.length * 1000) / perSecond));
        expect(times).toHaveLength(pauses.length);
        for (const [first, from] of times.entries()) {
          for (const [last, to] of times.entries()) {
            if (last < first) continue;
            const allowed = burst + ((to - from) / 1000) * perSecond;
            expect(last - first + 1).toBeLessThanOrEqual(Math.floor(allowed + 1e-9));
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never lets a caller wait while a token is free', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ burst, perSecond, pauses }) => {
        const clock = makeFakeClock();
        const bucket = makeTokenBucket({ burst, perSecond, clock });
        // The textbook bucket, refilled by hand.
        let tokens = burst;
        for (const pause of pauses) {
          if (pause > 0) await clock.advance(pause);
          tokens = Math.min(burst, tokens + (pause / 1000) * perSecond);
          if (Math.abs(tokens - 1) < 1e-6) tokens = bucket.tryTake() ? 0 : tokens;
          else if (bucket.tryTake()) tokens -= expectToken(tokens);
          else expect(tokens).toBeLessThan(1);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function expectToken(tokens: number): number {
  expect(tokens).toBeGreaterThanOrEqual(1);
  return 1;
}
