/** The wrapper of every call: limits, time, counting, and no retries. */
import { describe, expect, it, vi } from 'vitest';
import { CALL_TIMEOUT_MS } from '../../src/aws/call.ts';
import type { RunTaskRequest } from '../../src/model/step.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { cannedAws, json, jsonError, xml, xmlError } from './canned.ts';
import { thrownBy } from './thrown.ts';

const GROUP = 'arn:tg';
const empty = () => json({ taskArns: [] });
const never = () => new Promise<never>(() => undefined);

/** How many of `count` calls were sent at once, and after each further second. */
async function paceOf(
  count: number,
  seconds: number,
  make: (aws: ReturnType<typeof cannedAws>['aws']) => Promise<unknown>,
) {
  const clock = makeFakeClock();
  const canned = cannedAws(
    ({ operation }) => (operation.endsWith('Tasks') || operation.endsWith('Task') ? empty() : xml(operation, '')),
    { clock },
  );
  const all = Array.from({ length: count }, () => make(canned.aws).catch(() => undefined));
  const sent: number[] = [];
  for (let second = 0; second <= seconds; second++) {
    await clock.advance(second === 0 ? 0 : 1_000);
    // The SDK loads parts of itself with its first call.
    await vi.waitUntil(() => canned.calls.length > 0, { timeout: 10_000 });
    await quiet(() => canned.calls.length);
    sent.push(canned.calls.length);
  }
  await canned.aws.close();
  await Promise.all(all);
  return sent;
}

/** Returns once the number has stood still for a while of turns of the event loop. */
async function quiet(read: () => number): Promise<void> {
  for (let still = 0, before = read(); still < 30; still++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() !== before) still = 0;
    before = read();
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (condition()) return;
  }
  throw new Error('the condition did not come true');
}

describe('the speed limit', () => {
  it('deregistering: 20 at once, then 4 a second', async () => {
    expect(await paceOf(40, 2, (aws) => aws.elbv2.deregisterTarget(GROUP, '10.0.0.1', 3001))).toEqual([20, 24, 28]);
  });

  it('changing rules: 20 at once, then 3 a second', async () => {
    expect(await paceOf(40, 2, (aws) => aws.elbv2.deleteRule('arn:rule'))).toEqual([20, 23, 26]);
  });

  it('describing target health: 40 at once, then 10 a second', async () => {
    expect(await paceOf(70, 2, (aws) => aws.elbv2.describeTargetHealth(GROUP))).toEqual([40, 50, 60]);
  });

  it('all calls to ELB share one bucket: changes after a storm of reads wait too', async () => {
    let turn = 0;
    const pace = await paceOf(60, 1, (aws) =>
      turn++ < 40 ? aws.elbv2.describeTargetHealth(GROUP) : aws.elbv2.deleteRule('arn:rule'),
    );
    expect(pace).toEqual([40, 50]);
  });

  // AWS-FACTS ECS "Fargate": a limit beside that of the cluster's resources
  it('starting tasks: 20 at once, then 20 a second', async () => {
    const request: RunTaskRequest = {
      cluster: 'main',
      taskDefinition: 'web:1',
      launchType: 'FARGATE',
      startedBy: 'me',
      group: 'tt-1',
      subnets: ['subnet-a'],
      securityGroups: [],
      assignPublicIp: false,
      container: 'web',
      env: {},
      tags: {},
    };
    expect(await paceOf(50, 1, (aws) => aws.ecs.runTask(request, 'token'))).toEqual([20, 40]);
  });

  it('reading the cluster: 100 at once, then 20 a second', async () => {
    expect(await paceOf(130, 1, (aws) => aws.ecs.listTasks('main', 'me'))).toEqual([100, 120]);
  });
});

describe('a throttled answer', () => {
  it('is not retried here, and holds its bucket for a moment', async () => {
    const clock = makeFakeClock();
    let throttle = true;
    const { aws, calls } = cannedAws(() => (throttle ? jsonError('ThrottlingException', 'Rate exceeded') : empty()), {
      clock,
    });
    expect(await thrownBy(aws.ecs.listTasks('main', 'me'))).toMatchObject({ kind: 'throttled' });
    expect(calls).toHaveLength(1);

    throttle = false;
    const next = aws.ecs.listTasks('main', 'me');
    await clock.advance(900);
    expect(calls).toHaveLength(1);
    await clock.advance(200);
    expect(await next).toEqual([]);
    expect(calls).toHaveLength(2);
  });

  it('does not hold the other buckets', async () => {
    const clock = makeFakeClock();
    const { aws } = cannedAws(
      ({ operation }) => (operation === 'ListTasks' ? jsonError('ThrottlingException', 'Rate exceeded') : json({})),
      { clock },
    );
    await thrownBy(aws.ecs.listTasks('main', 'me'));
    await aws.ecs.stopTask('main', 'arn:task', 'test');
  });
});

