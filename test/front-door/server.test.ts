import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/status/view.ts';
import { BUILDING, conditions, GONE, NOW, PROJECT, stored } from '../status/samples.ts';
import { ask, door, DOMAIN, HOST, JSON_ONLY, view } from './doors.ts';

const STARTING = view({ state: 'STARTING', status: { conditions: BUILDING } });

async function counted({ metrics }: Awaited<ReturnType<typeof door>>, page: string): Promise<number | undefined> {
  const { values } = await metrics.frontDoorRequests.get();
  return values.find(({ labels }) => labels.page === page)?.value;
}

describe('the front door for an environment that starts', () => {
  it('answers a browser with a page that is not stored, not indexed, and comes again soon', async () => {
    const opened = await door({ shows: STARTING });
    const { status, headers, body } = await ask(opened, { headers: { accept: 'text/html,application/json;q=0.9' } });
    expect(status).toBe(503);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex, nofollow',
      'x-mayfly-front-door': '1',
    });
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(2);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(5);
    for (const part of ['fix-cart', 'a1b2c3d4e5f6', 'The app is being built.', '1 min 20 s', 'aria-live="polite"']) {
      expect(body).toContain(part);
    }
    expect(await counted(opened, 'environment')).toBe(1);
  });

  it('allows nothing but its own style and script, under a nonce of its own', async () => {
    const opened = await door({ shows: STARTING });
    const nonces = new Set<string>();
    for (let each = 0; each < 3; each++) {
      const { headers, body } = await ask(opened);
      const policy = String(headers['content-security-policy']);
      const nonce = /script-src 'nonce-([\w-]{16,})'/.exec(policy)?.[1] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(body.match(/^<(?:script|style)[^>]*>/gm)).toEqual([
        `<style nonce="${nonce}">`,
        `<script nonce="${nonce}">`,
      ]);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(3);
  });

  it('answers a program with the same facts as JSON', async () => {
    const logTail = async (): Promise<string[]> => [
      'compiling',
      'AWS_SECRET_ACCESS_KEY=abcdefghijklmnopqrstuvwxyz123456',
    ];
    const opened = await door({ shows: STARTING, logTail });
    const { status, headers, body } = await ask(opened, { headers: JSON_ONLY });
    expect([status, headers['content-type']]).toEqual([503, 'application/json; charset=utf-8']);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(5);
    const facts = JSON.parse(body) as Record<string, unknown>;
    expect(facts).toMatchObject({
      environment: 'tt-fix-cart',
      state: 'STARTING',
      branch: 'fix-cart',
      elapsedSeconds: 80,
    });
    expect(facts['stages']).toContainEqual(expect.objectContaining({ name: 'code', state: 'active', phase: 'build' }));
    expect(facts['log']).toEqual(['compiling', expect.not.stringContaining('abcdefghij')]);
    expect(body).not.toContain('octocat');
  });

  it('keeps the digest while only time passes, and changes it with the facts', async () => {
    let shown = STARTING;
    const opened = await door({ lookup: async () => shown });
    const digest = async (): Promise<unknown> =>
      (JSON.parse((await ask(opened, { headers: JSON_ONLY })).body) as Record<string, unknown>)['digest'];
    const before = await digest();
    await opened.clock.advance(5_000);
    expect(await digest()).toBe(before);
    shown = view({
      state: 'STARTING',
      status: { conditions: { ...BUILDING, ...conditions({ Ready: ['False', 'Starting'] }) } },
    });
    await opened.clock.advance(5_000);
    expect(await digest()).not.toBe(before);
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'QUERY'])(
    'answers %s on any path',
    async (method) => {
      const opened = await door({ shows: STARTING });
      const body = method === 'GET' || method === 'OPTIONS' ? undefined : '{"broken": ';
      const headers: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
      const path = '/api/v1/things?x=%zz&y=<script>';
      expect(await ask(opened, { method, path, headers, ...(body && { body }) })).toMatchObject({
        status: 503,
        headers: { 'x-mayfly-front-door': '1' },
        body: expect.stringContaining('The app is being built.'),
      });
    },
  );

  it.each(['/%E0%A4%A', '/a/../..//b', '//evil.example/x', `/${'x'.repeat(4000)}`, '/.mayfly/ready/tt-fix-cart', '*'])(
    'answers the path %s',
    async (path) => {
      const opened = await door({ shows: STARTING });
      expect(await ask(opened, { path })).toMatchObject({ status: 503, headers: { 'x-mayfly-front-door': '1' } });
    },
  );

  it.each([{ 'content-type': 'nonsense' }, { 'content-type': 'multipart/form-data' }])(
    'takes any body: %o',
    async (headers) => {
      const opened = await door({ shows: STARTING });
      const reply = await ask(opened, { method: 'POST', headers, body: 'x'.repeat(3_000_000) });
      expect(reply.status).toBe(503);
    },
  );

  it('answers HEAD with headers alone', async () => {
    const opened = await door({ shows: STARTING });
    const { status, headers, body } = await ask(opened, { method: 'HEAD' });
    expect([status, body]).toEqual([503, '']);
    expect(Number(headers['content-length'])).toBeGreaterThan(1000);
  });

  it('answers a WebSocket handshake as a plain request', async () => {
    const opened = await door({ shows: STARTING });
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'eA==',
      'sec-websocket-version': '13',
    };
    expect(await ask(opened, { headers })).toMatchObject({ status: 503 });
  });

  it('shows the page without a log when the log is slow or fails', async () => {
    const failing = await door({ shows: STARTING, logTail: () => Promise.reject(new Error('no logs')) });
    expect((await ask(failing)).body).not.toContain('Last lines');
    const slow = await door({ shows: STARTING, logTail: () => new Promise(() => undefined) });
    const reply = ask(slow);
    await expect.poll(async () => (await slow.clock.advance(500), slow.clock.pending())).toBe(0);
    expect((await reply).status).toBe(503);
  });
});

