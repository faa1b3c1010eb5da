/**
 * Everything that a replica does to the world is a call, counted from the start of its process. Up to the first fault
 * two runs of one seed make the same calls, so that a fault is said by the process and the number of the call it strikes.
 */
export type ServiceName = 'aws' | 'store' | 'lease' | 'github' | 'control';

export interface Call {
  readonly index: number;
  /** Virtual ms since the start. */
  readonly at: number;
  readonly actor: string;
  /** Of the actor, one start of it: `alpha.1`. */
  readonly process: string;
  readonly service: ServiceName;
  /** `ecs:RunTask`, `store:putStatus`, `control:sync` … */
  readonly operation: string;
  readonly mutates: boolean;
  /** What it is about, for people: a session, a host, an ARN's end. */
  readonly about: string;
  readonly input: unknown;
}

/** How a call may end besides well. P2 and P5 of RELIABILITY; crashes are P1, and delays make everything else. */
export type Fault =
  /** The request never arrives; the caller learns so after `ms`. */
  | { readonly kind: 'lost' }
  /** Applied, and the caller is told that nothing is known. */
  | { readonly kind: 'answer-lost' }
  /** The caller is told at once that nothing is known; applied `ms` later. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Applied twice, as by a retry below the caller; the second answer counts. */
  | { readonly kind: 'doubled' }
  /** Never answered; applied or not. */
  | { readonly kind: 'hangs'; readonly applied: boolean }
  /** Refused with AWS's or the store's own error. */
  | { readonly kind: 'refused'; readonly error: () => Error }
  /** Answered with something else. */
  | { readonly kind: 'answered'; readonly answer: (fresh: unknown) => unknown }
  /** The replica is gone before the call is made, or right after it was applied. */
  | { readonly kind: 'crash'; readonly when: 'before' | 'after' }
  /** The replica is stopped for `ms` with the call in flight, which is applied at once, or only when it goes on. */
  | { readonly kind: 'frozen'; readonly ms: number; readonly applied: 'now' | 'late' };

export type Outcome = 'ok' | 'error' | Fault['kind'];

export interface Finished extends Call {
  readonly outcome: Outcome;
  readonly answeredAt: number;
  readonly answer?: unknown;
  readonly error?: string | undefined;
}

/** Told of every call; decides what becomes of it. */
export interface Weather {
  /** Asked once a call, in their order. Undefined: it goes well. */
  faultOf(call: Call): Fault | undefined;
}

export const FAIR: Weather = { faultOf: () => undefined };
