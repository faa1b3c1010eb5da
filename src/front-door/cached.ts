/** Answers of a slow source, shared by everybody who asks within a short time: a flood of requests is one read. */
import type { Clock } from '../runtime/clock.ts';

const MOST_KEYS = 1_000;

export interface CachedOptions {
  readonly clock: Clock;
  /** How long an answer is good for, from the moment it was asked for. */
  readonly freshMs: number;
  /** The same for `undefined`: what is not there yet may come at any moment. */
  readonly absentMs: number;
  /** How long the source may take; after that the answer is an error. */
  readonly timeoutMs: number;
}

export function makeCached<T>(
  load: (key: string) => Promise<T>,
  { clock, freshMs, absentMs, timeoutMs }: CachedOptions,
): (key: string) => Promise<T> {
  const answers = new Map<string, { until: number; readonly answer: Promise<T> }>();
  return (key) => {
    const now = clock.monotonic();
    const known = answers.get(key);
    if (known && now < known.until) return known.answer;
    answers.delete(key);
    // Oldest first: a map keeps the order of insertion.
    const [oldest] = answers.keys();
    if (answers.size >= MOST_KEYS && oldest !== undefined) answers.delete(oldest);
    const asked = { until: now + freshMs, answer: bounded(clock, timeoutMs, load, key) };
    answers.set(key, asked);
    asked.answer.then(
      (found) => {
        if (found === undefined) asked.until = now + absentMs;
      },
      () => undefined,
    );
    return asked.answer;
  };
}

function bounded<T>(clock: Clock, ms: number, load: (key: string) => Promise<T>, key: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Error(`no answer within ${ms} ms`)));
    Promise.resolve()
      .then(() => load(key))
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}
