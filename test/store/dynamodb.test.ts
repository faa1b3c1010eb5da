import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeDynamoClient, makeDynamoStore } from '../../src/store/dynamodb.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { DESIRED, kindOf, type StoreHarness, storeContract } from './contract.ts';
import { type Dynalite, startDynalite } from './dynalite.ts';

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

async function makeHarness(): Promise<StoreHarness & { readonly table: string }> {
  const table = `t-${randomUUID()}`;
  const store = makeDynamoStore({ client, table });
  await store.prepare(true);
  const key = (sessionId: string) => ({ TableName: table, Key: { session_id: { S: sessionId } } });
  return {
    table,
    store,
    async seed(item) {
      await client.send(new PutItemCommand({ TableName: table, Item: marshall(item) }));
    },
    async peek(sessionId) {
      const { Item } = await client.send(new GetItemCommand(key(sessionId)));
      return Item && unmarshall(Item);
    },
    async remove(sessionId) {
      await client.send(new DeleteItemCommand(key(sessionId)));
    },
  };
}

storeContract('DynamoDB', makeHarness);

describe('reading', () => {
  it('lists every page', async () => {
    const { store } = await makeHarness();
    const author = 'x'.repeat(120_000);
    const source = { ...DESIRED.sources['pull/12'], author } as NonNullable<(typeof DESIRED.sources)['pull/12']>;
    const ids = Array.from({ length: 20 }, (_, index) => `tt-${index}`);
    await Promise.all(ids.map((sessionId) => store.create({ ...DESIRED, sessionId, sources: { 'pull/12': source } })));
    expect((await store.list()).map((record) => record.sessionId).toSorted()).toEqual(ids.toSorted());
  });

  it('takes no more than 200 records at once, since a page is decoded in one go', async () => {
    const table = `t-${randomUUID()}`;
    const metrics = makeMetrics();
    const store = makeDynamoStore({ client, table, metrics });
    await store.prepare(true);
    const ids = Array.from({ length: 401 }, (_, index) => `tt-${index}`);
    for (const sessionId of ids) await store.create({ ...DESIRED, sessionId });
    expect(new Set((await store.list()).map((record) => record.sessionId))).toEqual(new Set(ids));
    const { values } = await metrics.awsCalls.get();
    expect(values.find(({ labels }) => labels.operation === 'Scan' && labels.outcome === 'ok')?.value).toBe(3);
  });

  it('makes no copy of every answer for a log that nobody reads', () => {
    expect(client.middlewareStack.identify().join()).not.toContain('loggerMiddleware');
  });

  it('is not thrown off by values that only DynamoDB has', async () => {
    const { store, table } = await makeHarness();
    const Item = {
      session_id: { S: 'tt-odd' },
      project: { SS: ['a', 'b'] },
      repo: { B: new Uint8Array([1]) },
      branch: { NULL: true as const },
      wanted: { N: '12345678901234567890123456789012345678' },
      intake_rev: { N: '1e100' },
    };
    await client.send(new PutItemCommand({ TableName: table, Item }));
    const record = await store.get('tt-odd');
    expect(record?.ok === false && record.faults.map(({ path, found }) => `${path}: ${found}`)).toEqual([
      'project: a set',
      'repo: binary data',
      'branch: null',
      'wanted: the number 1.2345678901234568e+37',
      'intake_rev: the number 1e+100',
    ]);
  });
});

describe('preparing', () => {
  it('says how to make a table that is missing, and makes none', async () => {
    const store = makeDynamoStore({ client, table: 'absent' });
    await expect(store.prepare(false)).rejects.toThrow(
      /Table absent does not exist.*createTables.*aws dynamodb create/,
    );
    expect(await kindOf(store.prepare(false))).toBe('misconfigured');
    expect(await kindOf(store.get('tt-x'))).toBe('misconfigured');
  });

  it('waits until a new table is active, also when two operators start at once', async () => {
    const slow = await startDynalite(300);
    const slowClient = makeDynamoClient({ region: 'eu-west-1', endpoint: slow.endpoint });
    try {
      const stores = [1, 2].map(() => makeDynamoStore({ client: slowClient, table: 'both' }));
      await Promise.all(stores.map((store) => store.prepare(true)));
      await stores[0]?.create(DESIRED);
      expect((await stores[1]?.get('tt-feature'))?.ok).toBe(true);
    } finally {
      slowClient.destroy();
      await slow.close();
    }
  });

  it.each([
    ['another name', [{ AttributeName: 'id', KeyType: 'HASH' as const }], 'id (S, HASH)'],
    [
      'a sort key',
      [
        { AttributeName: 'session_id', KeyType: 'HASH' as const },
        { AttributeName: 'id', KeyType: 'RANGE' as const },
      ],
      'session_id (S, HASH) and id (S, RANGE)',
    ],
  ])('refuses a table whose key has %s', async (_name, KeySchema, shown) => {
    const table = `t-${randomUUID()}`;
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: KeySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema,
      }),
    );
    const store = makeDynamoStore({ client, table });
    await expect(store.prepare(true)).rejects.toThrow(`has the key ${shown}, but Mayfly needs session_id (S, HASH)`);
  });

  it('refuses a key of another type', async () => {
    const table = `t-${randomUUID()}`;
    await client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
      }),
    );
    await expect(makeDynamoStore({ client, table }).prepare(true)).rejects.toThrow('session_id (N, HASH)');
  });
});

