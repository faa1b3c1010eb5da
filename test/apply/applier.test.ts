/** Steps applied to the local AWS: what the world is afterwards, and what the outcome says when it is not. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeApplier } from '../../src/apply/applier.ts';
import { beginPass, type Pass } from '../../src/apply/context.ts';
import type { ControlPort } from '../../src/control/port.ts';
import type { Attempt } from '../../src/model/environment.ts';
import { healthCheckOf } from '../../src/model/health-check.ts';
import { derivedFamily, targetGroupName } from '../../src/model/names.ts';
import type { PlannedAttempt, RuleSpec, Step, StepKind, TargetGroupSpec } from '../../src/model/step.ts';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { INSTALLATION, type LocalWorld, makeLocalWorld } from '../aws/local-world.ts';

const SESSION = 'tt-one';
const GROUP = targetGroupName(INSTALLATION, SESSION);

let world: LocalWorld;
let recorded: Attempt[];
let record: (attempt: Attempt) => Promise<void>;
let synced: unknown[];
let refuseSync: Error | undefined;
let pass: Pass;

beforeEach(async () => {
  world = await makeLocalWorld();
  recorded = [];
  record = async (attempt) => void recorded.push(attempt);
  synced = [];
  refuseSync = undefined;
  pass = begin();
});
afterEach(() => world.close());

function begin(observed: Parameters<typeof beginPass>[0] = {}): Pass {
  return beginPass(observed, (written) => record(written), pino({ level: 'silent' }));
}

const control: ControlPort = {
  report: () => Promise.resolve({ ok: false, message: 'not asked' }),
  async sync(ip, session, request) {
    if (refuseSync) throw refuseSync;
    synced.push({ ip, session, ...request });
  },
};

function apply(step: Step) {
  const { aws, clock, metrics } = world;
  return makeApplier({ aws, control, clock, metrics }).apply(SESSION, step, pass);
}

const attempt = (number = 1, more: Partial<PlannedAttempt> = {}): PlannedAttempt => ({
  number,
  taskHash: '1:x',
  clientToken: `token-${number}`,
  request: world.request(SESSION),
  requestedAt: new Date(world.clock.now()).toISOString(),
  ...more,
});
const runTask = (planned = attempt()): Step => ({ kind: 'run-task', attempt: planned, why: 'none runs' });

const groupSpec = (more: Partial<TargetGroupSpec> = {}): TargetGroupSpec => ({
  name: GROUP,
  vpcId: 'vpc-1',
  port: 3001,
  healthPath: `/.mayfly/ready/${SESSION}`,
  healthIntervalSeconds: 5,
  deregistrationDelaySeconds: 30,
  tags: { 'mayfly:session': SESSION },
  ...more,
});
const createGroup = (more: Partial<TargetGroupSpec> = {}): Step => ({
  kind: 'create-target-group',
  spec: groupSpec(more),
  why: 'none',
});
const createRule = (more: Partial<RuleSpec> = {}): Step => ({
  kind: 'create-rule',
  spec: {
    listenerArn: world.project.listener.arn,
    priority: 1234,
    host: `${SESSION}.preview.test`,
    targetGroupName: GROUP,
    weights: { environment: { weight: 0 }, frontDoor: { targetGroupArn: world.frontDoorArn, weight: 1 } },
    tags: {},
    ...more,
  },
  why: 'none',
});
const fail = (operation: string, code: string, when: 'before' | 'after' = 'before'): void => {
  world.fault.now = {
    [when]: (one: string) => (one === operation ? Object.assign(new Error('lost'), { code }) : undefined),
  };
};
const running = () => world.aws.ecs.listTasks('main', `mayfly/${INSTALLATION}`);
const rules = () => world.aws.elbv2.describeRules(world.project.listener.arn);
const groups = async () => (await world.aws.elbv2.describeTargetGroups()).filter(({ name }) => name === GROUP);

async function arnOf(step: Step): Promise<string> {
  const outcome = await apply(step);
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.taskArn ?? outcome.targetGroup?.arn ?? outcome.rule?.arn ?? outcome.taskDefinitionArn ?? '';
}

describe('run-task', () => {
  it('records the attempt whole, and only then runs the task', async () => {
    const runsBefore: number[] = [];
    record = async (written) => {
      runsBefore.push(world.calls.filter((operation) => operation === 'RunTask').length);
      recorded.push(written);
    };
    const outcome = await apply(runTask());
    expect(runsBefore).toEqual([0]);
    expect(recorded).toEqual([attempt()]);
    expect(outcome).toEqual({ ok: true, taskArn: expect.stringContaining(':task/main/') });
    expect(await running()).toEqual([outcome.ok && outcome.taskArn]);
  });

  it('runs nothing when the attempt could not be recorded', async () => {
    const conflict = new Error('somebody else wrote');
    record = () => Promise.reject(conflict);
    await expect(apply(runTask())).rejects.toBe(conflict);
    expect(await running()).toEqual([]);
  });

  it('repeated after a lost answer gives the same task', async () => {
    fail('RunTask', 'ECONNRESET', 'after');
    expect(await apply(runTask())).toMatchObject({ ok: false, reason: 'AwsUnavailable' });
    world.fault.now = {};
    expect(await running()).toHaveLength(1);
    const again = await apply(runTask());
    expect(await running()).toEqual([again.ok && again.taskArn]);
  });

  it('under a token that belongs to another request adopts the task that it made', async () => {
    const taskArn = await arnOf(runTask());
    const drifted = attempt(1, { request: world.request(SESSION, { env: { SESSION, NEW: '1' } }) });
    expect(await apply(runTask(drifted))).toEqual({ ok: true, taskArn, adopted: true });
    expect(await running()).toEqual([taskArn]);
  });

  it.each([
    ['RESOURCE:CPU', undefined, 'CapacityUnavailable'],
    ['RESOURCE:ENI', undefined, 'CapacityUnavailable'],
    [
      'Capacity is unavailable at this time. Please try again later or in a different availability zone',
      undefined,
      'CapacityUnavailable',
    ],
    ['You’ve reached the limit on the number of vCPUs you can run concurrently', undefined, 'CapacityUnavailable'],
    ['AGENT', undefined, 'CapacityUnavailable'],
    ['ATTRIBUTE', 'ecs.cpu-architecture', 'TaskFailedToStart'],
  ])('answered %s (%s) is %s', async (reason, detail, expected) => {
    world.failRunTask.next = { reason, ...(detail === undefined ? {} : { detail }) };
    const outcome = await apply(runTask());
    expect(outcome).toMatchObject({ ok: false, reason: expected, retryAfterMs: expect.any(Number) });
    expect(!outcome.ok && outcome.message).toContain(detail ?? reason);
    expect(await running()).toEqual([]);
  });

  it('with a failure whose task runs all the same leaves it to the next observation', async () => {
    world.failRunTask.next = { reason: 'RESOURCE:ENI', startsAnyway: true };
    expect(await apply(runTask())).toMatchObject({ ok: false, reason: 'CapacityUnavailable' });
    expect(await running()).toHaveLength(1);
  });

  it('of a definition that is gone says so', async () => {
    const gone = attempt(1, { request: world.request(SESSION, { taskDefinition: 'nothing:1' }) });
    const outcome = await apply(runTask(gone));
    expect(outcome).toMatchObject({ ok: false, reason: 'AwsError' });
    expect(!outcome.ok && outcome.message).toContain('TaskDefinition not found');
  });
});

describe('adopt-task and stop-task', () => {
  it('adopting records the attempt with the task, and calls nobody', async () => {
    world.calls.length = 0;
    const step: Step = { kind: 'adopt-task', taskArn: 'arn:task', attempt: attempt(2), why: 'it runs' };
    expect(await apply(step)).toEqual({ ok: true, taskArn: 'arn:task' });
    expect(recorded).toEqual([{ ...attempt(2), taskArn: 'arn:task' }]);
    expect(world.calls).toEqual([]);
  });

  it('stopping says why, and again is no error', async () => {
    const taskArn = await arnOf(runTask());
    const step: Step = { kind: 'stop-task', cluster: 'main', taskArn, why: 'nobody wants it' };
    expect(await apply(step)).toEqual({ ok: true });
    expect(await apply(step)).toEqual({ ok: true });
    await world.clock.advance(10_000);
    const { tasks } = await world.aws.ecs.describeTasks('main', [taskArn]);
    expect(tasks).toMatchObject([
      { desiredStatus: 'STOPPED', stoppedReason: expect.stringContaining('nobody wants it') },
    ]);
  });

  it('stopping a task that ECS has forgotten is no error', async () => {
    const taskArn = `arn:aws:ecs:eu-west-1:000000000000:task/main/${'0'.repeat(32)}`;
    expect(await apply({ kind: 'stop-task', cluster: 'main', taskArn, why: 'extra' })).toEqual({ ok: true });
  });
});

describe('register-task-definition', () => {
  const step = (more: object = {}): Step => {
    const image = `${world.image}:staging`;
    const family = derivedFamily(INSTALLATION, 'web', world.baseArn, image);
    return {
      kind: 'register-task-definition',
      spec: { family, baseArn: world.baseArn, container: 'web', image, ...more },
      why: 'none with this image',
    };
  };

  it('gives the revision, which runs the image', async () => {
    const arn = await arnOf(step());
    const definition = await world.aws.ecs.describeTaskDefinition(arn);
    expect(definition).toMatchObject({ active: true, containers: [{ name: 'web', image: `${world.image}:staging` }] });
  });

  it('waits for a person when the base has no such container', async () => {
    const outcome = await apply(step({ container: 'app' }));
    expect(outcome).toMatchObject({ ok: false, reason: 'TaskDefinitionNotFound', terminal: true });
    expect(!outcome.ok && outcome.message).toContain('found: web');
  });
});

describe('target group and rule', () => {
  it('made in one pass: the rule finds the group made before it', async () => {
    const targetGroupArn = await arnOf(createGroup());
    const outcome = await apply(createRule());
    const forward = [
      { targetGroupArn, weight: 0 },
      { targetGroupArn: world.frontDoorArn, weight: 1 },
    ];
    expect(outcome).toMatchObject({ ok: true, rule: { priority: 1234, hosts: [`${SESSION}.preview.test`], forward } });
    expect(await rules()).toEqual([outcome.ok && outcome.rule]);
  });

  it('made in two: the rule finds the group that was observed', async () => {
    const arn = await arnOf(createGroup());
    pass = begin({ targetGroup: { arn, name: GROUP } });
    expect(await apply(createRule())).toMatchObject({ ok: true });
  });

  it('takes the group that the plan names before any other', async () => {
    const named = await arnOf(createGroup({ name: 'mf-test-named' }));
    await arnOf(createGroup());
    const weights = {
      environment: { targetGroupArn: named, weight: 1 as const },
      frontDoor: { targetGroupArn: world.frontDoorArn, weight: 0 as const },
    };
    expect(await apply(createRule({ weights }))).toMatchObject({
      rule: { forward: [{ targetGroupArn: named, weight: 1 }, {}] },
    });
  });

  it('without the group makes no rule, and comes back soon', async () => {
    expect(await apply(createRule())).toMatchObject({ ok: false, message: expect.stringContaining(GROUP) });
    expect(await rules()).toEqual([]);
  });

  it('at a priority that is taken tries once, and says so', async () => {
    await arnOf(createGroup());
    await arnOf(createRule({ host: 'other.preview.test' }));
    world.calls.length = 0;
    const outcome = await apply(createRule());
    expect(outcome).toMatchObject({ ok: false, taken: true, retryAfterMs: expect.any(Number) });
    expect(world.calls).toEqual(['CreateRule']);
    expect(await rules()).toHaveLength(1);
  });

  it('the same group again is the same group; with other settings the name is taken', async () => {
    const arn = await arnOf(createGroup());
    expect(await arnOf(createGroup())).toBe(arn);
    expect(await apply(createGroup({ port: 9999 }))).toMatchObject({ ok: false, taken: true });
    expect(await groups()).toHaveLength(1);
  });

  it('a repeated creation after a lost answer makes no second group', async () => {
    fail('CreateTargetGroup', 'ECONNRESET', 'after');
    expect(await apply(createGroup())).toMatchObject({ ok: false, reason: 'AwsUnavailable' });
    world.fault.now = {};
    await arnOf(createGroup());
    expect(await groups()).toHaveLength(1);
  });

  it('sets the delay of deregistration', async () => {
    const TargetGroupArn = await arnOf(createGroup());
    const { Attributes } = await world.api.elbv2.DescribeTargetGroupAttributes.handle({ TargetGroupArn });
    expect(Attributes).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '30' });
  });
});

describe('weights, targets, removal', () => {
  async function routed() {
    const targetGroupArn = await arnOf(createGroup());
    const ruleArn = await arnOf(createRule());
    return { targetGroupArn, ruleArn };
  }

  it('weights change whole', async () => {
    const { targetGroupArn, ruleArn } = await routed();
    const frontDoor = { targetGroupArn: world.frontDoorArn, weight: 0 as const };
    const weights = { environment: { targetGroupArn, weight: 1 as const }, frontDoor };
    expect(await apply({ kind: 'set-weights', ruleArn, weights, why: 'healthy' })).toEqual({ ok: true });
    expect(await rules()).toMatchObject([{ forward: [{ targetGroupArn, weight: 1 }, { weight: 0 }] }]);
    const nameless = { environment: { weight: 1 as const }, frontDoor };
    expect(await apply({ kind: 'set-weights', ruleArn, weights: nameless, why: 'x' })).toMatchObject({ ok: false });
  });

  it('targets come and go', async () => {
    const { targetGroupArn } = await routed();
    const target = { targetGroupArn, ip: '10.1.0.4', port: 3001, why: 'x' };
    expect(await apply({ kind: 'register-target', ...target })).toEqual({ ok: true });
    expect(await world.aws.elbv2.describeTargetHealth(targetGroupArn)).toMatchObject([{ ip: '10.1.0.4', port: 3001 }]);
    expect(await apply({ kind: 'deregister-target', ...target })).toEqual({ ok: true });
    expect(await apply({ kind: 'deregister-target', ...target })).toEqual({ ok: true });
    await world.clock.advance(31_000);
    expect(await world.aws.elbv2.describeTargetHealth(targetGroupArn)).toEqual([]);
  });

  it('a health check is set right in place', async () => {
    const targetGroupArn = await arnOf(createGroup());
    const healthCheck = healthCheckOf({ healthPath: '/other', healthIntervalSeconds: 10 });
    const step: Step = { kind: 'modify-target-group', targetGroupArn, healthCheck, why: 'none' };
    expect(await apply(step)).toEqual({ ok: true });
    expect(await groups()).toMatchObject([{ healthCheck }]);
    fail('ModifyTargetGroup', 'ECONNRESET');
    expect(await apply(step)).toMatchObject({ ok: false, reason: 'AwsUnavailable' });
  });

  it('a group in use stays, and is tried again soon; rule first it goes, and again is no error', async () => {
    const { targetGroupArn, ruleArn } = await routed();
    const deleteGroup: Step = { kind: 'delete-target-group', targetGroupArn, why: 'not wanted' };
    const deleteRule: Step = { kind: 'delete-rule', ruleArn, why: 'not wanted' };
    expect(await apply(deleteGroup)).toMatchObject({ ok: false, reason: 'Removing', retryAfterMs: expect.any(Number) });
    for (const step of [deleteRule, deleteRule, deleteGroup, deleteGroup])
      expect(await apply(step)).toEqual({ ok: true });
    expect([await rules(), await groups()]).toEqual([[], []]);
  });

  it('a group deleted in a pass is not found by a rule made later in it', async () => {
    const { targetGroupArn, ruleArn } = await routed();
    await apply({ kind: 'delete-rule', ruleArn, why: 'x' });
    await apply({ kind: 'delete-target-group', targetGroupArn, why: 'x' });
    expect(await apply(createRule())).toMatchObject({
      ok: false,
      message: expect.stringContaining('does not exist yet'),
    });
  });
});

describe('sync', () => {
  const step: Step = {
    kind: 'sync',
    taskArn: 'arn:task',
    ip: '10.1.0.4',
    branch: 'one',
    commit: 'a'.repeat(40),
    why: 'newer',
  };

  it('asks the supervisor of the session', async () => {
    expect(await apply(step)).toEqual({ ok: true });
    expect(synced).toEqual([{ ip: '10.1.0.4', session: SESSION, branch: 'one', commit: 'a'.repeat(40) }]);
  });

  it('that is not accepted is tried again', async () => {
    refuseSync = new Error('409: a job is under way');
    expect(await apply(step)).toMatchObject({
      ok: false,
      reason: 'ControlUnreachable',
      message: '409: a job is under way',
    });
  });

  it('ends the pass when the lease is lost', async () => {
    refuseSync = new LeaseLostError('this replica does not lead');
    await expect(apply(step)).rejects.toBe(refuseSync);
  });
});

describe('every step', () => {
  it('counts by kind and outcome, and every series starts at zero', async () => {
    await apply(createRule());
    await arnOf(createGroup());
    const { values } = await world.metrics.steps.get();
    const count = (kind: StepKind, outcome: string) =>
      values.find(({ labels }) => labels.kind === kind && labels.outcome === outcome)?.value;
    expect(count('create-rule', 'failed')).toBe(1);
    expect(count('create-target-group', 'ok')).toBe(1);
    expect(count('sync', 'taken')).toBe(0);
    expect(values).toHaveLength(14 * 3);
  });
});
