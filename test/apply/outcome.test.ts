import { describe, expect, it } from 'vitest';
import { failed } from '../../src/apply/outcome.ts';
import { AwsError, type AwsErrorKind } from '../../src/aws/errors.ts';

const outcomeOf = (kind: AwsErrorKind, operation = 'elasticloadbalancing:CreateRule') =>
  failed(new AwsError(kind, 'Code', operation, `${operation}: Code: because`));

describe('what an error of AWS becomes', () => {
  it.each<[AwsErrorKind, string]>([
    ['throttled', 'Throttled'],
    ['conflict', 'AwsError'],
    ['not-found', 'AwsError'],
    ['in-use', 'Removing'],
    ['taken', 'AwsError'],
    ['quota', 'QuotaExceeded'],
    ['denied', 'AwsDenied'],
    ['invalid', 'AwsError'],
    ['unavailable', 'AwsUnavailable'],
  ])('%s is %s, in AWS’s words', (kind, reason) => {
    expect(outcomeOf(kind)).toMatchObject({ ok: false, reason, message: expect.stringContaining('because') });
  });

  it('a quota of ECS is capacity, not the load balancer’s', () => {
    expect(outcomeOf('quota', 'ecs:RunTask')).toMatchObject({ reason: 'CapacityUnavailable' });
  });

  it('only what is taken says so', () => {
    expect(outcomeOf('taken')).toMatchObject({ taken: true });
    expect(outcomeOf('invalid')).not.toHaveProperty('taken');
  });

  it('what may pass at any moment backs off instead of coming back at a fixed time', () => {
    expect(outcomeOf('unavailable')).not.toHaveProperty('retryAfterMs');
    expect(outcomeOf('invalid')).not.toHaveProperty('retryAfterMs');
  });
});
