import { beforeEach, describe, expect, it } from 'vitest';
import type { Elbv2State } from '../../../../../src/local/aws/elbv2/state.ts';
import {
  codeOf,
  fixedResponse,
  forward,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
  present,
  type World,
} from '../harness.ts';

describe('load balancers', () => {
  let world: World;

  beforeEach(() => {
    world = makeWorld();
  });

  const create = (input: object): Promise<string> =>
    codeOf(() => world.api.CreateLoadBalancer.handle({ Name: 'main', ...input }));

  it('show what was made, in the shapes of AWS', async () => {
    const { LoadBalancers } = await world.api.CreateLoadBalancer.handle({ Name: 'main', Subnets: ['subnet-a'] });
    expect(LoadBalancers?.[0]?.LoadBalancerArn).toMatch(
      /^arn:aws:elasticloadbalancing:eu-west-1:0{12}:loadbalancer\/app\/main\/[0-9a-f]{16}$/,
    );
    expect(LoadBalancers).toMatchObject([
      {
        LoadBalancerName: 'main',
        DNSName: 'main.elb.localhost',
        CreatedTime: new Date(1_000_000),
        Scheme: 'internet-facing',
        State: { Code: 'active' },
        Type: 'application',
        VpcId: 'vpc-local',
        AvailabilityZones: [{ SubnetId: 'subnet-a', ZoneName: 'eu-west-1a' }],
      },
    ]);
  });

  it.each([
    ['a network one', { Type: 'network' }, 'ValidationError'],
    ['a reserved name', { Name: 'internal-x' }, 'ValidationError'],
    ['too long a name', { Name: 'x'.repeat(33) }, 'ValidationError'],
    ['an odd scheme', { Scheme: 'odd' }, 'InvalidScheme'],
    ['an internal one', { Scheme: 'internal' }, 'none'],
  ])('with %s', async (_name, input, code) => {
    expect(await create(input)).toBe(code);
  });

  it('are made once for equal settings, and not twice for others', async () => {
    const arn = await makeLoadBalancer(world.api);
    expect(await makeLoadBalancer(world.api)).toBe(arn);
    expect(await create({ Subnets: ['subnet-b'] })).toBe('DuplicateLoadBalancerName');
  });

  it('are found by ARN and name, in pages', async () => {
    const arns = [];
    for (const name of ['b', 'a', 'c']) arns.push(await makeLoadBalancer(world.api, name));
    const names = async (input: object): Promise<unknown> =>
      ((await world.api.DescribeLoadBalancers.handle(input)).LoadBalancers ?? []).map((each) => each.LoadBalancerName);
    expect(await names({})).toEqual(['a', 'b', 'c']);
    expect(await names({ LoadBalancerArns: [arns[0]] })).toEqual(['b']);
    expect(await names({ Names: ['c'] })).toEqual(['c']);
    const first = await world.api.DescribeLoadBalancers.handle({ PageSize: 2 });
    expect(await names({ PageSize: 2, Marker: first.NextMarker })).toEqual(['c']);
    const missing = [{ Names: ['none'] }, { LoadBalancerArns: ['arn:none'] }];
    for (const input of missing) {
      expect(await codeOf(() => world.api.DescribeLoadBalancers.handle(input))).toBe('LoadBalancerNotFound');
    }
  });

  it('are limited in number', async () => {
    world = makeWorld({ quotas: { loadBalancers: 1 } });
    expect([await create({}), await create({ Name: 'more' })]).toEqual(['none', 'TooManyLoadBalancers']);
  });

  it('take their listeners and rules with them, and leave target groups', async () => {
    const LoadBalancerArn = await makeLoadBalancer(world.api);
    const listenerArn = await makeListener(world.api, LoadBalancerArn);
    const group = await makeGroup(world.api, 'one');
    const RuleArn = await makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    await world.api.DeleteLoadBalancer.handle({ LoadBalancerArn });
    expect(await codeOf(() => world.api.DescribeListeners.handle({ ListenerArns: [listenerArn] }))).toBe(
      'ListenerNotFound',
    );
    expect(await codeOf(() => world.api.DescribeRules.handle({ RuleArns: [RuleArn] }))).toBe('RuleNotFound');
    expect(await codeOf(() => world.api.DeleteTargetGroup.handle({ TargetGroupArn: group }))).toBe('none');
    expect(await codeOf(() => world.api.DeleteLoadBalancer.handle({ LoadBalancerArn }))).toBe('none');
  });
});

