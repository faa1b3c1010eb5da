import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../../../src/aws/operations.ts';
import { AWS_RATES, bucketsOf } from '../../../../src/local/aws/throttle/rates.ts';
import type { ThrottledService } from '../../../../src/local/aws/throttle/rates.ts';
import { makeThrottle } from '../../../../src/local/aws/throttle/throttle.ts';
import type { Throttle, ThrottleOptions } from '../../../../src/local/aws/throttle/throttle.ts';

function makeWorld(rates: ThrottleOptions['rates'] = {}): { throttle: Throttle; pass: (ms: number) => void } {
  let now = 1_000_000;
  const throttle = makeThrottle({ clock: { now: () => now }, rates });
  return { throttle, pass: (ms) => void (now += ms) };
}

/** How many calls in a row are let pass. */
function passed(throttle: Throttle, service: ThrottledService, operation: string, input?: object): number {
  for (let count = 0; ; count += 1) {
    try {
      throttle.take(service, operation, input);
    } catch {
      return count;
    }
  }
}

describe('a full bucket', () => {
  it.each([
    ['ecs', 'DescribeTasks', 100],
    ['ecs', 'StopTask', 100],
    ['ecs', 'DescribeClusters', 50],
    ['ecs', 'RunTask', 20],
    ['ecs', 'RegisterTaskDefinition', 20],
    ['ecs', 'DescribeTaskDefinition', 50],
    ['ecs', 'DeleteTaskDefinitions', 5],
    ['ecs', 'TagResource', 20],
    ['elasticloadbalancing', 'DescribeRules', 40],
    ['elasticloadbalancing', 'CreateRule', 20],
    ['elasticloadbalancing', 'RegisterTargets', 20],
    ['elasticloadbalancing', 'CreateLoadBalancer', 10],
    ['logs', 'GetLogEvents', 10],
    ['ecr', 'DescribeImages', 20],
  ] as const)('lets %s:%s pass %i times at once', (service, operation, burst) => {
    expect(passed(makeWorld().throttle, service, operation)).toBe(burst);
  });

  it('lets RunTask on EC2 pass as often as the cluster allows', () => {
    expect(passed(makeWorld().throttle, 'ecs', 'RunTask', { launchType: 'EC2' })).toBe(100);
  });
});

describe('a bucket', () => {
  it('fills at its rate, and never beyond its size', () => {
    const { throttle, pass } = makeWorld();
    passed(throttle, 'ecs', 'RegisterTaskDefinition');
    pass(2_500);
    expect(passed(throttle, 'ecs', 'RegisterTaskDefinition')).toBe(2);
    pass(500);
    expect(passed(throttle, 'ecs', 'RegisterTaskDefinition')).toBe(1);
    pass(3_600_000);
    expect(passed(throttle, 'ecs', 'RegisterTaskDefinition')).toBe(20);
  });

  it('takes several seconds for one token at a fractional rate', () => {
    const { throttle, pass } = makeWorld();
    passed(throttle, 'elasticloadbalancing', 'CreateLoadBalancer');
    pass(4_999);
    expect(passed(throttle, 'elasticloadbalancing', 'CreateLoadBalancer')).toBe(0);
    pass(1);
    expect(passed(throttle, 'elasticloadbalancing', 'CreateLoadBalancer')).toBe(1);
  });

  it('is shared by the operations of its kind, and by no other', () => {
    const { throttle } = makeWorld();
    passed(throttle, 'ecs', 'ListTasks');
    expect(passed(throttle, 'ecs', 'DescribeTasks')).toBe(0);
    expect(passed(throttle, 'ecs', 'StopTask')).toBe(100);
  });

  it('never lets more pass than its size and what came back', () => {
    const { burst, perSecond } = AWS_RATES['elb-mutating'];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 }), (pauses) => {
        const { throttle, pass } = makeWorld();
        let count = 0;
        let elapsed = 0;
        for (const ms of pauses) {
          pass(ms);
          elapsed += ms;
          count += passed(throttle, 'elasticloadbalancing', 'CreateRule') > 0 ? 1 : 0;
        }
        expect(count).toBeLessThanOrEqual(burst + (elapsed * perSecond) / 1000);
      }),
    );
  });
});

describe('a call of several buckets', () => {
  it('draws from each: reads and writes of load balancers share the one of the account', () => {
    const { throttle } = makeWorld();
    expect(passed(throttle, 'elasticloadbalancing', 'CreateRule')).toBe(20);
    expect(passed(throttle, 'elasticloadbalancing', 'DescribeRules')).toBe(20);
    expect(passed(throttle, 'elasticloadbalancing', 'RegisterTargets')).toBe(0);
  });

  it('draws from none of them when it is refused', () => {
    const { throttle, pass } = makeWorld();
    passed(throttle, 'elasticloadbalancing', 'CreateRule');
    for (let count = 0; count < 30; count += 1) passed(throttle, 'elasticloadbalancing', 'CreateRule');
    pass(0);
    expect(passed(throttle, 'elasticloadbalancing', 'DescribeRules')).toBe(20);
    expect(throttle.refused()).toBe(32);
  });
});

describe('a refusal', () => {
  it.each([
    ['ecs', 'RegisterTaskDefinition', 'ThrottlingException'],
    ['elasticloadbalancing', 'CreateRule', 'Throttling'],
    ['logs', 'GetLogEvents', 'ThrottlingException'],
    ['ecr', 'DescribeImages', 'ThrottlingException'],
  ] as const)('of %s carries the code of the service', (service, operation, code) => {
    const { throttle } = makeWorld();
    passed(throttle, service, operation);
    expect(() => throttle.take(service, operation)).toThrow(
      expect.objectContaining({ code, status: 400, message: 'Rate exceeded' }) as Error,
    );
  });

  it('never comes where a rate is unlimited, and sooner where it is lower', () => {
    const { throttle } = makeWorld({
      'elb-mutating': 'unlimited',
      'elb-all': 'unlimited',
      'ecs-tag-modify': { burst: 1, perSecond: 1 },
    });
    for (let count = 0; count < 1_000; count += 1) throttle.take('elasticloadbalancing', 'CreateRule');
    expect(passed(throttle, 'ecs', 'TagResource')).toBe(1);
  });
});

it('every operation that the operator calls has a limit', () => {
  for (const name of Object.keys(OPERATIONS)) {
    const [service = '', operation = ''] = name.split(':');
    expect([name, bucketsOf(service as ThrottledService, operation)]).not.toEqual([name, []]);
  }
});
