/** What people and the world do past Mayfly: edits of the table, and hands in ECS and the load balancer. */
import type { StopReason } from '../../../src/local/aws/ecs/interruptions.ts';
import { actualOf, hostFor, shareOf } from './actual.ts';
import { CLUSTER, VPC } from './aws.ts';
import type { World } from './world.ts';

export type Attributes = Readonly<Record<string, unknown>>;

/** Writes attributes as the console does; null removes one. Without a record it makes one. */
export function edit(world: World, session: string, attributes: Attributes): void {
  const merged = { session_id: session, ...world.store.peek(session), ...attributes };
  world.store.seed(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
  world.touch();
}

/** Deletes the item. What pull requests asked of it is then known to GitHub only. */
export function deleteItem(world: World, session: string): void {
  const sources = (world.store.peek(session)?.['sources'] ?? {}) as Attributes;
  for (const key of Object.keys(sources)) world.forgotten.add(Number(key.split('/')[1]));
  world.store.remove(session);
  world.touch();
}

/** The whole item as it was, pasted back: the console does that. */
export function pasteBack(world: World, item: Attributes | undefined): void {
  if (item) world.store.seed(item);
  world.touch();
}

export async function deleteRules(world: World, session: string): Promise<void> {
  for (const { arn } of shareOf(actualOf(world), session).rules) await elb(world, 'DeleteRule', { RuleArn: arn });
}

/** Its rules too, since a group in use cannot be deleted. */
export async function deleteGroup(world: World, session: string): Promise<void> {
  await deleteRules(world, session);
  for (const { arn } of shareOf(actualOf(world), session).groups) {
    await elb(world, 'DeleteTargetGroup', { TargetGroupArn: arn });
  }
}

export async function deregisterTargets(world: World, session: string): Promise<void> {
  for (const { arn, targets } of shareOf(actualOf(world), session).groups) {
    const Targets = targets.map(({ ip, port }) => ({ Id: ip, Port: port }));
    if (Targets.length > 0) await elb(world, 'DeregisterTargets', { TargetGroupArn: arn, Targets });
  }
}

/** Sends everything to the front door, as a person does who wants to look at something. */
export async function flipWeights(world: World, session: string): Promise<void> {
  const { rules, groups } = shareOf(actualOf(world), session);
  const [group] = groups;
  if (!group) return;
  const forward = [
    { TargetGroupArn: group.arn, Weight: 0 },
    { TargetGroupArn: world.aws.frontDoorArn, Weight: 1 },
  ];
  const Actions = [{ Type: 'forward', ForwardConfig: { TargetGroups: forward } }];
  for (const { arn } of rules) await elb(world, 'ModifyRule', { RuleArn: arn, Actions });
}

/** By ECS's console. */
export async function stopTasks(world: World, session: string): Promise<void> {
  for (const { arn } of shareOf(actualOf(world), session).tasks) {
    await world.aws.call('ecs', 'StopTask', { cluster: CLUSTER, task: arn, reason: 'maintenance' });
  }
  world.touch();
}

/** By the infrastructure. */
export function interruptTasks(world: World, session: string, why: StopReason): void {
  for (const { arn } of shareOf(actualOf(world), session).tasks) world.aws.ecs.interrupt(arn, why);
  world.touch();
}

/** A fixed rule of somebody else's. Resolves to its ARN. */
export async function foreignRule(world: World, host: string, priority: number): Promise<string> {
  const answer = (await elb(world, 'CreateRule', {
    ListenerArn: world.aws.listenerArn,
    Priority: priority,
    Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [host] } }],
    Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody: 'mine' } }],
  })) as { Rules: { RuleArn: string }[] };
  const arn = answer.Rules[0]?.RuleArn ?? '';
  world.foreign.add(arn);
  return arn;
}

/** A group and a rule that belong to another installation of Mayfly. */
export async function otherInstallation(world: World): Promise<void> {
  const { TargetGroups } = (await elb(world, 'CreateTargetGroup', {
    Name: 'mf-other-0123456789ab',
    Protocol: 'HTTP',
    Port: 3001,
    VpcId: VPC,
    TargetType: 'ip',
  })) as { TargetGroups: { TargetGroupArn: string }[] };
  const group = TargetGroups[0]?.TargetGroupArn ?? '';
  const { Rules } = (await elb(world, 'CreateRule', {
    ListenerArn: world.aws.listenerArn,
    Priority: 7_000,
    Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [hostFor('xx-other')] } }],
    Actions: [{ Type: 'forward', TargetGroupArn: group }],
  })) as { Rules: { RuleArn: string }[] };
  for (const arn of [group, Rules[0]?.RuleArn ?? '']) world.foreign.add(arn);
}

async function elb(world: World, operation: string, input: object): Promise<unknown> {
  const answer = await world.aws.call('elasticloadbalancing', operation, input);
  world.touch();
  return answer;
}
