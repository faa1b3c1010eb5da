/**
 * The clients of one region. The SDK's own retries are off and its timeouts shorter than a lease: one place retries, the
 * reconcile loop, and one place limits, `call.ts`.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient, type ECSClientConfig } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { fromEnv } from '@aws-sdk/credential-provider-env';
import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { makeBuckets } from './buckets.ts';
import { type Call, CALL_TIMEOUT_MS, type CallGuard, type Caller, type CallOptions, makeCaller } from './call.ts';
import { makeEcr } from './ecr.ts';
import { makeEcs } from './ecs.ts';
import { makeElbv2 } from './elbv2.ts';
import { makeLogs } from './logs.ts';
import type { Aws } from './ports.ts';

export interface AwsOptions {
  readonly region: string;
  /** Reaches anything that speaks AWS's protocols; all services at one URL. */
  readonly endpoint?: string | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Carries the requests instead of the network. */
  readonly requestHandler?: ECSClientConfig['requestHandler'];
  /** From 0 up to 1; spreads the pause after a throttled answer. Absent: no spread. */
  readonly random?: (() => number) | undefined;
  /** Called right before a call that changes something is sent; throws to stop it, e.g. when the lease is nearly over. */
  readonly beforeMutation?: CallOptions['beforeMutation'];
}

const TIMEOUTS = {
  connectionTimeout: 2_000,
  requestTimeout: CALL_TIMEOUT_MS,
  // Without it the SDK only logs a warning.
  throwOnRequestTimeout: true,
  socketTimeout: CALL_TIMEOUT_MS,
};

/** AWS, also for a limited time. */
export interface LimitedAws extends Aws {
  /** The same AWS, for as long as the guard allows. */
  during(guard: CallGuard): Aws;
}

export function makeAws(options: AwsOptions): LimitedAws & { close(): Promise<void> } {
  const { clock, metrics, beforeMutation, random = () => 0 } = options;
  const config = clientConfig(options);
  const caller = makeCaller({ clock, metrics, buckets: makeBuckets(clock, random), beforeMutation });
  const ecs = withoutLog(new ECSClient(config));
  const elbv2 = withoutLog(new ElasticLoadBalancingV2Client(config));
  const logs = withoutLog(new CloudWatchLogsClient(config));
  const ecr = makeClientsByRegion((region) => withoutLog(new ECRClient({ ...config, region })));

  const clients = { ecs, elbv2, logs, ecr: ecr.get };
  return {
    ...limitedPortsOver(clients, caller, clock),
    async close() {
      caller.close();
      for (const client of [ecs, elbv2, logs, ...ecr.all()]) client.destroy();
    },
  };
}

export interface AwsClients {
  readonly ecs: ECSClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly logs: CloudWatchLogsClient;
  /** A registry is asked in its own region. */
  readonly ecr: (region: string) => ECRClient;
}

/** The ports over clients that are there already; every call goes through `call`. */
export function portsOver(clients: AwsClients, call: Call, clock: Clock): Aws {
  return {
    ecs: makeEcs(clients.ecs, call, clock),
    elbv2: makeElbv2(clients.elbv2, call),
    ecr: makeEcr(clients.ecr, call),
    logs: makeLogs(clients.logs, call),
  };
}

/** The same, also for a limited time. */
export function limitedPortsOver(
  clients: AwsClients,
  caller: Pick<Caller, 'call' | 'during'>,
  clock: Clock,
): LimitedAws {
  return {
    ...portsOver(clients, caller.call, clock),
    during: (guard) => portsOver(clients, caller.during(guard), clock),
  };
}

/** The SDK copies every answer, page by page, for a log that nobody reads. */
function withoutLog<Client extends { readonly middlewareStack: { remove(name: string): boolean } }>(
  client: Client,
): Client {
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

function clientConfig({ region, endpoint, requestHandler }: AwsOptions) {
  return {
    region,
    maxAttempts: 1,
    requestHandler: requestHandler ?? { ...TIMEOUTS },
    ...(endpoint === undefined ? {} : { endpoint, credentials: environmentOrDummy }),
  };
}

/** An endpoint of one's own rarely checks signatures, and the default chain would ask the instance's metadata service. */
async function environmentOrDummy() {
  try {
    return await fromEnv()();
  } catch {
    return { accessKeyId: 'local', secretAccessKey: 'local' };
  }
}

function makeClientsByRegion<T>(make: (region: string) => T) {
  const clients = new Map<string, T>();
  return {
    get(region: string): T {
      const client = clients.get(region) ?? make(region);
      clients.set(region, client);
      return client;
    },
    all: () => clients.values(),
  };
}
