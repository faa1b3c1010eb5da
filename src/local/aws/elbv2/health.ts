/**
 * The health of one target as a state machine over the outcomes of its checks. Pure.
 * AWS-FACTS ELBv2 "health states", "ordering".
 */
import type { TargetHealth } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { HealthCheck } from './state.ts';

/** What one check found. */
export type ProbeOutcome =
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'timeout' }
  /** No connection, or an answer that is not HTTP. */
  | { readonly kind: 'failed' };

export interface Health {
  readonly state: 'initial' | 'healthy' | 'unhealthy';
  readonly reason?: TargetHealth['Reason'];
  readonly description?: string;
  /** Consecutive. */
  readonly passes: number;
  /** Consecutive. */
  readonly failures: number;
}

export const registering: Health = {
  state: 'initial',
  reason: 'Elb.RegistrationInProgress',
  description: 'Target registration is in progress',
  passes: 0,
  failures: 0,
};

export const initialChecking: Health = {
  ...registering,
  reason: 'Elb.InitialHealthChecking',
  description: 'Initial health checks in progress',
};

const healthy = (passes: number): Health => ({ state: 'healthy', passes, failures: 0 });

/** A target's first pass makes it healthy whatever the threshold; later turns take the thresholds' counts in a row. */
export function nextHealth(health: Health, outcome: ProbeOutcome, check: HealthCheck): Health {
  if (passes(outcome, check.matcher)) return afterPass(health, check);
  const failures = health.failures + 1;
  if (health.state === 'unhealthy' || failures >= check.unhealthyThreshold) {
    return { state: 'unhealthy', ...explain(outcome), passes: 0, failures };
  }
  return { ...health, passes: 0, failures };
}

function afterPass(health: Health, check: HealthCheck): Health {
  const inARow = health.passes + 1;
  if (health.state !== 'unhealthy' || inARow >= check.healthyThreshold) return healthy(inARow);
  return { ...health, passes: inARow, failures: 0 };
}

/** `200`, `200,202` or `200-299`. */
function passes(outcome: ProbeOutcome, matcher: string): boolean {
  if (outcome.kind !== 'response') return false;
  return matcher.split(',').some((part) => {
    const [low, high = low] = part.split('-').map(Number);
    return low !== undefined && high !== undefined && outcome.status >= low && outcome.status <= high;
  });
}

function explain(outcome: ProbeOutcome): { reason: NonNullable<TargetHealth['Reason']>; description: string } {
  switch (outcome.kind) {
    case 'response':
      return {
        reason: 'Target.ResponseCodeMismatch',
        description: `Health checks failed with these codes: [${outcome.status}]`,
      };
    case 'timeout':
      return { reason: 'Target.Timeout', description: 'Request timed out' };
    case 'failed':
      return { reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
  }
}