describe('the front door for other states', () => {
  const failure = {
    reason: 'BuildFailed',
    message: 'tsc failed',
    at: '2026-01-31T09:04:00.000Z',
    final: true,
    count: 1,
  } as const;
  const failed = { conditions: BUILDING, failure: { ...failure, logTail: ['error TS2339'] } };
  it.each([
    [
      'FAILED',
      failed,
      ['could not start', 'The build failed', 'tsc failed', 'error TS2339', 'Push a new commit'],
      'failed',
    ],
    ['STOPPED', { conditions: GONE }, ['is stopped', 'put the label'], 'stopped'],
    ['STOPPING', { conditions: {} }, ['Shutting down'], 'environment'],
    ['SLEEPING', { conditions: GONE }, ['Waking up', 'Your visit wakes it'], 'environment'],
    ['RUNNING', {}, ['switching over'], 'environment'],
    ['PENDING', { conditions: {} }, ['Waiting to start'], 'environment'],
  ] as const)('says honestly that it is %s', async (state, status, parts, page) => {
    const opened = await door({ shows: view({ state, status }) });
    const { body, status: code } = await ask(opened);
    expect(code).toBe(503);
    for (const part of parts) expect(body).toContain(part);
    expect(await counted(opened, page)).toBe(1);
  });

  it('comes again slowly when only a person can change something', async () => {
    for (const state of ['FAILED', 'STOPPED'] as const) {
      const opened = await door({ shows: view({ state, status: { conditions: GONE } }) });
      expect(Number((await ask(opened)).headers['retry-after'])).toBeGreaterThanOrEqual(15);
    }
  });
});

describe('the front door where there is nothing', () => {
  it.each([
    `tt-none.${DOMAIN}`,
    'tt-fix-cart.elsewhere.example',
    DOMAIN,
    `a.b.${DOMAIN}`,
    `-x-.${DOMAIN}`,
    '10.0.0.7',
    '[::1]:8081',
    'tt-fix-cart.other.example.com',
  ])('says so for the host %s, and names no environment', async (host) => {
    const opened = await door({ shows: STARTING });
    for (const headers of [{ accept: 'text/html' }, JSON_ONLY]) {
      const reply = await ask(opened, { host, headers });
      expect(reply).toMatchObject({
        status: 404,
        headers: { 'x-mayfly-front-door': '1', 'cache-control': 'no-store' },
      });
      expect(reply.headers['retry-after']).toBeUndefined();
      expect(reply.body).not.toMatch(/fix-cart|acme|shop/);
    }
    expect(opened.visits).toEqual([]);
  });

  it.each([HOST.toUpperCase(), `${HOST}:8081`, `${HOST}.`])('knows the environment by the host %s', async (host) => {
    expect((await ask(await door({ shows: STARTING }), { host })).status).toBe(503);
  });

  it('says that the status is unknown when the store fails or does not answer', async () => {
    const failing = await door({ lookup: () => Promise.reject(new Error('secret detail')) });
    const reply = await ask(failing);
    expect(reply).toMatchObject({ status: 503, body: expect.stringContaining('not known right now') });
    expect(reply.body).not.toContain('secret detail');
    expect(reply.headers['retry-after']).toBe('5');
    const silent = await door({ lookup: () => new Promise(() => undefined) });
    const waiting = ask(silent, { headers: JSON_ONLY });
    await expect.poll(async () => (await silent.clock.advance(1_000), await counted(silent, 'unavailable'))).toBe(1);
    expect(JSON.parse((await waiting).body)).toMatchObject({ error: expect.stringContaining('not known') });
  });
});

