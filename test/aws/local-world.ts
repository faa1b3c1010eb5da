/**
 * The adapters on top of the local AWS, in process and under a fake clock: the world that observing and applying are
 * tested in. Tasks are processes by name only; what they log and how they end is said by the test.
 */
import { makeEcr } from '../../src/local/aws/ecr/service.ts';
import { makeEcs } from '../../src/local/aws/ecs/service.ts';
import { noBalancer } from '../../src/local/aws/elbv2/balancer/port.ts';
import { makeElbv2 } from '../../src/local/aws/elbv2/elbv2.ts';
import { makeImages, registryHost } from '../../src/local/aws/images.ts';
import { makeLogs } from '../../src/local/aws/logs/service.ts';
import { makeLogStore } from '../../src/local/aws/logs/store.ts';
import type { ContainerExit, ContainerSpec, TaskRunner } from '../../src/local/aws/runner/port.ts';
import { ApiError } from '../../src/local/aws/service.ts';
import { makeDispatcher } from '../../src/local/aws/wire/dispatcher.ts';
import { requestHandlerOf } from '../../src/local/aws/wire/request-handler.ts';
import { makeAws } from '../../src/aws/make-aws.ts';
import type { Project } from '../../src/model/project.ts';
import type { RunTaskRequest } from '../../src/model/step.ts';
import { startedBy } from '../../src/model/names.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

export const INSTALLATION = 'test';
const ACCOUNT = '000000000000';
const REGION = 'eu-west-1';

export type LocalWorld = Awaited<ReturnType<typeof makeLocalWorld>>;

/** Answers instead of the local AWS, or lets it answer by returning undefined; `after` loses the answer of a call. */
export interface Fault {
  readonly before?: (operation: string) => Error | undefined;
  readonly after?: (operation: string) => Error | undefined;
}

export async function makeLocalWorld() {
  const clock = makeFakeClock();
  const images = makeImages(registryHost(ACCOUNT, REGION), clock.now);
  const logs = makeLogStore(clock.now);
  const runner = makeNamedRunner();
  const failRunTask: { next?: { reason: string; detail?: string; startsAnyway?: boolean } } = {};
  /** Which addresses answer health checks with 200; the others do not answer at all. */
  const answering: { at: (ip: string) => boolean } = { at: () => true };
  /** How long tasks that are started from now on stay invisible. */
  const visibility = { lagMs: 0 };
  const ecs = makeEcs({
    account: ACCOUNT,
    region: REGION,
    clock,
    random: seeded(7),
    runner,
    images,
    logs,
    subnets: { 'subnet-a': '10.1.0.0/16' },
    failRunTask: () => failRunTask.next,
    visibilityLagMs: () => visibility.lagMs,
  });
  const elbv2 = makeElbv2({
    account: ACCOUNT,
    region: REGION,
    clock,
    random: seeded(11),
    prober: {
      probe: async ({ ip }) => (answering.at(ip) ? { kind: 'response', status: 200 } : { kind: 'failed' }),
    },
    balancer: () => noBalancer,
    quotas: { targetGroups: 1_000, rulesPerLoadBalancer: 1_000, targetGroupsPerLoadBalancer: 1_000 },
  });
  const dispatch = makeDispatcher([
    ecs.service,
    elbv2.service,
    makeLogs({ account: ACCOUNT, region: REGION, store: logs }),
    makeEcr({ account: ACCOUNT, region: REGION, images }),
  ]);
  const calls: string[] = [];
  const fault: { now: Fault } = { now: {} };
  const inner = requestHandlerOf(dispatch);
  const metrics = makeMetrics();
  const aws = makeAws({
    region: REGION,
    endpoint: 'http://127.0.0.1:1',
    clock,
    metrics,
    random: () => 0,
    requestHandler: {
      async handle(request: Parameters<typeof inner.handle>[0]) {
        const operation = operationOf(request);
        calls.push(operation);
        const before = fault.now.before?.(operation);
        if (before) throw before;
        const answer = await inner.handle(request, {});
        const after = fault.now.after?.(operation);
        if (after) throw after;
        return answer;
      },
    },
  });

  const api = { ecs: ecs.service.operations, elbv2: elbv2.service.operations };
  const { LoadBalancers } = await api.elbv2.CreateLoadBalancer.handle({ Name: 'main', Subnets: ['subnet-a'] });
  const frontDoor = await api.elbv2.CreateTargetGroup.handle({
    Name: 'front-door',
    Protocol: 'HTTP',
    Port: 8081,
    VpcId: 'vpc-1',
    TargetType: 'ip',
  });
  const frontDoorArn = frontDoor.TargetGroups?.[0]?.TargetGroupArn ?? '';
  const { Listeners } = await api.elbv2.CreateListener.handle({
    LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn ?? '',
    Protocol: 'HTTP',
    Port: 8000,
    DefaultActions: [{ Type: 'forward', TargetGroupArn: frontDoorArn }],
  });
  const listenerArn = Listeners?.[0]?.ListenerArn ?? '';
  await callEcs(api.ecs, 'CreateCluster', { clusterName: 'main' });
  const image = `${registryHost(ACCOUNT, REGION)}/web`;
  for (const tag of ['latest', 'staging']) images.add({ repository: 'web', tag, command: ['serve', tag] });
  const baseArn = await registerBase(api.ecs, `${image}:latest`);

  const project: Project = {
    name: 'web',
    repo: 'octo/web',
    prefix: 'tt',
    labels: [],
    defaultTag: 'latest',
    listener: {
      name: 'main',
      arn: listenerArn,
      vpcId: 'vpc-1',
      frontDoorTargetGroupArn: frontDoorArn,
      domain: 'preview.test',
      url: 'https://{host}',
    },
    cluster: 'main',
    launchType: 'FARGATE',
    network: { subnets: ['subnet-a'], securityGroups: ['sg-1'], assignPublicIp: false },
    taskDefinition: 'web',
    container: 'web',
    port: 3001,
    env: {},
    supervisor: true,
  };

  const request = (session: string, more: Partial<RunTaskRequest> = {}): RunTaskRequest => ({
    cluster: 'main',
    taskDefinition: baseArn,
    launchType: 'FARGATE',
    startedBy: startedBy(INSTALLATION),
    group: session,
    subnets: ['subnet-a'],
    securityGroups: ['sg-1'],
    assignPublicIp: false,
    container: 'web',
    env: { SESSION: session },
    tags: { 'mayfly:session': session },
    ...more,
  });

  return {
    clock,
    aws,
    metrics,
    api,
    ecs,
    images,
    logs,
    runner,
    failRunTask,
    answering,
    visibility,
    calls,
    fault,
    project,
    image,
    baseArn,
    frontDoorArn,
    request,
    callEcs: (operation: string, input: object) => callEcs(api.ecs, operation, input),
    async close() {
      await aws.close();
      const closing = ecs.close();
      await clock.advance(120_000);
      await closing;
      await elbv2.close();
    },
  };
}

