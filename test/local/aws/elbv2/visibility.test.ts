/** What was made is not shown at once. AWS-FACTS ELBv2 "read-after-create". */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  groupInput,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
  type World,
} from './harness.ts';

const lagMs = 10_000;

describe('a new target group', () => {
  let world: World;
  let arn: string;

  beforeEach(async () => {
    world = makeWorld({ visibilityMs: () => lagMs });
    arn = await makeGroup(world.api, 'one');
  });

  const names = async (): Promise<unknown> =>
    ((await world.api.DescribeTargetGroups.handle({})).TargetGroups ?? []).map((each) => each.TargetGroupName);
  const reads = (): Promise<string[]> =>
    Promise.all([
      codeOf(() => world.api.DescribeTargetGroups.handle({ TargetGroupArns: [arn] })),
      codeOf(() => world.api.DescribeTargetGroups.handle({ Names: ['one'] })),
      codeOf(() => world.api.DescribeTargetHealth.handle({ TargetGroupArn: arn })),
      codeOf(() => world.api.DescribeTargetGroupAttributes.handle({ TargetGroupArn: arn })),
      codeOf(() => world.api.DescribeTags.handle({ ResourceArns: [arn] })),
    ]);

  it('is left out of lists and not found by ARN or name until its lag has passed', async () => {
    expect(await names()).toEqual([]);
    expect(await reads()).toEqual(Array(5).fill('TargetGroupNotFound'));
    await world.clock.advance(lagMs - 1);
    expect(await names()).toEqual([]);
    await world.clock.advance(1);
    expect(await names()).toEqual(['one']);
    expect(await reads()).toEqual(Array(5).fill('none'));
  });

  it('has its name meanwhile, and can be used', async () => {
    expect(await makeGroup(world.api, 'one')).toBe(arn);
    const other = { ...groupInput('one'), Port: 9 };
    expect(await codeOf(() => world.api.CreateTargetGroup.handle(other))).toBe('DuplicateTargetGroupName');
    const Targets = [{ Id: '127.0.0.2' }];
    expect(await codeOf(() => world.api.RegisterTargets.handle({ TargetGroupArn: arn, Targets }))).toBe('none');
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    await makeRule(world.api, { listenerArn, priority: 1, host: 'a.localhost', weights: { [arn]: 1 } });
    expect(world.elbv2.route(listenerArn, { host: 'a.localhost', url: '/' }).kind).toBe('target');
  });

  it('does not hide again when it is asked to be made a second time', async () => {
    await world.clock.advance(lagMs);
    await makeGroup(world.api, 'one');
    expect(await names()).toEqual(['one']);
  });
});

describe('a new rule', () => {
  it('is not shown, while its priority is taken, until its lag has passed', async () => {
    const { api, clock } = makeWorld({ visibilityMs: () => lagMs });
    const listenerArn = await makeListener(api, await makeLoadBalancer(api));
    const group = await makeGroup(api, 'one');
    const input = { listenerArn, priority: 7, weights: { [group]: 1 } };
    const arn = await makeRule(api, input);
    const priorities = async (): Promise<unknown> =>
      ((await api.DescribeRules.handle({ ListenerArn: listenerArn })).Rules ?? []).map((each) => each.Priority);
    const byArn = (): Promise<string> => codeOf(() => api.DescribeRules.handle({ RuleArns: [arn] }));
    expect([await priorities(), await byArn()]).toEqual([['default'], 'RuleNotFound']);
    expect(await codeOf(() => makeRule(api, input))).toBe('PriorityInUse');
    expect(await codeOf(() => api.DeleteTargetGroup.handle({ TargetGroupArn: group }))).toBe('ResourceInUse');
    await clock.advance(lagMs);
    expect([await priorities(), await byArn()]).toEqual([['7', 'default'], 'none']);
  });
});

describe('a target group that its last rule has left', () => {
  it('can be deleted when its lag has passed, and before that is in use', async () => {
    const { api, clock } = makeWorld({ releaseMs: () => 4000 });
    const listenerArn = await makeListener(api, await makeLoadBalancer(api));
    const group = await makeGroup(api, 'one');
    const RuleArn = await makeRule(api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    await api.DeleteRule.handle({ RuleArn });
    const remove = (): Promise<string> => codeOf(() => api.DeleteTargetGroup.handle({ TargetGroupArn: group }));
    expect(await remove()).toBe('ResourceInUse');
    await clock.advance(3999);
    expect(await remove()).toBe('ResourceInUse');
    await clock.advance(1);
    expect(await remove()).toBe('none');
  });
});
