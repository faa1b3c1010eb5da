/** Steps with ELBv2: groups and rules that are gone when the case ends. */
import {
  CreateRuleCommand,
  type CreateRuleCommandInput,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
  type TargetHealth,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Arena, Target } from './arena.ts';
import { codeOf, present } from './steps.ts';

export const groupInput = (arena: Arena, name = arena.name('tg')): CreateTargetGroupCommandInput => ({
  Name: name,
  Protocol: 'HTTP',
  Port: 3001,
  VpcId: arena.vpc,
  TargetType: 'ip',
  HealthCheckPath: '/ready',
  HealthCheckIntervalSeconds: 10,
  HealthCheckTimeoutSeconds: 4,
  HealthyThresholdCount: 3,
  UnhealthyThresholdCount: 2,
});

/** Returns the group's ARN, once it can be read. */
export async function makeGroup(arena: Arena, change: Partial<CreateTargetGroupCommandInput> = {}): Promise<string> {
  const input = { ...groupInput(arena, change.Name), ...change };
  const { TargetGroups } = await arena.elbv2.send(new CreateTargetGroupCommand(input));
  const arn = present(TargetGroups?.[0]?.TargetGroupArn, 'TargetGroupArn');
  arena.cleanup(() => arena.eventually(() => arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }))));
  await arena.eventually(() => arena.elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] })));
  return arn;
}

export const setDelay = (arena: Arena, TargetGroupArn: string, seconds: number) =>
  arena.elbv2.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) }],
    }),
  );

/** Weights by ARN of the group. */
export const forward = (weights: Readonly<Record<string, number>>) => ({
  Type: 'forward' as const,
  ForwardConfig: {
    TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
  },
});

export const hostIs = (...Values: string[]) => ({ Field: 'host-header', HostHeaderConfig: { Values } });

export const hostOf = (arena: Arena): string => `${arena.name('host').toLowerCase()}.example.test`;

let lastPriority = 1_000;

/** A priority that no other case uses in this process. */
export const nextPriority = (): number => ++lastPriority;

export interface MadeRule {
  readonly arn: string;
  readonly priority: number;
  readonly host: string;
  readonly listenerArn: string;
}

/** A rule for a host of its own, unless the change says otherwise; once it can be read. */
export async function makeRule(
  arena: Arena,
  weights: Readonly<Record<string, number>>,
  change: Partial<CreateRuleCommandInput> = {},
): Promise<MadeRule> {
  const host = hostOf(arena);
  const priority = change.Priority ?? nextPriority();
  const ListenerArn = change.ListenerArn ?? (await arena.listener()).arn;
  const input = { ListenerArn, Priority: priority, Conditions: [hostIs(host)], Actions: [forward(weights)], ...change };
  const { Rules } = await arena.elbv2.send(new CreateRuleCommand(input));
  const arn = present(Rules?.[0]?.RuleArn, 'RuleArn');
  deleteRuleLater(arena, arn);
  await arena.eventually(() => arena.elbv2.send(new DescribeRulesCommand({ RuleArns: [arn] })));
  return { arn, priority, host, listenerArn: ListenerArn };
}

export function deleteRuleLater(arena: Arena, RuleArn: string): void {
  arena.cleanup(() =>
    arena.elbv2.send(new DeleteRuleCommand({ RuleArn })).catch((error: unknown) => {
      if (codeOf(error) !== 'RuleNotFound') throw error;
    }),
  );
}

export const registerTargets = (arena: Arena, TargetGroupArn: string, ...targets: { ip: string; port: number }[]) =>
  arena.elbv2.send(
    new RegisterTargetsCommand({ TargetGroupArn, Targets: targets.map(({ ip, port }) => ({ Id: ip, Port: port })) }),
  );

/** By `address:port`. */
export async function healthOf(arena: Arena, TargetGroupArn: string): Promise<ReadonlyMap<string, TargetHealth>> {
  const answer = await arena.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return new Map(
    (answer.TargetHealthDescriptions ?? []).map(({ Target: target, TargetHealth: health }) => [
      `${target?.Id}:${target?.Port}`,
      health ?? {},
    ]),
  );
}

export const keyOf = ({ ip, port }: { readonly ip: string; readonly port: number }): string => `${ip}:${port}`;

/** Waits until the target has the state. */
export function becomes(arena: Arena, group: string, target: Target, state: string): Promise<TargetHealth> {
  return arena.eventually(async () => {
    const health = present((await healthOf(arena, group)).get(keyOf(target)), `target ${keyOf(target)}`);
    assert.equal(health.State, state, health.Description);
    return health;
  });
}

/** A group that a rule forwards to, with a target. */
export async function serve(arena: Arena, change: Partial<CreateTargetGroupCommandInput> = {}) {
  const group = await makeGroup(arena, change);
  const rule = await makeRule(arena, { [group]: 1 });
  const target = await arena.target();
  await registerTargets(arena, group, target);
  return { group, rule, target };
}
