/** The composition root: everything starts, speaks to each other, and is gone after a stop. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type AddressInfo, createServer } from 'node:net';
import { CreateTableCommand, DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Config } from '../src/model/config.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { StoreError } from '../src/store/port.ts';
import { makeMetrics } from '../src/telemetry/metrics.ts';
import { start as startGitHub, testRepo } from './local/github/support.ts';
import {
  type AwsWorld,
  begin,
  configOf,
  DOMAIN,
  get,
  listens,
  startAwsWorld,
  type Starting,
  TABLE,
} from './operator-world.ts';

const soon = { timeout: 15_000, interval: 20 };

type Resources = Readonly<Record<string, number>>;

/** Timers, servers and sockets that keep this process awake, by kind. */
function resources(): Resources {
  const names = process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|Immediate/.test(name));
  const kinds = Object.entries(Object.groupBy(names, (name) => name));
  return Object.fromEntries(kinds.map(([name, all = []]) => [name, all.length]));
}

/** Polls by itself, since the runner's own waiting sets a timer. */
async function expectNothingMoreThan(before: Resources): Promise<void> {
  const more = (): Resources =>
    Object.fromEntries(Object.entries(resources()).filter(([name, count]) => count > (before[name] ?? 0)));
  for (let look = 0; look < 500 && Object.keys(more()).length > 0; look += 1) await pause(20);
  expect(more()).toEqual({});
}

/** Timers of the system's clock, which keep nothing awake and would go unnoticed. */
function watchTimers(): ReadonlySet<unknown> {
  const pending = new Set<unknown>();
  const { after } = systemClock;
  const spy = vi.spyOn(systemClock, 'after').mockImplementation((ms, fn) => {
    const token = {};
    pending.add(token);
    const timer = after(ms, () => {
      pending.delete(token);
      fn();
    });
    return {
      cancel() {
        pending.delete(token);
        timer.cancel();
      },
    };
  });
  onTestFinished(() => spy.mockRestore());
  return pending;
}

async function portOf({ lines }: Starting): Promise<string> {
  const port = await vi.waitFor(() => {
    const line = lines.find(({ msg }) => msg === 'the admin server listens');
    expect(line?.port).toBeGreaterThan(0);
    return line?.port;
  }, soon);
  return `http://127.0.0.1:${port}`;
}

describe('an operator that has started', () => {
  it('is alive and ready', async () => {
    const aws = await startAwsWorld();
    const { urls } = await begin(configOf({ awsEndpoint: aws.endpoint, ...aws })).operator;
    expect(await get(`${urls.admin}/healthz`)).toMatchObject({ status: 200, body: '{"ok":true,"dead":[]}' });
    await vi.waitFor(async () => {
      const { status, body } = await get(`${urls.admin}/readyz`);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ ok: true, checks: { start: { ok: true }, store: { ok: true } } });
    }, soon);
    expect(await get(`${urls.admin}/environments`)).toMatchObject({ status: 200, body: '[]' });
    expect((await get(urls.webhooks)).status).toBe(404);
    expect((await get(`${urls.frontDoor}/.mayfly/health`)).status).toBe(200);
  });

  it('serves every metric, each with a series from the start', async () => {
    const aws = await startAwsWorld();
    const { urls } = await begin(configOf({ awsEndpoint: aws.endpoint, ...aws })).operator;
    const names = makeMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
    expect(names.length).toBeGreaterThan(15);
    await vi.waitFor(async () => {
      const { body } = await get(`${urls.admin}/metrics`);
      const lines = body.split('\n').filter((line) => !line.startsWith('#'));
      const silent = names.filter((name) => !lines.some((line) => new RegExp(`^${name}(_bucket)?[{ ]`).test(line)));
      expect(silent).toEqual([]);
      expect(names.every((name) => name.startsWith('mayfly_'))).toBe(true);
    }, soon);
  });

  it('brings an environment from label to comment, and takes it away again', async () => {
    const aws = await startAwsWorld();
    const github = await startGitHub({ repoPath: await testRepo() });
    const config = configOf({ awsEndpoint: aws.endpoint, githubUrl: github.url, ...aws });
    const { urls } = await begin(config).operator;
    await github.setWebhookUrl(`${urls.webhooks}/webhooks/github`);
    const { number } = await github.pull('one');
    const comment = async (): Promise<string> => (await github.comments(number)).map(({ body }) => body).join('\n');
    const page = () => get(urls.frontDoor, { host: `tt-one.${DOMAIN}`, accept: 'application/json' });

    await github.addLabel(number, 'uat');
    await vi.waitFor(async () => expect(await comment()).toContain('Running'), soon);
    expect(await environments(urls.admin)).toMatchObject([{ sessionId: 'tt-one', state: 'RUNNING', branch: 'one' }]);
    expect(JSON.parse((await page()).body)).toMatchObject({ environment: 'tt-one', state: 'RUNNING' });
    await vi.waitFor(
      async () => expect((await get(`${urls.admin}/metrics`)).body).toMatch(/mayfly_environments\{[^}]*RUNNING"\} 1/),
      soon,
    );

    await github.removeLabel(number, 'uat');
    await vi.waitFor(async () => expect(await comment()).toContain('Stopped'), soon);
    expect(await environments(urls.admin)).toMatchObject([{ state: 'STOPPED' }]);
  });

  it('makes a deleted record anew only when GitHub says so', async () => {
    const aws = await startAwsWorld();
    const github = await startGitHub({ repoPath: await testRepo() });
    const config = configOf({ awsEndpoint: aws.endpoint, githubUrl: github.url, ...aws });
    const { urls } = await begin(config).operator;
    await github.setWebhookUrl(`${urls.webhooks}/webhooks/github`);
    const { number } = await github.pull('one');
    await github.addLabel(number, 'uat');
    await github.idle();
    await aws.clients.dynamodb.send(new DeleteItemCommand({ TableName: TABLE, Key: { session_id: { S: 'tt-one' } } }));
    await github.redeliver({ event: 'pull_request', action: 'labeled' });
    const { Items } = await aws.clients.dynamodb.send(new ScanCommand({ TableName: TABLE }));
    expect(Items).toHaveLength(1);
  });

  it('is not ready while the table cannot be read, and ready again afterwards', async () => {
    const aws = await startAwsWorld();
    const { urls } = await begin(configOf({ awsEndpoint: aws.endpoint, ...aws })).operator;
    const ready = async (): Promise<number> => (await get(`${urls.admin}/readyz`)).status;
    await vi.waitFor(async () => expect(await ready()).toBe(200), soon);
    aws.gate.open = false;
    await vi.waitFor(async () => expect(await ready()).toBe(503), soon);
    expect((await get(`${urls.admin}/environments`)).status).toBe(503);
    expect((await get(`${urls.admin}/healthz`)).status).toBe(200);
    aws.gate.open = true;
    await vi.waitFor(async () => expect(await ready()).toBe(200), soon);
  });
});

