/** What an arena makes once, for all its cases. */
import { CreateTableCommand, DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Listener, Surroundings } from './arena.ts';
import { present } from './steps.ts';

/** A load balancer with one listener whose default action is a fixed response of 404. */
export async function makeListener(
  elbv2: ElasticLoadBalancingV2Client,
  { subnets, securityGroup }: Surroundings,
  name: string,
  port = 8_000,
): Promise<Listener> {
  const balancer = { Name: name, Subnets: [...subnets], SecurityGroups: [securityGroup], Scheme: 'internal' as const };
  const { LoadBalancers } = await elbv2.send(new CreateLoadBalancerCommand(balancer));
  const loadBalancerArn = present(LoadBalancers?.[0]?.LoadBalancerArn, 'LoadBalancerArn');
  const { Listeners } = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: loadBalancerArn,
      Protocol: 'HTTP',
      Port: port,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  );
  return { arn: present(Listeners?.[0]?.ListenerArn, 'ListenerArn'), loadBalancerArn };
}

/** A table as the stores have it. `pause` is asked for between looks at one that is being made. */
export async function makeTable(
  dynamodb: DynamoDBClient,
  TableName: string,
  pause: () => Promise<unknown> = async () => undefined,
): Promise<string> {
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    }),
  );
  for (let looks = 0; looks < 100; looks++) {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === 'ACTIVE') return TableName;
    await pause();
  }
  return assert.fail(`table ${TableName} does not become ACTIVE`);
}
