import type { LocalClock } from '../service.ts';

export interface Timer {
  cancel(): void;
}

/** Timers that can all be cancelled together. */
export interface Timers {
  after(ms: number, fn: () => void): Timer;
  cancelAll(): void;
}

export function makeTimers(clock: LocalClock): Timers {
  const pending = new Set<Timer>();
  return {
    after(ms, fn) {
      const timer = clock.after(ms, () => {
        pending.delete(handle);
        fn();
      });
      const handle: Timer = {
        cancel() {
          pending.delete(handle);
          timer.cancel();
        },
      };
      pending.add(handle);
      return handle;
    },
    cancelAll() {
      for (const timer of pending) {
        timer.cancel();
      }
    },
  };
}
