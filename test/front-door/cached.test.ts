import { describe, expect, it } from 'vitest';
import { makeCached } from '../../src/front-door/cached.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

/** A source that says what it was last told to, and counts. */
function world() {
  const clock = makeFakeClock();
  const source: { says: string | undefined | Error; asked: number } = { says: 'here', asked: 0 };
  const load = async (): Promise<string | undefined> => {
    source.asked += 1;
    if (source.says instanceof Error) throw source.says;
    return source.says;
  };
  const cached = makeCached(load, { clock, freshMs: 1_000, absentMs: 100, timeoutMs: 4_000 });
  return { clock, source, cached };
}

describe('an answer', () => {
  it('is shared by everybody who asks while it is fresh, and asked for anew after that', async () => {
    const { clock, source, cached } = world();
    await Promise.all([cached('a'), cached('a')]);
    await clock.advance(999);
    expect(await cached('a')).toBe('here');
    expect(source.asked).toBe(1);
    await clock.advance(1);
    source.says = 'changed';
    expect(await cached('a')).toBe('changed');
  });

  it('that there is nothing holds for a moment only, so that what is new is seen soon', async () => {
    const { clock, source, cached } = world();
    source.says = undefined;
    expect(await cached('a')).toBeUndefined();
    source.says = 'made meanwhile';
    await clock.advance(99);
    expect(await cached('a')).toBeUndefined();
    expect(source.asked).toBe(1);
    await clock.advance(1);
    expect(await cached('a')).toBe('made meanwhile');
  });

  it('that failed is as good as any: a source in trouble is not asked by every request', async () => {
    const { clock, source, cached } = world();
    source.says = new Error('the store is away');
    await expect(cached('a')).rejects.toThrow('away');
    await clock.advance(999);
    await expect(cached('a')).rejects.toThrow('away');
    expect(source.asked).toBe(1);
  });
});
