/**
 * A token bucket in front of a rate-limited API: at most `burst` at once and `perSecond` over time, first come, first
 * served. In any window of w seconds at most `burst + w × perSecond` tokens are given.
 *
 * It counts instead of refilling: token n of a busy period is due at `start + (n − burst + 1) × interval`, so rounding
 * does not add up, and a timer that fires late gives out everything that is due by then (at most `burst` at once).
 */
import type { Clock, Timer } from './clock.ts';

export interface TokenBucketOptions {
  /** Tokens that may be taken at once after a pause; a whole number from 1 up. */
  readonly burst: number;
  readonly perSecond: number;
  readonly clock: Clock;
}

export interface TokenBucket {
  /** Resolves when it is this caller's turn; rejects with the signal's reason as soon as that aborts. */
  take(signal?: AbortSignal): Promise<void>;
  /** Takes a token if one is free and nobody waits. */
  tryTake(): boolean;
  /** Callers in line. */
  waiting(): number;
}

interface Waiter {
  readonly admit: () => void;
}

export function makeTokenBucket(options: TokenBucketOptions): TokenBucket {
  const { clock } = options;
  const meter = makeMeter(options);
  const line = new Set<Waiter>();
  let timer: Timer | undefined;

  const serve = (): void => {
    timer = undefined;
    for (const waiter of line) {
      if (!meter.take(clock.monotonic())) break;
      line.delete(waiter);
      waiter.admit();
    }
    arm();
  };
  const arm = (): void => {
    if (line.size === 0 || timer) return;
    // Whole milliseconds: a timer that fires a fraction early would only be set again.
    timer = clock.after(Math.max(1, Math.ceil(meter.dueAt() - clock.monotonic())), serve);
  };
  const leave = (waiter: Waiter): void => {
    line.delete(waiter);
    if (line.size > 0) return;
    timer?.cancel();
    timer = undefined;
  };
  const tryTake = (): boolean => line.size === 0 && meter.take(clock.monotonic());

  return {
    tryTake,
    waiting: () => line.size,
    take: (signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        if (tryTake()) return resolve();
        const onAbort = (): void => {
          leave(waiter);
          reject(signal?.reason as Error);
        };
        const waiter: Waiter = {
          admit() {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        line.add(waiter);
        arm();
      }),
  };
}

/** The arithmetic without the queue. Times in milliseconds of a clock that only goes forward. */
function makeMeter({ burst, perSecond }: TokenBucketOptions): { take(now: number): boolean; dueAt(): number } {
  if (!Number.isInteger(burst) || burst < 1) {
    throw new RangeError(`burst: found ${burst}, allowed a whole number from 1 up`);
  }
  if (!Number.isFinite(perSecond) || perSecond <= 0) {
    throw new RangeError(`perSecond: found ${perSecond}, allowed a number above 0`);
  }
  let start = Number.NEGATIVE_INFINITY;
  let taken = 0;
  const msFor = (tokens: number): number => (tokens * 1000) / perSecond;
  const dueAt = (): number => start + msFor(taken - burst + 1);

  return {
    dueAt,
    take(now) {
      // The bucket has filled up: a new busy period starts.
      if (start + msFor(taken) <= now) {
        start = now;
        taken = 0;
      }
      if (dueAt() > now) return false;
      taken += 1;
      return true;
    },
  };
}
