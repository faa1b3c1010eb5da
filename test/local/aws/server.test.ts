import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeLoadBalancersInput$, DescribeLoadBalancersOutput$ } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { startLocalAws } from '../../../src/local/aws/server.ts';
import type { LocalAwsOptions } from '../../../src/local/aws/server.ts';
import type { Service } from '../../../src/local/aws/service.ts';
import { PORT, logged, makeDirectory, prepare, run, start, transports, until } from './running-server.ts';

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
    const stateDir = join(await makeDirectory(), 'state');
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
      headers: { 'x-amz-target': 'Broken.Break', authorization: 'AWS4-HMAC-SHA256 Credential=a' },
      body: '{}',
    });
    expect(answer.status).toBe(500);
    expect(lines.join('\n')).toContain('Break: Error: out of order');
    const logs = new CloudWatchLogsClient(transports.http(aws));
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/still/there' }));
  });
});
