import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Aws } from '../../src/aws/ports.ts';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import { targetGroupName } from '../../src/model/names.ts';
import type { Project } from '../../src/model/project.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import { thrownBy } from '../aws/thrown.ts';
import { makeObserverWorld, type ObserverWorld, REPORT, SESSION } from './observer-world.ts';

let world: ObserverWorld;

beforeEach(async () => {
  world = await makeObserverWorld();
});
afterEach(() => world.close());

describe('an environment that is not there', () => {
  it('has nothing, and is not an error', async () => {
    const observed = await world.observer().observe(world.ask({ wanted: false }));
    expect(observed).toEqual({
      at: world.clock.now(),
      tasks: [],
      attemptMissing: false,
      rules: [],
      takenPriorities: [],
      control: {},
    });
  });

  it('knows the priorities that others have', async () => {
    await world.route(1);
    expect((await world.observer().observe(world.ask({ sessionId: 'tt-two' }))).takenPriorities).toEqual([1234]);
  });
});

describe('a settled environment', () => {
  it('costs its share of the snapshot and one question to its own supervisor', async () => {
    const arn = await world.run();
    await world.route(1);
    await world.clock.advance(200);
    const observing = world.observer();
    await observing.observe(world.ask({ sessionId: 'tt-warm-up' }));
    world.calls.length = 0;
    const observed = await observing.observe(world.ask({ status: { ...EMPTY_STATUS, attempt: world.attemptOf(arn) } }));
    const ip = observed.tasks[0]?.ip;
    expect(observed.tasks).toMatchObject([{ arn, lastStatus: 'RUNNING' }]);
    expect(observed.rules).toMatchObject([{ priority: 1234 }]);
    expect(observed.targetGroup?.name).toBe(targetGroupName(INSTALLATION, SESSION));
    expect(observed.control).toEqual({ [arn]: REPORT });
    expect(world.asked).toEqual([`${SESSION}@${ip}`]);
    expect(observed.targets).toBeUndefined();
    expect(world.calls).toEqual([]);
  });

  it('is asked for its health when told to', async () => {
    await world.run();
    const { groupArn } = await world.route(1);
    await world.clock.advance(200);
    await world.aws.elbv2.registerTarget(groupArn, '10.1.0.4', 3001);
    const { targets } = await world.observer().observe(world.ask({ lookAtHealth: true }));
    expect(targets).toMatchObject([{ ip: '10.1.0.4', port: 3001, state: 'initial' }]);
  });

  it('without a supervisor is not asked at the control port', async () => {
    await world.run();
    await world.clock.advance(200);
    const observed = await world.observer().observe(world.ask({ project: { ...world.project, supervisor: false } }));
    expect(observed.tasks).toHaveLength(1);
    expect(observed.control).toEqual({});
    expect(world.asked).toEqual([]);
  });
});

describe('an environment in transition is asked for its health', () => {
  it('while its rule leads to the front door', async () => {
    await world.run();
    await world.route(0);
    await world.clock.advance(200);
    expect((await world.observer().observe(world.ask())).targets).toEqual([]);
  });

  it('while its task starts, and the task is not asked yet', async () => {
    await world.run();
    await world.route(1);
    const observed = await world.observer().observe(world.ask());
    expect(observed.tasks).toMatchObject([{ lastStatus: 'PROVISIONING' }]);
    expect(observed.targets).toEqual([]);
    expect(world.asked).toEqual([]);
  });

  it('while two tasks run', async () => {
    await Promise.all([world.run('token-1'), world.run('token-2')]);
    await world.route(1);
    await world.clock.advance(200);
    const observed = await world.observer().observe(world.ask());
    expect(observed.tasks).toHaveLength(2);
    expect(observed.targets).toEqual([]);
    expect(world.asked).toHaveLength(2);
  });

  it('while its rule is gone, with a target group that goes at the same moment', async () => {
    await world.run();
    const { groupArn, ruleArn } = await world.route(1);
    await world.aws.elbv2.deleteRule(ruleArn);
    await world.clock.advance(200);
    world.fault.now = {
      before: (operation) => {
        if (operation !== 'DescribeTargetHealth') return undefined;
        world.fault.now = {};
        void world.api.elbv2.DeleteTargetGroup.handle({ TargetGroupArn: groupArn });
        return undefined;
      },
    };
    expect(await world.observer().observe(world.ask())).toMatchObject({ targets: [], rules: [] });
  });

  it('but not before an app could be registered: a fleet that starts costs no looks', async () => {
    await world.run();
    await world.route(0);
    const ask = world.ask({ lookAtHealth: true });
    expect((await world.observer().observe(ask)).targets).toBeUndefined();
    await world.clock.advance(200);
    world.answering.now = { ok: true, report: { session: SESSION, healthy: false, inFlight: 0 } };
    expect((await world.observer().observe(ask)).targets).toBeUndefined();
    world.answering.now = { ok: false, message: 'refused' };
    expect((await world.observer().observe(ask)).targets).toEqual([]);
  });
});

