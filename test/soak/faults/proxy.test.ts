/** What the proxy does to calls, seen through the SDK's own clients and the operator's table of errors. */
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, ListClustersCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toAwsError } from '../../../src/aws/classify.ts';
import { makeRandom } from '../../sim/kernel/random.ts';
import { type FaultProxy, type FaultRates, startFaultProxy } from './proxy.ts';

const NONE: FaultRates = { lost: 0, throttled: 0, delayed: 0, late: 0 };
let seen = 0;
const behind = createServer((request, response) => {
  seen += 1;
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}'));
});
let proxy: FaultProxy;
let config: {
  endpoint: string;
  region: string;
  maxAttempts: number;
  credentials: Record<'accessKeyId' | 'secretAccessKey', string>;
};

beforeAll(async () => {
  behind.listen(0, '127.0.0.1');
  await once(behind, 'listening');
  proxy = await startFaultProxy(0, (behind.address() as AddressInfo).port, makeRandom(1));
  config = {
    endpoint: proxy.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
});
beforeEach(() => {
  seen = 0;
  proxy.setRates(undefined);
  proxy.setStoreDown(false);
});
afterAll(async () => {
  await proxy.close();
  behind.close();
  behind.closeAllConnections();
});

const kindOf = async (call: Promise<unknown>): Promise<string> =>
  await call.then(
    () => 'answered',
    (error: unknown) => toAwsError(error, 'Call').kind,
  );
const ecs = (): ECSClient => new ECSClient(config);
const runTask = new RunTaskCommand({ cluster: 'c', taskDefinition: 'd' });

describe('the fault proxy', () => {
  it('passes calls on', async () => {
    expect(await kindOf(ecs().send(new ListClustersCommand()))).toBe('answered');
    expect(seen).toBe(1);
  });

  it('loses answers of calls that were made', async () => {
    proxy.setRates({ ...NONE, lost: 1 });
    expect(await kindOf(ecs().send(new ListClustersCommand()))).toBe('unavailable');
    expect(seen).toBe(1);
  });

  it('refuses calls for their rate as each service does, and does not make them', async () => {
    proxy.setRates({ ...NONE, throttled: 1 });
    expect(await kindOf(ecs().send(new ListClustersCommand()))).toBe('throttled');
    expect(await kindOf(ecs().send(runTask))).toBe('throttled');
    const elbv2 = new ElasticLoadBalancingV2Client(config);
    expect(await kindOf(elbv2.send(new DescribeLoadBalancersCommand()))).toBe('throttled');
    await expect(new DynamoDBClient(config).send(new ListTablesCommand())).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
    expect(seen).toBe(0);
  });

  it('takes the store away, and nothing else', async () => {
    proxy.setStoreDown(true);
    await expect(new DynamoDBClient(config).send(new ListTablesCommand())).rejects.toThrow();
    expect(await kindOf(ecs().send(new ListClustersCommand()))).toBe('answered');
    expect(seen).toBe(1);
  });
});
