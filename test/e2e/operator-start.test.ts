/** Starts that go wrong: what the terminal shows, and the exit code. Against a real local AWS and real ports. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Child, startChild } from '../../src/local/demo/child.ts';
import { freePorts, type Ports } from '../../src/local/demo/ports.ts';
import { type AwsClients, makeAwsClients } from '../../src/local/demo/provision.ts';
import { until } from '../../src/local/demo/until.ts';
import { LONG_MS } from './support/looks.ts';
import { type Program, startProgram } from './support/program.ts';

const LISTENER =
  'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/mayfly/0123456789abcdef/0123456789abcdef';
const FRONT_DOOR = 'arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/front-door/0123456789abcdef';

let dir: string;
let ports: Ports;
let aws: Child;
let clients: AwsClients;
let configs = 0;
const programs: Program[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mayfly-e2e-start-'));
  ports = await freePorts();
  aws = startChild({
    name: 'the local AWS',
    script: join(import.meta.dirname, '../../src/local/main.ts'),
    args: ['aws', '--port', String(ports.aws), '--addresses', '127.40.3.0/24'],
    logFile: join(dir, 'aws.log'),
  });
  await aws.ready;
  clients = makeAwsClients(`http://127.0.0.1:${ports.aws}`);
});

afterAll(async () => {
  for (const program of programs) program.signal('SIGKILL');
  clients?.close();
  await aws?.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Wish {
  readonly http?: Partial<Record<'webhooks' | 'frontDoor' | 'admin', number>>;
  readonly store?: object;
  readonly awsPort?: number;
}

/** A configuration without faults, but for what is wished; ports that nobody named are any free ones. */
function configOf({ http = {}, store }: Wish): object {
  const address = (port = 0): object => ({ host: '127.0.0.1', port });
  return {
    installation: 'start',
    aws: { region: 'us-east-1' },
    cluster: 'mayfly',
    store: store ?? { table: 'start', createTables: true },
    network: { subnets: ['subnet-local'], securityGroups: ['sg-local'] },
    listeners: {
      local: { arn: LISTENER, vpcId: 'vpc-local', frontDoorTargetGroupArn: FRONT_DOOR, domain: 'localhost' },
    },
    projects: {
      web: { repo: 'demo/web', prefix: 'web', taskDefinition: 'web', container: 'app', labels: { uat: 'latest' } },
    },
    http: { webhooks: address(http.webhooks), frontDoor: address(http.frontDoor), admin: address(http.admin) },
  };
}

async function startOperator(config: object | string, wish: Wish = {}): Promise<Program> {
  const file = join(dir, `mayfly-${(configs += 1)}.yaml`);
  await writeFile(file, typeof config === 'string' ? config : stringify(config));
  const { privateKey } = generateKeyPairSync('ed25519');
  const program = startProgram('main.ts', [], {
    MAYFLY_CONFIG: file,
    MAYFLY_WEBHOOK_SECRET: 'a secret of this test alone',
    MAYFLY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${wish.awsPort ?? ports.aws}`,
  });
  programs.push(program);
  return program;
}

/** Ends as it should, and prints no stack trace. */
async function ends(program: Program, code: number, words: readonly string[]): Promise<void> {
  expect(await program.exited, program.output()).toBe(code);
  for (const word of words) expect(program.output()).toContain(word);
  expect(program.output()).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

async function listenSomewhere(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

describe('a port that is taken', () => {
  it.concurrent.each(['webhooks', 'frontDoor', 'admin'] as const)(
    'http.%s: named with its setting, exit 1',
    async (name) => {
      const { server, port } = await listenSomewhere();
      const program = await startOperator(configOf({ http: { [name]: port } }));
      await ends(program, 1, [`port ${port}`, '127.0.0.1', 'is taken', `http.${name}.port`]);
      server.close();
    },
  );
});

describe('a configuration that is wrong', () => {
  it.concurrent('all faults at once, exit 78', async () => {
    const program = await startOperator({
      installation: 'Not-Allowed',
      cluster: 'mayfly',
      listeners: {
        local: { arn: 'arn:nothing', vpcId: 'vpc-1', frontDoorTargetGroupArn: FRONT_DOOR, domain: 'localhost' },
      },
      projects: { web: { repo: 'no-owner', prefix: 'web', taskDefinition: 'web', container: 'app', lables: {} } },
      workers: 'many',
    });
    await ends(program, 78, [
      'installation',
      'listeners.local.arn',
      'projects.web.repo',
      'projects.web.lables',
      'labels',
      'workers',
      '"many"',
    ]);
  });

  it.concurrent('a file that is no YAML, exit 78', async () => {
    await ends(await startOperator('installation: [unclosed\nprojects: {'), 78, ['valid YAML', '.yaml:2)']);
  });

  it.concurrent('no file and no secrets, exit 78', async () => {
    const program = startProgram('main.ts', [], { MAYFLY_CONFIG: join(dir, 'missing.yaml') });
    programs.push(program);
    await ends(program, 78, ['missing.yaml', 'MAYFLY_WEBHOOK_SECRET', 'MAYFLY_SIGNING_KEY']);
  });
});

describe('a table that is wrong', () => {
  it.concurrent('another key: told with the fix, exit 78', async () => {
    await clients.dynamodb.send(
      new CreateTableCommand({
        TableName: 'wrong-key',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    const program = await startOperator(configOf({ store: { table: 'wrong-key' } }));
    await ends(program, 78, ['wrong-key', 'id (S, HASH)', 'session_id (S, HASH)', 'store.table']);
  });

  it.concurrent('none: told with the command that makes it, exit 78', async () => {
    const program = await startOperator(configOf({ store: { table: 'none-there' } }));
    await ends(program, 78, ['none-there', 'store.createTables', 'aws dynamodb create-table']);
  });
});

describe('an AWS that does not answer', () => {
  it('is tried again visibly; SIGTERM ends the operator at once with code 0', async () => {
    const { server, port: awsPort } = await listenSomewhere();
    await new Promise((resolve) => server.close(resolve));
    const { server: held, port: admin } = await listenSomewhere();
    await new Promise((resolve) => held.close(resolve));
    const program = await startOperator(configOf({ http: { admin } }), { awsPort });
    await until('it says that it tries again', async () => program.output().includes('trying again'), LONG_MS);
    const ready = await fetch(`http://127.0.0.1:${admin}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ failing: expect.arrayContaining(['store']) });
    program.signal('SIGTERM');
    expect(await program.exited).toBe(0);
    // It did not sit out its pause first.
    expect(program.output().match(/trying again/g)).toHaveLength(1);
    expect(program.output()).not.toContain('"level":60');
  });

  it('that accepts and never answers does not hold up SIGTERM either', async () => {
    const { server, port: awsPort } = await listenSomewhere();
    const program = await startOperator(configOf({}), { awsPort });
    await once(server, 'connection');
    program.signal('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.output()).not.toContain('trying again');
    server.close();
  });
});