describe('listeners', () => {
  let world: World;
  let loadBalancer: string;

  beforeEach(async () => {
    world = makeWorld({ quotas: { listenersPerLoadBalancer: 2 } });
    loadBalancer = await makeLoadBalancer(world.api);
  });

  const create = (change: object): Promise<string> =>
    codeOf(() =>
      world.api.CreateListener.handle({
        LoadBalancerArn: loadBalancer,
        Protocol: 'HTTP',
        Port: 8000,
        DefaultActions: [fixedResponse('404', '')],
        ...change,
      }),
    );

  it('show what was made, in the shapes of AWS', async () => {
    const arn = await makeListener(world.api, loadBalancer);
    expect(arn).toMatch(/:listener\/app\/main\/[0-9a-f]{16}\/[0-9a-f]{16}$/);
    const { Listeners } = await world.api.DescribeListeners.handle({ LoadBalancerArn: loadBalancer });
    expect(Listeners).toMatchObject([
      {
        ListenerArn: arn,
        LoadBalancerArn: loadBalancer,
        Port: 8000,
        Protocol: 'HTTP',
        DefaultActions: [{ Type: 'fixed-response' }],
      },
    ]);
  });

  it.each([
    ['an absent load balancer', { LoadBalancerArn: 'arn:none' }, 'LoadBalancerNotFound'],
    ['HTTPS', { Protocol: 'HTTPS' }, 'UnsupportedProtocol'],
    ['no port', { Port: undefined }, 'ValidationError'],
    ['port 65536', { Port: 65_536 }, 'ValidationError'],
    ['no action', { DefaultActions: [] }, 'ValidationError'],
    ['an absent target group', { DefaultActions: [forward({ 'arn:none': 1 })] }, 'TargetGroupNotFound'],
  ])('with %s', async (_name, change, code) => {
    expect(await create(change)).toBe(code);
    expect((await world.api.DescribeListeners.handle({ LoadBalancerArn: loadBalancer })).Listeners).toEqual([]);
  });

  it('have a port of their own, and are limited in number', async () => {
    expect(await create({})).toBe('none');
    expect(await create({})).toBe('DuplicateListener');
    expect(await create({ Port: 8001 })).toBe('none');
    expect(await create({ Port: 8002 })).toBe('TooManyListeners');
  });

  it('are modified, checked and shown', async () => {
    const ListenerArn = await makeListener(world.api, loadBalancer);
    await makeListener(world.api, loadBalancer, 8001);
    const modify = (change: object): Promise<string> =>
      codeOf(() => world.api.ModifyListener.handle({ ListenerArn, ...change }));
    expect(await modify({ Port: 8001 })).toBe('DuplicateListener');
    expect(await modify({ Protocol: 'HTTPS' })).toBe('UnsupportedProtocol');
    expect(await modify({ DefaultActions: [forward({ 'arn:none': 1 })] })).toBe('TargetGroupNotFound');
    const group = await makeGroup(world.api, 'one');
    expect(await modify({ Port: 9000, DefaultActions: [forward({ [group]: 1 })] })).toBe('none');
    const { Listeners } = await world.api.DescribeListeners.handle({ ListenerArns: [ListenerArn] });
    expect(Listeners).toMatchObject([{ Port: 9000, DefaultActions: [{ TargetGroupArn: group }] }]);
    const { Rules } = await world.api.DescribeRules.handle({ ListenerArn });
    expect(Rules).toMatchObject([{ IsDefault: true, Actions: [{ TargetGroupArn: group }] }]);
  });

  it('are asked for by load balancer or ARN, not both, and must exist', async () => {
    const codes = await Promise.all(
      [
        {},
        { LoadBalancerArn: loadBalancer, ListenerArns: ['x'] },
        { ListenerArns: ['x'] },
        { LoadBalancerArn: 'x' },
      ].map((input) => codeOf(() => world.api.DescribeListeners.handle(input))),
    );
    expect(codes).toEqual(['ValidationError', 'ValidationError', 'ListenerNotFound', 'LoadBalancerNotFound']);
    expect(await codeOf(() => world.api.DeleteListener.handle({ ListenerArn: 'x' }))).toBe('ListenerNotFound');
    expect(await codeOf(() => world.api.ModifyListener.handle({ ListenerArn: 'x' }))).toBe('ListenerNotFound');
  });
});

