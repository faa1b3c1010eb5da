/** A fleet of settled environments, made directly in AWS and in the store as if Mayfly had brought it there. */
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  type ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import PQueue from 'p-queue';
import { toObservedTask, toRunTaskInput } from '../../src/aws/ecs-task.ts';
import type { Config } from '../../src/model/config.ts';
import { type Desired, EMPTY_STATUS, type Status } from '../../src/model/environment.ts';
import { clientToken, hostOf, PRIORITY_BASE, startedBy, targetGroupName } from '../../src/model/names.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import type { Listener, Project } from '../../src/model/project.ts';
import type { RunTaskRequest } from '../../src/model/step.ts';
import { wantedTask } from '../../src/plan/context.ts';
import { effective } from '../../src/plan/effective.ts';
import { tagsFor } from '../../src/plan/tasks.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { PRETEND_AWS } from './pretend-aws-wire.ts';

export const INSTALLATION = 'bench';
export const PUBLIC_KEY = 'PUBLIC KEY';
export const COMMIT = 'c'.repeat(40);
const CLUSTER = 'main';
const CONTAINER = 'app';
const PORT = 3001;
const VPC = 'vpc-1';
const AT_ONCE = 16;

export interface FleetAws {
  readonly ecs: ECSClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
}

export interface Fleet {
  readonly config: Config;
  readonly sessions: readonly string[];
}

/** One load balancer, listener and project for each share of the fleet. The stores get equal records. */
export async function makeFleet(
  aws: FleetAws,
  stores: readonly EnvironmentStore[],
  size: { readonly environments: number; readonly listeners: number },
): Promise<Fleet> {
  await aws.ecs.send(new CreateClusterCommand({ clusterName: CLUSTER }));
  const definition = await registerDefinition(aws.ecs);
  const projects: Project[] = [];
  for (let index = 0; index < size.listeners; index += 1)
    projects.push(projectOn(await makeListener(aws.elbv2, index), index));
  const config = configOf(projects);
  const queue = new PQueue({ concurrency: AT_ONCE });
  const sessions = await queue.addAll(
    Array.from({ length: size.environments }, (_, index) => async () => {
      const project = projects[index % projects.length];
      if (!project) throw new Error('a fleet needs a listener');
      return await makeEnvironment({ aws, stores, definition, project, index });
    }),
  );
  return { config, sessions };
}

async function registerDefinition(ecs: ECSClient): Promise<string> {
  const { account, region, repository } = PRETEND_AWS;
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'web',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        { name: CONTAINER, image: `${account}.dkr.ecr.${region}.amazonaws.com/${repository}:latest`, essential: true },
      ],
    }),
  );
  return arn(taskDefinition?.taskDefinitionArn);
}

async function makeListener(elbv2: ElasticLoadBalancingV2Client, index: number): Promise<Listener> {
  const name = `bench-${index}`;
  const { LoadBalancers } = await elbv2.send(
    new CreateLoadBalancerCommand({ Name: name, Subnets: [PRETEND_AWS.subnet] }),
  );
  const frontDoor = await makeGroup(elbv2, `front-door-${index}`);
  const { Listeners } = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: arn(LoadBalancers?.[0]?.LoadBalancerArn),
      Protocol: 'HTTP',
      Port: 8_000 + index,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: frontDoor }],
    }),
  );
  return {
    name,
    arn: arn(Listeners?.[0]?.ListenerArn),
    vpcId: VPC,
    frontDoorTargetGroupArn: frontDoor,
    domain: `${name}.preview.test`,
    url: 'https://{host}',
  };
}

async function makeGroup(elbv2: ElasticLoadBalancingV2Client, name: string): Promise<string> {
  const command = new CreateTargetGroupCommand({
    Name: name,
    Protocol: 'HTTP',
    Port: PORT,
    VpcId: VPC,
    TargetType: 'ip',
  });
  return arn((await elbv2.send(command)).TargetGroups?.[0]?.TargetGroupArn);
}

function projectOn(listener: Listener, index: number): Project {
  return {
    name: `web${index}`,
    repo: `octo/web${index}`,
    prefix: `web${index}`,
    labels: [{ label: 'uat', imageTag: 'latest', agent: false }],
    defaultTag: 'latest',
    listener,
    cluster: CLUSTER,
    launchType: 'FARGATE',
    network: { subnets: [PRETEND_AWS.subnet], securityGroups: ['sg-1'], assignPublicIp: false },
    taskDefinition: 'web',
    container: CONTAINER,
    port: PORT,
    env: { API: '${PUBLIC_URL}/api' },
    supervisor: true,
  };
}

function configOf(projects: readonly Project[]): Config {
  const address = { host: '127.0.0.1', port: 0 };
  return {
    installation: INSTALLATION,
    region: PRETEND_AWS.region,
    store: { table: 'environments', leaseTable: 'leases', createTables: true },
    listeners: projects.map(({ listener }) => listener),
    projects,
    http: { webhooks: address, frontDoor: address, admin: address },
    github: { apiUrl: 'https://api.github.test', webUrl: 'https://github.test' },
    policy: DEFAULT_POLICY,
    intervals: { pollMs: 5_000, resyncMs: 60_000 },
    workers: 8,
    logLevel: 'silent',
    secrets: { webhookSecret: 'w', signingKey: 's' },
  };
}

