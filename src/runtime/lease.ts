/**
 * The lease behind leadership (DESIGN §6), as a record that only its holder renews. No time of anybody's clock is in it:
 * whoever wants to take it over waits, by a clock of its own, until it has not been renewed for as long as it says.
 */
export interface Lease {
  /** The replica that holds it; never the same for two starts of a process. */
  readonly holder: string;
  /** Grows with every change of holder, and carried by each write of status: a former leader's write is refused. */
  readonly epoch: number;
  /** Grows with every renewal. */
  readonly beat: number;
  /** How long it holds without a renewal, in ms; 0 when it was given back. */
  readonly durationMs: number;
  /** Where other replicas tell the holder what they were told by webhooks. */
  readonly nudgeUrl?: string | undefined;
}

export interface LeasePort {
  /**
   * Consistent read; undefined when nobody ever held it. A record that cannot be understood is read as a lease of an
   * unknown holder: it is waited for, and replaced.
   */
  read(): Promise<Lease | undefined>;
  /**
   * Replaces exactly `previous` (what was read or written last; undefined: none) by `next`; false when somebody else
   * wrote in between. Throws when the outcome is not known.
   */
  swap(previous: Lease | undefined, next: Lease): Promise<boolean>;
}

/** One time of leading, from a taking of the lease to its end. What was decided in one term is not done in another. */
export interface Term {
  readonly epoch: number;
  /**
   * Throws `LeaseLostError` unless the lease of this very term holds for longer than a call may take, and, once this
   * replica stops, unless a call may still end before the lease is given back. Called right before everything that
   * changes something.
   */
  require(): void;
  /** Aborts with a `LeaseLostError` when nothing may begin in this term ever again: ends what stands in line. */
  readonly signal: AbortSignal;
  /** A record carries this epoch, above the term's own, and so cannot be written: the term ends, and the next is above it. */
  outranked(epoch: number): void;
}

/** What is done while leading. */
export interface Led {
  /**
   * Ends what was begun. `graceMs` is for work under way: 0 when the lease is lost, which may also happen during the
   * grace of a stop before. False when some of it still runs: then the lease is not given back. Never rejects.
   */
  stop(graceMs: number): Promise<boolean>;
}

export interface Leadership {
  /**
   * Begins to take part, once. `lead` is called at the start of each term; its `stop` is awaited before the lease is
   * given back, and before a next term begins (but not for ever). When `lead` throws, the lease is given back.
   */
  start(lead: (term: Term) => Led): void;
  /** True while the lease holds, also when it does not hold for long enough to begin anything. */
  isLeader(): boolean;
  /** Of the term under way; undefined while standing by. */
  epoch(): number | undefined;
  /** The newest lease seen of another replica, unless given back: whom to nudge. Undefined while leading. */
  other(): Lease | undefined;
  /** Ends the term, gives the lease back when all that was begun has ended, and takes part no more. Never rejects. */
  stop(): Promise<void>;
}
