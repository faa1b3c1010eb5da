import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateClusterCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import type { Task } from '@aws-sdk/client-ecs';
import { DescribeLoadBalancersInput$, DescribeLoadBalancersOutput$ } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ProcessIdentity } from '../../../src/local/aws/runner/port.ts';
import { startTimeOf } from '../../../src/local/aws/runner/process-identity.ts';
import { startLocalAws } from '../../../src/local/aws/server.ts';
import type { LocalAws, LocalAwsOptions } from '../../../src/local/aws/server.ts';
import type { Service } from '../../../src/local/aws/service.ts';
import { requestHandlerOf } from '../../../src/local/aws/wire/request-handler.ts';

/** Serves its environment at its own address on a port that every task has, as on awsvpc. */
const SERVER = `
  const http = require('node:http');
  http.createServer((_, answer) => answer.end(JSON.stringify(process.env)))
    .listen({ host: process.env.BIND_ADDRESS, port: Number(process.env.PORT) }, () => console.log('listening on ' + process.env.BIND_ADDRESS));
  process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });
`;
const STUBBORN = "process.on('SIGTERM', () => {}); console.log('here'); setInterval(() => {}, 1000);";

const open: LocalAws[] = [];
let directory = '';
/** Not the ephemeral range: the same port at another address is what is tested. */
const PORT = '18080';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mayfly-aws-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((aws) => aws.close()));
  await rm(directory, { recursive: true, force: true });
});

async function start(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const aws = await startLocalAws({
    port: 0,
    stopTimeoutSeconds: 1,
    images: [
      { repository: 'app', tag: 'latest', command: [process.execPath, '-e', SERVER], env: { PORT } },
      { repository: 'app', tag: 'stubborn', command: [process.execPath, '-e', STUBBORN] },
    ],
    ...options,
  });
  open.push(aws);
  return aws;
}

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Clients over a socket, and clients in process. */
const transports = {
  http: (aws: LocalAws) => ({ region: 'us-east-1', credentials, maxAttempts: 1, endpoint: aws.endpoint }),
  'in process': (aws: LocalAws) => ({
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    requestHandler: requestHandlerOf(aws.dispatch),
  }),
};

async function prepare(ecs: ECSClient, aws: LocalAws, tag = 'latest'): Promise<void> {
  const options = { 'awslogs-group': '/apps', 'awslogs-stream-prefix': 'ecs', 'awslogs-create-group': 'true' };
  await ecs.send(new CreateClusterCommand({ clusterName: 'main' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'app',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        { name: 'web', image: `${aws.registry}/app:${tag}`, logConfiguration: { logDriver: 'awslogs', options } },
      ],
    }),
  );
}

async function run(ecs: ECSClient, change: object = {}): Promise<string> {
  const answer = await ecs.send(
    new RunTaskCommand({
      cluster: 'main',
      taskDefinition: 'app',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-local'] } },
      ...change,
    }),
  );
  return answer.tasks?.[0]?.taskArn ?? '';
}

async function describeTask(ecs: ECSClient, arn: string): Promise<Task> {
  const answer = await ecs.send(new DescribeTasksCommand({ cluster: 'main', tasks: [arn] }));
  return answer.tasks?.[0] ?? {};
}

const until = (ecs: ECSClient, arn: string, status: string): Promise<Task> =>
  vi.waitFor(
    async () => {
      const task = await describeTask(ecs, arn);
      expect(task.lastStatus).toBe(status);
      return task;
    },
    { timeout: 10_000 },
  );

const logged = (aws: LocalAws, text: string): Promise<void> =>
  vi.waitFor(
    () => {
      const streams = [...(aws.logs.group('/apps')?.streams.values() ?? [])];
      expect(streams.flatMap((stream) => stream.events.map((event) => event.message)).join('\n')).toContain(text);
    },
    { timeout: 10_000 },
  );

const identities = (aws: LocalAws): ProcessIdentity[] =>
  Object.values(aws.ecs.state.tasks).flatMap((task) => task.containers.flatMap((container) => container.process ?? []));

