/** What people do by hand: in the table, in ECS, at the load balancer. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import {
  DeleteRuleCommand,
  DeregisterTargetsCommand,
  ModifyRuleCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { marshall } from '@aws-sdk/util-dynamodb';
import { CLUSTER, TABLE } from '../../../src/local/demo/provision.ts';
import { targetGroupName } from '../../../src/model/names.ts';
import { healthOf, hostsOf, rulesOf, tasksOf, weightsOf } from '../judge/reading.ts';
import { INSTALLATION } from '../world/config.ts';
import type { World } from '../world/world.ts';

/** Only of a record that is there: null removes the attribute. */
export async function editRecord({ aws }: World, session: string, name: string, value: unknown): Promise<void> {
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: { session_id: { S: session } },
      ConditionExpression: 'attribute_exists(session_id)',
      UpdateExpression: value === null ? 'REMOVE #name' : 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ...(value !== null && {
        ExpressionAttributeValues: marshall({ ':value': value }, { removeUndefinedValues: true }),
      }),
    }),
  );
}

/** False where there is nothing to do it to. */
export async function stopTask(world: World, session: string): Promise<boolean> {
  const task = (await tasksOf(world)).find(({ group }) => group === session);
  if (!task) return false;
  await world.aws.ecs.send(new StopTaskCommand({ cluster: CLUSTER, task: task.taskArn, reason: 'by hand' }));
  return true;
}

export async function deleteRule(world: World, session: string): Promise<boolean> {
  const rule = await ruleOf(world, session);
  if (!rule) return false;
  await world.aws.elbv2.send(new DeleteRuleCommand({ RuleArn: rule.RuleArn }));
  return true;
}

/** Everything to the front door. */
export async function turnWeights(world: World, session: string): Promise<boolean> {
  const rule = await ruleOf(world, session);
  if (!rule) return false;
  const door = world.provisioned.frontDoorTargetGroupArn;
  const TargetGroups = [...weightsOf(rule).keys()].map((arn) => ({
    TargetGroupArn: arn,
    Weight: arn === door ? 1 : 0,
  }));
  const Actions = [{ Type: 'forward' as const, ForwardConfig: { TargetGroups } }];
  await world.aws.elbv2.send(new ModifyRuleCommand({ RuleArn: rule.RuleArn, Actions }));
  return true;
}

export async function deregister(world: World, session: string): Promise<boolean> {
  const rule = await ruleOf(world, session);
  const name = targetGroupName(INSTALLATION, session);
  const arn = rule && [...weightsOf(rule).keys()].find((each) => each.includes(`/${name}/`));
  const [target] = arn ? await healthOf(world, arn) : [];
  if (!target?.Target) return false;
  await world.aws.elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [target.Target] }));
  return true;
}

async function ruleOf(world: World, session: string): Promise<Rule | undefined> {
  return (await rulesOf(world)).find((rule) => hostsOf(rule).includes(`${session}.localhost`));
}
