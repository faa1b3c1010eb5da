import { describe, expect, it } from 'vitest';
import { every, sleep, systemClock } from '../../src/runtime/clock.ts';
import { toError } from '../../src/runtime/errors.ts';
import { makeFakeClock } from './fake-clock.ts';

describe('the clock of the system', () => {
  it('tells the time, and goes on', async () => {
    const before = systemClock.monotonic();
    expect(Number.isInteger(systemClock.now())).toBe(true);
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    expect(systemClock.monotonic()).toBeGreaterThan(before);
  });

  it('does not fire a cancelled timer', async () => {
    let fired = false;
    systemClock.after(1, () => (fired = true)).cancel();
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
    expect(fired).toBe(false);
  });

  it('takes a moment that has passed for now, without a warning', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on('warning', listen);
    await new Promise<void>((resolve) => systemClock.after(-75, resolve));
    await new Promise<void>((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  it('lets a sleeper go when the signal aborts, before or during', async () => {
    const abort = new AbortController();
    const sleeping = sleep(systemClock, 60_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(sleep(systemClock, 60_000, abort.signal)).rejects.toThrow('enough');
  });
});

describe('whatever was thrown', () => {
  it('becomes an error that quotes plain values and names objects by kind only', () => {
    const error = new Error('same');
    expect(toError(error)).toBe(error);
    expect(toError('words').message).toContain('words');
    expect(toError(null).message).toContain('null');
    expect(toError({ token: 'hunter2' }).message).toBe('something that is not an Error was thrown: [object Object]');
  });
});

describe('every', () => {
  it('calls at each interval until it is cancelled, and leaves no timer behind', async () => {
    const clock = makeFakeClock();
    let calls = 0;
    const timer = every(clock, 100, () => (calls += 1));
    await clock.advance(99);
    expect(calls).toBe(0);
    await clock.advance(251);
    expect(calls).toBe(3);
    timer.cancel();
    await clock.advance(1_000);
    expect([calls, clock.pending()]).toEqual([3, 0]);
  });
});
