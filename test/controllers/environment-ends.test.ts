/** Pauses of everything, ends of overrides that nobody writes, and drift of target groups: the loop against the local AWS. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstallationPause } from '../../src/model/installation.ts';
import { WaitingError } from '../../src/runtime/errors.ts';
import { type ControllerWorld, labelled, makeControllerWorld, SESSION } from './world.ts';

const MINUTE = 60_000;

let world: ControllerWorld;

beforeEach(async () => {
  world = await makeControllerWorld();
});

afterEach(async () => {
  await world.close();
});

async function label(change: Readonly<Record<string, unknown>> = {}): Promise<void> {
  world.edit(labelled(change));
  await world.run(2 * MINUTE);
}

const inMs = (ms: number): string => new Date(world.local.clock.now() + ms).toISOString();

describe('while Mayfly is paused', () => {
  const pause: InstallationPause = { by: 'ada', reason: 'a move' };

  it('nothing is repaired, and it is said by whom', async () => {
    await label();
    const { rules } = await world.left();
    await world.local.aws.elbv2.deleteRule(rules[0]?.arn ?? '');
    world.mutations();
    world.pause.now = pause;
    await world.run(2 * MINUTE);
    expect(world.mutations()).toEqual([]);
    expect((await world.status()).conditions.Routed).toMatchObject({
      reason: 'Paused',
      message: 'Mayfly is paused by ada: a move.',
    });
    world.pause.now = undefined;
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('what serves is ready, and an update is not called on its way', async () => {
    await label();
    world.pause.now = pause;
    await world.run(MINUTE);
    expect(await world.condition('UpToDate')).toBe('True: UpToDate');
    world.edit({ commit: 'b'.repeat(40) });
    await world.run(MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(await world.condition('UpToDate')).toBe('False: Paused');
  });

  it('nothing is taken away', async () => {
    await label();
    world.mutations();
    world.pause.now = pause;
    world.edit({ wanted: false });
    await world.run(2 * MINUTE);
    expect(world.mutations()).toEqual([]);
    expect(await world.condition('Removed')).toBe('False: Paused');
  });

  it('a pass under way makes no further call', async () => {
    world.edit(labelled());
    world.local.fault.now = {
      after: (operation) => {
        if (operation === 'RunTask') world.pause.now = pause;
        return undefined;
      },
    };
    await world.pass();
    expect(world.mutations()).toEqual(['RunTask']);
    world.pause.now = undefined;
    await world.run(2 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await world.left()).tasks).toHaveLength(1);
  });

  it('a look is taken at its end', async () => {
    await label();
    world.pause.now = { until: inMs(7_000) };
    expect((await world.pass()).result).toEqual({ requeueAfterMs: 7_000, priority: 'high' });
  });
});

describe('until it is known whether Mayfly is paused', () => {
  const notRead = new WaitingError('Unknown', 'not read yet', 5_000);

  it.each([
    ['an environment on its way', {}],
    ['one that is on its way out', { wanted: false }],
    ['one that cannot be understood', { wanted: 'perhaps' }],
  ])('%s waits, and nobody is told anything', async (_name, change) => {
    world.edit(labelled());
    await world.run(2_500);
    world.edit(change);
    const [before, told] = [world.store.peek(SESSION), world.changed.length];
    world.mutations();
    world.pause.unknown = notRead;
    expect((await world.pass()).error).toBe(notRead);
    expect(world.mutations()).toEqual([]);
    expect(world.store.peek(SESSION)).toEqual(before);
    expect(world.changed).toHaveLength(told);
    world.pause.unknown = undefined;
    await world.local.clock.advance(MINUTE);
    expect((await world.pass()).error).toBeUndefined();
    expect(world.changed.length).toBeGreaterThan(told);
  });
});

describe('the end of an override', () => {
  it('brings back what nobody wanted for a while, to the moment', async () => {
    const until = inMs(30 * MINUTE);
    await label({ override: { wanted: false, until } });
    expect(await world.record()).toMatchObject({ state: 'STOPPED', expiresAt: undefined });
    const { result } = await world.pass();
    expect(result).toEqual({ requeueAfterMs: Date.parse(until) - world.local.clock.now() + 1, priority: 'high' });
    await world.local.clock.advance(result?.requeueAfterMs ?? 0);
    await world.pass('high');
    expect(world.mutations()).toContain('RunTask');
  });

  it('that is far away is looked at once a day, and a record in waiting is kept', async () => {
    await label({ override: { wanted: false, until: inMs(20 * 24 * 60 * MINUTE) } });
    expect(await world.record()).toMatchObject({ state: 'STOPPED', expiresAt: undefined });
    expect((await world.pass()).againMs).toBe(24 * 60 * MINUTE);
  });

  it('takes away what only it wanted', async () => {
    await label({ wanted: false, override: { wanted: true, until: inMs(5 * MINUTE) } });
    expect(await world.condition('Ready')).toBe('True: Ready');
    await world.run(5 * MINUTE);
    expect(await world.record()).toMatchObject({ state: 'STOPPED', expiresAt: expect.any(Number) });
    expect(await world.left()).toEqual({ tasks: [], rules: [], groups: [], targets: [] });
  });

  it('ends a pause', async () => {
    await label({ override: { paused: true, by: 'bo', until: inMs(5 * MINUTE) } });
    expect(world.mutations()).toEqual([]);
    expect((await world.status()).conditions.TaskRunning?.message).toMatch(/^This environment is paused by bo until /);
    await world.run(5 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('gives image, variables and commit back', async () => {
    await label({
      override: { image_tag: 'staging', env: { FLAG: '1' }, commit: 'b'.repeat(40), until: inMs(6 * MINUTE) },
    });
    const during = (await world.left()).tasks[0];
    expect(during?.spec.env).toMatchObject({ FLAG: '1' });
    expect((await world.status()).liveCommit).toBe('b'.repeat(40));
    await world.run(8 * MINUTE);
    const { tasks } = await world.left();
    expect(tasks).toHaveLength(1);
    expect(tasks[0]?.spec.env).not.toHaveProperty('FLAG');
    expect(tasks[0]?.spec.taskDefinitionArn).not.toBe(during?.spec.taskDefinitionArn);
    expect((await world.status()).liveCommit).toBe('a'.repeat(40));
  });
});

describe('drift of the target group', () => {
  const repaired = async (kind: string): Promise<number | undefined> =>
    (await world.local.metrics.driftRepaired.get()).values.find(({ labels }) => labels.kind === kind)?.value;

  it('in its health check is set right in place', async () => {
    await label();
    const [TargetGroupArn = ''] = (await world.left()).groups;
    await world.local.api.elbv2.ModifyTargetGroup.handle({
      TargetGroupArn,
      HealthCheckPath: '/',
      UnhealthyThresholdCount: 9,
    });
    world.mutations();
    await world.run(2 * MINUTE);
    expect(world.mutations()).toEqual(['ModifyTargetGroup']);
    expect(
      (await world.local.aws.elbv2.describeTargetGroups()).find(({ arn }) => arn === TargetGroupArn),
    ).toMatchObject({
      healthCheck: { path: '/.mayfly/ready/tt-one', unhealthyThreshold: 2 },
    });
    expect(await repaired('modify-target-group')).toBe(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });

  it('made anew by a person in another VPC is replaced while nothing serves', async () => {
    await label();
    const { rules, groups } = await world.left();
    const { aws } = world.local;
    await aws.elbv2.deleteRule(rules[0]?.arn ?? '');
    await aws.elbv2.deleteTargetGroup(groups[0] ?? '');
    const name = groups[0]?.split('/')[1] ?? '';
    const spec = { name, port: 80, healthPath: '/', healthIntervalSeconds: 30, deregistrationDelaySeconds: 0 };
    await aws.elbv2.createTargetGroup({ ...spec, vpcId: 'vpc-2', tags: {} });
    await world.run(3 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    const found = (await aws.elbv2.describeTargetGroups()).filter((group) => group.name === name);
    expect(found).toMatchObject([{ vpcId: 'vpc-1', port: 3001, healthCheck: { path: '/.mayfly/ready/tt-one' } }]);
  });

  it('counts targets that somebody took out, not the ones of successors', async () => {
    await label();
    const { groups, targets } = await world.left();
    expect(await repaired('register-target')).toBe(undefined);
    await world.local.aws.elbv2.deregisterTarget(groups[0] ?? '', targets[0]?.ip ?? '', 3001);
    await world.run(15 * MINUTE);
    expect(await repaired('register-target')).toBe(1);
    world.edit({ image_tag: 'staging' });
    await world.run(5 * MINUTE);
    expect(await repaired('register-target')).toBe(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('a whole item pasted back from a while ago', () => {
  it.each([
    ['from before it started', 0],
    ['from its start', 3_000],
    ['from when it was ready', MINUTE],
  ])('%s: one task, ready, nothing forgotten of what is wanted', async (_name, ms) => {
    world.edit(labelled());
    await world.run(ms);
    const copy = world.store.peek('tt-one') ?? {};
    await world.run(2 * MINUTE);
    world.edit({ image_tag: 'staging', commit: 'b'.repeat(40) });
    await world.run(10 * MINUTE);
    world.store.seed(copy);
    await world.run(10 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(await world.left()).toMatchObject({
      tasks: [{}],
      rules: [{}],
      groups: [{}],
      targets: [{ state: 'healthy' }],
    });
    expect(await world.record()).toMatchObject({ state: 'RUNNING', status: { liveCommit: 'a'.repeat(40) } });
    world.mutations();
    await world.run(10 * MINUTE);
    expect(world.mutations()).toEqual([]);
  });

  it('of one that was wanted, after it was taken away: it comes back', async () => {
    await label();
    const copy = world.store.peek('tt-one') ?? {};
    world.edit({ wanted: false });
    await world.run(5 * MINUTE);
    world.store.seed(copy);
    await world.run(15 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await world.left()).tasks).toHaveLength(1);
  });

  it('of one that was not, while it runs: it goes', async () => {
    world.edit(labelled({ wanted: false }));
    await world.run(MINUTE);
    const copy = world.store.peek('tt-one') ?? {};
    world.edit({ wanted: true });
    await world.run(5 * MINUTE);
    world.store.seed(copy);
    await world.run(5 * MINUTE);
    expect(await world.left()).toEqual({ tasks: [], rules: [], groups: [], targets: [] });
    expect(await world.record()).toMatchObject({ state: 'STOPPED' });
  });
});
