/**
 * New target groups and rules that Describe* does not show yet, though their names and priorities are taken. AWS-FACTS
 * ELBv2 "read-after-create".
 */
import type { LocalClock } from '../service.ts';

export interface Visibility {
  /** Asks how long the new resource stays unseen. */
  created(arn: string): void;
  shows(arn: string): boolean;
}

export function makeVisibility(clock: LocalClock, visibilityMs: () => number): Visibility {
  const until = new Map<string, number>();
  return {
    created(arn) {
      const ms = visibilityMs();
      if (ms > 0) until.set(arn, clock.now() + ms);
    },
    shows(arn) {
      const hiddenUntil = until.get(arn);
      if (hiddenUntil === undefined) return true;
      if (clock.now() < hiddenUntil) return false;
      until.delete(arn);
      return true;
    },
  };
}
