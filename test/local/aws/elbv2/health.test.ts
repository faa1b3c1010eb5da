import { describe, expect, it } from 'vitest';
import { initialChecking, nextHealth, type ProbeOutcome } from '../../../../src/local/aws/elbv2/health.ts';
import type { HealthCheck } from '../../../../src/local/aws/elbv2/state.ts';

const check: HealthCheck = {
  path: '/',
  port: 'traffic-port',
  intervalSeconds: 10,
  timeoutSeconds: 5,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: '200',
};
const pass: ProbeOutcome = { kind: 'response', status: 200 };
const wrongCode: ProbeOutcome = { kind: 'response', status: 404 };
const timeout: ProbeOutcome = { kind: 'timeout' };
const failed: ProbeOutcome = { kind: 'failed' };

const after = (...outcomes: ProbeOutcome[]) =>
  outcomes.reduce((health, outcome) => nextHealth(health, outcome, check), initialChecking);

describe('health', () => {
  it.each([
    ['the first pass makes it healthy whatever the threshold', [pass], 'healthy', undefined],
    ['one failure leaves it initial', [failed], 'initial', 'Elb.InitialHealthChecking'],
    ['a pass after a failure is still the first pass', [failed, pass], 'healthy', undefined],
    ['the threshold of failures makes it unhealthy', [failed, failed], 'unhealthy', 'Target.FailedHealthChecks'],
    ['a healthy one survives a single failure', [pass, timeout], 'healthy', undefined],
    ['failures must be in a row', [pass, timeout, pass, timeout], 'healthy', undefined],
    ['enough failures in a row', [pass, timeout, timeout], 'unhealthy', 'Target.Timeout'],
    ['back to health takes the threshold', [failed, failed, pass, pass], 'unhealthy', 'Target.FailedHealthChecks'],
    ['of passes in a row', [failed, failed, pass, pass, pass], 'healthy', undefined],
    ['and not of passes in all', [failed, failed, pass, pass, failed, pass], 'unhealthy', 'Target.FailedHealthChecks'],
    ['the reason is the last failure', [failed, failed, wrongCode], 'unhealthy', 'Target.ResponseCodeMismatch'],
  ] as const)('%s', (_name, outcomes, state, reason) => {
    expect(after(...outcomes)).toMatchObject({ state });
    expect(after(...outcomes).reason).toBe(reason);
  });

  it('names the code that did not match', () => {
    expect(after(wrongCode, wrongCode).description).toBe('Health checks failed with these codes: [404]');
  });

  it.each([
    ['200', 200, true],
    ['200', 204, false],
    ['200,404', 404, true],
    ['200-299', 250, true],
    ['200-299', 300, false],
    ['200-204,301', 301, true],
  ])('matcher %s against %i: %s', (matcher, status, expected) => {
    const health = nextHealth(initialChecking, { kind: 'response', status }, { ...check, matcher });
    expect(health.state === 'healthy').toBe(expected);
  });
});
