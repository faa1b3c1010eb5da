/**
 * Edits that only tell how far a job is may wait: GitHub takes 500 writes an hour from everybody together, and a
 * comment that says "live" or "failed" must not stand in line behind those that say "building".
 */
import type { Clock } from '../runtime/clock.ts';

const PACE_MS = 5_000;
const MOST_COMMENTS = 10_000;

export interface Pace {
  /** How long an edit to a comment with this core should still wait; 0: it says something else, or its turn has come. */
  left(id: string, core: string): number;
  wrote(id: string, core: string): void;
}

/** `core` is a hash of what a comment says besides progress. In memory only: after a restart nothing waits. */
export function makePace(clock: Clock): Pace {
  const last = new Map<string, { readonly core: string; readonly until: number }>();
  return {
    left(id, core) {
      const before = last.get(id);
      return before?.core === core ? Math.max(0, before.until - clock.monotonic()) : 0;
    },
    wrote(id, core) {
      if (last.size >= MOST_COMMENTS) last.clear();
      last.set(id, { core, until: clock.monotonic() + PACE_MS });
    },
  };
}
