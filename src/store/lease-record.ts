/**
 * The lease between its form in the table and the runtime's type. A record that cannot be understood is neither guessed
 * at nor a reason to stop: it counts as the lease of an unknown holder, which is waited for and then replaced.
 */
import { z } from 'zod';
import { MAX_EPOCH } from '../model/environment.ts';
import type { Lease, LeasePort } from '../runtime/lease.ts';

/** One lease an installation. Two adapters, DynamoDB and memory, are held to one contract suite. */
export interface LeaseStore extends LeasePort {
  /** Checks that the table exists with the right key, creating it when `create` is set; `misconfigured` says what is wrong. */
  prepare(create: boolean): Promise<void>;
}

/** As in the table, without its key. */
export interface LeaseItem {
  readonly holder: unknown;
  readonly epoch: unknown;
  readonly beat: unknown;
  readonly duration_ms: unknown;
  readonly nudge_url?: unknown;
}

/** What tells one state of the lease from another. */
export const LEASE_IDENTITY = ['holder', 'epoch', 'beat', 'duration_ms'] as const;

/** How long a record that cannot be understood is waited for. */
const UNKNOWN_MS = 20_000;
/** A longer one would keep everybody waiting. */
const MAX_MS = 600_000;

const LEASE = z.object({
  holder: z.string().min(1),
  epoch: z.int().nonnegative().max(MAX_EPOCH),
  beat: z.int().nonnegative(),
  duration_ms: z.int().min(0).max(MAX_MS),
  nudge_url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .catch(undefined),
});

export interface ReadLease {
  readonly lease: Lease;
  /** What is wrong with the record. */
  readonly fault?: string;
}

/** Never throws. The epoch is kept wherever it can be read, so that the next one is above it. */
export function parseLease(item: Readonly<Record<string, unknown>>): ReadLease {
  const parsed = LEASE.safeParse(item);
  if (parsed.success) {
    const { holder, epoch, beat, duration_ms: durationMs, nudge_url: nudgeUrl } = parsed.data;
    return { lease: { holder, epoch, beat, durationMs, nudgeUrl } };
  }
  const identity = LEASE_IDENTITY.map((name) => JSON.stringify(item[name]) ?? 'absent');
  const epoch = LEASE.shape.epoch.safeParse(item['epoch']).data ?? 0;
  const fault = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return { lease: { holder: `not understood: ${identity.join(' ')}`, epoch, beat: 0, durationMs: UNKNOWN_MS }, fault };
}

export function encodeLease(lease: Lease): LeaseItem {
  const { holder, epoch, beat, durationMs, nudgeUrl } = lease;
  return { holder, epoch, beat, duration_ms: durationMs, ...(nudgeUrl !== undefined && { nudge_url: nudgeUrl }) };
}
