/** Targets: registration, health, draining, and where requests go. */
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ModifyRuleCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { becomes, forward, healthOf, keyOf, makeGroup, makeRule, registerTargets, serve, setDelay } from '../routes.ts';
import { codeOf, refused } from '../steps.ts';

const deregister = (arena: Arena, TargetGroupArn: string, { ip, port }: { ip: string; port: number }) =>
  arena.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: ip, Port: port }] }));

const CLOSED = { ip: '10.255.255.1', port: 3001 };

const REGISTERING: readonly Case[] = [
  {
    facts: ['elbv2.target.private'],
    name: 'an address of a private range can be registered, a public one cannot',
    async run(arena) {
      const group = await makeGroup(arena);
      for (const ip of ['10.255.255.1', '172.31.255.1', '192.168.255.1', '100.127.255.1'])
        await registerTargets(arena, group, { ip, port: 3001 });
      await refused(registerTargets(arena, group, { ip: '8.8.8.8', port: 3001 }), /^(InvalidTarget|ValidationError)$/);
    },
  },
  {
    facts: ['elbv2.target.same', 'elbv2.target.several-ports'],
    name: 'a target registered twice is one, on two ports it is two',
    async run(arena) {
      const group = await makeGroup(arena);
      await registerTargets(arena, group, CLOSED);
      await registerTargets(arena, group, CLOSED, { ...CLOSED, port: 3002 });
      assert.deepEqual([...(await healthOf(arena, group)).keys()].sort(), ['10.255.255.1:3001', '10.255.255.1:3002']);
    },
  },
  {
    facts: ['elbv2.target.deregister-absent'],
    name: 'deregistering a target that is not registered succeeds',
    async run(arena) {
      await deregister(arena, await makeGroup(arena), CLOSED);
    },
  },
  {
    facts: ['elbv2.health.unused'],
    name: 'a target of a group without a rule is unused',
    async run(arena) {
      const group = await makeGroup(arena);
      await registerTargets(arena, group, CLOSED);
      const health = (await healthOf(arena, group)).get(keyOf(CLOSED));
      assert.deepEqual([health?.State, health?.Reason], ['unused', 'Target.NotInUse']);
    },
  },
  {
    facts: ['elbv2.health.not-registered'],
    name: 'a target that is asked for and not registered is unused',
    async run(arena) {
      const TargetGroupArn = await makeGroup(arena);
      const command = new DescribeTargetHealthCommand({
        TargetGroupArn,
        Targets: [{ Id: CLOSED.ip, Port: CLOSED.port }],
      });
      const { TargetHealthDescriptions } = await arena.elbv2.send(command);
      const health = TargetHealthDescriptions?.[0]?.TargetHealth;
      assert.deepEqual([health?.State, health?.Reason], ['unused', 'Target.NotRegistered']);
    },
  },
  {
    facts: ['elbv2.error.group-not-found'],
    name: 'targets of a group that is not there cannot be registered',
    async run(arena) {
      const group = await makeGroup(arena);
      const unknown = `${group.slice(0, -4)}0000`;
      await refused(registerTargets(arena, unknown, CLOSED), 'TargetGroupNotFound');
      await refused(deregister(arena, unknown, CLOSED), 'TargetGroupNotFound');
      await refused(healthOf(arena, unknown), 'TargetGroupNotFound');
    },
  },
  {
    facts: ['elbv2.quota.targets-per-group'],
    name: 'a group has 1,000 targets and not 1,001',
    needs: ['quotas'],
    async run(arena) {
      const group = await makeGroup(arena);
      const targets = Array.from({ length: 1_000 }, (_, index) => ({ ip: CLOSED.ip, port: 3_000 + index }));
      await registerTargets(arena, group, ...targets);
      await refused(registerTargets(arena, group, { ip: CLOSED.ip, port: 9_000 }), 'TooManyTargets');
    },
  },
];

