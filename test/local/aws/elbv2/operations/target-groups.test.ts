import { beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  forward,
  groupInput,
  healthOf,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
  type World,
} from '../harness.ts';

describe('target groups', () => {
  let world: World;

  beforeEach(() => {
    world = makeWorld();
  });

  const create = (change: object): Promise<string> =>
    codeOf(() => world.api.CreateTargetGroup.handle({ ...groupInput('one'), ...change }));
  const names = async (input: object = {}): Promise<(string | undefined)[]> =>
    ((await world.api.DescribeTargetGroups.handle(input)).TargetGroups ?? []).map((group) => group.TargetGroupName);

  it('show what was made, with the defaults of AWS', async () => {
    const { TargetGroups } = await world.api.CreateTargetGroup.handle({
      Name: 'plain',
      Protocol: 'HTTP',
      Port: 80,
      VpcId: 'vpc-1',
      TargetType: 'ip',
    });
    expect(TargetGroups?.[0]?.TargetGroupArn).toMatch(
      /^arn:aws:elasticloadbalancing:eu-west-1:0{12}:targetgroup\/plain\/[0-9a-f]{16}$/,
    );
    expect(TargetGroups).toMatchObject([
      {
        TargetGroupName: 'plain',
        Protocol: 'HTTP',
        Port: 80,
        VpcId: 'vpc-1',
        TargetType: 'ip',
        LoadBalancerArns: [],
        HealthCheckPath: '/',
        HealthCheckPort: 'traffic-port',
        HealthCheckIntervalSeconds: 30,
        HealthCheckTimeoutSeconds: 5,
        HealthyThresholdCount: 5,
        UnhealthyThresholdCount: 2,
        Matcher: { HttpCode: '200' },
      },
    ]);
  });

  it.each([
    ['a name of 32 characters', { Name: 'a'.repeat(32) }, 'none'],
    ['a name of 33 characters', { Name: 'a'.repeat(33) }, 'ValidationError'],
    ['a leading hyphen', { Name: '-a' }, 'ValidationError'],
    ['a trailing hyphen', { Name: 'a-' }, 'ValidationError'],
    ['an underscore', { Name: 'a_b' }, 'ValidationError'],
    ['no name', { Name: undefined }, 'ValidationError'],
    ['the prefix that only load balancers may not have', { Name: 'internal-x' }, 'none'],
    ['interval 4', { HealthCheckIntervalSeconds: 4 }, 'ValidationError'],
    ['interval 5', { HealthCheckIntervalSeconds: 5 }, 'none'],
    ['interval 300', { HealthCheckIntervalSeconds: 300 }, 'none'],
    ['interval 301', { HealthCheckIntervalSeconds: 301 }, 'ValidationError'],
    ['timeout 1', { HealthCheckTimeoutSeconds: 1 }, 'ValidationError'],
    ['timeout as long as the interval', { HealthCheckTimeoutSeconds: 10 }, 'ValidationError'],
    ['threshold 1', { HealthyThresholdCount: 1 }, 'ValidationError'],
    ['threshold 11', { UnhealthyThresholdCount: 11 }, 'ValidationError'],
    ['a matcher range', { Matcher: { HttpCode: '200-299' } }, 'none'],
    ['a matcher out of range', { Matcher: { HttpCode: '200-500' } }, 'ValidationError'],
    ['a matcher of words', { Matcher: { HttpCode: 'ok' } }, 'ValidationError'],
    ['a health path without a slash', { HealthCheckPath: 'ready' }, 'ValidationError'],
    ['a health path with a line break', { HealthCheckPath: '/a\r\nb' }, 'ValidationError'],
    ['a health port of digits', { HealthCheckPort: '9000' }, 'none'],
    ['a health port of words', { HealthCheckPort: 'main' }, 'ValidationError'],
    ['health checks off', { HealthCheckEnabled: false }, 'ValidationError'],
    ['port 0', { Port: 0 }, 'ValidationError'],
    ['no network', { VpcId: undefined }, 'ValidationError'],
    ['target type instance', { TargetType: undefined }, 'ValidationError'],
    ['HTTPS', { Protocol: 'HTTPS' }, 'UnsupportedProtocol'],
    ['gRPC', { ProtocolVersion: 'GRPC' }, 'ValidationError'],
    ['51 tags', { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}` })) }, 'TooManyTags'],
    ['a reserved tag', { Tags: [{ Key: 'aws:x', Value: '' }] }, 'ValidationError'],
    ['a tag of all that is allowed', { Tags: [{ Key: 'ä 1_.:/=+-@', Value: 'ä 1_.:/=+-@' }] }, 'none'],
    ['a tag with a number sign', { Tags: [{ Key: 'a', Value: 'fix#1' }] }, 'ValidationError'],
    ['a tag key with a comma', { Tags: [{ Key: 'a,b', Value: '' }] }, 'ValidationError'],
    ['a tag twice', { Tags: [{ Key: 'a' }, { Key: 'a' }] }, 'DuplicateTagKeys'],
  ])('with %s', async (_name, change, code) => {
    expect(await create(change)).toBe(code);
    expect(await names()).toHaveLength(code === 'none' ? 1 : 0);
  });

  it('are made once for equal settings, and not twice for others', async () => {
    const arn = await makeGroup(world.api, 'one');
    expect(await makeGroup(world.api, 'one')).toBe(arn);
    expect(await create({ Tags: [{ Key: 'a', Value: 'b' }] })).toBe('none');
    expect(await create({ Port: 3002 })).toBe('DuplicateTargetGroupName');
    expect(await create({ HealthCheckPath: '/other' })).toBe('DuplicateTargetGroupName');
    expect(await names()).toEqual(['one']);
  });

  it('keep their name, whatever became of attributes and targets since', async () => {
    const TargetGroupArn = await makeGroup(world.api, 'one');
    const Attributes = [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }];
    await world.api.ModifyTargetGroupAttributes.handle({ TargetGroupArn, Attributes });
    await world.api.RegisterTargets.handle({ TargetGroupArn, Targets: [{ Id: '127.0.0.2' }] });
    expect(await makeGroup(world.api, 'one')).toBe(TargetGroupArn);
    await world.api.ModifyTargetGroup.handle({ TargetGroupArn, HealthCheckPath: '/other' });
    expect(await create({})).toBe('DuplicateTargetGroupName');
  });

  it('compare tags too where the switch says so, which AWS does not document', async () => {
    world = makeWorld({ switches: { comparesTags: true } });
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    expect(await create({ Tags })).toBe('none');
    expect(await create({ Tags: Tags.toReversed() })).toBe('none');
    expect(await create({ Tags: Tags.slice(1) })).toBe('DuplicateTargetGroupName');
  });

  it('are found by ARN, name and load balancer', async () => {
    const [a, b] = [await makeGroup(world.api, 'a'), await makeGroup(world.api, 'b')];
    const loadBalancer = await makeLoadBalancer(world.api);
    const listenerArn = await makeListener(world.api, loadBalancer);
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [b]: 0 } });
    expect(await names()).toEqual(['a', 'b']);
    expect(await names({ TargetGroupArns: [a] })).toEqual(['a']);
    expect(await names({ Names: ['b'] })).toEqual(['b']);
    expect(await names({ LoadBalancerArn: loadBalancer })).toEqual(['b']);
    const { TargetGroups } = await world.api.DescribeTargetGroups.handle({ Names: ['b'] });
    expect(TargetGroups?.[0]?.LoadBalancerArns).toEqual([loadBalancer]);
  });

  it.each([
    [{ Names: ['none'] }, 'TargetGroupNotFound'],
    [{ TargetGroupArns: ['arn:none'] }, 'TargetGroupNotFound'],
    [{ LoadBalancerArn: 'arn:none' }, 'LoadBalancerNotFound'],
    [{ Names: ['none'], TargetGroupArns: ['arn:none'] }, 'ValidationError'],
    [{ PageSize: 401 }, 'ValidationError'],
  ])('are not described for %j', async (input, code) => {
    expect(await codeOf(() => world.api.DescribeTargetGroups.handle(input))).toBe(code);
  });

  it('come in pages of up to 400', async () => {
    for (let count = 0; count < 405; count++) await makeGroup(world.api, `g${count}`);
    const first = await world.api.DescribeTargetGroups.handle({});
    const second = await world.api.DescribeTargetGroups.handle({ Marker: first.NextMarker });
    expect([first.TargetGroups?.length, second.TargetGroups?.length]).toEqual([400, 5]);
    expect(second.NextMarker).toBeUndefined();
    const shown = [...(first.TargetGroups ?? []), ...(second.TargetGroups ?? [])];
    expect(new Set(shown.map((group) => group.TargetGroupArn)).size).toBe(405);
  });

  it('are limited in number', async () => {
    world = makeWorld({ quotas: { targetGroups: 1 } });
    await makeGroup(world.api, 'one');
    expect(await create({ Name: 'two' })).toBe('TooManyTargetGroups');
  });

  it('cannot be deleted while a rule or a default action uses them, and then can', async () => {
    const [a, b] = [await makeGroup(world.api, 'a'), await makeGroup(world.api, 'b')];
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    const RuleArn = await makeRule(world.api, { listenerArn, priority: 1, weights: { [a]: 0 } });
    await world.api.ModifyListener.handle({ ListenerArn: listenerArn, DefaultActions: [forward({ [b]: 1 })] });
    const remove = (TargetGroupArn: string): Promise<string> =>
      codeOf(() => world.api.DeleteTargetGroup.handle({ TargetGroupArn }));
    expect([await remove(a), await remove(b)]).toEqual(['ResourceInUse', 'ResourceInUse']);
    await world.api.DeleteRule.handle({ RuleArn });
    expect(await remove(a)).toBe('none');
    await world.api.DeleteListener.handle({ ListenerArn: listenerArn });
    expect(await remove(b)).toBe('none');
    expect(await remove(b)).toBe('none');
    expect(await names()).toEqual([]);
  });

  it('have attributes of which the deregistration delay can be set', async () => {
    const TargetGroupArn = await makeGroup(world.api, 'one');
    const set = (Key: string, Value: string): Promise<string> =>
      codeOf(() => world.api.ModifyTargetGroupAttributes.handle({ TargetGroupArn, Attributes: [{ Key, Value }] }));
    const delay = async (): Promise<string | undefined> => {
      const { Attributes = [] } = await world.api.DescribeTargetGroupAttributes.handle({ TargetGroupArn });
      return Attributes.find((each) => each.Key === 'deregistration_delay.timeout_seconds')?.Value;
    };
    expect(await delay()).toBe('300');
    expect(await set('deregistration_delay.timeout_seconds', '30')).toBe('none');
    expect(await delay()).toBe('30');
    expect(await set('deregistration_delay.timeout_seconds', '3601')).toBe('ValidationError');
    expect(await set('deregistration_delay.timeout_seconds', '-1')).toBe('ValidationError');
    expect(await set('stickiness.enabled', 'false')).toBe('none');
    expect(await set('stickiness.enabled', 'true')).toBe('InvalidConfigurationRequest');
    expect(await set('made.up', '1')).toBe('InvalidConfigurationRequest');
    expect(await delay()).toBe('30');
  });

  it('can have their health check changed, checked as a whole', async () => {
    const TargetGroupArn = await makeGroup(world.api, 'one');
    const { TargetGroups } = await world.api.ModifyTargetGroup.handle({
      TargetGroupArn,
      HealthCheckIntervalSeconds: 20,
    });
    expect(TargetGroups?.[0]).toMatchObject({ HealthCheckIntervalSeconds: 20, HealthCheckPath: '/ready' });
    const tooShort = { TargetGroupArn, HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 5 };
    expect(await codeOf(() => world.api.ModifyTargetGroup.handle(tooShort))).toBe('ValidationError');
    const none = { TargetGroupArn: 'arn:none' };
    expect(await codeOf(() => world.api.ModifyTargetGroup.handle(none))).toBe('TargetGroupNotFound');
  });
});

describe('targets', () => {
  let world: World;
  let group: string;

  beforeEach(async () => {
    world = makeWorld({ quotas: { targetsPerTargetGroup: 3, targetsPerLoadBalancer: 4 } });
    group = await makeGroup(world.api, 'one');
  });

  const register = (...Targets: { Id: string; Port?: number }[]): Promise<string> =>
    codeOf(() => world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets }));
  const deregister = (...Targets: { Id: string; Port?: number }[]): Promise<string> =>
    codeOf(() => world.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets }));

  it.each([
    ['10.1.2.3', 'none'],
    ['172.16.0.1', 'none'],
    ['172.32.0.1', 'InvalidTarget'],
    ['192.168.9.9', 'none'],
    ['100.64.0.1', 'none'],
    ['100.128.0.1', 'InvalidTarget'],
    ['127.20.0.4', 'none'],
    ['8.8.8.8', 'InvalidTarget'],
    ['10.1.2', 'InvalidTarget'],
    ['::1', 'InvalidTarget'],
    ['localhost', 'InvalidTarget'],
    ['', 'ValidationError'],
  ])('at %s: %s', async (Id, code) => {
    expect(await register({ Id })).toBe(code);
  });

  it("take the group's port unless they say their own, and are one target for each", async () => {
    await register({ Id: '127.0.0.2' }, { Id: '127.0.0.2', Port: 4000 }, { Id: '127.0.0.2', Port: 3001 });
    expect(Object.keys(await healthOf(world.api, group))).toEqual(['127.0.0.2:3001', '127.0.0.2:4000']);
    await deregister({ Id: '127.0.0.2', Port: 4000 });
    expect(Object.keys(await healthOf(world.api, group))).toEqual(['127.0.0.2:3001']);
  });

  it('leave on every port when no port is named', async () => {
    await register({ Id: '127.0.0.2' }, { Id: '127.0.0.2', Port: 4000 });
    await deregister({ Id: '127.0.0.2' });
    expect(await healthOf(world.api, group)).toEqual({});
  });

  it('need not be there to be deregistered; the group must', async () => {
    expect(await deregister({ Id: '127.0.0.2' })).toBe('none');
    expect(await deregister()).toBe('ValidationError');
    group = 'arn:none';
    expect(await register({ Id: '127.0.0.2' })).toBe('TargetGroupNotFound');
    expect(await deregister({ Id: '127.0.0.2' })).toBe('TargetGroupNotFound');
    expect(await codeOf(() => world.api.DescribeTargetHealth.handle({ TargetGroupArn: group }))).toBe(
      'TargetGroupNotFound',
    );
  });

  it('are registered all or not at all', async () => {
    expect(await register({ Id: '127.0.0.2' }, { Id: '8.8.8.8' })).toBe('InvalidTarget');
    expect(await register({ Id: '127.0.0.2' }, { Id: '127.0.0.3', Port: 70_000 })).toBe('ValidationError');
    expect(await healthOf(world.api, group)).toEqual({});
  });

  it('are not asked for, and do not leave, by what is no address', async () => {
    expect(await deregister({ Id: 'localhost' })).toBe('InvalidTarget');
    const Targets = [{ Id: '8.8.8.8' }];
    expect(await codeOf(() => world.api.DescribeTargetHealth.handle({ TargetGroupArn: group, Targets }))).toBe(
      'InvalidTarget',
    );
  });

  it('are registered with a load balancer so many times only: in groups, and on ports', async () => {
    world = makeWorld({ quotas: { registrationsPerTarget: 2 } });
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    group = await makeGroup(world.api, 'one');
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    const two = await makeGroup(world.api, 'two');
    expect(await register({ Id: '127.0.0.2' }, { Id: '127.0.0.2', Port: 1 })).toBe('none');
    expect(await register({ Id: '127.0.0.2', Port: 2 })).toBe('TooManyRegistrationsForTargetId');
    group = two;
    expect(await register({ Id: '127.0.0.2' })).toBe('none');
    const rule = { listenerArn, priority: 2, weights: { [two]: 1 } };
    expect(await codeOf(() => makeRule(world.api, rule))).toBe('TooManyRegistrationsForTargetId');
  });

  it('that drain are refused where the switch says so', async () => {
    world = makeWorld({ switches: { refusesDrainingTargets: true } });
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    group = await makeGroup(world.api, 'one');
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    await register({ Id: '127.0.0.2' });
    await deregister({ Id: '127.0.0.2' });
    expect(await register({ Id: '127.0.0.2' })).toBe('InvalidTarget');
    await world.clock.advance(300_000);
    expect(await register({ Id: '127.0.0.2' })).toBe('none');
  });

  it('are limited for a group and for a load balancer', async () => {
    const ids = (...last: number[]): { Id: string }[] => last.map((each) => ({ Id: `127.0.0.${each}` }));
    expect(await register(...ids(2, 3, 4, 5))).toBe('TooManyTargets');
    expect(await register(...ids(2, 3, 4))).toBe('none');
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    group = await makeGroup(world.api, 'two');
    await makeRule(world.api, { listenerArn, priority: 2, weights: { [group]: 1 } });
    expect(await register(...ids(2, 3))).toBe('TooManyTargets');
    expect(await register(...ids(2))).toBe('none');
    group = await makeGroup(world.api, 'three');
    await register(...ids(2));
    const weights = { [group]: 1 };
    expect(await codeOf(() => makeRule(world.api, { listenerArn, priority: 3, weights }))).toBe('TooManyTargets');
  });
});
