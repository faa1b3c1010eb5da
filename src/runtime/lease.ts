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
  /** Consistent read; undefined when nobody ever held it. */
  read(): Promise<Lease | undefined>;
  /** Replaces exactly `previous` (undefined: none) by `next`; false when somebody else wrote in between. Throws when the outcome is not known. */
  swap(previous: Lease | undefined, next: Lease): Promise<boolean>;
}

/** What is done while leading. */
export interface Term {
  readonly epoch: number;
}

export interface Led {
  /** Ends what was begun. `graceMs` is for work under way: 0 when the lease is lost. Never rejects. */
  stop(graceMs: number): Promise<void>;
}

export interface Leadership {
  /** Begins to take part. `lead` is called at the start of each term; its `stop` is awaited before the lease is given back. */
  start(lead: (term: Term) => Led): void;
  isLeader(): boolean;
  /** Of the term under way. */
  epoch(): number | undefined;
  /** Throws `LeaseLostError` unless the lease holds for longer than a call may take. Called right before everything that changes something. */
  require(): void;
  /** The newest lease seen of another replica: whom to nudge. */
  other(): Lease | undefined;
  /** Ends the term, gives the lease back, and takes part no more. Never rejects. */
  stop(): Promise<void>;
}
