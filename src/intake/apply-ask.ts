/** Reads the record, merges one ask into it, and writes it back under its revision; again when somebody was faster. */
import type { Desired, Fault } from '../model/environment.ts';
import { type EnvironmentStore, StoreError } from '../store/port.ts';
import { clashesAfter } from './clash.ts';
import type { Ask } from './desired-from.ts';
import { type Holder, type Merge, mergeIntent } from './merge.ts';

/** In every round of a contest one writer succeeds, so this many may write one record at the same moment. */
const ROUNDS = 10;

export type AskOutcome =
  | { readonly kind: 'created' | 'updated'; readonly sessionId: string; readonly reread: boolean }
  | { readonly kind: 'unchanged' | 'older'; readonly sessionId: string }
  | { readonly kind: 'name-taken'; readonly sessionId: string; readonly holder: Holder }
  /** The record does not parse: it is left alone until a person has corrected it. */
  | { readonly kind: 'invalid-record'; readonly sessionId: string; readonly faults: readonly Fault[] };

/** Resolves once the outcome is committed. Throws `StoreError`: `conflict` when every round was lost. */
export async function applyAsk(store: EnvironmentStore, ask: Ask, now: number): Promise<AskOutcome> {
  for (let round = 1; round < ROUNDS; round++) {
    try {
      return await applyOnce(store, ask, now);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'conflict')) throw error;
    }
  }
  return applyOnce(store, ask, now);
}

async function applyOnce(store: EnvironmentStore, ask: Ask, now: number): Promise<AskOutcome> {
  const { sessionId } = ask;
  const record = await store.get(sessionId);
  if (record?.ok === false) return { kind: 'invalid-record', sessionId, faults: record.faults };
  const merge = mergeIntent(record?.desired, ask, now);
  if (merge.kind === 'create') {
    await store.create(merge.desired);
    return { kind: 'created', sessionId, reread: merge.reread };
  }
  if (record) await write(store, record.desired, ask, merge);
  return outcomeOf(sessionId, merge);
}

/** The ask's own change, and what is remembered of asks that found the name taken. */
async function write(store: EnvironmentStore, record: Desired, ask: Ask, merge: Merge): Promise<void> {
  const clashes = clashesAfter(record, ask, merge.kind);
  if (merge.kind !== 'update' && clashes === undefined) return;
  const change = merge.kind === 'update' ? merge.change : { sources: record.sources };
  await store.applyIntent(record.sessionId, record.intakeRev, { ...change, clashes });
}

function outcomeOf(sessionId: string, merge: Exclude<Merge, { kind: 'create' }>): AskOutcome {
  switch (merge.kind) {
    case 'none':
      return { kind: 'unchanged', sessionId };
    case 'ignored-older':
      return { kind: 'older', sessionId };
    case 'name-taken':
      return { kind: 'name-taken', sessionId, holder: merge.holder };
    case 'update':
      return { kind: 'updated', sessionId, reread: merge.reread };
  }
}