describe('the recorded attempt', () => {
  it('is not asked for again once its end is counted, as long as the environment is wanted', async () => {
    const attempt = world.attemptOf('arn:aws:ecs:us-east-1:000000000000:task/mayfly/gone');
    const failure = { reason: 'BuildFailed', message: '', at: '', final: true, attempt: 1, count: 1 } as const;
    const ask = world.ask({ status: { ...EMPTY_STATUS, attempt, failure } });
    expect((await world.observer().observe(ask)).attemptMissing).toBe(false);
    expect((await world.observer().observe({ ...ask, wanted: false })).attemptMissing).toBe(true);
  });

  it('is shown when it has stopped, though ECS no longer lists it', async () => {
    const arn = await world.run();
    await world.clock.advance(200);
    world.runner.exit(arn.slice(arn.lastIndexOf('/') + 1), { exitCode: 3 });
    await world.clock.advance(10_000);
    const observed = await world
      .observer()
      .observe(world.ask({ status: { ...EMPTY_STATUS, attempt: world.attemptOf(arn) } }));
    expect(observed).toMatchObject({
      attemptMissing: false,
      tasks: [{ arn, lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', exitCode: 3 }],
      control: {},
    });
    expect((await world.observer().observe(world.ask())).tasks).toEqual([]);
  });

  it('is not asked at its control port once it is told to stop, though it still runs', async () => {
    const arn = await world.run();
    await world.clock.advance(200);
    const { ecs } = world.aws;
    const stopping: Aws['ecs'] = {
      ...ecs,
      async describeTasks(cluster, arns) {
        const { tasks, missing } = await ecs.describeTasks(cluster, arns);
        return { tasks: tasks.map((task) => ({ ...task, desiredStatus: 'STOPPED' })), missing };
      },
    };
    const status = { ...EMPTY_STATUS, attempt: world.attemptOf(arn) };
    const observed = await world.observer({ ...world.aws, ecs: stopping }).observe(world.ask({ status }));
    expect(observed.tasks).toMatchObject([{ arn, lastStatus: 'RUNNING', desiredStatus: 'STOPPED' }]);
    expect(world.asked).toEqual([]);
  });

  it('is missing when ECS does not know it', async () => {
    const arn = 'arn:aws:ecs:eu-west-1:000000000000:task/main/00000000000000000000000000000000';
    const observed = await world
      .observer()
      .observe(world.ask({ status: { ...EMPTY_STATUS, attempt: world.attemptOf(arn) } }));
    expect(observed).toMatchObject({ attemptMissing: true, tasks: [] });
  });

  it('is missing when its cluster does not exist any more', async () => {
    const arn = 'arn:aws:ecs:eu-west-1:000000000000:task/old/00000000000000000000000000000000';
    const attempt = { ...world.attemptOf(arn), request: world.request(SESSION, { cluster: 'old' }) };
    const observed = await world.observer().observe(world.ask({ status: { ...EMPTY_STATUS, attempt } }));
    expect(observed).toMatchObject({ attemptMissing: true, tasks: [] });
  });

  it('without an ARN is not asked about', async () => {
    const observed = await world
      .observer()
      .observe(world.ask({ status: { ...EMPTY_STATUS, attempt: world.attemptOf(undefined) } }));
    expect(observed).toMatchObject({ attemptMissing: false, tasks: [] });
    expect(world.calls).not.toContain('DescribeTasks');
  });
});

describe('rules', () => {
  it('of others that carry the host are shown, so that a plan can tell', async () => {
    const rule = {
      listenerArn: world.project.listener.arn,
      priority: 7,
      host: `${SESSION.toUpperCase()}.preview.test`,
    };
    const forward = [{ targetGroupArn: world.frontDoorArn, weight: 1 }];
    await world.aws.elbv2.createRule({ ...rule, forward, tags: {} });
    await world.aws.elbv2.createRule({ ...rule, priority: 8, host: '*.preview.test', forward, tags: {} });
    const observed = await world.observer().observe(world.ask());
    expect(observed.rules.map(({ priority }) => priority)).toEqual([7]);
    expect(observed.takenPriorities).toEqual([7, 8]);
  });
});

describe('a project that was moved to another listener', () => {
  async function moved() {
    const { api, project, frontDoorArn } = world;
    const { LoadBalancers } = await api.elbv2.DescribeLoadBalancers.handle({});
    const { Listeners } = await api.elbv2.CreateListener.handle({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn ?? '',
      Protocol: 'HTTP',
      Port: 8001,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: frontDoorArn }],
    });
    const arn = Listeners?.[0]?.ListenerArn ?? '';
    const observing = world.observer(world.aws, { listenerArns: [arn] });
    return { observing, project: { ...project, listener: { ...project.listener, arn } } };
  }

  it('leaves its old rule behind, which is seen, and is no route', async () => {
    await world.run();
    const { ruleArn } = await world.route(1);
    await world.clock.advance(200);
    const { observing, project } = await moved();
    const observed = await observing.observe(world.ask({ project }));
    expect(observed.rules).toMatchObject([{ arn: ruleArn, priority: 1234, hosts: [] }]);
    expect(observed.takenPriorities).toEqual([]);
    expect(observed.targets).toEqual([]);
  });

  it('and does not see the rules of others there, though they carry its host', async () => {
    const forward = [{ targetGroupArn: world.frontDoorArn, weight: 1 }];
    const rule = { listenerArn: world.project.listener.arn, priority: 7, host: `${SESSION}.preview.test` };
    await world.aws.elbv2.createRule({ ...rule, forward, tags: {} });
    const { observing, project } = await moved();
    expect((await observing.observe(world.ask({ project }))).rules).toEqual([]);
  });
});

