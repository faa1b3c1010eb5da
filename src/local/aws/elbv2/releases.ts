/**
 * Target groups that count as in use for a while after the last rule has left them: deleting one right after its rule
 * is answered ResourceInUse. aws-load-balancer-controller#4848 (comment of 2026-08-13), RELIABILITY "stories" 1.
 */
import type { LocalClock } from '../service.ts';
import type { Store } from './store.ts';

export interface Releases {
  /** Notes which groups have been left since the last time. */
  sync(): void;
  /** No rule names the group, and still it counts as in use. */
  holds(targetGroupArn: string): boolean;
}

export function makeReleases(store: Store, clock: LocalClock, releaseMs: () => number): Releases {
  let used = store.wiring().loadBalancerByGroup;
  const until = new Map<string, number>();
  return {
    sync() {
      const before = used;
      used = store.wiring().loadBalancerByGroup;
      if (used === before) return;
      for (const arn of before.keys()) {
        if (used.has(arn)) continue;
        const ms = releaseMs();
        if (ms > 0) until.set(arn, clock.now() + ms);
      }
    },
    holds(arn) {
      const heldUntil = until.get(arn);
      if (heldUntil === undefined) return false;
      if (clock.now() < heldUntil) return true;
      until.delete(arn);
      return false;
    },
  };
}
