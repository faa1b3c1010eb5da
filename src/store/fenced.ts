/** The store as the leader writes it: nothing without the lease, and every status with the epoch (DESIGN §6). */
import type { Leadership } from '../runtime/lease.ts';
import type { EnvironmentStore } from './port.ts';

/** `putStatus` throws `LeaseLostError` unless the lease holds for long enough. Everything else is left as it is. */
export function fenced(store: EnvironmentStore, leadership: Pick<Leadership, 'epoch' | 'require'>): EnvironmentStore {
  return {
    ...store,
    async putStatus(sessionId, previousRev, status, state, expiresAt) {
      leadership.require();
      await store.putStatus(sessionId, previousRev, { ...status, epoch: leadership.epoch() }, state, expiresAt);
    },
  };
}
