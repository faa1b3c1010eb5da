import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { describe, expect, it, vi } from 'vitest';
import type { ProcessIdentity } from '../../../src/local/aws/runner/port.ts';
import { startTimeOf } from '../../../src/local/aws/runner/process-identity.ts';
import type { LocalAws } from '../../../src/local/aws/server.ts';
import {
  STUBBORN,
  credentials,
  describeTask,
  logged,
  makeDirectory,
  prepare,
  run,
  start,
  transports,
  until,
} from './running-server.ts';

const identities = (aws: LocalAws): ProcessIdentity[] =>
  Object.values(aws.ecs.state.tasks).flatMap((task) => task.containers.flatMap((container) => container.process ?? []));

describe('close', () => {
  it('ends every process, in spite of those that ignore SIGTERM, and the directory of their files', async () => {
    const directory = await makeDirectory();
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
    const directory = await makeDirectory();
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
    const directory = await makeDirectory();
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
