/** Any implementation that is reached over HTTP: another process, another emulator, or AWS itself. In real time. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { CreateClusterCommand, DeleteClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import { DeleteLoadBalancerCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena, ArenaSource, Clients, Listener, Need, Surroundings } from './arena.ts';
import type { Control } from './control.ts';
import { type Cleanups, makeCleanups, makeNames } from './names.ts';
import { makeListener, makeTable } from './setting.ts';
import { inTurn } from './steps.ts';

export interface EndpointOptions {
  /** Absent: AWS. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** Absent: the SDK's own search. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly implementations: ArenaSource['implementations'];
  /** In the names of all that is made: lower-case letters and digits. */
  readonly runId: string;
  readonly surroundings: Surroundings;
  readonly can?: readonly Need[];
  /** Between two looks at what is to change, and until giving up. */
  readonly stepMs: number;
  readonly patienceMs: number;
  /** How often a call is tried that was throttled or failed; 1 for an implementation that does neither. */
  readonly maxAttempts?: number;
  readonly powers?: Partial<Pick<Arena, 'target' | 'visit'>> & { readonly control?: Control };
  /** Called after each case. */
  readonly settle?: (cleanups: Cleanups) => Promise<void>;
  /** Told what could not be removed at the end. */
  readonly onLeftovers?: (what: readonly string[]) => void;
}

/** Makes two clusters; a table and a load balancer once a case wants them. `close` removes them all. */
export async function openEndpoint(options: EndpointOptions): Promise<ArenaSource> {
  const clients = makeClients(options);
  const name = makeNames(options.runId);
  const things = makeCleanups();
  const clusters = await inTurn(2, () => makeCluster(clients, things, name('cluster')));
  const once = makeOnce(options, clients, things, name);
  const can = new Set(options.can ?? []);
  return {
    implementations: options.implementations,
    can,
    async open() {
      const cleanups = makeCleanups();
      const arena: Arena = {
        ...clients,
        ...options.surroundings,
        can,
        cluster: clusters[0] ?? '',
        otherCluster: clusters[1] ?? '',
        name,
        ...once,
        cleanup: cleanups.add,
        eventually: (fn) => eventually(options, fn),
        passTime: () => unable('time'),
        target: options.powers?.target ?? (() => unable('targets')),
        visit: options.powers?.visit ?? (() => unable('traffic')),
        control: options.powers?.control ?? NO_CONTROL,
      };
      return { arena, close: () => finish(options, cleanups) };
    },
    async close() {
      const left = await things.run();
      if (left.length > 0) options.onLeftovers?.(left);
      for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
    },
  };
}

async function finish({ settle }: EndpointOptions, cleanups: Cleanups): Promise<readonly string[]> {
  const left = await cleanups.run();
  await settle?.(cleanups);
  return left;
}

/** A judge lets no case run that would come here. */
function unable(need: Need): never {
  throw new Error(`this arena cannot do what the case needs: ${need}`);
}

const NO_CONTROL: Control = {
  refuseTasks: () => unable('control'),
  interrupt: () => unable('control'),
  hideNewTasks: () => unable('control'),
  throttle: () => unable('throttling'),
  smallSubnet: { id: '', addresses: 0 },
};

async function makeCluster({ ecs }: Clients, things: Cleanups, clusterName: string): Promise<string> {
  await ecs.send(new CreateClusterCommand({ clusterName }));
  things.add(() => ecs.send(new DeleteClusterCommand({ cluster: clusterName })));
  return clusterName;
}

function makeOnce(
  { surroundings, stepMs }: EndpointOptions,
  { dynamodb, elbv2 }: Clients,
  things: Cleanups,
  name: (what: string) => string,
): Pick<Arena, 'table' | 'listener' | 'otherListener'> {
  let table: Promise<string> | undefined;
  const newTable = (): Promise<string> => {
    const TableName = name('table');
    things.add(() => dynamodb.send(new DeleteTableCommand({ TableName })));
    return makeTable(dynamodb, TableName, () => sleep(stepMs));
  };
  const newListener = async (port: number): Promise<Listener> => {
    const made = await makeListener(elbv2, surroundings, name('lb'), port);
    things.add(() => elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: made.loadBalancerArn })));
    return made;
  };
  const listeners: Record<number, Promise<Listener>> = {};
  return {
    table: () => (table ??= newTable()),
    listener: () => (listeners[8_000] ??= newListener(8_000)),
    otherListener: () => (listeners[8_001] ??= newListener(8_001)),
  };
}

async function eventually<T>({ stepMs, patienceMs }: EndpointOptions, fn: () => Promise<T>): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    try {
      return await fn();
    } catch (error) {
      if (Date.now() >= until) throw error;
      await sleep(stepMs);
    }
  }
}

function makeClients({ endpoint, region, credentials, maxAttempts = 1 }: EndpointOptions): Clients {
  const config = {
    region,
    maxAttempts,
    ...(maxAttempts > 1 && { retryMode: 'adaptive' }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
  };
  return {
    ecs: new ECSClient(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    dynamodb: new DynamoDBClient(config),
    logs: new CloudWatchLogsClient(config),
    ecr: new ECRClient(config),
  };
}
