/**
 * The class of an error decides what the controller does with it (DESIGN §6): a terminal one waits for a person, a
 * waiting one comes back at its time, and every other error is transient and backs off.
 */
import type { Reason } from '../model/reasons.ts';

/** Has a reason from the closed list, and a message for people. */
export class ReasonedError extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** A person must act; no retry helps before desired state or configuration changes. */
export class TerminalError extends ReasonedError {}

/** The world is not ready; come back after `afterMs`. */
export class WaitingError extends ReasonedError {
  readonly afterMs: number;

  constructor(reason: Reason, message: string, afterMs: number, options?: ErrorOptions) {
    super(reason, message, options);
    this.afterMs = afterMs;
  }
}

/** May pass by itself; retried with exponential backoff and jitter. */
export class TransientError extends ReasonedError {}

/** The lease does not hold, or not for long enough to begin anything. Whoever leads then does the work. */
export class LeaseLostError extends TransientError {
  constructor(message: string, options?: ErrorOptions) {
    super('NotLeading', message, options);
  }
}

/** Whatever was thrown, as an Error. Objects are named by their kind only, since their members may be secret. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const isObject = typeof thrown === 'object' || typeof thrown === 'function';
  const found = isObject && thrown !== null ? Object.prototype.toString.call(thrown) : String(thrown).slice(0, 200);
  return new Error(`something that is not an Error was thrown: ${found}`, { cause: thrown });
}
