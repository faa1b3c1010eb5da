/** What goes wrong under the loop: lost answers, crashes, other writers, builds and tasks that fail, AWS that refuses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstPriority, targetGroupName } from '../../src/model/names.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import { StoreError } from '../../src/store/port.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import { A, B, type ControllerWorld, labelled, makeControllerWorld, SESSION } from './world.ts';

const MINUTE = 60_000;

let world: ControllerWorld;
beforeEach(async () => {
  world = await makeControllerWorld();
});
afterEach(() => world.close());

/** Client tokens of all requests that ECS remembers. */
function tokens(): readonly string[] {
  return Object.keys(world.local.ecs.state.tokens).map((key) => key.slice(key.indexOf(' ') + 1));
}
const tasksEver = (): number => Object.keys(world.local.ecs.state.tasks).length;
const runs = (): number => world.mutations().filter((operation) => operation === 'RunTask').length;
async function arn(): Promise<string | undefined> {
  return (await world.left()).tasks[0]?.arn;
}

describe('RunTask', () => {
  it('whose answer was lost is repeated with the same token: one task', async () => {
    world.edit(labelled());
    world.lose('RunTask', 'after');
    expect((await world.pass()).error?.message).toContain('ECONNRESET');
    const { attempt } = await world.status();
    await world.run(MINUTE);
    expect(tasksEver()).toBe(1);
    expect(tokens()).toEqual([attempt?.clientToken]);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('that never reached AWS is repeated by the next operator with the same token: one task', async () => {
    world.edit(labelled());
    world.lose('RunTask', 'before');
    await world.pass();
    const { attempt } = await world.status();
    world.restart();
    await world.run(MINUTE);
    expect(tokens()).toEqual([attempt?.clientToken]);
    expect((await world.status()).attempt).toMatchObject({ number: 1, request: attempt?.request });
  });

  it('is not called when the attempt could not be recorded', async () => {
    world.edit(labelled());
    world.onPutStatus.now = () => {
      throw new StoreError('unavailable', 'no answer');
    };
    expect((await world.pass()).error).toBeInstanceOf(StoreError);
    expect(world.mutations()).toEqual([]);
  });

  it('after a crash between record and call is called once, with what was recorded', async () => {
    world.edit(labelled());
    // The write happened, its answer did not come.
    world.onPutStatus.now = () => () => {
      throw new StoreError('unavailable', 'no answer');
    };
    await world.pass();
    expect(world.mutations()).toEqual([]);
    const { attempt } = await world.status();
    world.onPutStatus.now = undefined;
    world.restart();
    await world.run(MINUTE);
    expect(tokens()).toEqual([attempt?.clientToken]);
  });

  it('repeated for longer than a start may take is no late start', async () => {
    world.edit(labelled());
    world.lose('RunTask', 'before', 1_000);
    await world.run(MINUTE);
    await world.local.clock.advance(11 * MINUTE);
    world.local.fault.now = {};
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(tasksEver()).toBe(1);
  });

  it('that fails though its task runs: the task is adopted, and it is the only one', async () => {
    world.edit(labelled());
    world.local.failRunTask.next = { reason: 'RESOURCE:ENI', startsAnyway: true };
    await world.pass();
    delete world.local.failRunTask.next;
    const only = await arn();
    await world.run(2 * MINUTE);
    expect(await arn()).toBe(only);
    expect(tasksEver()).toBe(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('refused for want of capacity is tried for ever, with growing pauses, and says why', async () => {
    world.edit(labelled());
    world.local.failRunTask.next = { reason: 'RESOURCE:CPU' };
    await world.run(10 * MINUTE);
    const first = runs();
    await world.run(10 * MINUTE);
    const second = runs();
    expect(first).toBeGreaterThan(3);
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(0);
    expect(await world.condition('Ready')).toBe('False: CapacityUnavailable');
    expect(await world.record()).toMatchObject({ state: 'STARTING' });
    delete world.local.failRunTask.next;
    await world.run(6 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('a status that somebody else wrote in between', () => {
  it('is merged when it was the reporter', async () => {
    world.edit(labelled());
    let told = false;
    world.onPutStatus.now = () => {
      if (told) return;
      told = true;
      const { status, ...item } = world.store.peek(SESSION) ?? {};
      const report = { 'pull/7': { id: 1, hash: 'x' } };
      world.store.seed({ ...item, session_id: SESSION, status: { ...(status as object), rev: 1, comments: report } });
    };
    const look = await world.pass();
    expect(look.error).toBeUndefined();
    const { attempt, comments } = await world.status();
    expect(attempt?.taskArn).toBe(await arn());
    expect(comments).toEqual({ 'pull/7': { id: 1, hash: 'x' } });
  });

  it('ends the pass before RunTask when it was another operator', async () => {
    world.edit(labelled());
    world.onPutStatus.now = () => {
      world.onPutStatus.now = undefined;
      const { status, ...item } = world.store.peek(SESSION) ?? {};
      world.store.seed({
        ...item,
        session_id: SESSION,
        status: { ...(status as object), rev: 1, wanted_at: '2026-01-01T00:00:00Z', url: 'https://other' },
      });
    };
    expect((await world.pass()).error).toMatchObject({ name: 'StoreError', kind: 'conflict' });
    expect(world.mutations()).toEqual([]);
    await world.run(MINUTE);
    expect(tasksEver()).toBe(1);
  });

  it('two operators at once end with one task', async () => {
    world.edit(labelled());
    const first = world.pass();
    world.restart();
    await Promise.all([first, world.pass()]);
    await world.run(2 * MINUTE);
    expect((await world.left()).tasks).toHaveLength(1);
    expect((await world.left()).rules).toHaveLength(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('a build that fails', () => {
  it.each([
    ['told by the supervisor', () => world.supervisors.builds.set(A, 'fails')],
    ['told by the exit code', () => (world.supervisors.closed = true)],
  ])('%s: FAILED with the last lines of the log, and nothing is started again', async (how, prepare) => {
    prepare();
    world.edit(labelled());
    await world.pass();
    await world.local.clock.advance(1_000);
    if (how.includes('exit')) {
      world.local.runner.running[0]?.log('TS2322: no', 'stdout');
      world.exit(await arn(), 22);
    }
    for (let pass = 0; pass < 40; pass += 1) {
      await world.pass(pass % 2 === 0 ? 'high' : 'low');
      await world.local.clock.advance(pass < 20 ? 50 : 30_000);
    }
    expect(runs()).toBe(1);
    expect(await world.record()).toMatchObject({ state: 'FAILED' });
    const { failure } = await world.status();
    expect(failure).toMatchObject({ reason: 'BuildFailed', final: true, commit: A });
    expect(failure?.logTail).toContain('TS2322: no');
    expect(await world.condition('Ready')).toBe('False: BuildFailed');
    expect(await world.left()).toMatchObject({ tasks: [], rules: [], groups: [] });
    world.restart();
    await world.run(5 * MINUTE);
    expect(world.mutations()).toEqual([]);
  });

  it('is over with a new commit, and the record says at once that it starts', async () => {
    world.supervisors.builds.set(A, 'fails').set(B, 'slow');
    world.edit(labelled());
    await world.run(MINUTE);
    world.edit({ commit: B });
    await world.run(10_000);
    expect(await world.record()).toMatchObject({ state: 'STARTING' });
    expect(await world.condition('Ready')).toBe('False: Building');
    world.supervisors.finish();
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await world.status()).failure).toBeUndefined();
  });

  it('is forgotten when the label goes, so that putting it back tries again', async () => {
    world.supervisors.builds.set(A, 'fails');
    world.edit(labelled());
    await world.run(MINUTE);
    world.edit({ wanted: false });
    await world.run(MINUTE);
    world.supervisors.builds.clear();
    world.edit({ wanted: true });
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('a task', () => {
  it('that ECS cannot start is tried again `retries` times with growing pauses, then is final', async () => {
    world.edit(labelled());
    await world.pass();
    const starts: number[] = [];
    for (let pass = 0; pass < 200; pass += 1) {
      const { tasks } = await world.left();
      for (const task of tasks) await failToStart(task.arn);
      if (runs() > 0) starts.push(world.local.clock.now());
      await world.local.clock.advance(1_000);
      await world.pass();
    }
    expect(tasksEver()).toBe(1 + DEFAULT_POLICY.retries);
    const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    for (const [index, pause] of pauses.slice(1).entries()) expect(pause).toBeGreaterThan(pauses[index] ?? Infinity);
    expect((await world.status()).failure).toMatchObject({ reason: 'TaskFailedToStart', final: true, count: 4 });
    expect(await world.record()).toMatchObject({ state: 'FAILED' });
  });

  it('that does not become ready in time is stopped and reported', async () => {
    world.supervisors.builds.set(A, 'slow');
    world.edit(labelled());
    await world.run(MINUTE);
    await world.local.clock.advance(8 * MINUTE);
    await world.pass();
    expect(await world.condition('Ready')).toBe('False: Building');
    await world.run(2 * MINUTE);
    expect(runs()).toBe(1);
    expect(await world.left()).toMatchObject({ tasks: [], rules: [], groups: [] });
    expect(await world.condition('Ready')).toBe('False: StartDeadlineExceeded');
    expect(await world.record()).toMatchObject({ state: 'FAILED' });
  });

  it('that became ready while no operator looked is not late', async () => {
    world.edit(labelled());
    await world.pass();
    await world.local.clock.advance(15 * MINUTE);
    world.restart();
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(tasksEver()).toBe(1);
  });

  it('that somebody stopped is replaced', async () => {
    world.edit(labelled());
    await world.run(MINUTE);
    const before = await arn();
    await world.stopTask(before);
    await world.run(2 * MINUTE);
    expect(await arn()).not.toBe(before);
    expect((await world.left()).tasks).toHaveLength(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await world.left()).targets).toMatchObject([{ state: 'healthy' }]);
  });

  it('that is stopped again and again is started with growing pauses', async () => {
    world.edit(labelled());
    await world.run(MINUTE);
    world.mutations();
    for (let time = 0; time < 600_000; time += 4_000) {
      for (const { arn: each } of (await world.left()).tasks) await world.stopTask(each);
      await world.run(4_000);
    }
    const started = runs();
    expect(started).toBeGreaterThan(3);
    expect(started).toBeLessThan(12);
  });

  it('that served and died comes back at once, and with pauses when it dies again', async () => {
    world.edit(labelled());
    await world.run(MINUTE);
    world.exit(await arn(), 24);
    await world.run(20_000);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await world.status()).failure).toMatchObject({ reason: 'AppCrashed', final: false });
    await world.run(15 * MINUTE);
    expect((await world.status()).failure).toBeUndefined();
  });

  it('whose app is down is taken out of the way of requests, and back when it answers', async () => {
    world.edit(labelled());
    await world.run(MINUTE);
    const [target] = (await world.left()).targets;
    world.supervisors.down.add(target?.ip ?? '');
    await world.run(MINUTE);
    expect(await world.condition('Routed')).toBe('False: FrontDoor');
    expect(await world.condition('Ready')).toBe('False: AppUnhealthy');
    world.supervisors.down.clear();
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('AWS that refuses', () => {
  const answer = (operation: string, name: string, message: string) => (one: string) =>
    one === operation ? Object.assign(new Error(message), { name, $fault: 'client', $metadata: {} }) : undefined;

  it('a rule for want of quota: waits with the reason, and does not spin', async () => {
    world.edit(labelled());
    world.local.fault.now = { before: answer('CreateRule', 'TooManyRules', 'The maximum number of rules is reached') };
    await world.run(10 * MINUTE);
    expect(await world.condition('Routed')).toBe('False: QuotaExceeded');
    expect(await world.condition('Ready')).toBe('False: QuotaExceeded');
    const made = world.mutations().filter((operation) => operation === 'CreateRule');
    expect(made.length).toBeLessThanOrEqual(11);
    world.local.fault.now = {};
    await world.run(2 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('the registration of a target: the conditions say so', async () => {
    world.edit(labelled());
    world.local.fault.now = { before: answer('RegisterTargets', 'AccessDenied', 'not authorized') };
    await world.run(3 * MINUTE);
    expect(await world.condition('Ready')).toBe('False: AwsDenied');
  });

  it('a priority that a foreign rule takes between look and call: takes another', async () => {
    const wanted = firstPriority(SESSION);
    const { api, aws } = world.local;
    let taken = false;
    world.local.fault.now = {
      before(operation) {
        if (operation !== 'CreateRule' || taken) return undefined;
        taken = true;
        void api.elbv2.CreateRule.handle({
          ListenerArn: world.project.listener.arn,
          Priority: wanted,
          Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['foreign.preview.test'] } }],
          Actions: [{ Type: 'forward', TargetGroupArn: world.local.frontDoorArn }],
        });
        return undefined;
      },
    };
    world.edit(labelled());
    expect((await world.pass()).error?.message).toContain('PriorityInUse');
    await world.run(MINUTE);
    const rules = await aws.elbv2.describeRules(world.project.listener.arn);
    expect(rules.map(({ priority, hosts }) => `${priority} ${hosts.join()}`).toSorted()).toEqual([
      `${wanted} foreign.preview.test`,
      `${wanted + 1} tt-one.preview.test`,
    ]);
    expect((await world.status()).rulePriority).toBe(wanted + 1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('a rule whose creation was answered late: the rule is kept, not doubled', async () => {
    world.edit(labelled());
    world.lose('CreateRule', 'after');
    await world.run(MINUTE);
    expect((await world.left()).rules).toHaveLength(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('nothing of another session is touched', async () => {
    const { aws } = world.local;
    const other = await aws.ecs.runTask(world.local.request('tt-other'), 'other');
    const name = targetGroupName(INSTALLATION, 'tt-other');
    await world.local.api.elbv2.CreateTargetGroup.handle({
      Name: name,
      Protocol: 'HTTP',
      Port: 1,
      VpcId: 'vpc-1',
      TargetType: 'ip',
    });
    world.edit(labelled());
    await world.run(MINUTE);
    world.edit({ wanted: false });
    await world.run(3 * MINUTE);
    const { tasks } = await aws.ecs.describeTasks('main', [other.ok ? other.task.arn : '']);
    expect(tasks).toMatchObject([{ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' }]);
    expect((await aws.elbv2.describeTargetGroups()).map((group) => group.name)).toContain(name);
  });
});

async function failToStart(task: string): Promise<void> {
  world.local.ecs.interrupt(task, { code: 'TaskFailedToStart', reason: 'ResourceInitializationError: no route' });
  await world.local.clock.settle();
}
