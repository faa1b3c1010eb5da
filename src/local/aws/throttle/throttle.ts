/**
 * AWS's request throttling, as arithmetic over a clock: no timers, so that it holds under a virtual clock as well. It
 * stands in front of the services, behind a socket or called directly.
 */
import { ApiError } from '../service.ts';
import type { LocalClock } from '../service.ts';
import { AWS_RATES, bucketsOf } from './rates.ts';
import type { BucketName, Rate, ThrottledService } from './rates.ts';

/** What replaces AWS's rates; buckets that are not named keep theirs. */
export type RateChanges = Partial<Readonly<Record<BucketName, Rate | 'unlimited'>>>;

export interface ThrottleOptions {
  readonly clock: Pick<LocalClock, 'now'>;
  readonly rates?: RateChanges;
}

export interface Throttle {
  /**
   * One token of every bucket that the operation belongs to, or of none: throws ApiError with status 400 and the code
   * of the service when one of them is empty. `input` tells RunTask on Fargate from RunTask on EC2.
   */
  take(service: ThrottledService, operation: string, input?: object): void;
  /** Calls refused since the start. */
  refused(): number;
}

/** Binary fractions do not add up: a caller that waits as long as it has to must not miss by a billionth. */
const TOLERANCE = 1e-6;

export function makeThrottle({ clock, rates = {} }: ThrottleOptions): Throttle {
  const buckets = new Map<BucketName, Bucket>();
  let refused = 0;
  const bucketOf = (name: BucketName): Bucket => {
    const existing = buckets.get(name);
    if (existing !== undefined) return existing;
    const rate = rates[name] ?? AWS_RATES[name];
    const bucket = rate === 'unlimited' ? NO_LIMIT : makeBucket(rate, clock);
    buckets.set(name, bucket);
    return bucket;
  };
  return {
    take(service, operation, input) {
      const drawn = bucketsOf(service, operation, launchTypeOf(input)).map(bucketOf);
      if (!drawn.every((bucket) => bucket.has())) {
        refused += 1;
        throw rateExceeded(service);
      }
      for (const bucket of drawn) bucket.draw();
    },
    refused: () => refused,
  };
}

interface Bucket {
  has(): boolean;
  draw(): void;
}

const NO_LIMIT: Bucket = { has: () => true, draw: () => undefined };

function makeBucket({ burst, perSecond }: Rate, clock: Pick<LocalClock, 'now'>): Bucket {
  let tokens = burst;
  let at = clock.now();
  return {
    has() {
      const now = clock.now();
      tokens = Math.min(burst, tokens + (Math.max(0, now - at) * perSecond) / 1000);
      at = now;
      return tokens >= 1 - TOLERANCE;
    },
    draw() {
      tokens -= 1;
    },
  };
}

function launchTypeOf(input: object | undefined): string | undefined {
  return input && 'launchType' in input && typeof input.launchType === 'string' ? input.launchType : undefined;
}

/** ELB's guide says ThrottlingException, the wire says Throttling: fact elbv2.throttle.code. */
function rateExceeded(service: ThrottledService): ApiError {
  return new ApiError(service === 'elasticloadbalancing' ? 'Throttling' : 'ThrottlingException', 'Rate exceeded');
}

/** Whether calls of the service with this signing name are limited at all. */
export function isThrottled(signingName: string): signingName is ThrottledService {
  return ['ecs', 'elasticloadbalancing', 'ecr', 'logs'].includes(signingName);
}
