import { beforeEach, describe, expect, it } from 'vitest';
import { healthOf, makeGroup, makeListener, makeLoadBalancer, makeRule, makeWorld, type World } from './harness.ts';

const ip = '127.0.0.9';
const target = `${ip}:3001`;
const refused = { kind: 'failed' } as const;

describe('target health over time', () => {
  let world: World;
  let listenerArn: string;
  let group: string;

  beforeEach(async () => {
    world = makeWorld();
    listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    group = await makeGroup(world.api, 'one');
    await world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: ip }] });
  });

  const useGroup = (weight = 0): Promise<string> =>
    makeRule(world.api, { listenerArn, priority: 1, weights: { [group]: weight } });
  const health = (): Promise<Record<string, string>> => healthOf(world.api, group);
  const deregister = (): unknown =>
    world.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: ip, Port: 3001 }] });

  it('is unused, and unchecked, until the group is in a rule', async () => {
    await world.clock.advance(120_000);
    expect(await health()).toEqual({ [target]: 'unused/Target.NotInUse' });
    expect(world.prober.probes).toEqual([]);
  });

  it('goes from registration over the first check to healthy, at weight 0 too', async () => {
    await useGroup(0);
    expect(await health()).toEqual({ [target]: 'initial/Elb.RegistrationInProgress' });
    await world.clock.advance(1000);
    expect(await health()).toEqual({ [target]: 'healthy' });
    expect(world.prober.probes[0]).toMatchObject({ ip, port: 3001, path: '/ready', timeoutMs: 4000 });
  });

  it('stays initial while first checks fail, then turns unhealthy and recovers by the threshold', async () => {
    world.prober.outcomes.set(ip, refused);
    await useGroup();
    await world.clock.advance(1000);
    expect(await health()).toEqual({ [target]: 'initial/Elb.InitialHealthChecking' });
    await world.clock.advance(10_000);
    expect(await health()).toEqual({ [target]: 'unhealthy/Target.FailedHealthChecks' });
    world.prober.outcomes.delete(ip);
    await world.clock.advance(20_000);
    expect(await health()).toEqual({ [target]: 'unhealthy/Target.FailedHealthChecks' });
    await world.clock.advance(10_000);
    expect(await health()).toEqual({ [target]: 'healthy' });
  });

  it('checks once an interval, scaled', async () => {
    const scaled = makeWorld({ healthCheckIntervalScale: 0.2, registrationMs: 500 });
    const arn = await makeListener(scaled.api, await makeLoadBalancer(scaled.api));
    const tg = await makeGroup(scaled.api, 'scaled');
    await scaled.api.RegisterTargets.handle({ TargetGroupArn: tg, Targets: [{ Id: ip }] });
    await makeRule(scaled.api, { listenerArn: arn, priority: 1, weights: { [tg]: 1 } });
    await scaled.clock.advance(100);
    expect(scaled.prober.probes).toHaveLength(1);
    await scaled.clock.advance(20_000);
    expect(scaled.prober.probes).toHaveLength(11);
  });

  it('takes up changed settings at the next check', async () => {
    await useGroup();
    await world.clock.advance(1000);
    await world.api.ModifyTargetGroup.handle({
      TargetGroupArn: group,
      HealthCheckPath: '/other',
      HealthCheckPort: '9000',
    });
    await world.clock.advance(10_000);
    expect(world.prober.probes.at(-1)).toMatchObject({ path: '/other', port: 9000 });
  });

  it('stops checking, and forgets health, when the last rule goes', async () => {
    const rule = await useGroup();
    await world.clock.advance(1000);
    await world.api.DeleteRule.handle({ RuleArn: rule });
    expect(await health()).toEqual({ [target]: 'unused/Target.NotInUse' });
    expect(world.clock.pending).toBe(0);
    await useGroup();
    expect(await health()).toEqual({ [target]: 'initial/Elb.RegistrationInProgress' });
  });

  it('ignores the result of a check that was under way when the target began anew', async () => {
    const answers: (() => void)[] = [];
    const slow = makeWorld({
      prober: {
        probe: () => new Promise((resolve) => answers.push(() => resolve({ kind: 'response', status: 200 }))),
      },
    });
    const arn = await makeListener(slow.api, await makeLoadBalancer(slow.api));
    const tg = await makeGroup(slow.api, 'slow');
    await slow.api.RegisterTargets.handle({ TargetGroupArn: tg, Targets: [{ Id: ip }] });
    const rule = await makeRule(slow.api, { listenerArn: arn, priority: 1, weights: { [tg]: 1 } });
    await slow.clock.advance(1000);
    await slow.api.DeleteRule.handle({ RuleArn: rule });
    await makeRule(slow.api, { listenerArn: arn, priority: 1, weights: { [tg]: 1 } });
    for (const answer of answers) answer();
    await slow.clock.advance(500);
    expect(await healthOf(slow.api, tg)).toEqual({ [target]: 'initial/Elb.RegistrationInProgress' });
  });

  it('drains for the delay even when idle, then is gone', async () => {
    await world.api.ModifyTargetGroupAttributes.handle({
      TargetGroupArn: group,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }],
    });
    await useGroup(1);
    await world.clock.advance(1000);
    deregister();
    expect(await health()).toEqual({ [target]: 'draining/Target.DeregistrationInProgress' });
    const probes = world.prober.probes.length;
    await world.clock.advance(29_999);
    expect(await health()).toEqual({ [target]: 'draining/Target.DeregistrationInProgress' });
    await world.clock.advance(1);
    expect(await health()).toEqual({});
    expect(world.prober.probes).toHaveLength(probes);
    expect(world.clock.pending).toBe(0);
  });

  it('does not drain longer when deregistered twice', async () => {
    await useGroup(1);
    deregister();
    await world.clock.advance(200_000);
    deregister();
    await world.clock.advance(100_000);
    expect(await health()).toEqual({});
  });

  it('begins anew when registered again while it drains', async () => {
    await useGroup(1);
    await world.clock.advance(1000);
    deregister();
    await world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: ip }] });
    expect(await health()).toEqual({ [target]: 'initial/Elb.RegistrationInProgress' });
    await world.clock.advance(400_000);
    expect(await health()).toEqual({ [target]: 'healthy' });
  });

  it('goes at once with a delay of 0, and from a group that no rule uses', async () => {
    deregister();
    expect(await health()).toEqual({});
    await world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: ip }] });
    await world.api.ModifyTargetGroupAttributes.handle({
      TargetGroupArn: group,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '0' }],
    });
    await useGroup(1);
    deregister();
    expect(await health()).toEqual({});
  });

  it('keeps its health when registered again', async () => {
    await useGroup(1);
    await world.clock.advance(1000);
    await world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: ip, Port: 3001 }] });
    expect(await health()).toEqual({ [target]: 'healthy' });
  });

  it('says of a target that was never registered that it is not', async () => {
    const { TargetHealthDescriptions } = await world.api.DescribeTargetHealth.handle({
      TargetGroupArn: group,
      Targets: [{ Id: '127.0.0.77' }, { Id: ip }],
    });
    expect(TargetHealthDescriptions?.map((each) => each.TargetHealth?.Reason)).toEqual([
      'Target.NotRegistered',
      'Target.NotInUse',
    ]);
  });

  it('leaves no timer behind when closed', async () => {
    await useGroup(1);
    await world.clock.advance(1000);
    await world.api.RegisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: '127.0.0.10' }] });
    deregister();
    expect(world.clock.pending).toBeGreaterThan(0);
    await world.elbv2.close();
    await world.clock.advance(1_000_000);
    expect(world.clock.pending).toBe(0);
    await world.elbv2.close();
  });
});