describe('a call without an answer', () => {
  it('ends as unavailable, sooner than a lease', async () => {
    const clock = makeFakeClock();
    const { aws, calls } = cannedAws(never, { clock });
    const error = thrownBy(aws.ecs.listTasks('main', 'me'));
    await until(() => calls.length === 1);
    await clock.advance(CALL_TIMEOUT_MS);
    expect(await error).toMatchObject({ kind: 'unavailable', code: 'TimeoutError' });
    expect(clock.pending()).toBe(0);
  });

  it('ends when the clients are closed, as do callers in line', async () => {
    const clock = makeFakeClock();
    const { aws, calls } = cannedAws(never, { clock });
    const errors = Array.from({ length: 101 }, () => thrownBy(aws.ecs.listTasks('main', 'me')));
    await until(() => calls.length === 100);
    await aws.close();
    expect(new Set((await Promise.all(errors)).map(({ code }) => code))).toEqual(new Set(['Closed']));
    expect(clock.pending()).toBe(0);
    expect(await thrownBy(aws.ecs.listTasks('main', 'me'))).toMatchObject({ code: 'Closed' });
  });
});

describe('before a change', () => {
  it('the hook is asked last, and its refusal is passed on as it is', async () => {
    const lost = new Error('the lease is nearly over');
    const { aws, calls } = cannedAws(() => json({}), {
      beforeMutation: () => {
        throw lost;
      },
    });
    await expect(aws.ecs.stopTask('main', 'arn:task', 'test')).rejects.toBe(lost);
    expect(calls).toEqual([]);
    await aws.ecs.listTasks('main', 'me');
    expect(calls).toHaveLength(1);
  });
});

describe('a limited time', () => {
  const refusal = new Error('the term is over');

  it('is asked for by each change, and not by what only reads', async () => {
    const { aws, calls } = cannedAws(empty);
    const refuse = (): never => {
      throw refusal;
    };
    const limited = aws.during({ require: refuse, signal: new AbortController().signal });
    await expect(limited.ecs.stopTask('main', 'arn:task', 'test')).rejects.toBe(refusal);
    await limited.ecs.listTasks('main', 'me');
    expect(calls.map(({ operation }) => operation)).toEqual(['ListTasks']);
  });

  it('ends what stands in line, and nothing that others sent or send', async () => {
    const clock = makeFakeClock();
    const { aws, calls } = cannedAws(({ operation }) => xml(operation, ''), { clock });
    const term = new AbortController();
    const limited = aws.during({ require: () => undefined, signal: term.signal });
    const inTerm = Array.from({ length: 25 }, () =>
      limited.elbv2.deleteRule('arn:rule').catch((error: unknown) => error),
    );
    const other = aws.elbv2.deleteRule('arn:rule');
    await until(() => calls.length === 20);
    term.abort(refusal);
    const ends = await Promise.all(inTerm);
    expect(ends.filter((end) => end === refusal)).toHaveLength(5);
    await expect(limited.elbv2.describeRules('arn:listener')).rejects.toBe(refusal);
    await clock.advance(1_000);
    await other;
    expect(calls).toHaveLength(21);
    expect(clock.pending()).toBe(0);
  });
});

describe('counting', () => {
  it('every call is counted once by outcome, and every series starts at zero', async () => {
    let turn = 0;
    const { aws, metrics } = cannedAws(() => (turn++ === 0 ? empty() : xmlError('TargetGroupNotFound', 'no')));
    const count = async (service: string, operation: string, outcome: string) => {
      const { values } = await metrics.awsCalls.get();
      return values.find(
        ({ labels }) => labels.service === service && labels.operation === operation && labels.outcome === outcome,
      )?.value;
    };
    expect(await count('ecs', 'ListTasks', 'ok')).toBe(0);
    expect(await count('elasticloadbalancing', 'CreateRule', 'taken')).toBe(0);
    await aws.ecs.listTasks('main', 'me');
    await aws.elbv2.deleteTargetGroup(GROUP);
    expect(await count('ecs', 'ListTasks', 'ok')).toBe(1);
    expect(await count('elasticloadbalancing', 'DeleteTargetGroup', 'not-found')).toBe(1);
    const { values } = await metrics.awsSeconds.get();
    expect(values.filter(({ metricName }) => metricName?.endsWith('_count')).map(({ value }) => value)).toEqual([1, 1]);
  });
});