describe('faults of the service', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** A DynamoDB that answers everything with one error, or never. */
  async function answering(error: { status: number; type: string; message?: string } | 'never') {
    const server = createServer((_request, response) => {
      if (error === 'never') return;
      response.writeHead(error.status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${error.type}`, message: error.message }),
      );
    });
    servers.push(server.listen(0, '127.0.0.1'));
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function storeAt(endpoint: string, timeoutMs?: number) {
    const metrics = makeMetrics();
    const own = makeDynamoClient({ region: 'eu-west-1', endpoint });
    return { metrics, store: makeDynamoStore({ client: own, table: 'environments', timeoutMs, metrics }) };
  }

  it.each([
    ['ProvisionedThroughputExceededException', 400, 'unavailable'],
    ['ThrottlingException', 400, 'unavailable'],
    ['InternalServerError', 500, 'unavailable'],
    ['ConditionalCheckFailedException', 400, 'conflict'],
    ['ResourceNotFoundException', 400, 'misconfigured'],
    ['AccessDeniedException', 400, 'misconfigured'],
    ['UnrecognizedClientException', 400, 'misconfigured'],
  ])('%s is %3$s', async (type, status, kind) => {
    const { store, metrics } = storeAt(await answering({ status, type, message: 'no' }));
    expect(await kindOf(store.get('tt-x'))).toBe(kind);
    const { values } = await metrics.awsCalls.get();
    const counted = values.filter(({ value }) => value > 0).map(({ labels }) => labels);
    expect(counted).toEqual([{ service: 'dynamodb', operation: 'GetItem', outcome: kind }]);
  });

  it('says which permission is missing', async () => {
    const { store } = storeAt(await answering({ status: 400, type: 'AccessDeniedException', message: 'not you' }));
    await expect(store.list()).rejects.toThrow(/Scan on table environments.*not you.*Allow the operator/);
    await expect(store.prepare(true)).rejects.toThrow(/Allow the operator/);
  });

  it.each([
    ['CREATING', 'unavailable', /still CREATING after 60 s/],
    ['DELETING', 'misconfigured', /Table environments is DELETING. Wait for it to go/],
  ])('does not wait for ever for a table that is %s', async (TableStatus, kind, message) => {
    const Table = {
      TableStatus,
      AttributeDefinitions: [{ AttributeName: 'session_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'session_id', KeyType: 'HASH' }],
    };
    const requestHandler = {
      handle: async () => ({
        response: {
          statusCode: 200,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: Readable.from([JSON.stringify({ Table })]),
        },
      }),
    };
    const own = makeDynamoClient({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:1', requestHandler });
    const clock = makeFakeClock();
    const prepared = makeDynamoStore({ client: own, table: 'environments', clock }).prepare(true);
    const failure = prepared.catch((error: unknown) => error);
    let ended = false;
    void failure.then(() => (ended = true));
    for (let second = 0; second < 500 && !ended; second++) await clock.advance(1_000);
    expect(await failure).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect(clock.pending()).toBe(0);
  });

  it('gives up on a service that never answers', async () => {
    const { store } = storeAt(await answering('never'), 50);
    await expect(store.create(DESIRED)).rejects.toThrow('did not answer PutItem on table environments within 50 ms');
    expect(await kindOf(store.get('tt-x'))).toBe('unavailable');
  });

  it('is unavailable when nothing listens', async () => {
    const endpoint = await answering('never');
    const [server] = servers.splice(0);
    await new Promise((resolve) => server?.close(resolve));
    const { store } = storeAt(endpoint);
    expect(await kindOf(store.get('tt-x'))).toBe('unavailable');
  });
});
