/** Taking away, and putting back what somebody else took. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { targetGroupName } from '../../src/model/names.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import { type ControllerWorld, labelled, makeControllerWorld, SESSION } from './world.ts';

const MINUTE = 60_000;

let world: ControllerWorld;
beforeEach(async () => {
  world = await makeControllerWorld();
  world.edit(labelled());
  await world.run(MINUTE);
  world.mutations();
});
afterEach(() => world.close());

const NOTHING = { tasks: [], rules: [], groups: [], targets: [] };

describe('teardown', () => {
  it('removes rule and group, lets requests end for the settle time, and only then stops the task', async () => {
    world.edit({ wanted: false });
    const first = await world.pass();
    expect(world.mutations()).toEqual(['DeleteRule', 'DeleteTargetGroup']);
    expect(first.againMs).toBe(DEFAULT_POLICY.transitionMs);
    const removedAt = world.local.clock.now();
    expect(await world.condition('Removed')).toBe('False: Removing');
    let stoppedAt = 0;
    for (let pass = 0; pass < 10 && stoppedAt === 0; pass += 1) {
      const { againMs } = await world.pass();
      const made = world.mutations();
      if (made.length === 0) await world.local.clock.advance(againMs ?? 0);
      else {
        expect(made).toEqual(['StopTask']);
        stoppedAt = world.local.clock.now();
      }
    }
    expect(stoppedAt - removedAt).toBeGreaterThanOrEqual(DEFAULT_POLICY.settleMs - 1);
    expect(stoppedAt - removedAt).toBeLessThan(DEFAULT_POLICY.settleMs + DEFAULT_POLICY.transitionMs);
    expect(await world.record()).toMatchObject({ state: 'STOPPING' });
  });

  it('says Removed only after a listing that was begun after the last change found nothing', async () => {
    world.edit({ wanted: false });
    let removedWith = -1;
    for (let pass = 0; pass < 60 && removedWith < 0; pass += 1) {
      const before = world.local.calls.length;
      const { againMs } = await world.pass();
      const calls = world.local.calls.slice(before);
      if ((await world.condition('Removed')) === 'True: Removed') {
        expect(calls).toContain('ListTasks');
        expect(calls).toContain('DescribeRules');
        expect(calls).toContain('DescribeTargetGroups');
        removedWith = pass;
      }
      await world.local.clock.advance(againMs ?? 1_000);
    }
    expect(removedWith).toBeGreaterThan(1);
    expect(await world.left()).toEqual(NOTHING);
    expect(await world.record()).toMatchObject({ state: 'STOPPED' });
    expect((await world.status()).attempt).toBeUndefined();
  });

  it('then makes no further call, nor writes anything', async () => {
    world.edit({ wanted: false });
    await world.run(2 * MINUTE);
    world.mutations();
    const { rev } = await world.status();
    await world.run(10 * MINUTE);
    world.restart();
    await world.run(10 * MINUTE);
    expect(world.mutations()).toEqual([]);
    expect((await world.status()).rev).toBe(rev);
  });

  it('settles also when the operator crashed right after removing the route', async () => {
    world.edit({ wanted: false });
    world.onPutStatus.now = () => {
      throw new Error('crash');
    };
    await world.pass();
    expect(world.mutations()).toEqual(['DeleteRule', 'DeleteTargetGroup']);
    world.onPutStatus.now = undefined;
    world.restart();
    await world.run(DEFAULT_POLICY.settleMs - 1_000);
    expect(world.mutations()).toEqual([]);
    await world.run(MINUTE);
    expect(await world.left()).toEqual(NOTHING);
  });

  it.each(['DeleteRule', 'DeleteTargetGroup', 'StopTask'])('goes on after a lost answer of %s', async (operation) => {
    world.edit({ wanted: false });
    world.lose(operation, 'after');
    await world.run(2 * MINUTE);
    expect(await world.left()).toEqual(NOTHING);
    expect(await world.condition('Removed')).toBe('True: Removed');
  });

  it('stops a task that appears after it, and says Removed again', async () => {
    world.edit({ wanted: false });
    await world.run(2 * MINUTE);
    const { clock, aws, request } = world.local;
    const late = await aws.ecs.runTask(request(SESSION), 'late');
    expect(late.ok).toBe(true);
    await clock.settle();
    const before = (await world.status()).conditions.Removed?.since;
    world.mutations();
    await world.run(2 * MINUTE);
    expect(await world.left()).toEqual(NOTHING);
    expect(world.mutations()).toEqual(['StopTask']);
    expect(await world.condition('Removed')).toBe('True: Removed');
    expect((await world.status()).conditions.Removed?.since).not.toBe(before);
  });

  it('is stopped half way by a new label: the same task serves again', async () => {
    const [task] = (await world.left()).tasks;
    world.edit({ wanted: false });
    await world.pass();
    world.edit({ wanted: true });
    await world.run(MINUTE);
    expect((await world.left()).tasks.map(({ arn }) => arn)).toEqual([task?.arn]);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(await world.condition('Removed')).toBe('absent');
  });

  it('waits for a task whose request was never answered, and stops it when it appears', async () => {
    world.edit({ wanted: false });
    await world.run(2 * MINUTE);
    world.edit({ wanted: true });
    world.lose('RunTask', 'after');
    await world.pass();
    world.edit({ wanted: false });
    await world.run(20_000);
    expect(await world.condition('Removed')).toBe('False: Removing');
    await world.run(3 * MINUTE);
    expect(await world.left()).toEqual(NOTHING);
    expect(await world.condition('Removed')).toBe('True: Removed');
    expect((await world.status()).attempt).toBeUndefined();
  });
});

describe('a task that is not visible yet', () => {
  beforeEach(async () => {
    world.edit({ wanted: false });
    await world.run(2 * MINUTE);
    world.local.visibility.lagMs = 40_000;
    world.edit({ wanted: true });
    await world.pass();
    world.mutations();
  });

  it('is not called removed when nobody wants it any more, and is stopped when it appears', async () => {
    world.edit({ wanted: false });
    await world.run(30_000);
    expect(await world.condition('Removed')).toBe('False: Removing');
    await world.run(2 * MINUTE);
    expect(world.mutations()).toContain('StopTask');
    expect(await world.left()).toEqual(NOTHING);
    expect(await world.condition('Removed')).toBe('True: Removed');
  });

  it('is waited for, not doubled', async () => {
    await world.run(2 * MINUTE);
    expect(world.mutations()).not.toContain('RunTask');
    expect((await world.left()).tasks).toHaveLength(1);
    expect(await world.condition('Ready')).toBe('True: Ready');
  });
});

describe('the record of a stopped environment', () => {
  const source = (open: boolean) => ({
    'pull/7': { wanted: false, branch: 'one', author: 'ada', trusted: true, open, at: '2026-01-01T00:00:00Z' },
  });

  it('expires after the retention, counted from when everything was found gone', async () => {
    world.edit({ wanted: false });
    await world.run(MINUTE);
    const { expiresAt, status } = await world.record();
    const goneAt = Date.parse(status.conditions.Removed?.since ?? '');
    expect(expiresAt).toBe(Math.floor((goneAt + DEFAULT_POLICY.retentionMs) / 1_000));
    await world.run(10 * MINUTE);
    expect((await world.record()).expiresAt).toBe(expiresAt);
  });

  it('does not expire while it is being taken away', async () => {
    world.edit({ wanted: false });
    await world.pass();
    expect((await world.record()).expiresAt).toBeUndefined();
  });

  it('does not expire once it is wanted again', async () => {
    world.edit({ wanted: false });
    await world.run(MINUTE);
    world.edit({ wanted: true });
    await world.pass();
    expect((await world.record()).expiresAt).toBeUndefined();
  });

  it('does not expire while its pull request is open', async () => {
    world.edit({ wanted: false, sources: source(true) });
    await world.run(MINUTE);
    expect(await world.record()).toMatchObject({ state: 'STOPPED', expiresAt: undefined });
    world.edit({ sources: source(false) });
    await world.pass();
    expect((await world.record()).expiresAt).toBeGreaterThan(0);
  });
});

describe('drift', () => {
  const elbv2 = () => world.local.aws.elbv2;
  const rule = async () => (await world.left()).rules[0];
  const group = async () => (await world.left()).groups[0] ?? '';

  async function counted(): Promise<Record<string, number>> {
    const { values } = await world.local.metrics.driftRepaired.get();
    return Object.fromEntries(values.flatMap(({ labels, value }) => (value > 0 ? [[labels.kind, value]] : [])));
  }
  async function expectRepaired(): Promise<void> {
    await world.run(3 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect((await rule())?.forward).toEqual([
      { targetGroupArn: await group(), weight: 1 },
      { targetGroupArn: world.local.frontDoorArn, weight: 0 },
    ]);
    expect((await world.left()).targets).toMatchObject([{ state: 'healthy' }]);
  }

  it('of an environment that is made, updated and taken away is none', async () => {
    world.edit({ commit: 'b'.repeat(40), image_tag: 'staging' });
    await world.run(3 * MINUTE);
    world.edit({ wanted: false });
    await world.pass();
    world.edit({ wanted: true });
    await world.run(2 * MINUTE);
    expect(await counted()).toEqual({});
  });

  it('is not that an app stops answering for a while', async () => {
    const [target] = (await world.left()).targets;
    for (let time = 0; time < 3; time += 1) {
      world.supervisors.down.add(target?.ip ?? '');
      await world.run(15_000 + time * 1_000);
      world.supervisors.down.clear();
      await world.run(30_000);
    }
    await expectRepaired();
    expect(await counted()).toEqual({});
  });

  it('a rule that was deleted is made again, and counted', async () => {
    const priority = (await rule())?.priority;
    await elbv2().deleteRule((await rule())?.arn ?? '');
    await expectRepaired();
    expect(await counted()).toEqual({ 'create-rule': 1 });
    expect((await rule())?.priority).toBe(priority);
  });

  it('a group that was deleted with its rule is made again, and counted', async () => {
    await elbv2().deleteRule((await rule())?.arn ?? '');
    await elbv2().deleteTargetGroup(await group());
    await expectRepaired();
    expect(await counted()).toEqual({ 'create-target-group': 1, 'create-rule': 1 });
  });

  it.each([
    ['to the front door', 0, 1],
    ['to both', 1, 1],
    ['to nobody', 0, 0],
    ['by other numbers', 7, 3],
  ])('weights that were changed %s are set right, and counted', async (_how, environment, door) => {
    await elbv2().setRuleWeights((await rule())?.arn ?? '', [
      { targetGroupArn: await group(), weight: environment },
      { targetGroupArn: world.local.frontDoorArn, weight: door },
    ]);
    await expectRepaired();
    expect(await counted()).toEqual({ 'set-weights': 1 });
  });

  it('a target that was deregistered is registered again', async () => {
    const [target] = (await world.left()).targets;
    await elbv2().deregisterTarget(await group(), target?.ip ?? '', target?.port ?? 0);
    await world.run(12 * MINUTE);
    await expectRepaired();
  });

  it('a second rule for the session goes', async () => {
    const name = targetGroupName(INSTALLATION, SESSION);
    expect(name).toMatch(/^mf-test-/);
    await elbv2().createRule({
      listenerArn: world.project.listener.arn,
      priority: 2,
      host: `other.${world.project.listener.domain}`,
      forward: [{ targetGroupArn: await group(), weight: 1 }],
      tags: {},
    });
    await expectRepaired();
    const rules = await elbv2().describeRules(world.project.listener.arn);
    expect(rules).toHaveLength(1);
  });

  it('a second task of the session goes', async () => {
    const { request } = (await world.status()).attempt ?? {};
    if (!request) throw new Error('there is no attempt');
    await world.local.aws.ecs.runTask(request, 'another');
    await expectRepaired();
    expect((await world.left()).tasks).toHaveLength(1);
  });
});
