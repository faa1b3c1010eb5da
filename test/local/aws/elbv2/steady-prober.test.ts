/** Health computed from announced changes is the health that polling finds. AWS-FACTS ELBv2 "health states", "ordering". */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeOutcome } from '../../../../src/local/aws/elbv2/health.ts';
import {
  codeOf,
  healthOf,
  makeGroup,
  makeListener,
  makeLoadBalancer,
  makeRule,
  makeSteadyWorld,
  makeWorld,
  type World,
} from './harness.ts';

const refused: ProbeOutcome = { kind: 'failed' };
const answers: readonly ProbeOutcome[] = [
  { kind: 'response', status: 200 },
  { kind: 'response', status: 404 },
  { kind: 'timeout' },
  refused,
];

const ips = ['127.0.0.2', '127.0.0.3'];
const ip = fc.constantFrom(...ips);
const answer = fc.constantFrom(...answers);
const group = fc.nat(1);
const ms = fc.constantFrom(1, 999, 1000, 4000, 5000, 10_000, 61_000, 600_000);
const kind = <const K extends string>(name: K) => fc.constant(name);
const modification = fc.record({ interval: fc.constantFrom(5, 10, 30), healthy: fc.integer({ min: 2, max: 10 }) });
const command = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: kind('wait'), ms }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('answer'), ip, answer }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('register'), group, ip }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('deregister'), group, ip }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('rule'), group }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('unrule'), group }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('modify'), group, modification }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('delete'), group }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Does a command to a world, and afterwards tells all that can be seen of it. */
interface Run {
  act(command: Command): Promise<string>;
  look(): Promise<unknown>;
}

async function startRun(world: World): Promise<Run> {
  const { api, clock, elbv2 } = world;
  const listenerArn = await makeListener(api, await makeLoadBalancer(api));
  const groups = [await makeGroup(api, 'group-0'), await makeGroup(api, 'group-1')];
  const rules: string[] = [];
  const addRule = async (index: number): Promise<void> => {
    const weights = { [groups[index] ?? '']: 1 };
    rules[index] = await makeRule(api, { listenerArn, priority: index + 1, weights });
  };
  await addRule(0);
  const [first = ''] = groups;
  await api.RegisterTargets.handle({ TargetGroupArn: first, Targets: ips.map((Id) => ({ Id })) });

  const act = async (each: Command): Promise<unknown> => {
    if (each.kind === 'wait') return clock.advance(each.ms);
    if (each.kind === 'answer') return world.answer(each.ip, each.answer);
    const TargetGroupArn = groups[each.group] ?? '';
    switch (each.kind) {
      case 'register':
        return api.RegisterTargets.handle({ TargetGroupArn, Targets: [{ Id: each.ip }] });
      case 'deregister':
        return api.DeregisterTargets.handle({ TargetGroupArn, Targets: [{ Id: each.ip }] });
      case 'modify':
        return api.ModifyTargetGroup.handle({
          TargetGroupArn,
          HealthCheckIntervalSeconds: each.modification.interval,
          HealthyThresholdCount: each.modification.healthy,
        });
      case 'unrule':
        return api.DeleteRule.handle({ RuleArn: rules[each.group] });
      case 'rule':
        return addRule(each.group);
      case 'delete':
        await api.DeleteTargetGroup.handle({ TargetGroupArn });
        groups[each.group] = await makeGroup(api, `group-${each.group}`);
        return undefined;
    }
  };

  return {
    act: (each) => codeOf(() => act(each)),
    look: async () => ({
      routes: ['s1.localhost', 's2.localhost'].map((host) => elbv2.route(listenerArn, { host, url: '/' })),
      health: await Promise.all(groups.map((arn) => healthOf(api, arn))),
    }),
  };
}

describe('a steady prober', () => {
  it('shows at every moment what polling shows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(command, fc.boolean()), { minLength: 20, maxLength: 50 }), async (steps) => {
        const polled = await startRun(makeWorld());
        const computed = await startRun(makeSteadyWorld());
        for (const [each, looks] of steps) {
          expect(await computed.act(each)).toBe(await polled.act(each));
          // Looking now and then: what nobody looked at must not come out differently.
          if (looks) expect(await computed.look()).toEqual(await polled.look());
        }
        expect(await computed.look()).toEqual(await polled.look());
      }),
      { numRuns: 300 },
    );
  });

  it('sets no timer and asks no target, for however long', async () => {
    let asked = 0;
    const world = makeSteadyWorld({
      prober: {
        answersNow() {
          asked++;
          return { kind: 'response', status: 200 };
        },
      },
    });
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    const arn = await makeGroup(world.api, 'one');
    const Targets = Array.from({ length: 100 }, (_, index) => ({ Id: `127.0.1.${index + 1}` }));
    await world.api.RegisterTargets.handle({ TargetGroupArn: arn, Targets });
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [arn]: 1 } });
    expect(world.clock.pending).toBe(0);
    await world.clock.advance(365 * 24 * 3_600_000);
    expect(new Set(Object.values(await healthOf(world.api, arn)))).toEqual(new Set(['healthy']));
    expect([world.clock.pending, asked]).toEqual([0, 100]);
  });

  it('takes every target as changed when no address is named', async () => {
    let outcome: ProbeOutcome = { kind: 'response', status: 200 };
    const world = makeSteadyWorld({ prober: { answersNow: () => outcome } });
    const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
    const arn = await makeGroup(world.api, 'one');
    await world.api.RegisterTargets.handle({ TargetGroupArn: arn, Targets: [{ Id: '127.0.0.2' }] });
    await makeRule(world.api, { listenerArn, priority: 1, weights: { [arn]: 1 } });
    await world.clock.advance(60_000);
    outcome = refused;
    world.elbv2.targetChanged();
    await world.clock.advance(1_000);
    expect(await healthOf(world.api, arn)).toEqual({ '127.0.0.2:3001': 'healthy' });
    await world.clock.advance(10_000);
    expect(await healthOf(world.api, arn)).toEqual({ '127.0.0.2:3001': 'unhealthy/Target.FailedHealthChecks' });
  });
});
