/** The store as the leader writes it: nothing without the lease, and every status with the epoch (DESIGN §6). */
import type { Term } from '../runtime/lease.ts';
import type { EnvironmentStore } from './port.ts';

/** `putStatus` throws `LeaseLostError` unless the term's lease holds for long enough. Everything else is left as it is. */
export function fenced(store: EnvironmentStore, term: Pick<Term, 'epoch' | 'require'>): EnvironmentStore {
  return {
    ...store,
    async putStatus(sessionId, previousRev, status, state, expiresAt) {
      term.require();
      await store.putStatus(sessionId, previousRev, { ...status, epoch: term.epoch }, state, expiresAt);
    },
  };
}
