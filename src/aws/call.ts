/**
 * The one way to AWS: takes from the operation's token buckets, bounds the call in time, counts it, and turns every
 * error into an `AwsError`. It never retries: the reconcile loop does (DESIGN §6).
 */
import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Buckets } from './buckets.ts';
import { toAwsError } from './classify.ts';
import { AwsError, type AwsErrorKind } from './errors.ts';
import { OPERATIONS, type OperationName } from './operations.ts';

/** Shorter than a lease, so that a call of a former leader ends before the next one acts. */
export const CALL_TIMEOUT_MS = 10_000;

const OUTCOMES: readonly (AwsErrorKind | 'ok')[] = [
  'ok',
  'throttled',
  'conflict',
  'not-found',
  'in-use',
  'taken',
  'quota',
  'denied',
  'invalid',
  'unavailable',
];

export interface SendOptions {
  readonly abortSignal: AbortSignal;
}

/** Runs `send` under the operation's limits. Rejects with `AwsError`, or as its guard says. */
export type Call = <T>(operation: OperationName, send: (options: SendOptions) => Promise<T>) => Promise<T>;

/** For how long, and whether at all, calls may be made. */
export interface CallGuard {
  /** Called right before a call that changes something is sent; throws to stop it, e.g. when the lease is nearly over. */
  require(): void;
  /** Once it aborts, no call is sent, and what stands in line rejects with its reason. A call that was sent goes on. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly buckets: Buckets;
  /** Called right before a call that changes something is sent; throws to stop it, e.g. when the lease is nearly over. */
  readonly beforeMutation?: ((operation: OperationName) => void) | undefined;
}

export interface Caller {
  readonly call: Call;
  /** The same limits; asks the guard and not `beforeMutation`. */
  during(guard: CallGuard): Call;
  /** Ends every call and every wait with an `unavailable` error of code Closed. */
  close(): void;
}

export function makeCaller({ clock, metrics, buckets, beforeMutation }: CallOptions): Caller {
  startAtZero(metrics);
  const lifetime = new AbortController();

  const timed = async <T>(operation: OperationName, send: (options: SendOptions) => Promise<T>): Promise<T> => {
    const [service = '', name = ''] = operation.split(':');
    const begun = clock.monotonic();
    let outcome: AwsErrorKind | 'ok' = 'ok';
    try {
      return await bounded(clock, lifetime.signal, operation, send);
    } catch (error) {
      const failure = toAwsError(error, operation);
      outcome = failure.kind;
      if (outcome === 'throttled') buckets.pause(OPERATIONS[operation].buckets);
      throw failure;
    } finally {
      metrics.awsCalls.inc({ service, operation: name, outcome });
      metrics.awsSeconds.observe({ service, operation: name }, (clock.monotonic() - begun) / 1000);
    }
  };

  const inLine = async (operation: OperationName, signal: AbortSignal): Promise<void> =>
    await buckets.take(OPERATIONS[operation].buckets, signal).catch((error: unknown) => {
      throw toAwsError(error, operation);
    });

  return {
    async call(operation, send) {
      await inLine(operation, lifetime.signal);
      if (OPERATIONS[operation].mutates) beforeMutation?.(operation);
      return timed(operation, send);
    },
    during(guard) {
      const either = AbortSignal.any([guard.signal, lifetime.signal]);
      return async (operation, send) => {
        await inLine(operation, either).catch((error: unknown) => {
          guard.signal.throwIfAborted();
          throw error;
        });
        guard.signal.throwIfAborted();
        if (OPERATIONS[operation].mutates) guard.require();
        return timed(operation, send);
      };
    },
    close: () => lifetime.abort(new AwsError('unavailable', 'Closed', 'close', 'the AWS clients were closed')),
  };
}

/** Ends with `send`, after the timeout, or with `lifetime`, whichever comes first; a handler may ignore its signal. */
async function bounded<T>(
  clock: Clock,
  lifetime: AbortSignal,
  operation: OperationName,
  send: (options: SendOptions) => Promise<T>,
): Promise<T> {
  lifetime.throwIfAborted();
  const abort = new AbortController();
  const message = `${operation}: no answer within ${CALL_TIMEOUT_MS} ms`;
  const timer = clock.after(CALL_TIMEOUT_MS, () =>
    abort.abort(new AwsError('unavailable', 'TimeoutError', operation, message)),
  );
  const onClose = (): void => abort.abort(lifetime.reason);
  lifetime.addEventListener('abort', onClose, { once: true });
  const ended = new Promise<never>((_resolve, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([send({ abortSignal: abort.signal }), ended]);
  } finally {
    timer.cancel();
    lifetime.removeEventListener('abort', onClose);
  }
}

function startAtZero(metrics: Metrics): void {
  for (const key of Object.keys(OPERATIONS)) {
    const [service = '', operation = ''] = key.split(':');
    for (const outcome of OUTCOMES) metrics.awsCalls.inc({ service, operation, outcome }, 0);
  }
}
