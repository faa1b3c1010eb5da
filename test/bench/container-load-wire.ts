/** What the container's bench and its visitor process tell each other. */
/** Printed when the first request has its answer. */
export const VISITING = 'visiting';

export interface LoadOrder {
  readonly address: string;
  readonly port: number;
  readonly host: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly perSecond: number;
  /** Kept-alive ones. */
  readonly connections: number;
  /** Every so many requests one has a connection of its own. */
  readonly newEvery: number;
  readonly timeoutMs: number;
}

export interface LoadReport {
  readonly sent: number;
  /** Answered 500 or above, or not to the end. */
  readonly failed: number;
  /** The first of them, in words. */
  readonly failures: readonly string[];
  readonly seconds: number;
  /** Milliseconds of each answer. */
  readonly took: readonly number[];
}
