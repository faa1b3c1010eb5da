/**
 * What a person would have on AWS before Mayfly runs: a cluster, a base task definition, a load balancer whose listener
 * leads to the front door. Made through AWS's own API, and found again on a second run.
 */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeListenersCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';

export interface AwsClients {
  readonly ecs: ECSClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly dynamodb: DynamoDBClient;
  readonly logs: CloudWatchLogsClient;
  close(): void;
}

export const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
export const CLUSTER = 'mayfly';
export const TABLE = 'mayfly-environments';
export const SUBNET = 'subnet-local';
export const BASE_FAMILY = 'mayfly-environment';
export const CONTAINER = 'app';
const LOG_GROUP = '/mayfly/environments';
export const REPOSITORY = 'mayfly';

export function makeAwsClients(endpoint: string): AwsClients {
  const config = { endpoint, region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const ecs = new ECSClient(config);
  const elbv2 = new ElasticLoadBalancingV2Client(config);
  const dynamodb = new DynamoDBClient(config);
  const logs = new CloudWatchLogsClient(config);
  return {
    ecs,
    logs,
    elbv2,
    dynamodb,
    close() {
      for (const client of [ecs, elbv2, dynamodb, logs]) client.destroy();
    },
  };
}

export interface Provisioning {
  readonly balancerPort: number;
  readonly frontDoorPort: number;
  /** Where tasks fetch code from; `{repo}` stands for the repository. */
  readonly gitUrl: string;
  /** npm's cache, shared by the tasks of this machine. */
  readonly npmCache: string;
  /** Where the tasks of this machine keep what they installed and built, for each other. */
  readonly cacheDir: string;
}

export interface Provisioned {
  readonly listenerArn: string;
  readonly frontDoorTargetGroupArn: string;
  readonly vpcId: string;
}

export async function provision(clients: AwsClients, wish: Provisioning): Promise<Provisioned> {
  await clients.ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  await createLogGroup(clients.logs);
  await registerBase(clients.ecs, wish);
  return await provisionBalancer(clients.elbv2, wish);
}

async function createLogGroup(logs: CloudWatchLogsClient): Promise<void> {
  try {
    await logs.send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
  } catch (error) {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
}

async function registerBase(ecs: ECSClient, { gitUrl, npmCache, cacheDir }: Provisioning): Promise<void> {
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: BASE_FAMILY,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '512',
      memory: '1024',
      containerDefinitions: [
        {
          name: CONTAINER,
          image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${REPOSITORY}:latest`,
          essential: true,
          portMappings: [{ containerPort: 3001 }, { containerPort: 8080 }],
          stopTimeout: 10,
          environment: [
            { name: 'GIT_URL', value: gitUrl },
            { name: 'npm_config_cache', value: npmCache },
            { name: 'CACHE_DIR', value: cacheDir },
            { name: 'TRUST', value: 'trusted' },
          ],
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': LOG_GROUP,
              'awslogs-stream-prefix': 'environment',
              'awslogs-region': REGION,
            },
          },
        },
      ],
    }),
  );
}

async function provisionBalancer(elbv2: ElasticLoadBalancingV2Client, wish: Provisioning): Promise<Provisioned> {
  const { LoadBalancers } = await elbv2.send(
    new CreateLoadBalancerCommand({ Name: 'mayfly', Subnets: [SUBNET], Type: 'application' }),
  );
  const balancer = LoadBalancers?.[0];
  const { LoadBalancerArn, VpcId = 'vpc-local' } = balancer ?? {};
  const { TargetGroups } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'mayfly-front-door',
      Protocol: 'HTTP',
      Port: wish.frontDoorPort,
      VpcId,
      TargetType: 'ip',
      HealthCheckPath: '/.mayfly/health',
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 4,
    }),
  );
  const frontDoorTargetGroupArn = found(TargetGroups?.[0]?.TargetGroupArn, 'target group of the front door');
  await elbv2.send(
    new RegisterTargetsCommand({
      TargetGroupArn: frontDoorTargetGroupArn,
      Targets: [{ Id: '127.0.0.1', Port: wish.frontDoorPort }],
    }),
  );
  const listenerArn =
    (await existingListener(elbv2, LoadBalancerArn)) ??
    (await createListener(elbv2, LoadBalancerArn, wish.balancerPort, frontDoorTargetGroupArn));
  return { listenerArn, frontDoorTargetGroupArn, vpcId: VpcId };
}

async function existingListener(
  elbv2: ElasticLoadBalancingV2Client,
  LoadBalancerArn: string | undefined,
): Promise<string | undefined> {
  const { Listeners } = await elbv2.send(new DescribeListenersCommand({ LoadBalancerArn }));
  return Listeners?.[0]?.ListenerArn;
}

async function createListener(
  elbv2: ElasticLoadBalancingV2Client,
  LoadBalancerArn: string | undefined,
  Port: number,
  TargetGroupArn: string,
): Promise<string> {
  const { Listeners } = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn,
      Protocol: 'HTTP',
      Port,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    }),
  );
  return found(Listeners?.[0]?.ListenerArn, 'listener');
}

function found(arn: string | undefined, what: string): string {
  if (arn === undefined) throw new Error(`the local AWS answered without the ARN of the ${what}`);
  return arn;
}
