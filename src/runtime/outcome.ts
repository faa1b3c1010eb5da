/** How one reconcile ended, as the controller's switch needs it. */
import type { Settled } from './deadline.ts';
import { TerminalError, WaitingError } from './errors.ts';
import type { Priority } from './workqueue.ts';

/** Empty: done until something changes. */
export interface Result {
  readonly requeueAfterMs?: number | undefined;
  /** Of the next turn; the priority of this one unless given. A settled key should come back as 'low'. */
  readonly priority?: Priority | undefined;
}

export type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'requeue_after'; readonly afterMs: number; readonly priority: Priority | undefined }
  | { readonly kind: 'waiting'; readonly error: WaitingError }
  | { readonly kind: 'terminal'; readonly error: TerminalError }
  | { readonly kind: 'error'; readonly error: Error };

/** Every value of the label `result`. */
export const OUTCOMES = [
  'success',
  'requeue_after',
  'waiting',
  'error',
  'terminal',
] as const satisfies Outcome['kind'][];

/** A result or error with a delay that is no delay is an error of the reconcile itself. */
export function outcomeOf(settled: Settled<Result>): Outcome {
  if (!settled.ok) return outcomeOfError(settled.error);
  const { requeueAfterMs, priority } = settled.value;
  if (requeueAfterMs === undefined) return { kind: 'success' };
  if (!isDelay(requeueAfterMs)) return { kind: 'error', error: notADelay('requeueAfterMs', requeueAfterMs) };
  return { kind: 'requeue_after', afterMs: requeueAfterMs, priority };
}

function outcomeOfError(error: Error): Outcome {
  if (error instanceof TerminalError) return { kind: 'terminal', error };
  if (!(error instanceof WaitingError)) return { kind: 'error', error };
  if (!isDelay(error.afterMs)) return { kind: 'error', error: notADelay('afterMs', error.afterMs) };
  return { kind: 'waiting', error };
}

function isDelay(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0;
}

function notADelay(name: string, found: number): Error {
  return new RangeError(`${name}: found ${found}, allowed a number of milliseconds from 0 up`);
}