function operationOf({ headers, body }: { headers: Readonly<Record<string, string>>; body?: unknown }): string {
  const target = headers['x-amz-target'];
  if (target !== undefined) return target.slice(target.indexOf('.') + 1);
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
  return new URLSearchParams(text).get('Action') ?? '';
}

type Operations = ReturnType<typeof makeEcs>['service']['operations'];

/** The table's operations take `never`, since each has a shape of its own. */
async function callEcs(operations: Operations, name: string, input: object): Promise<Record<string, unknown>> {
  const operation = operations[name];
  if (!operation) throw new ApiError('InvalidAction', `no operation ${name}`);
  return (await operation.handle(input as never)) as Record<string, unknown>;
}

async function registerBase(operations: Operations, image: string): Promise<string> {
  const answer = await callEcs(operations, 'RegisterTaskDefinition', {
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [
      {
        name: 'web',
        image,
        essential: true,
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': '/web',
            'awslogs-region': REGION,
            'awslogs-stream-prefix': 'pr',
            'awslogs-create-group': 'true',
          },
        },
      },
    ],
  });
  return (answer['taskDefinition'] as { taskDefinitionArn: string }).taskDefinitionArn;
}

export interface NamedRunner extends TaskRunner {
  /** Running containers, oldest first. */
  readonly running: readonly ContainerSpec[];
  /** Ends the container of the task with this id. */
  exit(taskId: string, exit: ContainerExit): void;
}

export function makeNamedRunner(): NamedRunner {
  const running: ContainerSpec[] = [];
  const exits = new Map<string, (exit: ContainerExit) => void>();
  const end = (spec: ContainerSpec, exit: ContainerExit): void => {
    if (running.includes(spec)) running.splice(running.indexOf(spec), 1);
    exits.get(spec.name)?.(exit);
    exits.delete(spec.name);
  };
  return {
    running,
    exit(taskId, exit) {
      const spec = running.find(({ name }) => name.startsWith(taskId));
      if (spec) end(spec, exit);
    },
    start(spec) {
      running.push(spec);
      return {
        onExit: (fn) => void exits.set(spec.name, fn),
        onStart: () => undefined,
        signal: (signal) => queueMicrotask(() => end(spec, { exitCode: signal === 'SIGKILL' ? 137 : 143 })),
      };
    },
    reap: () => undefined,
  };
}

/** A small generator with a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
