/**
 * Virtual time: nothing happens between two timers but what their promises lead to, so that a run of an hour takes as
 * long as its work takes. Timers fire in the order of their time, then of their setting; after each, every promise is
 * let settle, which takes one turn of the event loop as long as nothing waits for the world outside.
 */
import type { Clock, Timer } from '../../../src/runtime/clock.ts';
import { toError } from '../../../src/runtime/errors.ts';

/** Where every simulation begins; on a whole second, as GitHub's times are. */
export const SIM_EPOCH = Date.UTC(2026, 0, 5, 9, 0, 0);

export interface SimTime extends Clock {
  /** Timers fired so far. */
  readonly fired: () => number;
  /**
   * Lets time pass up to `until` (ms since the start), firing what falls due. `between` runs after each timer has had
   * its consequences; true ends the run early. Rejects with what a timer or `between` throws.
   */
  run(until: number, between?: () => boolean | void): Promise<void>;
  /** Time stands still until `work` has settled: for what takes more than one turn of the event loop. */
  hold<T>(work: Promise<T>): Promise<T>;
}

interface Waiting {
  readonly due: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

export function makeSimTime(): SimTime {
  const heap = makeHeap();
  let elapsed = 0;
  let order = 0;
  let fired = 0;
  let held = 0;

  const after = (ms: number, fn: () => void): Timer => {
    const timer: Waiting = { due: elapsed + Math.max(0, ms), order: order++, fn };
    heap.push(timer);
    return {
      cancel() {
        timer.fn = undefined;
      },
    };
  };

  const run = (until: number, between: () => boolean | void = () => false): Promise<void> =>
    new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (held > 0) return void setImmediate(step);
          if (between() === true) return resolve();
          const timer = heap.next(until);
          if (!timer) {
            elapsed = Math.max(elapsed, until);
            return resolve();
          }
          elapsed = Math.max(elapsed, timer.due);
          fired += 1;
          timer.fn?.();
          setImmediate(step);
        } catch (error) {
          reject(toError(error));
        }
      };
      setImmediate(step);
    });

  const hold = <T>(work: Promise<T>): Promise<T> => {
    held += 1;
    return work.finally(() => {
      held -= 1;
    });
  };

  return { now: () => SIM_EPOCH + elapsed, monotonic: () => elapsed, after, run, hold, fired: () => fired };
}

interface Heap {
  push(timer: Waiting): void;
  /** Takes the first timer that is due by `until` and was not cancelled. */
  next(until: number): Waiting | undefined;
}

/** A binary heap; what is cancelled stays until its turn comes. */
function makeHeap(): Heap {
  const items: Waiting[] = [];
  const before = (a: Waiting, b: Waiting): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);
  const at = (index: number): Waiting => items[index] as Waiting;

  const swap = (a: number, b: number): void => {
    const kept = at(a);
    items[a] = at(b);
    items[b] = kept;
  };
  const up = (from: number): void => {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!before(at(index), at(parent))) return;
      swap(index, parent);
      index = parent;
    }
  };
  const down = (): void => {
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      if (left >= items.length) return;
      const child = left + 1 < items.length && before(at(left + 1), at(left)) ? left + 1 : left;
      if (!before(at(child), at(index))) return;
      swap(index, child);
      index = child;
    }
  };
  const pop = (): Waiting => {
    const first = at(0);
    const last = items.pop() as Waiting;
    if (items.length > 0) {
      items[0] = last;
      down();
    }
    return first;
  };

  return {
    push(timer) {
      items.push(timer);
      up(items.length - 1);
    },
    next(until) {
      while (items.length > 0) {
        if (at(0).fn === undefined) pop();
        else return at(0).due <= until ? pop() : undefined;
      }
      return undefined;
    },
  };
}
