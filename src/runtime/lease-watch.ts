/**
 * What a replica learns from reading the lease, and from when on it may take it. Only its own monotonic clock is asked:
 * a lease may be taken when it has been seen unchanged for as long as it says that it holds.
 */
import { MAX_EPOCH } from '../model/environment.ts';
import type { Lease } from './lease.ts';

export interface LeaseWatch {
  /** A read that was answered at `at` (monotonic, ms) found this. */
  saw(lease: Lease | undefined, at: number): void;
  /** From when on (monotonic, ms) what was seen last may be replaced. */
  takeFrom(): number;
  /** The newest lease seen of another replica, until it is given back, gone, or forgotten. */
  other(): Lease | undefined;
  /** Above every epoch that was ever seen, and never below the time (ms): a lost table does not make epochs go back. */
  nextEpoch(now: number): number;
  /** This epoch was found in a record. False when it is too high for others to be above it. */
  raise(epoch: number): boolean;
  /** The replica leads now: what it waited for is of no more interest. */
  forget(): void;
}

/** What a hand edit must leave of the epochs, for all terms to come. */
const ROOM = 1_000_000;

/** `holder` is the replica itself: it need not wait for its own lease. */
export function makeLeaseWatch(holder: string): LeaseWatch {
  let key: string | undefined;
  let since = 0;
  let waitMs = 0;
  let other: Lease | undefined;
  let highest = 0;
  return {
    saw(lease, at) {
      const next = keyOf(lease);
      if (next === key) return;
      // A lease that was there and is gone may still be held: its holder has not noticed yet.
      if (lease) waitMs = lease.holder === holder ? 0 : lease.durationMs;
      key = next;
      since = at;
      other = waitMs > 0 ? lease : undefined;
      highest = Math.max(highest, lease?.epoch ?? 0);
    },
    takeFrom: () => since + waitMs,
    other: () => other,
    nextEpoch(now) {
      highest = Math.max(highest + 1, Math.floor(now / 1000));
      return highest;
    },
    raise(epoch) {
      const isBelow = epoch <= MAX_EPOCH - ROOM;
      if (isBelow) highest = Math.max(highest, epoch);
      return isBelow;
    },
    forget() {
      key = undefined;
      waitMs = 0;
      other = undefined;
    },
  };
}

function keyOf(lease: Lease | undefined): string {
  return lease ? `${lease.epoch} ${lease.beat} ${lease.durationMs} ${lease.holder}` : 'none';
}
