/** Observing one environment of the local AWS, beside a GitHub and a control port that answer as told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Aws } from '../../src/aws/ports.ts';
import type { ControlPort } from '../../src/control/port.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import { type Attempt, EMPTY_STATUS } from '../../src/model/environment.ts';
import { targetGroupName } from '../../src/model/names.ts';
import type { ControlAnswer } from '../../src/model/observed.ts';
import type { Project } from '../../src/model/project.ts';
import type { Step } from '../../src/model/step.ts';
import { makeObserver, type ObserveRequest } from '../../src/observe/environment.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import { INSTALLATION, type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';
import { thrownBy } from '../aws/thrown.ts';

const SESSION = 'tt-one';
const COMMIT = 'a'.repeat(40);
const REPORT: ControlAnswer = { ok: true, report: { session: SESSION, healthy: true, inFlight: 0 } };

let world: LocalWorld;
let asked: string[];
let branches: Record<string, string | GitHubError>;
let headCalls: number;

beforeEach(async () => {
  world = await makeLocalWorld();
  asked = [];
  branches = {};
  headCalls = 0;
});
afterEach(() => world.close());

const control: ControlPort = {
  async report(ip, session) {
    asked.push(`${session}@${ip}`);
    return REPORT;
  },
  sync: () => Promise.reject(new Error('observing never asks for an update')),
};

function observer(aws: Aws = world.aws, others: { clusters?: string[]; listenerArns?: string[] } = {}) {
  const { clock, project } = world;
  const github: Pick<GitHubPort, 'branchHead'> = {
    async branchHead(repo, branch) {
      headCalls += 1;
      const head = branches[`${repo} ${branch}`];
      if (head instanceof GitHubError) throw head;
      return head;
    },
  };
  const snapshots = makeSnapshots({
    aws,
    installation: INSTALLATION,
    clusters: [project.cluster, ...(others.clusters ?? [])],
    listenerArns: [project.listener.arn, ...(others.listenerArns ?? [])],
    clock,
  });
  return makeObserver({ snapshots, aws, github: github as GitHubPort, control, installation: INSTALLATION, clock });
}

const ask = (more: Partial<ObserveRequest> = {}): ObserveRequest => ({
  sessionId: SESSION,
  project: world.project,
  wanted: true,
  imageTag: 'latest',
  commit: COMMIT,
  branch: 'one',
  repo: 'octo/web',
  status: EMPTY_STATUS,
  since: world.clock.monotonic(),
  lookAtHealth: false,
  ...more,
});

async function run(token = 'token-1'): Promise<string> {
  const outcome = await world.aws.ecs.runTask(world.request(SESSION), token);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.task.arn;
}

const attemptOf = (taskArn: string | undefined): Attempt => ({
  number: 1,
  taskHash: '1:x',
  clientToken: 'token-1',
  request: world.request(SESSION),
  requestedAt: new Date(world.clock.now()).toISOString(),
  taskArn,
});

async function route(weight: 0 | 1): Promise<{ groupArn: string; ruleArn: string }> {
  const { aws, project, frontDoorArn } = world;
  const spec: Extract<Step, { kind: 'create-target-group' }>['spec'] = {
    name: targetGroupName(INSTALLATION, SESSION),
    vpcId: 'vpc-1',
    port: 3001,
    healthPath: '/ready',
    healthIntervalSeconds: 5,
    deregistrationDelaySeconds: 30,
    tags: {},
  };
  const groupArn = await aws.elbv2.createTargetGroup(spec);
  const rule = await aws.elbv2.createRule({
    listenerArn: project.listener.arn,
    priority: 1234,
    host: `${SESSION}.preview.test`,
    forward: [
      { targetGroupArn: groupArn, weight },
      { targetGroupArn: frontDoorArn, weight: weight === 1 ? 0 : 1 },
    ],
    tags: {},
  });
  return { groupArn, ruleArn: rule.arn };
}

describe('an environment that is not there', () => {
  it('has nothing, and is not an error', async () => {
    const observed = await observer().observe(ask({ wanted: false }));
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
    await route(1);
    expect((await observer().observe(ask({ sessionId: 'tt-two' }))).takenPriorities).toEqual([1234]);
  });
});

describe('a settled environment', () => {
  it('costs its share of the snapshot and one question to its own supervisor', async () => {
    const arn = await run();
    await route(1);
    await world.clock.advance(200);
    const observing = observer();
    await observing.observe(ask({ sessionId: 'tt-warm-up' }));
    world.calls.length = 0;
    const observed = await observing.observe(ask({ status: { ...EMPTY_STATUS, attempt: attemptOf(arn) } }));
    const ip = observed.tasks[0]?.ip;
    expect(observed.tasks).toMatchObject([{ arn, lastStatus: 'RUNNING' }]);
    expect(observed.rules).toMatchObject([{ priority: 1234 }]);
    expect(observed.targetGroup?.name).toBe(targetGroupName(INSTALLATION, SESSION));
    expect(observed.control).toEqual({ [arn]: REPORT });
    expect(asked).toEqual([`${SESSION}@${ip}`]);
    expect(observed.targets).toBeUndefined();
    expect(world.calls).toEqual([]);
  });

  it('is asked for its health when told to', async () => {
    await run();
    const { groupArn } = await route(1);
    await world.clock.advance(200);
    await world.aws.elbv2.registerTarget(groupArn, '10.1.0.4', 3001);
    const { targets } = await observer().observe(ask({ lookAtHealth: true }));
    expect(targets).toMatchObject([{ ip: '10.1.0.4', port: 3001, state: 'initial' }]);
  });

  it('without a supervisor is not asked at the control port', async () => {
    await run();
    await world.clock.advance(200);
    const observed = await observer().observe(ask({ project: { ...world.project, supervisor: false } }));
    expect(observed.tasks).toHaveLength(1);
    expect(observed.control).toEqual({});
    expect(asked).toEqual([]);
  });
});

describe('an environment in transition is asked for its health', () => {
  it('while its rule leads to the front door', async () => {
    await run();
    await route(0);
    await world.clock.advance(200);
    expect((await observer().observe(ask())).targets).toEqual([]);
  });

  it('while its task starts, and the task is not asked yet', async () => {
    await run();
    await route(1);
    const observed = await observer().observe(ask());
    expect(observed.tasks).toMatchObject([{ lastStatus: 'PROVISIONING' }]);
    expect(observed.targets).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('while two tasks run', async () => {
    await Promise.all([run('token-1'), run('token-2')]);
    await route(1);
    await world.clock.advance(200);
    const observed = await observer().observe(ask());
    expect(observed.tasks).toHaveLength(2);
    expect(observed.targets).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('while its rule is gone, with a target group that goes at the same moment', async () => {
    await run();
    const { groupArn, ruleArn } = await route(1);
    await world.aws.elbv2.deleteRule(ruleArn);
    world.fault.now = {
      before: (operation) => {
        if (operation !== 'DescribeTargetHealth') return undefined;
        world.fault.now = {};
        void world.api.elbv2.DeleteTargetGroup.handle({ TargetGroupArn: groupArn });
        return undefined;
      },
    };
    expect(await observer().observe(ask())).toMatchObject({ targets: [], rules: [] });
  });
});

describe('the recorded attempt', () => {
  it('is shown when it has stopped, though ECS no longer lists it', async () => {
    const arn = await run();
    await world.clock.advance(200);
    world.runner.exit(arn.slice(arn.lastIndexOf('/') + 1), { exitCode: 3 });
    await world.clock.advance(10_000);
    const observed = await observer().observe(ask({ status: { ...EMPTY_STATUS, attempt: attemptOf(arn) } }));
    expect(observed).toMatchObject({
      attemptMissing: false,
      tasks: [{ arn, lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', exitCode: 3 }],
      control: {},
    });
    expect((await observer().observe(ask())).tasks).toEqual([]);
  });

  it('is not asked at its control port once it is told to stop, though it still runs', async () => {
    const arn = await run();
    await world.clock.advance(200);
    const { ecs } = world.aws;
    const stopping: Aws['ecs'] = {
      ...ecs,
      async describeTasks(cluster, arns) {
        const { tasks, missing } = await ecs.describeTasks(cluster, arns);
        return { tasks: tasks.map((task) => ({ ...task, desiredStatus: 'STOPPED' })), missing };
      },
    };
    const status = { ...EMPTY_STATUS, attempt: attemptOf(arn) };
    const observed = await observer({ ...world.aws, ecs: stopping }).observe(ask({ status }));
    expect(observed.tasks).toMatchObject([{ arn, lastStatus: 'RUNNING', desiredStatus: 'STOPPED' }]);
    expect(asked).toEqual([]);
  });

  it('is missing when ECS does not know it', async () => {
    const arn = 'arn:aws:ecs:eu-west-1:000000000000:task/main/00000000000000000000000000000000';
    const observed = await observer().observe(ask({ status: { ...EMPTY_STATUS, attempt: attemptOf(arn) } }));
    expect(observed).toMatchObject({ attemptMissing: true, tasks: [] });
  });

  it('is missing when its cluster does not exist any more', async () => {
    const arn = 'arn:aws:ecs:eu-west-1:000000000000:task/old/00000000000000000000000000000000';
    const attempt = { ...attemptOf(arn), request: world.request(SESSION, { cluster: 'old' }) };
    const observed = await observer().observe(ask({ status: { ...EMPTY_STATUS, attempt } }));
    expect(observed).toMatchObject({ attemptMissing: true, tasks: [] });
  });

  it('without an ARN is not asked about', async () => {
    const observed = await observer().observe(ask({ status: { ...EMPTY_STATUS, attempt: attemptOf(undefined) } }));
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
    const observed = await observer().observe(ask());
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
    const observing = observer(world.aws, { listenerArns: [arn] });
    return { observing, project: { ...project, listener: { ...project.listener, arn } } };
  }

  it('leaves its old rule behind, which is seen, and is no route', async () => {
    await run();
    const { ruleArn } = await route(1);
    await world.clock.advance(200);
    const { observing, project } = await moved();
    const observed = await observing.observe(ask({ project }));
    expect(observed.rules).toMatchObject([{ arn: ruleArn, priority: 1234, hosts: [] }]);
    expect(observed.takenPriorities).toEqual([]);
    expect(observed.targets).toEqual([]);
  });

  it('and does not see the rules of others there, though they carry its host', async () => {
    const forward = [{ targetGroupArn: world.frontDoorArn, weight: 1 }];
    const rule = { listenerArn: world.project.listener.arn, priority: 7, host: `${SESSION}.preview.test` };
    await world.aws.elbv2.createRule({ ...rule, forward, tags: {} });
    const { observing, project } = await moved();
    expect((await observing.observe(ask({ project }))).rules).toEqual([]);
  });
});

describe('the branch’s head', () => {
  it('is not asked for when the record names a commit, or nobody wants the environment', async () => {
    expect((await observer().observe(ask())).head).toBeUndefined();
    expect((await observer().observe(ask({ commit: undefined, wanted: false }))).head).toBeUndefined();
    expect(headCalls).toBe(0);
  });

  it('is resolved through GitHub, and kept for a moment', async () => {
    branches['octo/web one'] = COMMIT;
    const observing = observer();
    const head = async () => (await observing.observe(ask({ commit: undefined }))).head;
    expect(await head()).toEqual({ ok: true, branch: 'one', commit: COMMIT });
    branches['octo/web one'] = 'b'.repeat(40);
    expect(await head()).toMatchObject({ commit: COMMIT });
    expect(headCalls).toBe(1);
    await world.clock.advance(20_000);
    expect(await head()).toMatchObject({ commit: 'b'.repeat(40) });
  });

  it.each<[string, string | GitHubError | undefined, string]>([
    ['a branch that does not exist', undefined, 'BranchNotFound'],
    ['a repository that does not exist', new GitHubError('not-found', 'Not Found'), 'BranchNotFound'],
    ['a refusal', new GitHubError('refused', 'Bad credentials', { status: 401 }), 'GitHubUnavailable'],
    ['a limit', new GitHubError('limited', 'slow down', { retryAfterMs: 1 }), 'GitHubUnavailable'],
    ['an outage', new GitHubError('unavailable', 'no answer'), 'GitHubUnavailable'],
  ])('%s is an observation, and asked again at the next look', async (_what, answer, reason) => {
    if (answer !== undefined) branches['octo/web one'] = answer;
    const observing = observer();
    const { head } = await observing.observe(ask({ commit: undefined }));
    expect(head).toMatchObject({ ok: false, reason });
    await observing.observe(ask({ commit: undefined }));
    expect(headCalls).toBe(2);
  });
});

describe('the image', () => {
  it('is resolved only when the environment is wanted', async () => {
    const image = { ok: true, image: `${world.image}:latest`, taskDefinitionArn: world.baseArn };
    expect((await observer().observe(ask())).image).toEqual(image);
    expect((await observer().observe(ask({ wanted: false }))).image).toBeUndefined();
  });
});

describe('when AWS fails', () => {
  it.each(['ListTasks', 'DescribeTargetGroups', 'DescribeRules', 'DescribeTaskDefinition', 'DescribeImages'])(
    '%s fails the observation whole: nothing is concluded from half a view',
    async (operation) => {
      world.fault.now = {
        before: (one) => (one === operation ? Object.assign(new Error('lost'), { code: 'ECONNRESET' }) : undefined),
      };
      const observing = observer();
      expect(await thrownBy(observing.observe(ask()))).toMatchObject({ kind: 'unavailable', code: 'ECONNRESET' });
      world.fault.now = {};
      await world.clock.advance(1);
      expect(await observing.observe(ask())).toMatchObject({ tasks: [] });
    },
  );
});

describe('a cluster or listener that cannot be read', () => {
  const GONE = 'arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/gone/0/0';

  it('does not concern the environments of projects that are elsewhere', async () => {
    const arn = await run();
    const others = { clusters: ['gone'], listenerArns: [GONE] };
    expect(await observer(world.aws, others).observe(ask())).toMatchObject({ tasks: [{ arn }] });
  });

  it.each<[string, (project: Project) => Project]>([
    ['cluster', (project) => ({ ...project, cluster: 'gone' })],
    ['listener', (project) => ({ ...project, listener: { ...project.listener, arn: GONE } })],
  ])('fails those of projects that are on the %s', async (_what, moved) => {
    const observing = observer(world.aws, { clusters: ['gone'], listenerArns: [GONE] });
    const error = await thrownBy(observing.observe(ask({ project: moved(world.project) })));
    expect(error).toMatchObject({ kind: 'not-found' });
  });
});

describe('observing', () => {
  it('never writes', async () => {
    await run();
    await route(0);
    await world.clock.advance(200);
    world.calls.length = 0;
    await observer().observe(
      ask({
        imageTag: 'staging',
        lookAtHealth: true,
        status: { ...EMPTY_STATUS, attempt: attemptOf('arn:aws:ecs:eu-west-1:000000000000:task/main/0') },
      }),
    );
    expect(world.calls.length).toBeGreaterThan(5);
    expect(world.calls.filter((operation) => !/^(Describe|List|Get)/.test(operation))).toEqual([]);
  });
});
