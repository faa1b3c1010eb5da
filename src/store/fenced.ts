/** The store as the leader writes it: nothing without the lease, and every status with the epoch (DESIGN §6). */
import type { Term } from '../runtime/lease.ts';
import { type EnvironmentStore, StoreError } from './port.ts';

type Fence = Pick<Term, 'epoch' | 'require' | 'outranked'>;

/**
 * `putStatus` throws `LeaseLostError` unless the term's lease holds for long enough, and tells the term of a record with
 * a higher epoch: a newer leader's, or a hand edit. Everything else is left as it is.
 */
export function fenced(store: EnvironmentStore, term: Fence): EnvironmentStore {
  return {
    ...store,
    async putStatus(sessionId, previousRev, status, state, expiresAt) {
      term.require();
      const { epoch } = term;
      try {
        await store.putStatus(sessionId, previousRev, { ...status, epoch }, state, expiresAt);
      } catch (error) {
        throw isConflict(error) ? await explained(store, sessionId, term, error) : error;
      }
    },
  };
}

async function explained(
  store: EnvironmentStore,
  sessionId: string,
  term: Fence,
  conflict: StoreError,
): Promise<Error> {
  const record = await store.get(sessionId).catch(() => undefined);
  const found = record?.status.epoch ?? 0;
  if (found <= term.epoch) return conflict;
  term.outranked(found);
  const message = `the record of ${sessionId} carries epoch ${found}, above the leader's ${term.epoch}: it was not written`;
  return new StoreError('conflict', message, { cause: conflict });
}

function isConflict(error: unknown): error is StoreError {
  return error instanceof StoreError && error.kind === 'conflict';
}
