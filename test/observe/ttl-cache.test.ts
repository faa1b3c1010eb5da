import { describe, expect, it } from 'vitest';
import { makeTtlCache } from '../../src/observe/ttl-cache.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

function counting(ttlMs: (value: number) => number) {
  const clock = makeFakeClock();
  const cache = makeTtlCache<number>({ clock, ttlMs });
  let loads = 0;
  return { clock, get: (key = 'k') => cache.get(key, async () => ++loads), loads: () => loads };
}

describe('a cache of answers that hold for a while', () => {
  it('loads once for askers at once and until the time is over', async () => {
    const { clock, get } = counting(() => 100);
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    await clock.advance(99);
    expect(await get()).toBe(1);
    await clock.advance(1);
    expect(await get()).toBe(2);
    expect(await get('other')).toBe(3);
  });

  it('counts the time from when the answer arrived', async () => {
    const clock = makeFakeClock();
    const cache = makeTtlCache<string>({ clock, ttlMs: () => 100 });
    const slow = cache.get('k', async () => {
      await new Promise<void>((resolve) => clock.after(500, resolve));
      return 'slow';
    });
    await clock.advance(550);
    await slow;
    expect(await cache.get('k', async () => 'new')).toBe('slow');
  });

  it('lets the answer decide, and keeps nothing for 0', async () => {
    const { get } = counting((value) => (value === 1 ? 0 : 100));
    expect([await get(), await get(), await get()]).toEqual([1, 2, 2]);
  });

  it('does not keep a failure', async () => {
    const cache = makeTtlCache<string>({ clock: makeFakeClock(), ttlMs: () => 100 });
    await expect(cache.get('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('k', async () => 'yes')).toBe('yes');
  });

  it('forgets what has run out when there is much of it', async () => {
    const { clock, get, loads } = counting(() => 100);
    for (let index = 0; index < 600; index++) await get(`old-${index}`);
    await clock.advance(100);
    for (let index = 0; index < 600; index++) await get(`new-${index}`);
    expect(loads()).toBe(1_200);
    expect(await get('new-0')).toBe(601);
  });
});
