/**
 * The local AWS of a simulation: the operations of `src/local/aws` called directly, with neither codec nor socket in
 * between (the conformance suite and `wire.test.ts` hold the two ways of calling to each other), under virtual time.
 */
import { ECRClient } from '@aws-sdk/client-ecr';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsClients } from '../../../src/aws/make-aws.ts';
import { OPERATIONS } from '../../../src/aws/operations.ts';
import { makeEcr } from '../../../src/local/aws/ecr/service.ts';
import { type EcsSettings, makeEcs } from '../../../src/local/aws/ecs/service.ts';
import { noBalancer } from '../../../src/local/aws/elbv2/balancer/port.ts';
import { type Elbv2Options, makeElbv2 } from '../../../src/local/aws/elbv2/elbv2.ts';
import { makeImages, registryHost } from '../../../src/local/aws/images.ts';
import { makeLogs } from '../../../src/local/aws/logs/service.ts';
import { makeLogStore } from '../../../src/local/aws/logs/store.ts';
import type { TaskRunner } from '../../../src/local/aws/runner/port.ts';
import { ApiError, type Service } from '../../../src/local/aws/service.ts';
import type { SteadyProber } from '../../../src/local/aws/elbv2/prober.ts';
import { makeThrottle } from '../../../src/local/aws/throttle/throttle.ts';
import { makeDispatcher } from '../../../src/local/aws/wire/dispatcher.ts';
import { requestHandlerOf } from '../../../src/local/aws/wire/request-handler.ts';
import type { Actor } from '../kernel/actor.ts';
import type { Random } from '../kernel/random.ts';
import type { SimTime } from '../kernel/time.ts';
import { aboutAws } from './about.ts';
import { counted, type Effects } from './effects.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-west-1';
export const VPC = 'vpc-1';
export const SUBNET = 'subnet-a';
export const CLUSTER = 'main';
export const IMAGE = `${registryHost(ACCOUNT, REGION)}/web`;

export interface SimAwsOptions {
  /** Calls go through the SDK's clients, its codecs and the dispatcher: slow, and to the same end. */
  readonly overTheWire?: boolean;
  readonly time: SimTime;
  readonly random: Random;
  readonly runner: TaskRunner;
  readonly prober: SteadyProber;
  readonly ecs?: Partial<EcsSettings>;
  readonly elbv2?: Partial<Elbv2Options>;
}

export type AwsService = 'ecs' | 'elasticloadbalancing' | 'ecr' | 'logs';

export type SimAws = Awaited<ReturnType<typeof makeSimAws>>;

/** A cluster, a load balancer with a front door, and images; nothing of any environment. */
export async function makeSimAws(options: SimAwsOptions) {
  const { time, random, runner, prober } = options;
  const images = makeImages(registryHost(ACCOUNT, REGION), time.now);
  const logs = makeLogStore(time.now);
  const ecs = makeEcs({
    account: ACCOUNT,
    region: REGION,
    clock: time,
    random: random.stream('ecs'),
    runner,
    images,
    logs,
    subnets: { [SUBNET]: '10.1.0.0/24' },
    timings: () => ({
      provisioning: 12_000,
      pending: 20_000,
      activating: 0,
      deactivating: 500,
      deprovisioning: 15_000,
    }),
    ...options.ecs,
  });
  const elbv2 = makeElbv2({
    account: ACCOUNT,
    region: REGION,
    vpcId: VPC,
    clock: time,
    random: random.stream('elbv2'),
    prober,
    balancer: () => noBalancer,
    ...options.elbv2,
  });
  const services: Readonly<Record<AwsService, Service>> = {
    ecs: ecs.service,
    elasticloadbalancing: elbv2.service,
    ecr: makeEcr({ account: ACCOUNT, region: REGION, images }),
    logs: makeLogs({ account: ACCOUNT, region: REGION, store: logs }),
  };
  const perform = async (service: AwsService, operation: string, input: object): Promise<unknown> => {
    const found = services[service].operations[operation];
    if (!found) throw new Error(`the local AWS has no ${service}:${operation}`);
    return await found.handle(input as never);
  };
  const places = await provision(perform, images);
  const throttle = makeThrottle({ clock: time });
  const effects: Effects = new Map();

  const wire = options.overTheWire ? makeWire(services) : undefined;
  const clientOf = (actor: Actor, service: AwsService) => ({
    async send(command: SdkCommand) {
      const name = command.constructor.name.replace(/Command$/, '');
      const operation = `${service}:${name}`;
      const { mutates } = OPERATIONS[operation as keyof typeof OPERATIONS];
      const { input } = command;
      const about = aboutAws(name, input);
      return await actor.call({
        service: 'aws',
        operation,
        mutates,
        about,
        input,
        perform: () =>
          counted(effects, { ecs, elbv2 }, name, async () => {
            throttle.take(service, name, input);
            return await (wire ? time.hold(wire(service, command)) : perform(service, name, input));
          }).catch(throwAsSdk),
      });
    },
    destroy: () => undefined,
  });

  return {
    ecs,
    elbv2,
    images,
    logs,
    ...places,
    /** Of the operator's calls only. */
    effects,
    /** Calls that were refused because they came too fast. */
    throttled: throttle.refused,
    /** State by address, of all targets of the group; empty when there is no such group. */
    healthOf(targetGroupArn: string): ReadonlyMap<string, string> {
      if (!elbv2.snapshot().targetGroups.some(({ arn }) => arn === targetGroupArn)) return new Map();
      const answer = elbv2.service.operations.DescribeTargetHealth.handle({ TargetGroupArn: targetGroupArn });
      if (answer instanceof Promise) throw new Error('the local AWS tells health at once');
      const all = answer.TargetHealthDescriptions ?? [];
      return new Map(all.map(({ Target, TargetHealth }) => [Target?.Id ?? '', TargetHealth?.State ?? '']));
    },
    /** As a person or the world calls: not counted, never struck. Throws `ApiError`. */
    call: perform,
    clientsFor(actor: Actor): AwsClients {
      return {
        ecs: clientOf(actor, 'ecs') as unknown as ECSClient,
        elbv2: clientOf(actor, 'elasticloadbalancing') as unknown as ElasticLoadBalancingV2Client,
        logs: clientOf(actor, 'logs') as unknown as CloudWatchLogsClient,
        ecr: () => clientOf(actor, 'ecr') as unknown as ECRClient,
      };
    },
  };
}

