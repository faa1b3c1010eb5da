/**
 * The one limiter in front of GitHub: at most ten requests at once, content written no faster than GitHub's secondary
 * limits allow, and none at all while GitHub asks to wait. A call that would have to wait long fails as `limited`
 * instead, so that no worker of the loop is held up. AWS-FACTS GitHub "secondary".
 */
import PQueue from 'p-queue';
import type { Clock } from '../runtime/clock.ts';
import { makeTokenBucket, type TokenBucket } from '../runtime/token-bucket.ts';
import { GitHubError } from './port.ts';

const CONCURRENCY = 10;
/** A burst and a rate that add up to GitHub's 80 a minute. */
const WRITES_A_MINUTE = { burst: 20, perSecond: 1 };
/** A burst and a rate that add up to GitHub's 500 an hour. */
const WRITES_AN_HOUR = { burst: 100, perSecond: 400 / 3600 };
/** As long as a call may stand in line for its turn to write. */
const WRITE_WAIT_MS = 2_000;
const WRITE_RETRY_MS = 10_000;
/** Less than the margin of the lease, 11 s, that is asked for right before: a former leader's write has ended by then. */
const WRITE_TIMEOUT_MS = 8_000;

export interface Limiter {
  /**
   * Runs `call` when it is its turn, which may be much later: what must hold for a write is looked at within `call`. The
   * signal aborts when the request takes too long.
   */
  run<T>(write: boolean, call: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** GitHub asks for a pause: until then every call fails as `limited` without being sent. */
  pause(ms: number): void;
}

export function makeLimiter(clock: Clock, requestTimeoutMs: number): Limiter {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const buckets = [WRITES_A_MINUTE, WRITES_AN_HOUR].map((rate) => makeTokenBucket({ ...rate, clock }));
  let pausedUntil = 0;

  const checkPause = (): void => {
    const left = pausedUntil - clock.monotonic();
    if (left > 0) throw limited('GitHub asked to wait', left);
  };

  return {
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.monotonic() + ms);
    },
    async run(write, call) {
      checkPause();
      if (write) await takeTokens(buckets, clock);
      return queue.add(() => {
        checkPause();
        return withTimeout(clock, write ? Math.min(requestTimeoutMs, WRITE_TIMEOUT_MS) : requestTimeoutMs, call);
      });
    },
  };
}

function limited(why: string, ms: number): GitHubError {
  return new GitHubError('limited', `${why}; ${Math.ceil(ms / 1000)} s are left`, { retryAfterMs: Math.ceil(ms) });
}

async function takeTokens(buckets: readonly TokenBucket[], clock: Clock): Promise<void> {
  const late = limited('Too many comments at once for the limits of GitHub', WRITE_RETRY_MS);
  await bounded(clock, WRITE_WAIT_MS, late, async (signal) => {
    for (const bucket of buckets) await bucket.take(signal);
  });
}

async function withTimeout<T>(clock: Clock, ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new GitHubError('unavailable', `GitHub did not answer within ${ms / 1000} s`);
  return bounded(clock, ms, late, call);
}

/** Runs `call`, aborts it with `late` after `ms`, and then fails with `late` whatever the call makes of the abort. */
async function bounded<T>(
  clock: Clock,
  ms: number,
  late: Error,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = clock.after(ms, () => abort.abort(late));
  try {
    const result = await call(abort.signal);
    abort.signal.throwIfAborted();
    return result;
  } catch (error) {
    throw abort.signal.aborted ? late : error;
  } finally {
    timer.cancel();
  }
}
