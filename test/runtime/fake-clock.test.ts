import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/runtime/clock.ts';
import { FAKE_EPOCH, makeFakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  it('stands still until advanced', async () => {
    const clock = makeFakeClock();
    expect(clock.now()).toBe(FAKE_EPOCH);
    await clock.advance(1500);
    expect(clock.now()).toBe(FAKE_EPOCH + 1500);
    expect(clock.monotonic()).toBe(1500);
  });

  it('fires timers in the order of their time, then of their setting', async () => {
    const clock = makeFakeClock();
    const fired: string[] = [];
    clock.after(20, () => fired.push(`late at ${clock.monotonic()}`));
    clock.after(10, () => fired.push(`first at ${clock.monotonic()}`));
    clock.after(10, () => fired.push(`second at ${clock.monotonic()}`));
    await clock.advance(19);
    expect(fired).toEqual(['first at 10', 'second at 10']);
    expect(clock.pending()).toBe(1);
    await clock.advance(1);
    expect(fired).toEqual(['first at 10', 'second at 10', 'late at 20']);
  });

  it('fires timers that were set by promises on the way', async () => {
    const clock = makeFakeClock();
    const woken: number[] = [];
    const loop = (async () => {
      for (let turn = 0; turn < 5; turn++) {
        await sleep(clock, 10);
        woken.push(clock.monotonic());
      }
    })();
    await clock.advance(50);
    await loop;
    expect(woken).toEqual([10, 20, 30, 40, 50]);
  });

  it('forgets cancelled timers', async () => {
    const clock = makeFakeClock();
    let fired = false;
    clock.after(10, () => (fired = true)).cancel();
    expect(clock.pending()).toBe(0);
    await clock.advance(10);
    expect(fired).toBe(false);
  });
});
