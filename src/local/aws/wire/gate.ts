/**
 * What every call passes on its way to a service: the record, then the throttle. The same behind a socket and for a
 * caller that hands its input to an operation directly.
 */
import type { CallRecorder, RecordedCall } from '../record/recorder.ts';
import { ApiError } from '../service.ts';
import { isThrottled } from '../throttle/throttle.ts';
import type { Throttle } from '../throttle/throttle.ts';

export type GatedCall = RecordedCall;

/** Answers with what `next` answers; throws ApiError without asking it when the call is refused. */
export type Gate = <T>(call: GatedCall, next: () => T | Promise<T>) => Promise<T>;

export interface GateParts {
  readonly throttle?: Throttle | undefined;
  readonly recorder?: CallRecorder | undefined;
  /** Access key ids that no limit holds for, e.g. of a test that makes a world before it begins. */
  readonly unthrottled?: readonly string[] | undefined;
}

export function makeGate({ throttle, recorder, unthrottled = [] }: GateParts): Gate {
  return async (call, next) => {
    const finish = recorder?.begin(call);
    try {
      if (throttle && isThrottled(call.service) && !unthrottled.includes(call.principal)) {
        throttle.take(call.service, call.operation, call.input);
      }
      const output = await next();
      finish?.('ok');
      return output;
    } catch (error) {
      finish?.(error instanceof ApiError ? error.code : 'InternalFailure');
      throw error;
    }
  };
}
