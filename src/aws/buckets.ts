/**
 * AWS's documented throttle buckets, mirrored on this side, so that a storm proceeds at the speed limit instead of being
 * throttled. AWS-FACTS ECS "throttle buckets", ELBv2 "throttling"; logs and ECR stay far below what AWS allows.
 */
import { type Clock, sleep } from '../runtime/clock.ts';
import { makeTokenBucket } from '../runtime/token-bucket.ts';

const RATES = {
  // Of Fargate, beside the one of the cluster's resources: AWS-FACTS ECS "Fargate"
  'run-task': { burst: 20, perSecond: 20 },
  'ecs-modify': { burst: 100, perSecond: 40 },
  'ecs-read': { burst: 100, perSecond: 20 },
  'task-definition-modify': { burst: 20, perSecond: 1 },
  'task-definition-read': { burst: 50, perSecond: 20 },
  'elb-all': { burst: 40, perSecond: 10 },
  'elb-describe': { burst: 40, perSecond: 10 },
  'elb-mutate': { burst: 20, perSecond: 3 },
  'elb-register': { burst: 20, perSecond: 4 },
  ecr: { burst: 20, perSecond: 5 },
  logs: { burst: 10, perSecond: 5 },
} as const;

export type BucketName = keyof typeof RATES;

/** A throttled answer holds its buckets for this long, plus up to as much again at random. */
const PAUSE_MS = 1_000;

export interface Buckets {
  /** One token of each, in this order; rejects with the signal's reason. */
  take(names: readonly BucketName[], signal: AbortSignal): Promise<void>;
  /** AWS asked to slow down: nobody takes from these for a moment, since others may share the account's buckets. */
  pause(names: readonly BucketName[]): void;
}

/** `random` gives numbers from 0 up to 1. */
export function makeBuckets(clock: Clock, random: () => number): Buckets {
  const pausedUntil = new Map<BucketName, number>();
  const buckets = new Map(
    (Object.keys(RATES) as BucketName[]).map((name) => [name, makeTokenBucket({ ...RATES[name], clock })]),
  );

  const pauseOver = async (name: BucketName, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const left = (pausedUntil.get(name) ?? 0) - clock.monotonic();
      if (left <= 0) return;
      await sleep(clock, left, signal);
    }
  };

  return {
    async take(names, signal) {
      for (const name of names) {
        await pauseOver(name, signal);
        await buckets.get(name)?.take(signal);
      }
    },
    pause(names) {
      const until = clock.monotonic() + PAUSE_MS * (1 + random());
      for (const name of names) pausedUntil.set(name, Math.max(until, pausedUntil.get(name) ?? 0));
    },
  };
}
