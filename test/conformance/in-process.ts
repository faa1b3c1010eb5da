/** The local AWS in this process, under a clock that moves only when it is told to; a new one for each case. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type DynamoDb, isDynamoDb, makeDynamoDb } from '../../src/local/aws/dynamodb.ts';
import { makeEcr } from '../../src/local/aws/ecr/service.ts';
import { makeEcs } from '../../src/local/aws/ecs/service.ts';
import type { EcsSwitches } from '../../src/local/aws/ecs/switches.ts';
import { noBalancer } from '../../src/local/aws/elbv2/balancer/port.ts';
import { type Elbv2, type Elbv2Options, makeElbv2 } from '../../src/local/aws/elbv2/elbv2.ts';
import { makeImages, registryHost } from '../../src/local/aws/images.ts';
import { makeLogs } from '../../src/local/aws/logs/service.ts';
import { makeLogStore } from '../../src/local/aws/logs/store.ts';
import { makeThrottle } from '../../src/local/aws/throttle/throttle.ts';
import { makeDispatcher } from '../../src/local/aws/wire/dispatcher.ts';
import { type Gate, makeGate } from '../../src/local/aws/wire/gate.ts';
import type { Dispatch } from '../../src/local/aws/wire/message.ts';
import { requestHandlerOf } from '../../src/local/aws/wire/request-handler.ts';
import { type FakeClock, makeFakeClock } from '../runtime/fake-clock.ts';
import type { Arena, ArenaSource, Clients, Need, OpenArena, Target, Visit } from './arena.ts';
import type { Control, Refusal } from './control.ts';
import { makeCleanups, makeNames } from './names.ts';
import { makeScriptRunner } from './script-runner.ts';
import { makeListener, makeTable } from './setting.ts';

const ACCOUNT = '000000000000';
const REGION = 'eu-west-1';
const SMALL = { id: 'subnet-00000000000000002', cidr: '10.2.0.0/28', addresses: 11 };
const SURROUNDINGS = {
  vpc: 'vpc-00000000000000001',
  subnets: ['subnet-00000000000000001'],
  securityGroup: 'sg-00000000000000001',
  image: `${registryHost(ACCOUNT, REGION)}/app:latest`,
  missingImage: `${registryHost(ACCOUNT, REGION)}/app:none`,
};
/** As on Fargate, roughly. */
const TIMINGS = { provisioning: 8_000, pending: 12_000, activating: 0, deactivating: 2_000, deprovisioning: 9_000 };
const STEP_MS = 1_000;
const PATIENCE_MS = 15 * 60_000;

const CAN: readonly Need[] = ['time', 'control', 'targets', 'traffic', 'quotas', 'throttling'];

/** What AWS leaves open. */
export interface Weather {
  readonly ecs?: Partial<EcsSwitches>;
  readonly elbv2?: Partial<Elbv2Options>;
}

export async function openInProcess(weather: Weather = {}): Promise<ArenaSource> {
  const dynamodb = await makeDynamoDb(undefined);
  const shared: Shared = { opened: 0 };
  return {
    implementations: { aws: 'mayfly-local', dynamodb: 'dynalite' },
    can: new Set(CAN),
    open: () => openArena(dynamodb, shared, weather),
    close: () => dynamodb.close(),
  };
}

/** DynamoDB is the one part that outlives a case: its names have to differ from those of other cases. */
interface Shared {
  opened: number;
  table?: Promise<string>;
}