describe('tags', () => {
  let world: World;
  let arns: string[];

  beforeEach(async () => {
    world = makeWorld({ quotas: { tagsPerResource: 2 } });
    const loadBalancer = await makeLoadBalancer(world.api);
    const listenerArn = await makeListener(world.api, loadBalancer);
    const group = await makeGroup(world.api, 'one');
    const rule = await makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: 1 } });
    arns = [loadBalancer, listenerArn, rule, group];
  });

  const tags = async (ResourceArns = arns): Promise<unknown> =>
    ((await world.api.DescribeTags.handle({ ResourceArns })).TagDescriptions ?? []).map((each) => each.Tags);

  it('are put on, replaced and taken off, on every kind of resource', async () => {
    await world.api.AddTags.handle({ ResourceArns: arns, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b' }] });
    await world.api.AddTags.handle({ ResourceArns: arns, Tags: [{ Key: 'a', Value: '2' }] });
    await world.api.RemoveTags.handle({ ResourceArns: arns, TagKeys: ['b', 'absent'] });
    expect(await tags()).toEqual(Array.from({ length: 4 }, () => [{ Key: 'a', Value: '2' }]));
  });

  it('are added to all resources or to none', async () => {
    await world.api.AddTags.handle({ ResourceArns: arns.slice(1), Tags: [{ Key: 'a' }] });
    const Tags = [{ Key: 'b' }, { Key: 'c' }];
    expect(await codeOf(() => world.api.AddTags.handle({ ResourceArns: arns, Tags }))).toBe('TooManyTags');
    expect(await tags(arns.slice(0, 1))).toEqual([[]]);
  });

  it.each([
    ['loadbalancer/app/x/1', 'LoadBalancerNotFound'],
    ['listener/app/x/1/2', 'ListenerNotFound'],
    ['listener-rule/app/x/1/2/3', 'RuleNotFound'],
    ['targetgroup/x/1', 'TargetGroupNotFound'],
    ['truststore/x/1', 'ValidationError'],
  ])('of an absent %s fail the whole call', async (resource, code) => {
    const ResourceArns = [...arns, `arn:aws:elasticloadbalancing:eu-west-1:000000000000:${resource}`];
    expect(await codeOf(() => world.api.DescribeTags.handle({ ResourceArns }))).toBe(code);
  });

  it('are asked of at most 20 resources, and at least one', async () => {
    const ask = (count: number): Promise<string> =>
      codeOf(() => world.api.DescribeTags.handle({ ResourceArns: Array(count).fill(present(arns[0])) }));
    expect([await ask(20), await ask(21), await ask(0)]).toEqual(['none', 'ValidationError', 'ValidationError']);
  });

  it('given at creation are there', async () => {
    const { Rules } = await world.api.CreateRule.handle({
      ListenerArn: present(arns[1]),
      Priority: 2,
      Conditions: [{ Field: 'host-header', Values: ['a.localhost'] }],
      Actions: [fixedResponse('200', '')],
      Tags: [{ Key: 'session', Value: 'tt-one' }],
    });
    expect(await tags([present(Rules?.[0]?.RuleArn)])).toEqual([[{ Key: 'session', Value: 'tt-one' }]]);
  });
});

describe('what is saved', () => {
  it('follows each change, and is left alone by what fails or only reads', async () => {
    const saved: Elbv2State[] = [];
    const { api } = makeWorld({ onChange: (state) => saved.push(state) });
    const loadBalancer = await makeLoadBalancer(api);
    await makeListener(api, loadBalancer);
    expect(saved.map((state) => [state.loadBalancers.length, state.listeners.length, state.rules.length])).toEqual([
      [1, 0, 0],
      [1, 1, 1],
    ]);
    await makeLoadBalancer(api);
    await api.DescribeLoadBalancers.handle({});
    await codeOf(() => makeListener(api, loadBalancer));
    expect(saved).toHaveLength(2);
    expect(JSON.parse(JSON.stringify(saved[1]))).toEqual(saved[1]);
  });
});