describe('the image', () => {
  it('is resolved only when the environment is wanted', async () => {
    const image = { ok: true, image: `${world.image}:latest`, taskDefinitionArn: world.baseArn };
    expect((await world.observer().observe(world.ask())).image).toEqual(image);
    expect((await world.observer().observe(world.ask({ wanted: false }))).image).toBeUndefined();
  });
});

describe('when AWS fails', () => {
  it.each(['ListTasks', 'DescribeTargetGroups', 'DescribeRules', 'DescribeTaskDefinition', 'DescribeImages'])(
    '%s fails the observation whole: nothing is concluded from half a view',
    async (operation) => {
      world.fault.now = {
        before: (one) => (one === operation ? Object.assign(new Error('lost'), { code: 'ECONNRESET' }) : undefined),
      };
      const observing = world.observer();
      expect(await thrownBy(observing.observe(world.ask()))).toMatchObject({ kind: 'unavailable', code: 'ECONNRESET' });
      world.fault.now = {};
      await world.clock.advance(1);
      expect(await observing.observe(world.ask())).toMatchObject({ tasks: [] });
    },
  );
});

describe('a cluster or listener that cannot be read', () => {
  const GONE = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/gone/0/0';

  it('does not concern the environments of projects that are elsewhere', async () => {
    const arn = await world.run();
    const others = { clusters: ['gone'], listenerArns: [GONE] };
    expect(await world.observer(world.aws, others).observe(world.ask())).toMatchObject({ tasks: [{ arn }] });
  });

  it.each<[string, (project: Project) => Project]>([
    ['cluster', (project) => ({ ...project, cluster: 'gone' })],
    ['listener', (project) => ({ ...project, listener: { ...project.listener, arn: GONE } })],
  ])('fails those of projects that are on the %s', async (_what, moved) => {
    const observing = world.observer(world.aws, { clusters: ['gone'], listenerArns: [GONE] });
    const error = await thrownBy(observing.observe(world.ask({ project: moved(world.project) })));
    expect(error).toMatchObject({ kind: 'not-found' });
  });
});

describe('observing', () => {
  it('never writes', async () => {
    await world.run();
    await world.route(0);
    await world.clock.advance(200);
    world.calls.length = 0;
    await world.observer().observe(
      world.ask({
        imageTag: 'staging',
        lookAtHealth: true,
        status: { ...EMPTY_STATUS, attempt: world.attemptOf('arn:aws:ecs:eu-west-1:000000000000:task/main/0') },
      }),
    );
    expect(world.calls.length).toBeGreaterThan(5);
    expect(world.calls.filter((operation) => !/^(Describe|List|Get)/.test(operation))).toEqual([]);
  });
});
