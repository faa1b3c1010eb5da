/** A clock that stands still until told to go on. Timers fire in the order of their time, then of their setting. */
import type { Clock, Timer } from '../../src/runtime/clock.ts';

export interface FakeClock extends Clock {
  /** Lets `ms` pass: fires every timer that falls due, also those set on the way, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Lets promises settle without letting time pass. */
  settle(): Promise<void>;
  /** How many timers wait. */
  pending(): number;
}

/** Any fixed moment will do; this one reads well in failures. */
export const FAKE_EPOCH = Date.UTC(2026, 0, 1);

/** Several turns of the event loop, so that chains of promises and immediates between two timers run to their end. */
const TURNS = 5;

interface Waiting {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

export function makeFakeClock(epoch = FAKE_EPOCH): FakeClock {
  const waiting = new Set<Waiting>();
  let elapsed = 0;
  let order = 0;

  const next = (until: number): Waiting | undefined => {
    let first: Waiting | undefined;
    for (const timer of waiting) {
      if (timer.due > until) continue;
      if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) first = timer;
    }
    return first;
  };

  return {
    now: () => epoch + elapsed,
    monotonic: () => elapsed,
    after(ms, fn): Timer {
      const timer = { due: elapsed + Math.max(0, ms), order: order++, fn };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        waiting.delete(timer);
        elapsed = Math.max(elapsed, timer.due);
        timer.fn();
        await settle();
      }
      elapsed = until;
    },
    settle,
    pending: () => waiting.size,
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
