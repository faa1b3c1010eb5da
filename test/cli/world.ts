/** A team's AWS on loopback, its configuration in a file, and the `mayfly` command as a person runs it. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteRuleCommand, DescribeRulesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import { runCli } from '../../src/cli/program.ts';
import { formatFaults } from '../../src/config/faults.ts';
import { loadConfig } from '../../src/config/load.ts';
import { BASE_FAMILY, CLUSTER, CONTAINER, REGION, SUBNET } from '../../src/local/demo/provision.ts';
import type { Config } from '../../src/model/config.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { makeDynamoStore } from '../../src/store/dynamodb.ts';
import { SECRET } from '../local/github/support.ts';
import { type AwsWorld, begin, DOMAIN, startAwsWorld, TABLE } from '../operator-world.ts';

/** Operators and programs start here for real, on machines that may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const { privateKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** Of a variable of the app: nobody's terminal has to show it. */
export const VALUE = 'value-that-stays-inside';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (args: readonly string[], env?: Readonly<Record<string, string | undefined>>) => Promise<Ended>;

export type Item = Readonly<Record<string, unknown>>;

export interface CliWorld {
  readonly aws: AwsWorld;
  /** Runs the command in this process, without a terminal; a variable that is undefined is taken away. */
  readonly mayfly: Run;
  /** The same in a process of its own, as in a pipe. */
  readonly program: Run;
  /** Lets an operator work until every one of these is as it should be, and stops it. */
  operate(...sessions: readonly string[]): Promise<void>;
  put(item: Item): Promise<void>;
  remove(session: string): Promise<void>;
  /** As a hand does it in the console: every rule of the host. */
  deleteRules(host: string): Promise<void>;
}

export interface Wish {
  readonly policy?: Item;
  /** Domains of further listeners, by name. They do not exist. */
  readonly listeners?: Readonly<Record<string, string>>;
}

export async function startCliWorld(wish: Wish = {}): Promise<CliWorld> {
  const aws = await startAwsWorld();
  const dir = await mkdtemp(join(tmpdir(), 'mayfly-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'mayfly.yaml');
  const yaml = stringify(fileOf(aws, wish));
  await writeFile(path, yaml);
  const config = configOf(yaml);
  const { dynamodb: client } = aws.clients;
  const store = makeDynamoStore({ client, table: TABLE });
  await store.prepare(true);
  return {
    aws,
    mayfly: (args, env) => runHere(args, { MAYFLY_SIGNING_KEY: privateKey, MAYFLY_CONFIG: path, ...env }),
    program: (args, env) => runProgram(args, { MAYFLY_SIGNING_KEY: privateKey, MAYFLY_CONFIG: path, ...env }),
    operate: (...sessions) => operate(config, store, sessions),
    async put(item) {
      await client.send(new PutItemCommand({ TableName: TABLE, Item: marshall(item) }));
    },
    async remove(session) {
      await client.send(new DeleteItemCommand({ TableName: TABLE, Key: { session_id: { S: session } } }));
    },
    async deleteRules(host) {
      const { elbv2 } = aws.clients;
      const { Rules = [] } = await elbv2.send(new DescribeRulesCommand({ ListenerArn: aws.provisioned.listenerArn }));
      const own = Rules.filter(({ Conditions = [] }) => Conditions.some(({ Values = [] }) => Values.includes(host)));
      for (const { RuleArn } of own) await elbv2.send(new DeleteRuleCommand({ RuleArn }));
    },
  };
}

/** A record that a person made: wanted, at a commit. */
export function record(session: string, change: Item = {}): Item {
  const branch = session.replace(/^tt-/, '');
  return {
    session_id: session,
    project: 'web',
    repo: 'demo/web',
    branch,
    commit: 'a'.repeat(40),
    wanted: true,
    ...change,
  };
}

export const hostOf = (session: string): string => `${session}.${DOMAIN}`;

function fileOf({ endpoint, provisioned }: AwsWorld, { policy, listeners = {} }: Wish): Item {
  const anyPort = { host: '127.0.0.1', port: 0 };
  const { listenerArn: arn, vpcId, frontDoorTargetGroupArn } = provisioned;
  const more = Object.entries(listeners).map(([name, domain]) => {
    const other = arn.replace(/[^/]+$/, name);
    return [name, { arn: other, vpcId, frontDoorTargetGroupArn, domain }];
  });
  return {
    installation: 'test',
    aws: { region: REGION, endpoint },
    cluster: CLUSTER,
    store: { table: TABLE, leaseTable: `${TABLE}-leases`, createTables: true },
    network: { subnets: [SUBNET], securityGroups: ['sg-local'] },
    listeners: { main: { arn, vpcId, frontDoorTargetGroupArn, domain: DOMAIN }, ...Object.fromEntries(more) },
    projects: {
      web: {
        repo: 'demo/web',
        prefix: 'tt',
        listener: 'main',
        taskDefinition: BASE_FAMILY,
        container: CONTAINER,
        supervisor: false,
        env: { API_TOKEN: VALUE },
      },
    },
    http: { webhooks: anyPort, frontDoor: anyPort, admin: anyPort },
    github: { apiUrl: 'http://127.0.0.1:1' },
    policy: { transition: '20ms', ...policy },
    intervals: { poll: '100ms', resync: '1s' },
  };
}

function configOf(yaml: string): Config {
  const env = { MAYFLY_WEBHOOK_SECRET: SECRET, MAYFLY_SIGNING_KEY: privateKey };
  const loaded = loadConfig({ env, readFile: () => yaml });
  if (!loaded.ok) throw new Error(formatFaults(loaded.faults));
  return loaded.config;
}

type Store = ReturnType<typeof makeDynamoStore>;

async function operate(config: Config, store: Store, sessions: readonly string[]): Promise<void> {
  const operator = await begin(config).operator;
  await vi.waitFor(
    async () => {
      for (const session of sessions) expect(await store.get(session)).toMatchObject({ state: 'RUNNING' });
    },
    { timeout: 45_000, interval: 20 },
  );
  await operator.stop();
}

type Env = Readonly<Record<string, string | undefined>>;

async function runHere(args: readonly string[], env: Env): Promise<Ended> {
  const printed = { stdout: '', stderr: '' };
  const output = (name: keyof typeof printed) => ({ write: (text: string) => void (printed[name] += text) });
  const terminal = { stdout: output('stdout'), stderr: output('stderr'), env, readFile, clock: systemClock };
  const code = await runCli(args, terminal);
  return { code, ...printed };
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}

async function runProgram(args: readonly string[], env: Env): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code: code as number | null, stdout, stderr };
}
