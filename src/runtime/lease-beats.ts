/** The leases that a replica sends, each with a beat of its own: a read tells which of them was applied, and when it was sent. */
import type { Clock } from './clock.ts';
import type { Lease } from './lease.ts';

export interface LeaseBeats {
  /** To be sent now. No two have the same beat. */
  next(previous: Lease | undefined, epoch: number): Lease;
  /** When this replica sent this lease; undefined when it did not, or when the lease has run out since. */
  sentAt(lease: Lease | undefined): number | undefined;
}

export interface LeaseBeatsOptions {
  readonly holder: string;
  readonly nudgeUrl?: (() => string | undefined) | undefined;
  readonly clock: Clock;
  readonly durationMs: number;
}

export function makeLeaseBeats({ holder, nudgeUrl, clock, durationMs }: LeaseBeatsOptions): LeaseBeats {
  /** By beats: one that went unanswered may have been applied. */
  const sent = new Map<number, number>();
  let newest = 0;
  return {
    next(previous, epoch) {
      const now = clock.monotonic();
      newest = Math.max(newest, previous?.beat ?? 0) + 1;
      for (const [beat, sentAt] of sent) if (sentAt + durationMs <= now) sent.delete(beat);
      sent.set(newest, now);
      return { holder, epoch, beat: newest, durationMs, nudgeUrl: nudgeUrl?.() };
    },
    sentAt(lease) {
      const sentAt = lease?.holder === holder ? sent.get(lease.beat) : undefined;
      return sentAt !== undefined && clock.monotonic() < sentAt + durationMs ? sentAt : undefined;
    },
  };
}
