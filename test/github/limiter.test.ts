import { describe, expect, it } from 'vitest';
import { makeLimiter } from '../../src/github/limiter.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

describe('the limiter', () => {
  it('runs at most ten requests at once', async () => {
    const limiter = makeLimiter(makeFakeClock(), 1_000);
    let running = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    const calls = Array.from({ length: 40 }, () =>
      limiter.run(false, async () => {
        most = Math.max(most, ++running);
        await gate.promise;
        running -= 1;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(running).toBe(10);
    gate.resolve();
    await Promise.all(calls);
    expect(most).toBe(10);
  });

  it('never writes more than 80 times a minute, and says so instead of keeping the caller waiting', async () => {
    const clock = makeFakeClock();
    const limiter = makeLimiter(clock, 1_000);
    const written: number[] = [];
    let refused = 0;
    const write = (): Promise<void> =>
      limiter
        .run(true, async () => void written.push(clock.monotonic()))
        .catch((error: unknown) => {
          expect(error).toMatchObject({ kind: 'limited', retryAfterMs: 10_000 });
          refused += 1;
        });
    const calls: Promise<void>[] = [];
    for (let second = 0; second < 120; second++) {
      calls.push(write(), write(), write());
      await clock.advance(1_000);
    }
    await clock.advance(5_000);
    await Promise.all(calls);
    const inMinute = (from: number): number => written.filter((at) => at >= from && at < from + 60_000).length;
    expect(Math.max(...written.map(inMinute))).toBeLessThanOrEqual(80);
    expect(written.length).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it('lets reads pass while writes wait', async () => {
    const clock = makeFakeClock();
    const limiter = makeLimiter(clock, 1_000);
    for (let each = 0; each < 20; each++) await limiter.run(true, async () => undefined);
    const late = limiter.run(true, async () => 'written');
    expect(await limiter.run(false, async () => 'read')).toBe('read');
    await clock.advance(1_000);
    expect(await late).toBe('written');
    expect(clock.pending()).toBe(0);
  });
});