describe('reads and visits', () => {
  it('reads once for everybody who comes within a second', async () => {
    let reads = 0;
    const opened = await door({ lookup: async () => (reads++, STARTING) });
    await Promise.all(Array.from({ length: 20 }, () => ask(opened)));
    expect(reads).toBe(1);
    await opened.clock.advance(1_000);
    await ask(opened);
    expect(reads).toBe(2);
  });

  it('tells of a visit, not more than once in ten seconds, and of no probe or polling', async () => {
    const opened = await door({ shows: STARTING });
    for (const headers of [{ 'x-mayfly-poll': '1' }, { 'sec-purpose': 'prefetch;prerender' }])
      await ask(opened, { headers });
    for (const method of ['HEAD', 'OPTIONS']) await ask(opened, { method });
    expect(opened.visits).toEqual([]);
    await ask(opened, { headers: JSON_ONLY });
    await ask(opened, { method: 'POST' });
    expect(opened.visits).toEqual(['tt-fix-cart']);
    await opened.clock.advance(10_000);
    await ask(opened);
    expect(opened.visits).toHaveLength(2);
  });

  it('shows the page when a visit cannot be told, and tries again at the next', async () => {
    let tries = 0;
    const onVisit = async (): Promise<void> => {
      tries += 1;
      throw new Error('store down');
    };
    const opened = await door({ shows: STARTING, onVisit });
    expect((await ask(opened)).status).toBe(503);
    await ask(opened);
    expect(tries).toBe(2);
  });
});

describe('the server', () => {
  it('answers the load balancer’s health check whatever the host', async () => {
    const opened = await door({ lookup: () => Promise.reject(new Error('down')) });
    expect(await ask(opened, { host: '10.0.0.7', path: '/.mayfly/health' })).toMatchObject({
      status: 200,
      body: 'ok\n',
    });
    expect((await ask(opened, { path: '/.mayfly/health?x', method: 'HEAD' })).status).toBe(200);
    expect((await ask(opened, { path: '/.mayfly/healthy' })).status).toBe(503);
  });

  it('keeps connections longer than the load balancer does', async () => {
    const opened = await door({ shows: STARTING });
    const { headers } = await ask(opened, { headers: { connection: 'keep-alive' } });
    expect(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1])).toBeGreaterThan(60);
  });

  it('names the setting when its port is taken', async () => {
    const first = await door();
    const port = Number(new URL(first.url).port);
    const again = door({ address: { host: '127.0.0.1', port } });
    await expect(again).rejects.toThrow(/http\.frontDoor/);
  });

  it('closes with idle connections open, after telling of visits under way', async () => {
    const gate = Promise.withResolvers<void>();
    const opened = await door({ shows: STARTING, onVisit: () => gate.promise });
    const { port } = new URL(opened.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    let closed = false;
    const closing = opened.close().then(() => (closed = true));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(closed).toBe(false);
    gate.resolve();
    await closing;
    await expect(ask(opened)).rejects.toThrow('ECONNREFUSED');
  });

  it('starts its metrics at zero', async () => {
    const opened = await door();
    for (const page of ['environment', 'nowhere', 'unavailable', 'health']) expect(await counted(opened, page)).toBe(0);
  });
});

it('a record that cannot be understood still has its page', async () => {
  const faults = [{ path: 'wanted', found: '"yes"', allowed: 'true or false' }];
  const status = conditions({ Accepted: ['False', 'InvalidRecord', 'wanted: found yes'] });
  const record = stored({ state: 'STARTING', status: { conditions: status } });
  const opened = await door({ shows: viewOf({ ...record, ok: false, faults } as const, PROJECT, NOW) });
  const { body } = await ask(opened);
  expect(body).toContain('the record needs a correction');
  // Not hidden behind a click.
  expect(body).toMatch(/<details open>.*wanted: found yes/s);
});
