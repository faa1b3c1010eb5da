/** The lease in memory, for simulation and tests: one object, shared by the replicas that contend for it. */
import { isDeepStrictEqual } from 'node:util';
import type { Lease } from '../runtime/lease.ts';
import { encodeLease, LEASE_IDENTITY, type LeaseStore, parseLease } from './lease-record.ts';

type Item = Readonly<Record<string, unknown>>;

export interface MemoryLease extends LeaseStore {
  /** A copy of the raw item. */
  peek(): Record<string, unknown> | undefined;
  /** Puts a raw item, as a person does; undefined deletes it. */
  seed(item: Item | undefined): void;
}

export function makeMemoryLease(): MemoryLease {
  let item: Item | undefined;
  /** The raw items behind what was read: what cannot be understood is replaced exactly too. */
  const origins = new WeakMap<Lease, Item>();
  return {
    prepare: async () => undefined,
    peek: () => structuredClone(item),
    seed: (next) => void (item = structuredClone(next)),
    async read() {
      if (!item) return undefined;
      const { lease } = parseLease(item);
      origins.set(lease, item);
      return lease;
    },
    async swap(previous, next) {
      const expected = previous && (origins.get(previous) ?? { ...encodeLease(previous) });
      if (!isDeepStrictEqual(identityOf(item), identityOf(expected))) return false;
      item = { ...encodeLease(next) };
      return true;
    },
  };
}

function identityOf(item: Item | undefined): unknown {
  return item && LEASE_IDENTITY.map((name) => item[name]);
}
