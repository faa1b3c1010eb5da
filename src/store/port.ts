/**
 * Desired state and status: one item an environment (DESIGN §4). Two adapters, DynamoDB and memory, are held to one
 * contract suite. Every write is a conditional update of one item. Every method throws `StoreError`.
 */
import type { Desired, EnvironmentState, Status, StoredEnvironment } from '../model/environment.ts';
import type { StoredInstallation } from '../model/installation.ts';

/** `conflict`: somebody wrote in between, read again. `unavailable`: no answer in time; the write may have happened. */
export class StoreError extends Error {
  readonly kind: 'conflict' | 'unavailable' | 'misconfigured';

  constructor(kind: StoreError['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.kind = kind;
  }
}

/** The attributes that intake may write; an absent member is left as it is, `null` removes it. */
export interface IntentChange {
  readonly wanted?: boolean | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | null | undefined;
  readonly imageTag?: string | null | undefined;
  readonly sources: Desired['sources'];
  readonly clashes?: Desired['clashes'];
}

export interface EnvironmentStore {
  /** Consistent read. The installation's own item is no environment, and not found. */
  get(sessionId: string): Promise<StoredEnvironment | undefined>;
  /** All records of environments, every page, consistent reads. */
  list(): Promise<readonly StoredEnvironment[]>;
  /** The installation's own item (`INSTALLATION_KEY`); consistent read. */
  installation(): Promise<StoredInstallation>;
  /** Creates a record; `conflict` when the session id exists. */
  create(desired: Desired): Promise<void>;
  /** Applies intake's change when `intake_rev` is still `intakeRev`, and counts it up; `conflict` otherwise. Clears `expires_at`. */
  applyIntent(sessionId: string, intakeRev: number, change: IntentChange): Promise<void>;
  /**
   * Replaces `status` and `state` when `status.rev` is still `previousRev`; writes `status.rev` = previousRev + 1.
   * With an epoch in `status`, `conflict` when the one in the table is greater: a newer leader wrote.
   * Never creates an item: `conflict` when it was deleted. `expiresAt` in seconds since the epoch; absent removes it.
   */
  putStatus(
    sessionId: string,
    previousRev: number,
    status: Status,
    state: EnvironmentState,
    expiresAt?: number,
  ): Promise<void>;
  /** The front door saw a visit at `at` (ISO). Never creates an item. */
  recordVisit(sessionId: string, at: string): Promise<void>;
  /** Checks that the table exists with the right key, creating it when `create` is set; `misconfigured` says what is wrong. */
  prepare(create: boolean): Promise<void>;
}
