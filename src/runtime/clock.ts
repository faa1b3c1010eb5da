/**
 * Time as the operator sees it. The real clock is used in production; tests and the simulation pass their own, so that
 * nothing outside this file asks the system for the time or sets a timer.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch: for what people read. */
  now(): number;
  /** Milliseconds that only go forward: for durations, leases and rate limits. */
  monotonic(): number;
  /** Calls `fn` once after `ms`, or as soon as possible when that is not positive. A pending timer does not keep the process alive. */
  after(ms: number, fn: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    // Node warns of negative times, which a busy event loop makes of a moment that was still to come.
    const timer = setTimeout(fn, Math.max(0, ms));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Calls `fn` every `ms`, first after `ms`; the next pause begins when it has returned. Ends when cancelled. */
export function every(clock: Clock, ms: number, fn: () => void): Timer {
  let timer = clock.after(ms, tick);
  function tick(): void {
    fn();
    timer = clock.after(ms, tick);
  }
  return { cancel: () => timer.cancel() };
}
