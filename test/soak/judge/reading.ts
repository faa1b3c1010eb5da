/** What is, read from every side: GitHub's pull requests, the table, ECS, and the load balancer. */
import { type AttributeValue, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { DescribeTasksCommand, ListTasksCommand, type Task } from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type Rule,
  type TargetGroup,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { CLUSTER, TABLE } from '../../../src/local/demo/provision.ts';
import type { LocalPull } from '../../../src/local/github/client.ts';
import type { StoredEnvironment } from '../../../src/model/environment.ts';
import { INSTALLATION_KEY } from '../../../src/model/installation.ts';
import { type Item, parseItem } from '../../../src/model/record.ts';
import type { World } from '../world/world.ts';

export interface Reading {
  /** By branch. */
  readonly pulls: ReadonlyMap<string, LocalPull>;
  /** By session. */
  readonly records: ReadonlyMap<string, StoredEnvironment>;
  /** Tasks that have not ended and are not asked to, by `group`. */
  readonly tasks: ReadonlyMap<string, readonly Task[]>;
  /** All of the listener but the default one. */
  readonly rules: readonly Rule[];
  /** All but the front door's. */
  readonly groups: readonly TargetGroup[];
}

export async function readAll(world: World): Promise<Reading> {
  const [pulls, records, tasks, rules, groups] = await Promise.all([
    world.github.pulls('all'),
    recordsOf(world),
    tasksOf(world),
    rulesOf(world),
    groupsOf(world),
  ]);
  return {
    pulls: new Map(pulls.map((pull) => [pull.branch, pull])),
    records: new Map(records.map((record) => [record.sessionId, record])),
    tasks: Map.groupBy(tasks, ({ group }) => group ?? ''),
    rules,
    groups,
  };
}

export async function recordsOf(world: World): Promise<readonly StoredEnvironment[]> {
  return (await itemsOf(world)).map(parseItem);
}

/** As people see them; without the installation's own. */
export async function itemsOf({ aws }: Pick<World, 'aws'>): Promise<readonly Item[]> {
  const items: Item[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const scan = new ScanCommand({ TableName: TABLE, ConsistentRead: true, ExclusiveStartKey });
    const page: ScanCommandOutput = await aws.dynamodb.send(scan);
    items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items.filter((item) => item['session_id'] !== INSTALLATION_KEY);
}

export async function tasksOf({ aws: { ecs } }: World): Promise<readonly Task[]> {
  const found: Task[] = [];
  let nextToken: string | undefined;
  do {
    const listed = await ecs.send(new ListTasksCommand({ cluster: CLUSTER, nextToken }));
    nextToken = listed.nextToken;
    if (!listed.taskArns?.length) continue;
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: listed.taskArns }));
    found.push(...tasks.filter((task) => task.desiredStatus !== 'STOPPED' && task.lastStatus !== 'STOPPED'));
  } while (nextToken);
  return found;
}

export async function rulesOf({ aws: { elbv2 }, provisioned }: World): Promise<readonly Rule[]> {
  const found: Rule[] = [];
  let Marker: string | undefined;
  do {
    const page = await elbv2.send(new DescribeRulesCommand({ ListenerArn: provisioned.listenerArn, Marker }));
    found.push(...(page.Rules ?? []).filter(({ IsDefault }) => !IsDefault));
    Marker = page.NextMarker;
  } while (Marker);
  return found;
}

async function groupsOf({ aws: { elbv2 }, provisioned }: World): Promise<readonly TargetGroup[]> {
  const found: TargetGroup[] = [];
  let Marker: string | undefined;
  do {
    const page = await elbv2.send(new DescribeTargetGroupsCommand({ Marker }));
    found.push(...(page.TargetGroups ?? []));
    Marker = page.NextMarker;
  } while (Marker);
  return found.filter(({ TargetGroupArn }) => TargetGroupArn !== provisioned.frontDoorTargetGroupArn);
}

export async function healthOf({ aws }: World, TargetGroupArn: string): Promise<readonly TargetHealthDescription[]> {
  const { TargetHealthDescriptions = [] } = await aws.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  return TargetHealthDescriptions;
}

export const hostsOf = ({ Conditions = [] }: Rule): readonly string[] =>
  Conditions.flatMap(({ HostHeaderConfig, Values }) => HostHeaderConfig?.Values ?? Values ?? []);

/** Weight by target group. */
export const weightsOf = ({ Actions = [] }: Rule): ReadonlyMap<string, number> =>
  new Map(
    Actions.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []).map(
      ({ TargetGroupArn = '', Weight = 0 }) => [TargetGroupArn, Weight] as const,
    ),
  );

/** The private address of a task. */
export const addressOf = ({ attachments = [] }: Task): string | undefined =>
  attachments.flatMap(({ details = [] }) => details).find(({ name }) => name === 'privateIPv4Address')?.value;