const HEALTH: readonly Case[] = [
  {
    facts: ['elbv2.health.initial'],
    name: 'a new target of a group in use is initial',
    async run(arena) {
      const group = await makeGroup(arena);
      await makeRule(arena, { [group]: 1 });
      await registerTargets(arena, group, CLOSED);
      await arena.eventually(async () => {
        const health = (await healthOf(arena, group)).get(keyOf(CLOSED));
        assert.equal(health?.State, 'initial');
        assert.match(health.Reason ?? '', /^Elb\.(RegistrationInProgress|InitialHealthChecking)$/);
      });
    },
  },
  {
    facts: ['elbv2.health.healthy', 'elbv2.health.first-pass'],
    name: 'one pass makes a new target healthy, although the threshold is ten',
    needs: ['targets'],
    async run(arena) {
      const { group, target } = await serve(arena, { HealthyThresholdCount: 10 });
      const health = await becomes(arena, group, target, 'healthy');
      assert.equal(health.Reason, undefined);
      assert.ok(target.checks() < 10, `${target.checks()} checks`);
    },
  },
  {
    facts: ['elbv2.health.gate'],
    name: 'nothing checks a target until a rule forwards to its group',
    needs: ['targets', 'time'],
    async run(arena) {
      const group = await makeGroup(arena);
      const target = await arena.target();
      await registerTargets(arena, group, target);
      await arena.passTime(120_000);
      assert.equal(target.checks(), 0);
      await makeRule(arena, { [group]: 1 });
      await becomes(arena, group, target, 'healthy');
    },
  },
  {
    facts: ['elbv2.health.unhealthy-code', 'elbv2.health.thresholds', 'elbv2.health.back'],
    name: 'a target that answers 500 turns unhealthy, and comes back when it answers 200',
    needs: ['targets'],
    async run(arena) {
      const { group, target } = await serve(arena);
      await becomes(arena, group, target, 'healthy');
      target.answer(500);
      const atFailure = target.checks();
      assert.equal((await becomes(arena, group, target, 'unhealthy')).Reason, 'Target.ResponseCodeMismatch');
      assert.ok(target.checks() - atFailure >= 2, 'after as many checks as the threshold says');
      target.answer(200);
      const atPass = target.checks();
      await becomes(arena, group, target, 'healthy');
      assert.ok(target.checks() - atPass >= 3, 'after as many checks as the threshold says');
    },
  },
  {
    facts: ['elbv2.health.unhealthy-silent'],
    name: 'a target that does not answer turns unhealthy',
    needs: ['targets'],
    async run(arena) {
      const { group, target } = await serve(arena);
      target.answer(undefined);
      const { Reason } = await becomes(arena, group, target, 'unhealthy');
      assert.match(Reason ?? '', /^Target\.(Timeout|FailedHealthChecks)$/);
    },
  },
  {
    facts: ['elbv2.weights.zero-checked'],
    name: 'a target of a group with weight 0 turns healthy',
    needs: ['targets'],
    async run(arena) {
      const [front, behind] = [await makeGroup(arena), await makeGroup(arena)];
      await makeRule(arena, { [front]: 1, [behind]: 0 });
      const target = await arena.target();
      await registerTargets(arena, behind, target);
      await becomes(arena, behind, target, 'healthy');
    },
  },
];

const DRAINING: readonly Case[] = [
  {
    facts: ['elbv2.draining.shown', 'elbv2.draining.delay'],
    name: 'a deregistered target drains for the delay, and is gone then',
    async run(arena) {
      const group = await makeGroup(arena);
      await setDelay(arena, group, 1);
      await makeRule(arena, { [group]: 1 });
      await registerTargets(arena, group, CLOSED);
      await deregister(arena, group, CLOSED);
      const health = (await healthOf(arena, group)).get(keyOf(CLOSED));
      assert.deepEqual([health?.State, health?.Reason], ['draining', 'Target.DeregistrationInProgress']);
      await arena.eventually(async () => assert.equal((await healthOf(arena, group)).size, 0));
    },
  },
  {
    facts: ['elbv2.draining.delay', 'elbv2.delay.default'],
    name: 'for 300 s, unless the delay is set',
    needs: ['time'],
    async run(arena) {
      const group = await makeGroup(arena);
      await makeRule(arena, { [group]: 1 });
      await registerTargets(arena, group, CLOSED);
      await deregister(arena, group, CLOSED);
      await arena.passTime(295_000);
      assert.equal((await healthOf(arena, group)).get(keyOf(CLOSED))?.State, 'draining');
      await arena.passTime(10_000);
      assert.equal((await healthOf(arena, group)).size, 0);
    },
  },
  {
    facts: ['elbv2.draining.again'],
    name: 'a target that is registered again while it drains becomes healthy, sooner or later',
    needs: ['targets'],
    async run(arena) {
      const { group, target } = await serve(arena);
      await setDelay(arena, group, 1);
      await becomes(arena, group, target, 'healthy');
      await deregister(arena, group, target);
      await becomes(arena, group, target, 'draining');
      await arena.eventually(async () => {
        await registerTargets(arena, group, target).catch((error: unknown) => {
          assert.equal(codeOf(error), 'InvalidTarget');
          throw error;
        });
      });
      await becomes(arena, group, target, 'healthy');
    },
  },
];