describe('a stop', () => {
  it('closes every port and leaves no timer, also when it is asked for twice', async () => {
    const aws = await startAwsWorld();
    const before = resources();
    const timers = watchTimers();
    const { operator } = begin(configOf({ awsEndpoint: aws.endpoint, ...aws }));
    const { urls, stop } = await operator;
    for (const url of Object.values(urls)) expect(await listens(url)).toBe(true);
    expect(timers.size).toBeGreaterThan(0);
    await Promise.all([stop(), stop()]);
    await stop();
    for (const url of Object.values(urls)) expect(await listens(url)).toBe(false);
    expect(timers.size).toBe(0);
    await expectNothingMoreThan(before);
  });

  it('lets the same ports be taken again', async () => {
    const aws = await startAwsWorld();
    const first = await begin(configOf({ awsEndpoint: aws.endpoint, ...aws })).operator;
    await first.stop();
    const port = (url: string): number => Number(new URL(url).port);
    const { webhooks, frontDoor, admin } = first.urls;
    const ports = { webhooks: port(webhooks), frontDoor: port(frontDoor), admin: port(admin) };
    const second = await begin(configOf({ awsEndpoint: aws.endpoint, ...aws, ports })).operator;
    expect(second.urls).toEqual(first.urls);
  });
});

describe('a store', () => {
  it('that cannot be reached is waited for, visibly', async () => {
    const aws = await startAwsWorld();
    aws.gate.open = false;
    const starting = begin(configOf({ awsEndpoint: aws.endpoint, ...aws }));
    const admin = await portOf(starting);
    await vi.waitFor(async () => {
      const { status, body } = await get(`${admin}/readyz`);
      expect(status).toBe(503);
      expect(JSON.parse(body)).toMatchObject({ failing: ['start', 'store'] });
      expect(body).toContain('DescribeTable');
    }, soon);
    expect((await get(`${admin}/healthz`)).status).toBe(200);
    expect(starting.lines.some(({ msg }) => msg.endsWith('trying again in 0.05 s'))).toBe(true);
    aws.gate.open = true;
    const { urls } = await starting.operator;
    await vi.waitFor(async () => expect((await get(`${urls.admin}/readyz`)).status).toBe(200), soon);
  });

  it('is waited for no longer than until the stop', async () => {
    const before = resources();
    const timers = watchTimers();
    const starting = begin(configOf({ awsEndpoint: 'http://127.0.0.1:1' }));
    const admin = await portOf(starting);
    await vi.waitFor(() => expect(starting.lines.some(({ msg }) => msg.includes('trying again'))).toBe(true), soon);
    const stopped = new Error('stopped by SIGTERM');
    starting.abort.abort(stopped);
    await expect(starting.operator).rejects.toBe(stopped);
    expect(await listens(admin)).toBe(false);
    expect(timers.size).toBe(0);
    await expectNothingMoreThan(before);
  });

  const wrongKey = async ({ clients }: AwsWorld): Promise<void> => {
    await clients.dynamodb.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
  };
  it.each([
    ['that does not exist', false, async () => undefined],
    ['with another key', true, wrongKey],
  ])('%s ends the start, and nothing stays open', async (_name, createTables, prepare) => {
    const aws = await startAwsWorld();
    await prepare(aws);
    const before = resources();
    const starting = begin(configOf({ awsEndpoint: aws.endpoint, ...aws, createTables }));
    const failure = await starting.operator.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ kind: 'misconfigured', message: expect.stringContaining(TABLE) as string });
    expect(await listens(await portOf(starting))).toBe(false);
    await expectNothingMoreThan(before);
  });
});

describe('a port that is taken', () => {
  it.each<keyof Config['http']>(['admin', 'frontDoor', 'webhooks'])(
    'for %s ends the start with the setting to change, and nothing stays open',
    async (name) => {
      const aws = await startAwsWorld();
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      onTestFinished(() => void other.close());
      const { port } = other.address() as AddressInfo;
      const before = resources();
      const timers = watchTimers();
      const starting = begin(configOf({ awsEndpoint: aws.endpoint, ...aws, ports: { [name]: port } }));
      await expect(starting.operator).rejects.toThrow(new RegExp(`port ${port} .*taken.*http\\.${name}\\.port`));
      expect(timers.size).toBe(0);
      await expectNothingMoreThan(before);
    },
  );
});

async function environments(admin: string): Promise<unknown> {
  return JSON.parse((await get(`${admin}/environments`)).body);
}
