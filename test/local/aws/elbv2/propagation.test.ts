/** What the API shows at once reaches requests later. AWS-FACTS ELBv2 "weights": a change takes effect with a lag. */
import { describe, expect, it } from 'vitest';
import {
  fixedResponse,
  forward,
  hostIs,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeWorld,
} from './harness.ts';

async function makeLagging(...lags: number[]) {
  const lag = { next: 0 };
  const asked: number[] = [];
  const world = makeWorld({
    propagationMs() {
      const ms = lags.shift() ?? lag.next;
      asked.push(ms);
      return ms;
    },
  });
  const { api } = world;
  const listenerArn = await makeListener(api, await makeLoadBalancer(api));
  const [a, b] = [await makeGroup(api, 'a'), await makeGroup(api, 'b')];
  await api.RegisterTargets.handle({ TargetGroupArn: a, Targets: [{ Id: '127.0.0.2' }] });
  await api.RegisterTargets.handle({ TargetGroupArn: b, Targets: [{ Id: '127.0.0.3' }] });
  const rule = await makeRule(api, { listenerArn, priority: 1, host: 'a.localhost', weights: { [a]: 1, [b]: 0 } });
  const setWeights = (ofA: number, ofB: number): unknown =>
    api.ModifyRule.handle({ RuleArn: rule, Actions: [forward({ [a]: ofA, [b]: ofB })] });
  /** The address that a request is sent to, or what becomes of it otherwise. */
  const route = (host = 'a.localhost'): string => {
    const found = world.elbv2.route(listenerArn, { host, url: '/' });
    return found.kind === 'target' ? found.ip : found.kind;
  };
  return { ...world, lag, asked, listenerArn, rule, setWeights, route };
}

describe('a change of a rule', () => {
  it('takes effect at once when nothing is said', async () => {
    const { route, setWeights } = await makeLagging();
    expect(route()).toBe('127.0.0.2');
    setWeights(0, 1);
    expect(route()).toBe('127.0.0.3');
  });

  it('of its weights is shown at once, and takes effect when its lag has passed', async () => {
    const { api, clock, lag, rule, route, setWeights } = await makeLagging();
    lag.next = 5000;
    setWeights(0, 1);
    const { Rules } = await api.DescribeRules.handle({ RuleArns: [rule] });
    expect(Rules?.[0]?.Actions?.[0]?.ForwardConfig?.TargetGroups?.map((each) => each.Weight)).toEqual([0, 1]);
    expect(route()).toBe('127.0.0.2');
    await clock.advance(4999);
    expect(route()).toBe('127.0.0.2');
    await clock.advance(1);
    expect(route()).toBe('127.0.0.3');
  });

  it('that is slower than a newer one does not undo it', async () => {
    const { clock, lag, route, setWeights } = await makeLagging();
    lag.next = 5000;
    setWeights(0, 1);
    lag.next = 1000;
    setWeights(1, 0);
    for (let second = 0; second < 8; second++) {
      await clock.advance(1000);
      expect(route()).toBe('127.0.0.2');
    }
    lag.next = 5000;
    setWeights(0, 1);
    lag.next = 0;
    setWeights(1, 0);
    await clock.advance(6000);
    expect(route()).toBe('127.0.0.2');
  });

  it('to or from being there takes effect late as well', async () => {
    const { api, clock, elbv2, lag, listenerArn, rule, route } = await makeLagging();
    lag.next = 3000;
    await api.CreateRule.handle({
      ListenerArn: listenerArn,
      Priority: 2,
      Conditions: [hostIs('b.localhost')],
      Actions: [fixedResponse('200', 'b')],
    });
    await api.DeleteRule.handle({ RuleArn: rule });
    const answer = () => {
      const found = elbv2.route(listenerArn, { host: 'b.localhost', url: '/' });
      return found.kind === 'answer' && found.action.type === 'fixed-response' ? found.action.body : found.kind;
    };
    expect([route(), answer()]).toEqual(['127.0.0.2', 'nothing here']);
    await clock.advance(3000);
    expect([route(), answer()]).toEqual(['answer', 'b']);
  });

  it('of its tags alone is none for the data plane', async () => {
    const { api, asked, rule } = await makeLagging();
    const before = asked.length;
    await api.AddTags.handle({ ResourceArns: [rule], Tags: [{ Key: 'a' }] });
    expect(asked).toHaveLength(before);
  });

  it('that took away its target group leaves requests without an answer until it takes effect', async () => {
    const { api, clock, lag, rule, route } = await makeLagging();
    lag.next = 3000;
    const { TargetGroups = [] } = await api.DescribeTargetGroups.handle({});
    await api.DeleteRule.handle({ RuleArn: rule });
    for (const { TargetGroupArn } of TargetGroups) await api.DeleteTargetGroup.handle({ TargetGroupArn });
    expect(route()).toBe('unavailable');
    await clock.advance(3000);
    expect(route()).toBe('answer');
  });

  it('that was saved before a restart has taken effect after it', async () => {
    const { elbv2, lag, listenerArn, setWeights } = await makeLagging();
    lag.next = 60_000;
    setWeights(0, 1);
    const again = makeWorld({ initial: elbv2.snapshot(), propagationMs: () => 60_000 });
    expect(again.elbv2.route(listenerArn, { host: 'a.localhost', url: '/' })).toMatchObject({ ip: '127.0.0.3' });
  });
});
