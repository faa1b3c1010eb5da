/** An operator in process, with an AWS and a GitHub that listen on loopback. Tasks run by name only. */
import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { noBalancer } from '../src/local/aws/elbv2/balancer/port.ts';
import { makeElbv2 } from '../src/local/aws/elbv2/elbv2.ts';
import { listen } from '../src/local/aws/http.ts';
import type { CallRecord } from '../src/local/aws/record/recorder.ts';
import { startLocalAws, systemClock } from '../src/local/aws/server.ts';
import { header, type WireRequest } from '../src/local/aws/wire/message.ts';
import {
  type AwsClients,
  BASE_FAMILY,
  CLUSTER,
  CONTAINER,
  makeAwsClients,
  type Provisioned,
  provision,
  REGION,
  REPOSITORY,
  SUBNET,
} from '../src/local/demo/provision.ts';
import type { Config } from '../src/model/config.ts';
import { DEFAULT_POLICY } from '../src/model/policy.ts';
import { type Operator, startOperator } from '../src/operator.ts';
import { makeNamedRunner } from './aws/local-world.ts';
import { SECRET } from './local/github/support.ts';

export const TABLE = 'environments';
export const DOMAIN = 'preview.test';

interface Gate {
  open: boolean;
  /** Every other service's calls are answered 503. */
  onlyDynamoDb?: boolean;
}

export interface AwsWorld {
  readonly endpoint: string;
  readonly clients: AwsClients;
  readonly provisioned: Provisioned;
  /** Every call since the start, with what IAM would be asked about it. */
  readonly calls: readonly CallRecord[];
  /** While false, every call is answered 503. */
  readonly gate: Gate;
}

export async function startAwsWorld(): Promise<AwsWorld> {
  const account = '000000000000';
  const runner = makeNamedRunner();
  const elbv2 = makeElbv2({
    account,
    region: REGION,
    clock: systemClock,
    prober: { probe: async () => ({ kind: 'response', status: 200 }) },
    balancer: () => noBalancer,
    registrationMs: 1,
    healthCheckIntervalScale: 0.01,
  });
  const images = [{ repository: REPOSITORY, tag: 'latest', command: ['serve'] }];
  const timings = { provisioning: 1, pending: 1, deactivating: 1, deprovisioning: 1 };
  const calls: CallRecord[] = [];
  const aws = await startLocalAws({
    port: 0,
    region: REGION,
    runner,
    images,
    timings,
    extraServices: [elbv2.service],
    onCall: (call) => void calls.push(call),
  });
  const gate: Gate = { open: true };
  const away = { status: 503, headers: {}, body: 'away' };
  const door = await listen(async (call) => (isOpen(gate, call) ? await aws.dispatch(call) : away), '127.0.0.1', 0);
  const clients = makeAwsClients(door.url);
  onTestFinished(async () => {
    clients.close();
    await door.close();
    await aws.close();
    await elbv2.close();
  });
  const wish = {
    balancerPort: 8_000,
    frontDoorPort: 8_081,
    gitUrl: 'file:///nowhere',
    npmCache: '/nowhere',
    cacheDir: '/nowhere',
  };
  return { endpoint: door.url, clients, provisioned: await provision(clients, wish), calls, gate };
}

function isOpen({ open, onlyDynamoDb = false }: Gate, call: WireRequest): boolean {
  return open && (!onlyDynamoDb || header(call, 'x-amz-target').startsWith('DynamoDB'));
}

const { privateKey } = generateKeyPairSync('ed25519');

export interface ConfigInput {
  readonly awsEndpoint: string;
  readonly provisioned?: Provisioned;
  readonly githubUrl?: string;
  readonly createTables?: boolean;
  readonly ports?: Partial<Record<keyof Config['http'], number>>;
}

export function configOf({
  awsEndpoint,
  provisioned,
  githubUrl,
  createTables = true,
  ports = {},
}: ConfigInput): Config {
  const at = (name: keyof Config['http']) => ({ host: '127.0.0.1', port: ports[name] ?? 0 });
  const listener = {
    name: 'main',
    arn: provisioned?.listenerArn ?? 'arn:none',
    vpcId: provisioned?.vpcId ?? 'vpc-none',
    frontDoorTargetGroupArn: provisioned?.frontDoorTargetGroupArn ?? 'arn:none',
    domain: DOMAIN,
    url: 'https://{host}',
  };
  return {
    installation: 'test',
    region: REGION,
    awsEndpoint,
    store: { table: TABLE, leaseTable: `${TABLE}-leases`, createTables },
    listeners: [listener],
    projects: [
      {
        name: 'web',
        repo: 'demo/web',
        prefix: 'tt',
        labels: [{ label: 'uat', imageTag: 'latest', agent: false }],
        defaultTag: 'latest',
        listener,
        cluster: CLUSTER,
        launchType: 'FARGATE',
        network: { subnets: [SUBNET], securityGroups: [], assignPublicIp: false },
        taskDefinition: BASE_FAMILY,
        container: CONTAINER,
        port: 3_001,
        env: {},
        supervisor: false,
      },
    ],
    http: { webhooks: at('webhooks'), frontDoor: at('frontDoor'), admin: at('admin') },
    github: { apiUrl: githubUrl ?? 'http://127.0.0.1:1', webUrl: 'https://github.test' },
    policy: { ...DEFAULT_POLICY, settleMs: 10, transitionMs: 20, controlMs: 50, backoffBaseMs: 20 },
    intervals: { pollMs: 50, resyncMs: 200 },
    workers: 2,
    logLevel: 'info',
    secrets: {
      webhookSecret: SECRET,
      signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
  };
}

export interface Line {
  readonly msg: string;
  readonly port?: number;
}

export interface Starting {
  readonly operator: Promise<Operator>;
  /** What it has logged. */
  readonly lines: readonly Line[];
  readonly abort: AbortController;
}

/** Starts an operator that is stopped with the test, if it has come up. */
export function begin(config: Config): Starting {
  const lines: Line[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  });
  const abort = new AbortController();
  const operator = startOperator(config, pino({ level: 'info' }, sink), abort.signal);
  onTestFinished(async () => {
    abort.abort(new Error('the test is over'));
    await operator.then(
      (started) => started.stop(),
      () => undefined,
    );
  });
  return { operator, lines, abort };
}

export interface Page {
  readonly status: number;
  readonly body: string;
}

/** GET on a connection of its own. */
export async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  return await new Promise((resolve, reject) => {
    request(url, { agent: false, headers })
      .on('response', (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      })
      .on('error', reject)
      .end();
  });
}

export async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port) }, () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