async function openArena(dynamodb: DynamoDb, shared: Shared, weather: Weather): Promise<OpenArena> {
  const clock = makeFakeClock();
  const random = seeded(7);
  const behaviour: { refusal?: Refusal | undefined; lagMs: number } = { lagMs: 0 };
  const images = makeImages(registryHost(ACCOUNT, REGION), clock.now, [
    { repository: 'app', tag: 'latest', command: ['sleep', '600'] },
  ]);
  const logs = makeLogStore(clock.now);
  const ecs = makeEcs({
    account: ACCOUNT,
    region: REGION,
    clock,
    random,
    runner: makeScriptRunner(clock),
    images,
    logs,
    subnets: { 'subnet-00000000000000001': '10.1.0.0/16', [SMALL.id]: SMALL.cidr },
    timings: () => TIMINGS,
    failRunTask: () => behaviour.refusal,
    visibilityLagMs: () => behaviour.lagMs,
    deregistrationWindowMs: 10 * 60_000,
    vcpuQuota: () => 6,
    ...weather.ecs,
  });
  const targets = makeTargets();
  const elbv2 = makeElbv2({
    account: ACCOUNT,
    region: REGION,
    clock,
    random,
    prober: targets.prober,
    balancer: () => noBalancer,
    ...weather.elbv2,
  });
  const owners = { account: ACCOUNT, region: REGION };
  const services = [ecs.service, elbv2.service, makeLogs({ ...owners, store: logs }), makeEcr({ ...owners, images })];
  const limits: { gate?: Gate } = {};
  const answer = makeDispatcher(services, {
    gate: async (call, next) => (limits.gate ? limits.gate(call, next) : next()),
  });
  const dispatch: Dispatch = (request) => (isDynamoDb(request) ? dynamodb.dispatch(request) : answer(request));
  const clients = makeClients(dispatch);
  for (const clusterName of ['main', 'other']) await clients.ecs.send(new CreateClusterCommand({ clusterName }));

  const cleanups = makeCleanups();
  const name = makeNames(`in${++shared.opened}`);
  const listeners = new Map<string, ReturnType<typeof makeListener>>();
  const listener = (which: string) => {
    const made = listeners.get(which) ?? makeListener(clients.elbv2, SURROUNDINGS, name(which));
    listeners.set(which, made);
    return made;
  };
  const control: Control = {
    refuseTasks: (why) => void (behaviour.refusal = why),
    interrupt: (taskArn, code, reason) => void ecs.interrupt(taskArn, { code, reason }),
    hideNewTasks: (ms) => void (behaviour.lagMs = ms),
    throttle: () => void (limits.gate = makeGate({ throttle: makeThrottle({ clock }) })),
    smallSubnet: SMALL,
  };
  const arena: Arena = {
    ...clients,
    ...SURROUNDINGS,
    can: new Set(CAN),
    cluster: 'main',
    otherCluster: 'other',
    name,
    table: () => (shared.table ??= makeTable(clients.dynamodb, 'cf-items')),
    listener: () => listener('main'),
    otherListener: () => listener('other'),
    cleanup: cleanups.add,
    eventually: (fn) => eventually(clock, fn),
    passTime: (ms) => clock.advance(ms),
    target: async () => targets.make(),
    visit: async (listenerArn, host) => visit(elbv2, targets, listenerArn, host),
    control,
  };
  return { arena, close: () => closeArena(clock, ecs, elbv2, clients) };
}

/** What the case made goes with the world: nothing is left to clean up. */
async function closeArena(
  clock: FakeClock,
  ecs: ReturnType<typeof makeEcs>,
  elbv2: Elbv2,
  clients: Clients,
): Promise<readonly string[]> {
  const closing = ecs.close();
  await clock.advance(60_000);
  await closing;
  await elbv2.close();
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
  return [];
}

function makeClients(dispatch: Dispatch): Clients {
  const config = {
    region: REGION,
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: requestHandlerOf(dispatch),
  };
  return {
    ecs: new ECSClient(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    dynamodb: new DynamoDBClient(config),
    logs: new CloudWatchLogsClient(config),
    ecr: new ECRClient(config),
  };
}

async function eventually<T>(clock: FakeClock, fn: () => Promise<T>): Promise<T> {
  const until = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    try {
      return await fn();
    } catch (error) {
      if (clock.monotonic() >= until) throw error;
      await clock.advance(STEP_MS);
    }
  }
}

interface Targets {
  readonly prober: { probe(probe: { readonly ip: string }): Promise<ProbeAnswer> };
  make(): Target;
  statusOf(ip: string): number | undefined;
}

type ProbeAnswer = { readonly kind: 'response'; readonly status: number } | { readonly kind: 'timeout' };

function makeTargets(): Targets {
  const known = new Map<string, { status: number | undefined; checks: number }>();
  return {
    statusOf: (ip) => known.get(ip)?.status,
    prober: {
      async probe({ ip }) {
        const target = known.get(ip);
        if (target) target.checks += 1;
        return target?.status === undefined ? { kind: 'timeout' } : { kind: 'response', status: target.status };
      },
    },
    make() {
      const target: { status: number | undefined; checks: number } = { status: 200, checks: 0 };
      const ip = `10.3.0.${known.size + 1}`;
      known.set(ip, target);
      return { ip, port: 3001, answer: (status) => void (target.status = status), checks: () => target.checks };
    },
  };
}

function visit(elbv2: Elbv2, targets: Targets, listenerArn: string, host: string): Visit {
  const route = elbv2.route(listenerArn, { host, url: '/' });
  switch (route.kind) {
    case 'target':
      return { status: targets.statusOf(route.ip) ?? 504, from: route.ip };
    case 'answer':
      return { status: route.action.type === 'fixed-response' ? route.action.statusCode : 302, from: undefined };
    case 'unavailable':
      return { status: 503, from: undefined };
  }
}

/** Ids that differ and are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