/** Who answers ten requests; an empty string stands for the load balancer itself. */
async function answeredBy(arena: Arena, rule: { listenerArn: string; host: string }): Promise<readonly string[]> {
  const from: string[] = [];
  for (let count = 0; count < 10; count++) from.push((await arena.visit(rule.listenerArn, rule.host)).from ?? '');
  return [...new Set(from)];
}

const TRAFFIC: readonly Case[] = [
  {
    facts: ['elbv2.host.case'],
    name: 'a host is found in whatever case it is asked for',
    needs: ['targets', 'traffic'],
    async run(arena) {
      const { group, rule, target } = await serve(arena);
      await becomes(arena, group, target, 'healthy');
      assert.deepEqual(await answeredBy(arena, { ...rule, host: rule.host.toUpperCase() }), [target.ip]);
      assert.equal((await arena.visit(rule.listenerArn, 'other.example.test')).status, 404);
    },
  },
  {
    facts: ['elbv2.weights.zero', 'elbv2.weights.flip'],
    name: 'requests go to the group with the weight, and after a flip to the other',
    needs: ['targets', 'traffic'],
    async run(arena) {
      const green = await makeGroup(arena);
      const { group: blue, rule, target } = await serve(arena);
      const weigh = (weights: Record<string, number>) =>
        arena.elbv2.send(new ModifyRuleCommand({ RuleArn: rule.arn, Actions: [forward(weights)] }));
      await weigh({ [blue]: 1, [green]: 0 });
      const other = await arena.target();
      await registerTargets(arena, green, other);
      await becomes(arena, blue, target, 'healthy');
      await becomes(arena, green, other, 'healthy');
      await arena.eventually(async () => assert.deepEqual(await answeredBy(arena, rule), [target.ip]));
      await weigh({ [blue]: 0, [green]: 1 });
      await arena.eventually(async () => assert.deepEqual(await answeredBy(arena, rule), [other.ip]));
    },
  },
  {
    facts: ['elbv2.fail-open.unhealthy'],
    name: 'an unhealthy target gets requests when there is no other',
    needs: ['targets', 'traffic'],
    async run(arena) {
      const { group, rule, target } = await serve(arena);
      target.answer(500);
      await becomes(arena, group, target, 'unhealthy');
      assert.deepEqual(await arena.visit(rule.listenerArn, rule.host), { status: 500, from: target.ip });
      const other = await arena.target();
      await registerTargets(arena, group, other);
      await becomes(arena, group, other, 'healthy');
      await arena.eventually(async () => assert.deepEqual(await answeredBy(arena, rule), [other.ip]));
    },
  },
  {
    facts: ['elbv2.fail-open.initial'],
    name: 'an initial target gets requests when there is no other',
    needs: ['targets', 'traffic', 'time'],
    async run(arena) {
      const { group, rule, target } = await serve(arena);
      target.answer(undefined);
      await arena.eventually(async () =>
        assert.equal((await arena.visit(rule.listenerArn, rule.host)).from, target.ip),
      );
      assert.equal((await healthOf(arena, group)).get(keyOf(target))?.State, 'initial');
    },
  },
  {
    facts: ['elbv2.no-targets'],
    name: 'a group without targets answers 503',
    needs: ['traffic'],
    async run(arena) {
      const { listenerArn, host } = await makeRule(arena, { [await makeGroup(arena)]: 1 });
      await arena.eventually(async () => assert.equal((await arena.visit(listenerArn, host)).status, 503));
    },
  },
  {
    facts: ['elbv2.draining.no-requests'],
    name: 'a draining target gets no requests',
    needs: ['targets', 'traffic'],
    async run(arena) {
      const { group, rule, target } = await serve(arena);
      await becomes(arena, group, target, 'healthy');
      await deregister(arena, group, target);
      await becomes(arena, group, target, 'draining');
      await arena.eventually(async () =>
        assert.deepEqual(await arena.visit(rule.listenerArn, rule.host), { status: 503, from: undefined }),
      );
    },
  },
];

export const ELBV2_TARGET_CASES: readonly Case[] = [...REGISTERING, ...HEALTH, ...DRAINING, ...TRAFFIC];
