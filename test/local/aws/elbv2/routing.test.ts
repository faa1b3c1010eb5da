import type { RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { beforeEach, describe, expect, it } from 'vitest';
import { chooseGroup } from '../../../../src/local/aws/elbv2/routing.ts';
import {
  fixedResponse,
  forward,
  hostIs,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
  pathIs,
  type World,
} from './harness.ts';

describe('routing', () => {
  let world: World;
  let listenerArn: string;

  beforeEach(async () => {
    world = makeWorld();
    listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
  });

  const route = (host: string, url = '/') => world.elbv2.route(listenerArn, { host, url });
  const answerOf = (host: string, url = '/'): string | undefined => {
    const found = route(host, url);
    return found.kind === 'answer' && found.action.type === 'fixed-response' ? found.action.body : found.kind;
  };
  const addAnswer = (Priority: number, Conditions: RuleCondition[], body: string): unknown =>
    world.api.CreateRule.handle({
      ListenerArn: listenerArn,
      Priority,
      Conditions,
      Actions: [fixedResponse('200', body)],
    });
  const register = (TargetGroupArn: string, ...ips: string[]): unknown =>
    world.api.RegisterTargets.handle({ TargetGroupArn, Targets: ips.map((Id) => ({ Id })) });

  it('takes the lowest priority number that matches, else the default action', () => {
    addAnswer(200, [hostIs('*.localhost')], 'wildcard');
    addAnswer(30, [hostIs('a.localhost')], 'a');
    addAnswer(4, [hostIs('a.localhost'), pathIs('/deep/*')], 'a deep');
    expect(answerOf('a.localhost')).toBe('a');
    expect(answerOf('a.localhost:8000', '/deep/x')).toBe('a deep');
    expect(answerOf('b.localhost')).toBe('wildcard');
    expect(answerOf('localhost')).toBe('nothing here');
  });

  it('follows SetRulePriorities at once', async () => {
    addAnswer(1, [hostIs('a.localhost')], 'first');
    addAnswer(2, [hostIs('a.localhost')], 'second');
    const { Rules = [] } = await world.api.DescribeRules.handle({ ListenerArn: listenerArn });
    const [first, second] = Rules;
    await world.api.SetRulePriorities.handle({
      RulePriorities: [
        { RuleArn: first?.RuleArn, Priority: 2 },
        { RuleArn: second?.RuleArn, Priority: 1 },
      ],
    });
    expect(answerOf('a.localhost')).toBe('second');
  });

  it('takes the healthy targets in turn', async () => {
    const group = await makeGroup(world.api, 'one');
    await makeRule(world.api, { listenerArn, priority: 1, host: 'a.localhost', weights: { [group]: 1 } });
    register(group, '127.0.0.2', '127.0.0.3', '127.0.0.4');
    world.prober.outcomes.set('127.0.0.3', { kind: 'failed' });
    await world.clock.advance(60_000);
    const ips = Array.from({ length: 4 }, () => route('a.localhost')).map((found) =>
      found.kind === 'target' ? found.ip : found.kind,
    );
    expect(ips).toEqual(['127.0.0.2', '127.0.0.4', '127.0.0.2', '127.0.0.4']);
  });

  it('fails open to initial and unhealthy targets when none is healthy', async () => {
    const group = await makeGroup(world.api, 'one');
    await makeRule(world.api, { listenerArn, priority: 1, host: 'a.localhost', weights: { [group]: 1 } });
    register(group, '127.0.0.2');
    expect(route('a.localhost')).toMatchObject({ kind: 'target', ip: '127.0.0.2', port: 3001 });
    world.prober.outcomes.set('127.0.0.2', { kind: 'timeout' });
    await world.clock.advance(60_000);
    expect(route('a.localhost')).toMatchObject({ kind: 'target', ip: '127.0.0.2' });
  });

  it('sends nothing to draining targets, even as the last', async () => {
    const group = await makeGroup(world.api, 'one');
    await makeRule(world.api, { listenerArn, priority: 1, host: 'a.localhost', weights: { [group]: 1 } });
    register(group, '127.0.0.2');
    await world.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: '127.0.0.2' }] });
    expect(route('a.localhost').kind).toBe('unavailable');
  });

  it('is unavailable without targets, does not fall back to the other group, and sends nothing to weight 0', async () => {
    const empty = await makeGroup(world.api, 'empty');
    const full = await makeGroup(world.api, 'full');
    register(full, '127.0.0.2');
    const weights = { [empty]: 1, [full]: 0 };
    const rule = await makeRule(world.api, { listenerArn, priority: 1, host: 'a.localhost', weights });
    expect(Array.from({ length: 50 }, () => route('a.localhost').kind)).toEqual(Array(50).fill('unavailable'));
    await world.api.ModifyRule.handle({ RuleArn: rule, Actions: [forward({ [empty]: 0, [full]: 1 })] });
    expect(Array.from({ length: 50 }, () => route('a.localhost').kind)).toEqual(Array(50).fill('target'));
    await world.api.ModifyRule.handle({ RuleArn: rule, Actions: [forward({ [empty]: 0, [full]: 0 })] });
    expect(route('a.localhost').kind).toBe('unavailable');
  });

  it('is unavailable at a listener that does not exist', () => {
    expect(world.elbv2.route('arn:none', { host: 'a', url: '/' })).toEqual({ kind: 'unavailable' });
  });

  it.each([
    [0, 'a'],
    [0.24, 'a'],
    [0.25, 'c'],
    [0.999999, 'c'],
  ])('share of weights at %d is %s', (at, expected) => {
    const targetGroups = [
      { arn: 'a', weight: 1 },
      { arn: 'b', weight: 0 },
      { arn: 'c', weight: 3 },
    ];
    expect(chooseGroup({ type: 'forward', targetGroups }, at)).toBe(expected);
  });
});