type SdkCommand = { readonly input: object; readonly constructor: { readonly name: string } };

/** The SDK's own clients, in process. */
function makeWire(services: Readonly<Record<AwsService, Service>>) {
  const config = {
    region: REGION,
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'sim', secretAccessKey: 'sim' },
    maxAttempts: 1,
    requestHandler: requestHandlerOf(makeDispatcher(Object.values(services), { requestId: () => 'sim' })),
  };
  const clients: Readonly<Record<AwsService, { send(command: never): Promise<unknown> }>> = {
    ecs: new ECSClient(config),
    elasticloadbalancing: new ElasticLoadBalancingV2Client(config),
    ecr: new ECRClient(config),
    logs: new CloudWatchLogsClient(config),
  };
  return (service: AwsService, command: SdkCommand): Promise<unknown> => clients[service].send(command as never);
}

/** An answer with an error, as the SDK throws it. */
export function sdkError({ code, message, status, fields }: ApiError): Error {
  const $fault = status >= 500 ? 'server' : 'client';
  return Object.assign(new Error(message), { name: code, $fault, $metadata: { httpStatusCode: status }, ...fields });
}

function throwAsSdk(error: unknown): never {
  throw error instanceof ApiError ? sdkError(error) : error;
}

type Perform = (service: AwsService, operation: string, input: object) => Promise<unknown>;

async function provision(perform: Perform, images: ReturnType<typeof makeImages>) {
  const elb = async <T>(operation: string, input: object): Promise<T> =>
    (await perform('elasticloadbalancing', operation, input)) as T;
  const { LoadBalancers } = await elb<{ LoadBalancers: { LoadBalancerArn: string }[] }>('CreateLoadBalancer', {
    Name: 'main',
    Subnets: [SUBNET],
  });
  const loadBalancerArn = LoadBalancers[0]?.LoadBalancerArn ?? '';
  const { TargetGroups } = await elb<{ TargetGroups: { TargetGroupArn: string }[] }>('CreateTargetGroup', {
    Name: 'front-door',
    Protocol: 'HTTP',
    Port: 8081,
    VpcId: VPC,
    TargetType: 'ip',
  });
  const frontDoorArn = TargetGroups[0]?.TargetGroupArn ?? '';
  const { Listeners } = await elb<{ Listeners: { ListenerArn: string }[] }>('CreateListener', {
    LoadBalancerArn: loadBalancerArn,
    Protocol: 'HTTP',
    Port: 8000,
    DefaultActions: [{ Type: 'forward', TargetGroupArn: frontDoorArn }],
  });
  await perform('ecs', 'CreateCluster', { clusterName: CLUSTER });
  for (const tag of ['latest', 'staging']) images.add({ repository: 'web', tag, command: ['serve', tag] });
  const registered = (await perform('ecs', 'RegisterTaskDefinition', {
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'web', image: `${IMAGE}:latest`, essential: true }],
  })) as { taskDefinition: { taskDefinitionArn: string } };
  return {
    loadBalancerArn,
    frontDoorArn,
    listenerArn: Listeners[0]?.ListenerArn ?? '',
    baseArn: registered.taskDefinition.taskDefinitionArn,
  };
}
