/** Growing pauses between failures of one key: exponential, with jitter so that keys which failed together come back apart. */
export interface BackoffOptions {
  /** The longest first pause. */
  readonly baseMs: number;
  /** No pause is longer. */
  readonly maxMs: number;
}

export interface Backoff {
  /** Counts a failure and returns the pause before the next try. */
  next(key: string): number;
  /** Failures in a row. */
  failures(key: string): number;
  forget(key: string): void;
}

/** Pauses lie between half and all of `min(maxMs, baseMs × 2^(failures − 1))`: never zero, never in step. */
export function makeBackoff({ baseMs, maxMs }: BackoffOptions, random: () => number): Backoff {
  const failures = new Map<string, number>();
  return {
    failures: (key) => failures.get(key) ?? 0,
    forget: (key) => void failures.delete(key),
    next(key) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const whole = Math.min(maxMs, baseMs * 2 ** (count - 1));
      return Math.round(whole * (0.5 + random() / 2));
    },
  };
}
