import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDynamoClient, makeDynamoStore } from '../../src/store/dynamodb.ts';
import { makeDynamoLease } from '../../src/store/lease-dynamodb.ts';
import { makeMemoryLease } from '../../src/store/lease-memory.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { kindOf } from './contract.ts';
import { type Dynalite, startDynalite } from './dynalite.ts';
import { leaseContract } from './lease-contract.ts';

let dynalite: Dynalite;
let client: DynamoDBClient;

beforeAll(async () => {
  dynalite = await startDynalite();
  client = makeDynamoClient({ region: 'eu-west-1', endpoint: dynalite.endpoint });
});
afterAll(async () => {
  client.destroy();
  await dynalite.close();
});

const Key = { installation: { S: 'main' } };

leaseContract('memory', async () => {
  const lease = makeMemoryLease();
  return { lease, other: lease, seed: async (item) => lease.seed(item), peek: async () => lease.peek() };
});

leaseContract('DynamoDB', async () => {
  const table = `t-${randomUUID()}`;
  const make = () => makeDynamoLease({ client, table, installation: 'main' });
  const lease = make();
  await lease.prepare(true);
  return {
    lease,
    other: make(),
    async seed(item) {
      if (!item) await client.send(new DeleteItemCommand({ TableName: table, Key }));
      else await client.send(new PutItemCommand({ TableName: table, Item: { ...marshall(item), ...Key } }));
    },
    async peek() {
      const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }));
      if (!Item) return undefined;
      const { installation: _key, ...item } = unmarshall(Item);
      return item;
    },
  };
});

describe('the table of the lease', () => {
  it('has one item for each installation', async () => {
    const table = `t-${randomUUID()}`;
    const [main, test] = ['main', 'test'].map((installation) => makeDynamoLease({ client, table, installation }));
    await main?.prepare(true);
    const lease = { holder: 'a', epoch: 1, beat: 1, durationMs: 1 };
    expect(await main?.swap(undefined, lease)).toBe(true);
    expect(await test?.read()).toBeUndefined();
    expect(await test?.swap(undefined, lease)).toBe(true);
  });

  it('is not made unless told to, and the table of the records is refused', async () => {
    const absent = makeDynamoLease({ client, table: 'absent', installation: 'main' });
    await expect(absent.prepare(false)).rejects.toThrow(/absent does not exist.*AttributeName=installation/);
    expect(await kindOf(absent.read())).toBe('misconfigured');
    expect(await kindOf(absent.swap(undefined, { holder: 'a', epoch: 1, beat: 1, durationMs: 1 }))).toBe(
      'misconfigured',
    );
    const table = `t-${randomUUID()}`;
    await makeDynamoStore({ client, table }).prepare(true);
    await expect(makeDynamoLease({ client, table, installation: 'main' }).prepare(true)).rejects.toThrow(
      /has the key session_id.*needs installation \(S, HASH\).*store\.leaseTable/,
    );
  });

  it('says once what it cannot understand', async () => {
    const lines: string[] = [];
    const logger = makeLogger('info', false, { write: (line) => void lines.push(line) });
    const table = `t-${randomUUID()}`;
    const lease = makeDynamoLease({ client, table, installation: 'main', logger });
    await lease.prepare(true);
    await client.send(new PutItemCommand({ TableName: table, Item: { ...Key, holder: { N: '3' } } }));
    for (let look = 0; look < 3; look += 1) await lease.read();
    expect(lines.filter((line) => line.includes('cannot be understood'))).toHaveLength(1);
    expect(lines.join()).toContain('holder: ');
  });
});
