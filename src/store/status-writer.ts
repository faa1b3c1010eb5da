/**
 * Two loops write one record's status: the environment's own, and the reporter, which owns the comments. Each write is
 * conditional on the one before; these functions settle the harmless conflicts between the two, and let every other
 * conflict (another operator, a deleted record) come through as a `StoreError`.
 */
import { canonical } from '../model/digest.ts';
import type { EnvironmentState, Status } from '../model/environment.ts';
import { type EnvironmentStore, StoreError } from './port.ts';

export interface Summary {
  readonly state: EnvironmentState;
  /** Seconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

/** How often a write gives way to another one; the reporter writes twice for each comment. */
const TRIES = 5;

/** Writes the environment loop's facts over `base`; the reporter's members stay as they are in the table. */
export async function saveFacts(
  store: EnvironmentStore,
  sessionId: string,
  base: Status,
  change: { readonly next: Status; readonly summary: Summary },
): Promise<Status> {
  let { next } = change;
  let { rev } = base;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await put(store, sessionId, rev, next, change.summary);
    } catch (error) {
      if (!isConflict(error) || attempt === TRIES) throw error;
      const fresh = (await store.get(sessionId))?.status;
      if (!fresh || canonical(factsOf(fresh)) !== canonical(factsOf(base))) throw error;
      next = withReport(next, fresh);
      rev = fresh.rev;
    }
  }
}

/** Writes the reporter's members over whatever the environment loop wrote last; gives up when the record is gone. */
export async function saveReport(
  store: EnvironmentStore,
  sessionId: string,
  change: (status: Status) => Status,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const record = await store.get(sessionId);
    if (!record) return;
    try {
      const summary: Summary = { state: record.state ?? 'PENDING', expiresAt: record.expiresAt };
      await put(store, sessionId, record.status.rev, change(record.status), summary);
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === TRIES) throw error;
    }
  }
}

async function put(
  store: EnvironmentStore,
  sessionId: string,
  previousRev: number,
  next: Status,
  { state, expiresAt }: Summary,
): Promise<Status> {
  await store.putStatus(sessionId, previousRev, next, state, expiresAt);
  return { ...next, rev: previousRev + 1 };
}

function isConflict(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'conflict';
}

/** Everything but what the reporter owns, and who wrote. */
function factsOf(status: Status): unknown {
  const { rev: _rev, epoch: _epoch, comments: _comments, conditions, ...facts } = status;
  const { Reported: _reported, ...others } = conditions;
  return { ...facts, conditions: others };
}

function withReport(next: Status, fresh: Status): Status {
  const { Reported } = fresh.conditions;
  const conditions = Reported ? { ...next.conditions, Reported } : next.conditions;
  return { ...next, conditions, comments: fresh.comments };
}