interface Making {
  readonly aws: FleetAws;
  readonly stores: readonly EnvironmentStore[];
  readonly definition: string;
  readonly project: Project;
  readonly index: number;
}

/** Task, target group with its target, rule and record; resolves to the session id. */
async function makeEnvironment({ aws, stores, definition, project, index }: Making): Promise<string> {
  const desired = desiredOf(project, index);
  const { sessionId } = desired;
  const { request, taskHash } = taskOf(project, desired, definition);
  const requestedAt = new Date().toISOString();
  const token = clientToken(sessionId, 1, taskHash, requestedAt);
  const { tasks } = await aws.ecs.send(new RunTaskCommand(toRunTaskInput(request, token)));
  const priority = PRIORITY_BASE + index;
  const taskArn = arn(tasks?.[0]?.taskArn);
  const group = await makeRoute(aws.elbv2, project, sessionId, priority);
  const target = { Id: await addressOf(aws.ecs, taskArn), Port: PORT };
  await aws.elbv2.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [target] }));
  const status: Status = {
    ...EMPTY_STATUS,
    attempt: {
      number: 1,
      taskHash,
      clientToken: token,
      request,
      requestedAt,
      taskArn,
      healthyAt: requestedAt,
    },
    liveCommit: COMMIT,
    rulePriority: priority,
    wantedAt: requestedAt,
    deployments: [{ commit: COMMIT, imageTag: 'latest', at: requestedAt }],
  };
  for (const store of stores) {
    await store.create(desired);
    await store.putStatus(sessionId, 0, status, 'RUNNING');
  }
  return sessionId;
}

function desiredOf(project: Project, index: number): Desired {
  const branch = `branch-${index}`;
  const at = '2026-01-09T00:00:00Z';
  return {
    sessionId: `${project.prefix}-${branch}`,
    project: project.name,
    repo: project.repo,
    branch,
    commit: COMMIT,
    imageTag: 'latest',
    wanted: true,
    sources: {
      [`pull/${index + 1}`]: { wanted: true, branch, commit: COMMIT, author: 'ada', trusted: true, open: true, at },
    },
    intakeRev: 1,
  };
}

/** The task that the planner itself would ask for. */
function taskOf(
  project: Project,
  desired: Desired,
  definition: string,
): { readonly request: RunTaskRequest; readonly taskHash: string } {
  const { sessionId } = desired;
  const now = Date.now();
  const wanted = wantedTask({
    installation: INSTALLATION,
    publicKey: PUBLIC_KEY,
    sessionId,
    repo: desired.repo,
    project,
    effective: effective({ desired, project, head: undefined, now }),
    status: EMPTY_STATUS,
    observed: {
      at: now,
      tasks: [],
      attemptMissing: false,
      rules: [],
      takenPriorities: [],
      control: {},
      image: { ok: true, image: 'web:latest', taskDefinitionArn: definition },
    },
    policy: DEFAULT_POLICY,
    now,
  });
  if (!wanted) throw new Error(`the planner wants no task for ${sessionId}`);
  const request: RunTaskRequest = {
    cluster: project.cluster,
    taskDefinition: definition,
    launchType: project.launchType,
    startedBy: startedBy(INSTALLATION),
    group: sessionId,
    ...project.network,
    container: project.container,
    env: wanted.env,
    tags: tagsFor(INSTALLATION, sessionId, project.name),
  };
  return { request, taskHash: wanted.hash };
}

async function makeRoute(
  elbv2: ElasticLoadBalancingV2Client,
  { listener }: Project,
  sessionId: string,
  priority: number,
): Promise<string> {
  const group = await makeGroup(elbv2, targetGroupName(INSTALLATION, sessionId));
  await elbv2.send(
    new CreateRuleCommand({
      ListenerArn: listener.arn,
      Priority: priority,
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [hostOf(listener, sessionId)] } }],
      Actions: [
        {
          Type: 'forward',
          ForwardConfig: {
            TargetGroups: [
              { TargetGroupArn: group, Weight: 1 },
              { TargetGroupArn: listener.frontDoorTargetGroupArn, Weight: 0 },
            ],
          },
        },
      ],
    }),
  );
  return group;
}

/** The task gets it a moment after it was asked for. */
async function addressOf(ecs: ECSClient, taskArn: string): Promise<string> {
  for (;;) {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: [taskArn] }));
    const [task] = tasks.map((one) => toObservedTask(one, 'ecs:DescribeTasks', { now: 0 }));
    if (task?.ip !== undefined) return task.ip;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function arn(found: string | undefined): string {
  if (found === undefined) throw new Error('the local AWS answered without an ARN');
  return found;
}
