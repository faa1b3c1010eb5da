/** Durations and limits that decisions are made with, all in milliseconds unless named otherwise. */
export interface Policy {
  /** Between removing the rule and stopping the task, so that requests in flight end. */
  readonly settleMs: number;
  readonly deregistrationDelaySeconds: number;
  readonly healthCheckIntervalSeconds: number;
  /** From RunTask to healthy. */
  readonly startDeadlineMs: number;
  /** How long a task that was just created may be invisible to reads. AWS-FACTS ECS "eventual consistency". */
  readonly createGraceMs: number;
  /** Attempts after an infrastructure failure. */
  readonly retries: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Between looks at something that is changing. */
  readonly transitionMs: number;
  /** Between questions to a settled environment's control port. */
  readonly controlMs: number;
  /** Between DescribeTargetHealth of a settled environment. */
  readonly healthLookMs: number;
  /** STOPPED records are kept this long after everything is verified gone. */
  readonly retentionMs: number;
  /** What no record names must have been seen so in every pass for this long, and be this old, before it is taken away. */
  readonly orphanGraceMs: number;
  /** Most orphaned environments that are taken away without asking. Absent: see `orphansAllowed`. */
  readonly orphanLimit?: number | undefined;
}

export const DEFAULT_POLICY: Policy = {
  settleMs: 5_000,
  deregistrationDelaySeconds: 30,
  healthCheckIntervalSeconds: 5,
  startDeadlineMs: 600_000,
  createGraceMs: 60_000,
  retries: 3,
  backoffBaseMs: 5_000,
  backoffMaxMs: 300_000,
  transitionMs: 2_000,
  controlMs: 15_000,
  healthLookMs: 600_000,
  retentionMs: 7 * 24 * 3_600_000,
  orphanGraceMs: 900_000,
};

/** Exponential pause before the attempt after `failures` failures in a row. */
export function backoffMs(policy: Policy, failures: number): number {
  return Math.min(policy.backoffMaxMs, policy.backoffBaseMs * 2 ** Math.max(0, failures - 1));
}

const FEW_ORPHANS = 3;

/** Of `owned` environments. More than a quarter at once looks like a table that was lost or mistaken, not like leftovers. */
export function orphansAllowed(policy: Policy, owned: number): number {
  return policy.orphanLimit ?? Math.max(FEW_ORPHANS, Math.floor(owned / 4));
}
