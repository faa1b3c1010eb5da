import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminServer, type AdminServerOptions, startAdminServer } from '../../src/telemetry/admin-server.ts';
import { type Health, makeHealth } from '../../src/telemetry/health.ts';
import { listen, ListenError, toListenError } from '../../src/telemetry/listen.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

let health: Health;
let servers: AdminServer[];

beforeEach(() => {
  health = makeHealth();
  servers = [];
});

afterEach(() => Promise.all(servers.map((server) => server.close())));

async function start(options: Partial<AdminServerOptions> = {}): Promise<(path: string) => Promise<Response>> {
  const logger = makeLogger('silent', false);
  const server = await startAdminServer({ address: LOOPBACK, metrics: makeMetrics(), health, logger, ...options });
  servers.push(server);
  return (path) => fetch(`http://127.0.0.1:${server.address.port}${path}`);
}

describe('/metrics', () => {
  it('speaks the text format of Prometheus', async () => {
    const metrics = makeMetrics();
    metrics.comments.inc({ outcome: 'written' });
    const get = await start({ metrics });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toContain('mayfly_comments_total{outcome="written"} 1');
  });
});

describe('/healthz', () => {
  it('is 200 while everything lives, whatever the readiness', async () => {
    health.set('aws', false, 'AWS cannot be reached');
    const response = await (await start())('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { ok: true, dead: [] }]);
  });

  it('is 503 and names what died', async () => {
    const response = await (await start({ dead: () => ['environment'] }))('/healthz');
    expect([response.status, await response.json()]).toEqual([503, { ok: false, dead: ['environment'] }]);
  });
});

describe('/readyz', () => {
  it('is 503 until every expected check has reported', async () => {
    health = makeHealth(['store', 'aws']);
    const get = await start();
    health.set('store', true, 'the table is there');
    const before = await get('/readyz');
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({
      ok: false,
      failing: ['aws'],
      checks: { store: { ok: true, detail: 'the table is there' }, aws: { ok: false, detail: 'has not reported yet' } },
    });
    health.set('aws', true, 'answers');
    const after = await get('/readyz');
    expect([after.status, await after.json()]).toMatchObject([200, { ok: true, failing: [] }]);
  });

  it('turns back when a check fails again', async () => {
    const get = await start();
    health.set('github', true, '');
    health.set('github', false, 'the token is refused');
    expect(await (await get('/readyz')).json()).toMatchObject({ failing: ['github'] });
  });
});

describe('/environments', () => {
  it('answers what the callback gives', async () => {
    const response = await (await start({ environments: () => Promise.resolve([{ sessionId: 'tt-a' }]) }))(
      '/environments',
    );
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toEqual([{ sessionId: 'tt-a' }]);
  });

  it('is 503 without the cause when the callback fails, and 404 without a callback', async () => {
    const failing = await (await start({ environments: () => Promise.reject(new Error('secret cause')) }))(
      '/environments',
    );
    expect(failing.status).toBe(503);
    expect(await failing.text()).not.toContain('secret cause');
    expect((await (await start())('/environments')).status).toBe(404);
  });
});

describe('the server', () => {
  it('frees its port on close, with connections kept alive', async () => {
    const get = await start();
    await (await get('/healthz')).text();
    const server = servers.pop();
    await server?.close();
    await expect(get('/healthz')).rejects.toThrow();
  });

  it('says which setting to change when the port is taken', async () => {
    const other = await occupy();
    const { port } = other.address() as { port: number };
    const starting = start({ address: { host: '127.0.0.1', port } });
    await expect(starting).rejects.toThrow(
      `port ${port} on 127.0.0.1 is taken: stop the other process or change http.admin.port in mayfly.yaml`,
    );
    await expect(starting).rejects.toBeInstanceOf(ListenError);
    await new Promise((resolve) => other.close(resolve));
  });

  it('says so when the host is no address of this machine', async () => {
    const starting = start({ address: { host: '192.0.2.1', port: 0 } });
    await expect(starting).rejects.toThrow('192.0.2.1 is no address of this machine: change http.admin.host');
  });
});

describe('a listen error', () => {
  it('of a privileged port says what to do', () => {
    const error = Object.assign(new Error('x'), { code: 'EACCES' });
    expect(String(toListenError(error, { host: '0.0.0.0', port: 80 }, 'http.frontDoor'))).toContain(
      'http.frontDoor.port',
    );
  });

  it('of another kind passes as it is', async () => {
    const error = new Error('other');
    const app = { listen: () => Promise.reject(error), addresses: () => [] };
    await expect(listen(app as unknown as Parameters<typeof listen>[0], LOOPBACK, 'x')).rejects.toBe(error);
  });
});

function occupy(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
