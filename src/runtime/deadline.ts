/** Runs work that may throw, reject with anything, or never settle, and always comes back. */
import type { Clock } from './clock.ts';
import { toError } from './errors.ts';

export class DeadlineExceededError extends Error {
  constructor(afterMs: number) {
    super(`no end after ${afterMs / 1000} s: it was told to give up`);
    this.name = 'DeadlineExceededError';
  }
}

export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

export interface DeadlineRun<T> {
  /** Resolves when the work settles, or at the deadline with a `DeadlineExceededError`. */
  readonly outcome: Promise<Settled<T>>;
  /** Resolves when the work has really ended: 'settled'; or 'abandoned' when it ignores its signal for as long again. */
  readonly end: Promise<'settled' | 'abandoned'>;
}

/** `abort` is the work's own signal; it is aborted at the deadline. */
export function runWithDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  abort: AbortController,
  deadlineMs: number,
  clock: Clock,
): DeadlineRun<T> {
  const ended = settle(work, abort.signal);
  const outcome = Promise.withResolvers<Settled<T>>();
  const end = Promise.withResolvers<'settled' | 'abandoned'>();
  let timer = clock.after(deadlineMs, () => {
    const error = new DeadlineExceededError(deadlineMs);
    abort.abort(error);
    outcome.resolve({ ok: false, error });
    timer = clock.after(deadlineMs, () => end.resolve('abandoned'));
  });
  void ended.then((settled) => {
    timer.cancel();
    outcome.resolve(settled);
    end.resolve('settled');
  });
  return { outcome: outcome.promise, end: end.promise };
}

/** Never rejects. */
async function settle<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<Settled<T>> {
  try {
    return { ok: true, value: await work(signal) };
  } catch (thrown) {
    return { ok: false, error: toError(thrown) };
  }
}