describe.each(Object.entries(transports))('the local AWS over %s', (_name, settingsOf) => {
  it('runs tasks that serve at an address of their own, and stops them', async () => {
    const aws = await start();
    const settings = settingsOf(aws);
    const ecs = new ECSClient(settings);
    const logs = new CloudWatchLogsClient(settings);
    await prepare(ecs, aws);
    const arns = [await run(ecs), await run(ecs)];
    await logged(aws, 'listening on 127.20.0.4');
    await logged(aws, 'listening on 127.20.0.5');
    const task = await until(ecs, arns[0] ?? '', 'RUNNING');
    const address = task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
    const answer = await fetch(`http://${address}:${PORT}/`);
    expect(await answer.json()).toMatchObject({ BIND_ADDRESS: '127.20.0.4', PORT });

    await ecs.send(new StopTaskCommand({ cluster: 'main', task: arns[0] ?? '', reason: 'test' }));
    const stopped = await until(ecs, arns[0] ?? '', 'STOPPED');
    expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'test', containers: [{ exitCode: 0 }] });
    const logStreamName = `ecs/web/${arns[0]?.split('/').at(-1)}`;
    const { events } = await logs.send(new GetLogEventsCommand({ logGroupName: '/apps', logStreamName }));
    expect(events?.map((event) => event.message)).toEqual(['listening on 127.20.0.4', 'bye']);
  });

  it('stores tables', async () => {
    const aws = await start();
    const db = new DynamoDBClient(settingsOf(aws));
    await db.send(
      new CreateTableCommand({
        TableName: 'environments',
        KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await waitUntilTableExists(
      { client: db, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 },
      { TableName: 'environments' },
    );
    const put = new PutItemCommand({
      TableName: 'environments',
      Item: { session_id: { S: 'ü-1' } },
      ConditionExpression: 'attribute_not_exists(session_id)',
    });
    await db.send(put);
    await expect(db.send(put)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    const { Items } = await db.send(new ScanCommand({ TableName: 'environments' }));
    expect(Items).toEqual([{ session_id: { S: 'ü-1' } }]);
    await expect(db.send(new GetItemCommand({ TableName: 'none', Key: { id: { S: 'a' } } }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('tells which images there are, also those added later', async () => {
    const aws = await start();
    const ecr = new ECRClient(settingsOf(aws));
    aws.images.add({ repository: 'late', tag: 'v1', command: ['true'] });
    const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'late' }));
    expect(imageDetails).toMatchObject([{ imageTags: ['v1'] }]);
  });

  it('serves what else it is given', async () => {
    const extra: Service = {
      protocol: 'query',
      target: '2015-12-01',
      namespace: 'urn:elb',
      signingName: 'elasticloadbalancing',
      operations: {
        DescribeLoadBalancers: {
          input: DescribeLoadBalancersInput$,
          output: DescribeLoadBalancersOutput$,
          handle: () => ({ LoadBalancers: [{ LoadBalancerName: 'local' }] }),
        },
      },
    };
    const aws = await start({ extraServices: [extra] });
    const { ElasticLoadBalancingV2Client, DescribeLoadBalancersCommand } = await import(
      '@aws-sdk/client-elastic-load-balancing-v2'
    );
    const elb = new ElasticLoadBalancingV2Client(settingsOf(aws));
    const answer = await elb.send(new DescribeLoadBalancersCommand({}));
    expect(answer.LoadBalancers?.[0]?.LoadBalancerName).toBe('local');
  });
});

describe('the socket', () => {
  it('answers what it does not understand', async () => {
    const { endpoint } = await start();
    const answer = await fetch(endpoint);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('MissingAction')]);
    const dynamo = { 'x-amz-target': 'DynamoDB_20120810.PutItem', 'content-type': 'application/x-amz-json-1.0' };
    for (const body of ['{', 'null', '[]', '']) {
      expect((await fetch(endpoint, { method: 'POST', body, headers: dynamo })).status).toBeGreaterThanOrEqual(400);
      const signed = {
        ...dynamo,
        authorization: 'AWS4-HMAC-SHA256 Credential=a, Signature=b, SignedHeaders=c',
        'x-amz-date': 'x',
      };
      expect((await fetch(endpoint, { method: 'POST', body, headers: signed })).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('does not answer web pages', async () => {
    const { endpoint } = await start();
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { origin: 'http://evil.example' },
      body: new URLSearchParams({ Action: 'DescribeRules' }),
    });
    expect(answer.status).toBe(403);
  });

  it('refuses bodies without end, and outlives clients that go away', async () => {
    const { endpoint } = await start();
    const { port, hostname } = new URL(endpoint);
    const socket = createConnection({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.PutItem\r\ncontent-length: 100\r\n\r\n{',
    );
    socket.destroy();
    const large = await fetch(endpoint, { method: 'POST', body: Buffer.alloc(16 * 1024 * 1024 + 1) });
    expect(large.status).toBe(413);
  });

  it('says which port is taken, and leaves nothing open', async () => {
    const { endpoint } = await start();
    const port = Number(new URL(endpoint).port);
    const stateDir = join(directory, 'state');
    await expect(startLocalAws({ port, stateDir })).rejects.toThrow(`port ${port} on 127.0.0.1 is already in use`);
    expect(existsSync(join(stateDir, 'lock'))).toBe(false);
    await start({ stateDir });
  });

  it.each([
    [{ account: '12' }, "account must be 12 digits; found '12'"],
    [{ subnets: { a: '10.0.0.0/8' } }, 'subnet a: the block must be'],
    [{ subnets: { a: '127.300.0.0/24' } }, 'subnet a: the block must be'],
    [{ subnets: { a: '192.0.2.0/24' } }, 'subnet a: cannot listen on 192.0.2.4'],
    [{ images: [{ repository: 'x', tag: 'y', command: [] }] }, 'the command must name a program'],
    [{ host: '192.0.2.1' }, 'on 192.0.2.1 cannot be opened'],
  ] satisfies [LocalAwsOptions, string][])('refuses %j', async (options, message) => {
    await expect(startLocalAws({ port: 0, ...options })).rejects.toThrow(message);
  });
});

describe('close', () => {
  it('ends every process, in spite of those that ignore SIGTERM, and the directory of their files', async () => {
    const aws = await start({ stateDir: directory });
    const ecs = new ECSClient(transports.http(aws));
    await prepare(ecs, aws, 'stubborn');
    const arn = await run(ecs, { count: 3 });
    await until(ecs, arn, 'RUNNING');
    await vi.waitFor(() => expect(identities(aws)).toHaveLength(3), { timeout: 10_000 });
    await logged(aws, 'here');
    const pids = identities(aws).map(({ pid }) => pid);
    await Promise.all([aws.close(), aws.close()]);
    expect(pids.map(startTimeOf)).toEqual([undefined, undefined, undefined]);
    expect(await readdir(join(directory, 'tasks'))).toEqual([]);
    expect(existsSync(join(directory, 'lock'))).toBe(false);
    await expect(fetch(aws.endpoint)).rejects.toThrow('fetch failed');
  });

  it('takes a task along that is only starting', async () => {
    const aws = await start();
    const ecs = new ECSClient(transports['in process'](aws));
    await prepare(ecs, aws);
    const arn = await run(ecs);
    await aws.close();
    expect((await describeTask(ecs, arn)).lastStatus).toBe('STOPPED');
  });
});

describe('a restart', () => {
  it('finds task definitions, clusters, tasks, tables and log groups again', async () => {
    const before = await start({ stateDir: directory });
    const logs = new CloudWatchLogsClient(transports.http(before));
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/kept' }));
    const ecs = new ECSClient(transports.http(before));
    const db = new DynamoDBClient(transports.http(before));
    await prepare(ecs, before);
    await db.send(
      new CreateTableCommand({
        TableName: 'kept',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await waitUntilTableExists({ client: db, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 }, { TableName: 'kept' });
    await db.send(new PutItemCommand({ TableName: 'kept', Item: { id: { S: 'a' } } }));
    const arn = await run(ecs);
    await until(ecs, arn, 'RUNNING');
    await expect(start({ stateDir: directory })).rejects.toThrow('in use by process');
    await before.close();

    const after = await start({ stateDir: directory });
    const again = new ECSClient(transports.http(after));
    expect(await describeTask(again, arn)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'InfrastructureHealth',
      stoppedReason: 'The local AWS was shut down',
    });
    const { taskDefinition } = await again.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'app' }));
    expect(taskDefinition?.revision).toBe(1);
    const { Items } = await new DynamoDBClient(transports.http(after)).send(new ScanCommand({ TableName: 'kept' }));
    expect(Items).toEqual([{ id: { S: 'a' } }]);
    const logsAgain = new CloudWatchLogsClient(transports.http(after));
    const { logGroups } = await logsAgain.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/kept' }));
    expect(logGroups?.map(({ logGroupName }) => logGroupName)).toEqual(['/kept']);
    await until(again, await run(again), 'RUNNING');
  });

  it('after a crash ends what ran on, and says that it was cut off', async () => {
    // A process of its own, so that it can be killed.
    const script = `
      import { startLocalAws } from ${JSON.stringify(join(import.meta.dirname, '../../../src/local/aws/server.ts'))};
      const aws = await startLocalAws({ port: 0, stateDir: ${JSON.stringify(directory)}, images: [
        { repository: 'app', tag: 'stubborn', command: [process.execPath, '-e', ${JSON.stringify(STUBBORN)}] } ] });
      console.log(aws.endpoint + ' ' + aws.registry);
    `;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [first] = (await once(child.stdout, 'data')) as [Buffer];
    const [endpoint = '', registry = ''] = first.toString().trim().split(' ');
    const ecs = new ECSClient({ region: 'us-east-1', credentials, endpoint });
    await prepare(ecs, { registry } as LocalAws, 'stubborn');
    const arn = await run(ecs);
    await until(ecs, arn, 'RUNNING');
    const saved = await vi.waitFor(
      async () => {
        const text = await readFile(join(directory, 'ecs.json'), 'utf8');
        expect(text).toContain('"pid":');
        return text;
      },
      { timeout: 10_000 },
    );
    const pid = Number(/"pid":(\d+)/.exec(saved)?.[1]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(startTimeOf(pid)).toBeDefined();

    const aws = await start({ stateDir: directory });
    await vi.waitFor(() => expect(startTimeOf(pid)).toBeUndefined(), { timeout: 10_000 });
    expect(await describeTask(new ECSClient(transports.http(aws)), arn)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'InfrastructureHealth',
      stoppedReason: 'The local AWS ended while the task ran',
    });
    await vi.waitFor(async () => expect(await readdir(join(directory, 'tasks'))).toEqual([]), { timeout: 10_000 });
  });
});

describe('a process that uses the local AWS', () => {
  it('ends by itself once that is closed', async () => {
    const script = `
      import { startLocalAws } from ${JSON.stringify(join(import.meta.dirname, '../../../src/local/aws/server.ts'))};
      const aws = await startLocalAws({ port: 0 });
      await aws.close();
      console.log('closed');
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]);
    expect(stdout).toBe('closed\n');
  });
});

describe('faults of the local AWS', () => {
  it('go to its log', async () => {
    const lines: string[] = [];
    const broken: Service = {
      protocol: 'json1.1',
      target: 'Broken',
      signingName: 'broken',
      operations: {
        Break: {
          input: [3, 'test', 'Empty', 0, [], []],
          output: [3, 'test', 'Empty', 0, [], []],
          handle: () => {
            throw new Error('out of order');
          },
        },
      },
    };
    const aws = await start({ extraServices: [broken], log: (line) => lines.push(line) });
    const answer = await fetch(aws.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'Broken.Break' },
      body: '{}',
    });
    expect(answer.status).toBe(500);
    expect(lines.join('\n')).toContain('Break: Error: out of order');
    const logs = new CloudWatchLogsClient(transports.http(aws));
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/still/there' }));
  });
});
