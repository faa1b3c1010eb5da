/** The one way to DynamoDB: bounds the call in time, counts it, and turns every error into a `StoreError`. */
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { storeError } from './dynamodb-errors.ts';
import { StoreError } from './port.ts';

export interface DynamoCallOptions {
  readonly table: string;
  /** For one call; a listing makes one call a page. */
  readonly timeoutMs?: number | undefined;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
}

export type DynamoCall = <T>(
  operation: (typeof OPERATIONS)[number],
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
) => Promise<T>;

const OPERATIONS = ['GetItem', 'Scan', 'PutItem', 'UpdateItem', 'DescribeTable', 'CreateTable'] as const;
const OUTCOMES = ['ok', 'conflict', 'unavailable', 'misconfigured'] as const satisfies (StoreError['kind'] | 'ok')[];

export function makeDynamoCall(options: DynamoCallOptions): DynamoCall {
  const { table, timeoutMs = 8_000, metrics, clock = systemClock } = options;
  for (const operation of OPERATIONS)
    for (const outcome of OUTCOMES) metrics?.awsCalls.inc({ service: 'dynamodb', operation, outcome }, 0);
  return async (operation, send) => {
    const begun = clock.monotonic();
    let outcome: StoreError['kind'] | 'ok' = 'ok';
    const deadline = startDeadline(clock, timeoutMs, `DynamoDB did not answer ${operation} on table ${table}`);
    try {
      return await Promise.race([send({ abortSignal: deadline.signal }), deadline.passed]);
    } catch (error) {
      const failure = storeError(error, operation, table);
      outcome = failure.kind;
      throw failure;
    } finally {
      deadline.cancel();
      metrics?.awsCalls.inc({ service: 'dynamodb', operation, outcome });
      metrics?.awsSeconds.observe({ service: 'dynamodb', operation }, (clock.monotonic() - begun) / 1000);
    }
  };
}

interface Deadline {
  readonly signal: AbortSignal;
  /** Rejects when the time is over: not every request handler heeds the signal. */
  readonly passed: Promise<never>;
  cancel(): void;
}

function startDeadline(clock: Clock, ms: number, message: string): Deadline {
  const abort = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => {
    reject(new StoreError('unavailable', `${message} within ${ms} ms`));
    abort.abort();
  });
  return { signal: abort.signal, passed: promise, cancel: () => timer.cancel() };
}
