import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  codeOf,
  fixedResponse,
  forward,
  hostIs,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
  pathIs,
  present,
  type World,
} from '../harness.ts';

describe('rules', () => {
  let world: World;
  let listenerArn: string;
  let group: string;

  beforeEach(async () => {
    world = makeWorld();
    listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    group = await makeGroup(world.api, 'one');
  });

  const rule = (priority: number): Promise<string> =>
    makeRule(world.api, { listenerArn, priority, weights: { [group]: 1 } });
  const create = (change: object): Promise<string> =>
    codeOf(() =>
      world.api.CreateRule.handle({
        ListenerArn: listenerArn,
        Priority: 10,
        Conditions: [hostIs('a.localhost')],
        Actions: [forward({ [group]: 1 })],
        ...change,
      }),
    );
  const priorities = async (arn = listenerArn): Promise<(string | undefined)[]> => {
    const { Rules = [] } = await world.api.DescribeRules.handle({ ListenerArn: arn });
    return Rules.map((each) => each.Priority);
  };

  it('show what was made, in the shapes of AWS', async () => {
    const arn = await rule(7);
    const { Rules } = await world.api.DescribeRules.handle({ RuleArns: [arn] });
    expect(arn).toMatch(/^arn:aws:elasticloadbalancing:eu-west-1:0{12}:listener-rule\/app\/main(\/[0-9a-f]{16}){3}$/);
    expect(arn.startsWith(listenerArn.replace(':listener/', ':listener-rule/'))).toBe(true);
    expect(Rules).toEqual([
      {
        RuleArn: arn,
        Priority: '7',
        IsDefault: false,
        Conditions: [
          { Field: 'host-header', Values: ['s7.localhost'], HostHeaderConfig: { Values: ['s7.localhost'] } },
        ],
        Actions: [
          {
            Type: 'forward',
            TargetGroupArn: group,
            ForwardConfig: {
              TargetGroups: [{ TargetGroupArn: group, Weight: 1 }],
              TargetGroupStickinessConfig: { Enabled: false },
            },
          },
        ],
      },
    ]);
  });

  it('list by priority with the default rule last', async () => {
    for (const priority of [10_000, 9, 50_000, 100]) await rule(priority);
    expect(await priorities()).toEqual(['9', '100', '10000', '50000', 'default']);
    const { Rules = [] } = await world.api.DescribeRules.handle({ ListenerArn: listenerArn });
    expect(Rules.at(-1)).toMatchObject({ IsDefault: true, Conditions: [], Actions: [{ Type: 'fixed-response' }] });
  });

  it('come in pages that neither skip nor repeat when rules come and go between them', async () => {
    const arns = [];
    for (let priority = 1; priority <= 6; priority++) arns.push(await rule(priority * 10));
    const first = await world.api.DescribeRules.handle({ ListenerArn: listenerArn, PageSize: 3 });
    await world.api.DeleteRule.handle({ RuleArn: present(arns[1]) });
    await rule(5);
    const second = await world.api.DescribeRules.handle({
      ListenerArn: listenerArn,
      PageSize: 3,
      Marker: first.NextMarker,
    });
    const third = await world.api.DescribeRules.handle({
      ListenerArn: listenerArn,
      PageSize: 3,
      Marker: second.NextMarker,
    });
    const shown = [first, second, third].map((page) => page.Rules?.map((each) => each.Priority));
    expect(shown).toEqual([['10', '20', '30'], ['40', '50', '60'], ['default']]);
    expect(third.NextMarker).toBeUndefined();
  });

  it.each([
    ['neither listener nor rules', {}, 'ValidationError'],
    ['both', { ListenerArn: 'x', RuleArns: ['y'] }, 'ValidationError'],
    ['an absent listener', { ListenerArn: 'x' }, 'ListenerNotFound'],
    ['an absent rule', { RuleArns: ['x'] }, 'RuleNotFound'],
  ])('are not described for %s', async (_name, input, code) => {
    expect(await codeOf(() => world.api.DescribeRules.handle(input))).toBe(code);
  });

  it.each([
    ['PageSize 0', { PageSize: 0 }],
    ['PageSize 401', { PageSize: 401 }],
    ['a made-up marker', { Marker: 'made-up' }],
  ])('are not paged with %s', async (_name, input) => {
    const asked = { ListenerArn: listenerArn, ...input };
    expect(await codeOf(() => world.api.DescribeRules.handle(asked))).toBe('ValidationError');
  });

  const hosts = (...values: string[]): { Conditions: RuleCondition[] } => ({ Conditions: [hostIs(...values)] });
  const paths = (...values: string[]): { Conditions: RuleCondition[] } => ({ Conditions: [pathIs(...values)] });

  it.each([
    ['priority 0', { Priority: 0 }, 'ValidationError'],
    ['priority 50001', { Priority: 50_001 }, 'ValidationError'],
    ['priority 1.5', { Priority: 1.5 }, 'ValidationError'],
    ['no priority', { Priority: undefined }, 'ValidationError'],
    ['priority 50000', { Priority: 50_000 }, 'none'],
    ['an absent listener', { ListenerArn: 'arn:none' }, 'ListenerNotFound'],
    ['no conditions', { Conditions: [] }, 'ValidationError'],
    ['the old shape of a condition', { Conditions: [{ Field: 'host-header', Values: ['a.localhost'] }] }, 'none'],
    ['a wildcard host', hosts('*.localhost'), 'none'],
    ['a host without a dot', hosts('localhost'), 'ValidationError'],
    ['a host with a digit after the last dot', hosts('a.b1'), 'ValidationError'],
    ['a host ending in a dot', hosts('a.'), 'ValidationError'],
    ['a host with an underscore', hosts('a_b.localhost'), 'ValidationError'],
    ['a host with a port', hosts('a.localhost:8000'), 'ValidationError'],
    ['a host of 128 characters', hosts(`${'a'.repeat(118)}.localhost`), 'none'],
    ['a host of 129 characters', hosts(`${'a'.repeat(119)}.localhost`), 'ValidationError'],
    ['an empty host', hosts(''), 'ValidationError'],
    ['five values', hosts('a.x', 'b.x', 'c.x', 'd.x', 'e.x'), 'none'],
    ['six values', hosts('a.x', 'b.x', 'c.x', 'd.x', 'e.x', 'f.x'), 'ValidationError'],
    ['six wildcards', hosts('*.*.*.??.*.x'), 'none'],
    ['seven wildcards', hosts('*.*.*.??.?.*.x'), 'ValidationError'],
    ['a path', paths('/a/*', '/b?~$"\'@:+&'), 'none'],
    ['a path with a space', paths('/a b'), 'ValidationError'],
    ['a path with a percent sign', paths('/a%20b'), 'ValidationError'],
    ['the same field twice', { Conditions: [hostIs('a.x'), hostIs('b.x')] }, 'ValidationError'],
    [
      'another field',
      { Conditions: [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } }] },
      'ValidationError',
    ],
    ['regular expressions', { Conditions: [{ Field: 'host-header', RegexValues: ['.*'] }] }, 'ValidationError'],
    ['no actions', { Actions: [] }, 'ValidationError'],
    ['two actions', { Actions: [fixedResponse('200', ''), fixedResponse('200', '')] }, 'InvalidLoadBalancerAction'],
    ['an unknown action', { Actions: [{ Type: 'authenticate-oidc' }] }, 'InvalidLoadBalancerAction'],
    ['an absent target group', { Actions: [forward({ 'arn:none': 1 })] }, 'TargetGroupNotFound'],
    ['no target group', { Actions: [forward({})] }, 'ValidationError'],
    ['an empty fixed response status', { Actions: [fixedResponse('', '')] }, 'ValidationError'],
    ['fixed response status 302', { Actions: [fixedResponse('302', '')] }, 'ValidationError'],
    ['fixed response 503', { Actions: [fixedResponse('503', 'down')] }, 'none'],
    ['too long a fixed response', { Actions: [fixedResponse('200', 'x'.repeat(1025))] }, 'ValidationError'],
    ['transforms', { Transforms: [{ Type: 'url-rewrite' }] }, 'ValidationError'],
    ['a tag twice', { Tags: [{ Key: 'a' }, { Key: 'a' }] }, 'DuplicateTagKeys'],
  ])('with %s: %#', async (_name, change, code) => {
    expect(await create(change)).toBe(code);
    expect((await priorities()).length).toBe(code === 'none' ? 2 : 1);
  });

  it.each([
    ['a weight of 999', 999, 'none'],
    ['a weight of 1000', 1000, 'ValidationError'],
    ['a negative weight', -1, 'ValidationError'],
    ['half a weight', 0.5, 'ValidationError'],
  ])('with %s', async (_name, weight, code) => {
    expect(await create({ Actions: [forward({ [group]: weight })] })).toBe(code);
  });

  it.each([
    ['to itself', {}, 'InvalidLoadBalancerAction'],
    ['with another query only', { Query: 'a=b' }, 'InvalidLoadBalancerAction'],
    ['to another host', { Host: 'x.localhost' }, 'none'],
    ['to a bad port', { Port: '70000' }, 'ValidationError'],
    ['to a bad path', { Path: 'x' }, 'ValidationError'],
    ['to a bad protocol', { Protocol: 'FTP' }, 'ValidationError'],
    ['with a bad status', { Host: 'x.localhost', StatusCode: 'HTTP_307' }, 'ValidationError'],
  ])('that redirect %s', async (_name, change, code) => {
    const RedirectConfig = { StatusCode: 'HTTP_301', ...change };
    expect(await create({ Actions: [{ Type: 'redirect', RedirectConfig }] })).toBe(code);
  });

  it('forward to five target groups and not to six, and to none twice', async () => {
    const groups: string[] = [];
    for (let count = 0; count < 6; count++) groups.push(await makeGroup(world.api, `group-${count}`));
    const weights = (count: number) => Object.fromEntries(groups.slice(0, count).map((arn) => [arn, 1]));
    expect(await create({ Actions: [forward(weights(5))] })).toBe('none');
    expect(await create({ Priority: 11, Actions: [forward(weights(6))] })).toBe('TooManyTargetGroups');
    const tuple = { TargetGroupArn: group, Weight: 1 };
    const twice = { Type: 'forward', ForwardConfig: { TargetGroups: [tuple, tuple] } };
    expect(await create({ Priority: 12, Actions: [twice] })).toBe('ValidationError');
  });

  it('take back the action that they show', async () => {
    const arn = await rule(1);
    const shown = await world.api.DescribeRules.handle({ RuleArns: [arn] });
    const { Actions, Conditions } = present(shown.Rules?.[0]);
    await world.api.ModifyRule.handle({ RuleArn: arn, Actions, Conditions });
    expect(await world.api.DescribeRules.handle({ RuleArns: [arn] })).toEqual(shown);
    const other = await makeGroup(world.api, 'other');
    const mixed = { ...Actions?.[0], Type: 'forward' as const, TargetGroupArn: other };
    expect(await codeOf(() => world.api.ModifyRule.handle({ RuleArn: arn, Actions: [mixed] }))).toBe('ValidationError');
  });

  it('keep what ModifyRule does not name', async () => {
    const arn = await rule(1);
    const { Rules } = await world.api.ModifyRule.handle({ RuleArn: arn, Conditions: [pathIs('/x')] });
    expect(Rules?.[0]).toMatchObject({
      Priority: '1',
      Conditions: [{ Field: 'path-pattern', Values: ['/x'] }],
      Actions: [{ TargetGroupArn: group }],
    });
  });

  it('refuse a priority that is taken on the listener, and only there', async () => {
    await rule(10);
    expect(await create({})).toBe('PriorityInUse');
    const { LoadBalancers } = await world.api.DescribeLoadBalancers.handle({});
    const other = await makeListener(world.api, present(LoadBalancers?.[0]?.LoadBalancerArn), 8001);
    expect(await create({ ListenerArn: other })).toBe('none');
  });

  it('protect the default rule', async () => {
    const { Rules = [] } = await world.api.DescribeRules.handle({ ListenerArn: listenerArn });
    const RuleArn = present(Rules[0]?.RuleArn);
    const codes = [
      await codeOf(() => world.api.DeleteRule.handle({ RuleArn })),
      await codeOf(() => world.api.ModifyRule.handle({ RuleArn, Actions: [fixedResponse('200', '')] })),
      await codeOf(() => world.api.SetRulePriorities.handle({ RulePriorities: [{ RuleArn, Priority: 1 }] })),
    ];
    expect(codes).toEqual(['OperationNotPermitted', 'OperationNotPermitted', 'OperationNotPermitted']);
  });

  it('are gone after DeleteRule, which a second time finds none', async () => {
    const arn = await rule(1);
    await world.api.DeleteRule.handle({ RuleArn: arn });
    expect(await priorities()).toEqual(['default']);
    expect(await codeOf(() => world.api.DeleteRule.handle({ RuleArn: arn }))).toBe('RuleNotFound');
    expect(await codeOf(() => world.api.ModifyRule.handle({ RuleArn: arn }))).toBe('RuleNotFound');
  });

  it('change priorities all or nothing', async () => {
    const [first, second] = [await rule(1), await rule(2)];
    await rule(3);
    const set = (...pairs: [string, number][]): Promise<string> =>
      codeOf(() =>
        world.api.SetRulePriorities.handle({
          RulePriorities: pairs.map(([RuleArn, Priority]) => ({ RuleArn, Priority })),
        }),
      );
    expect(await set([first, 4], [second, 3])).toBe('PriorityInUse');
    expect(await set([first, 4], [second, 4])).toBe('PriorityInUse');
    expect(await set([first, 4], ['arn:none', 5])).toBe('RuleNotFound');
    expect(await set([first, 4], [first, 5])).toBe('ValidationError');
    expect(await set()).toBe('ValidationError');
    expect(await priorities()).toEqual(['1', '2', '3', 'default']);
    expect(await set([first, 2], [second, 1])).toBe('none');
    const { Rules } = await world.api.DescribeRules.handle({ RuleArns: [first] });
    expect(Rules?.[0]?.Priority).toBe('2');
  });

  it('never share a priority on a listener, whatever is done to them', async () => {
    const priority = fc.integer({ min: 1, max: 6 });
    const command = fc.oneof(
      fc.record({ kind: fc.constant('create' as const), priority }),
      fc.record({ kind: fc.constant('delete' as const), index: fc.nat(9) }),
      fc.record({
        kind: fc.constant('set' as const),
        pairs: fc.array(fc.tuple(fc.nat(9), priority), { minLength: 1, maxLength: 3 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
        const { api } = makeWorld();
        const arn = await makeListener(api, await makeLoadBalancer(api));
        const arns: string[] = [];
        for (const each of commands) {
          if (each.kind === 'create') {
            const input = {
              ListenerArn: arn,
              Priority: each.priority,
              Conditions: [hostIs('a.localhost')],
              Actions: [fixedResponse('200', '')],
            };
            await codeOf(async () => {
              const { Rules } = await api.CreateRule.handle(input);
              arns.push(present(Rules?.[0]?.RuleArn));
            });
          } else if (each.kind === 'delete') {
            await codeOf(() => api.DeleteRule.handle({ RuleArn: arns[each.index] }));
          } else {
            const RulePriorities = each.pairs.map(([index, Priority]) => ({ RuleArn: arns[index], Priority }));
            await codeOf(() => api.SetRulePriorities.handle({ RulePriorities }));
          }
          const { Rules = [] } = await api.DescribeRules.handle({ ListenerArn: arn });
          expect(new Set(Rules.map((rule) => rule.Priority)).size).toBe(Rules.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  describe('within quotas', () => {
    it('rules of all listeners of a load balancer, default rules aside', async () => {
      const small = makeWorld({ quotas: { rulesPerLoadBalancer: 2 } });
      const loadBalancer = await makeLoadBalancer(small.api);
      const [first, second] = [
        await makeListener(small.api, loadBalancer, 8000),
        await makeListener(small.api, loadBalancer, 8001),
      ];
      const tg = await makeGroup(small.api, 'one');
      const weights = { [tg]: 1 };
      await makeRule(small.api, { listenerArn: first, priority: 1, weights });
      const RuleArn = await makeRule(small.api, { listenerArn: second, priority: 1, weights });
      const third = { listenerArn: first, priority: 2, weights };
      expect(await codeOf(() => makeRule(small.api, third))).toBe('TooManyRules');
      await small.api.DeleteRule.handle({ RuleArn });
      expect(await codeOf(() => makeRule(small.api, third))).toBe('none');
    });

    it("AWS's 100 target groups of a load balancer, however many rules name them", async () => {
      const big = makeWorld({ quotas: { rulesPerLoadBalancer: 1000 } });
      const arn = await makeListener(big.api, await makeLoadBalancer(big.api));
      for (let count = 1; count <= 100; count++) {
        const tg = await makeGroup(big.api, `g-${count}`);
        await makeRule(big.api, { listenerArn: arn, priority: count, weights: { [tg]: 1 } });
      }
      const [first, extra] = [await makeGroup(big.api, 'g-1'), await makeGroup(big.api, 'extra')];
      const same = { listenerArn: arn, priority: 101, weights: { [first]: 1 } };
      expect(await codeOf(() => makeRule(big.api, same))).toBe('none');
      const more = { listenerArn: arn, priority: 102, weights: { [extra]: 1 } };
      expect(await codeOf(() => makeRule(big.api, more))).toBe('TooManyUniqueTargetGroupsPerLoadBalancer');
    });

    it('one load balancer for a target group', async () => {
      await rule(1);
      const other = await makeListener(world.api, await makeLoadBalancer(world.api, 'other'));
      expect(await create({ ListenerArn: other })).toBe('TargetGroupAssociationLimit');
    });

    it('lets the only rule of a target group take its place elsewhere on the same load balancer', async () => {
      const RuleArn = await rule(1);
      const { Rules } = await world.api.ModifyRule.handle({ RuleArn, Actions: [forward({ [group]: 0 })] });
      expect(Rules?.[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight).toBe(0);
    });
  });
});
