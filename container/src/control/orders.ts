/** What may be ordered over the control port. A union, so that another kind of job can join. */
export type Order = SyncOrder;

export interface SyncOrder {
  readonly kind: 'sync';
  readonly branch: string;
  /** Absent only in the first order, which the task's environment gives: the head of `branch`. */
  readonly commit?: string;
}

/** Handed over beside an order, kept in memory only. */
export interface Grants {
  /** Short-lived, for cloning this one repository. */
  readonly credential?: string;
  readonly cache?: CacheGrant;
}

/** URLs of the cache with `{key}` in them. */
export interface CacheGrant {
  readonly get: string;
  /** Absent: this environment may only read. */
  readonly put?: string;
}
