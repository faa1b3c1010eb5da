/** Answers that hold for a while. Callers that ask at once share one load; a failed load is not kept. */
import type { Clock } from '../runtime/clock.ts';

export interface TtlCache<T> {
  get(key: string, load: () => Promise<T>): Promise<T>;
}

export interface TtlCacheOptions<T> {
  readonly clock: Clock;
  /** How long this value holds, from when it arrived; 0 keeps nothing. */
  readonly ttlMs: (value: T) => number;
}

interface Entry<T> {
  readonly value: Promise<T>;
  /** Infinite while loading. */
  until: number;
}

/** Entries that may have run out are looked for when there are this many. */
const SWEEP_AT = 500;

export function makeTtlCache<T>({ clock, ttlMs }: TtlCacheOptions<T>): TtlCache<T> {
  const entries = new Map<string, Entry<T>>();

  const sweep = (): void => {
    if (entries.size < SWEEP_AT) return;
    const now = clock.monotonic();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
  };

  return {
    get(key, load) {
      const known = entries.get(key);
      if (known && known.until > clock.monotonic()) return known.value;
      sweep();
      const entry: Entry<T> = { value: load(), until: Number.POSITIVE_INFINITY };
      entries.set(key, entry);
      entry.value.then(
        (value) => {
          entry.until = clock.monotonic() + ttlMs(value);
        },
        () => {
          if (entries.get(key) === entry) entries.delete(key);
        },
      );
      return entry.value;
    },
  };
}
