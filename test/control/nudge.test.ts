import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeNudger, makeNudgeVerifier, type Nudger } from '../../src/control/nudge.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type AdminServer, startAdminServer } from '../../src/telemetry/admin-server.ts';
import { makeHealth } from '../../src/telemetry/health.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { type FakeClock, makeFakeClock } from '../runtime/fake-clock.ts';

const newKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const SIGNING_KEY = newKey();
const SOME = ['tt-a', 'tt-b'];

let clock: FakeClock;
let heard: (readonly string[])[];
let leads: boolean;
let admin: AdminServer;
let url: string;
const servers: Server[] = [];

beforeEach(async () => {
  clock = makeFakeClock();
  heard = [];
  leads = true;
  admin = await startAdminServer({
    address: { host: '127.0.0.1', port: 0 },
    metrics: makeMetrics(),
    health: makeHealth(),
    logger: makeLogger('silent', false),
    verifyNudge: makeNudgeVerifier({ signingKey: SIGNING_KEY, clock }),
    onNudge(sessions) {
      if (leads) heard.push(sessions);
      return leads;
    },
  });
  url = `http://127.0.0.1:${admin.address.port}`;
});
afterEach(async () => {
  await admin.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const nudger = (options: Partial<Parameters<typeof makeNudger>[0]> = {}): Nudger =>
  makeNudger({ signingKey: SIGNING_KEY, clock, timeoutMs: 1_000, ...options });

interface Recorded {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request as the nudger sends it, to be sent again with a change. */
async function recorded(sessions: unknown): Promise<Recorded> {
  const taken = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const names = ['content-type', 'x-mayfly-timestamp', 'x-mayfly-signature'];
      taken.resolve({ headers: Object.fromEntries(names.map((name) => [name, String(request.headers[name])])), body });
      response.writeHead(202).end();
    });
  });
  await nudger()(await started(server), sessions as string[]);
  return { method: 'POST', ...(await taken.promise) };
}

async function started(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const statusOf = async (init: RequestInit): Promise<number> => (await fetch(`${url}/nudge`, init)).status;

describe('a nudge', () => {
  it('reaches the leader', async () => {
    await nudger()(`${url}/`, SOME);
    expect(heard).toEqual([SOME]);
  });

  it('is refused by a replica that does not lead, which hurts nobody', async () => {
    leads = false;
    await nudger()(url, SOME);
    expect([heard, await statusOf(await recorded(SOME))]).toEqual([[], 409]);
  });

  it('of another installation is refused', async () => {
    await nudger({ signingKey: newKey() })(url, SOME);
    expect(heard).toEqual([]);
  });

  it('goes together with what comes while one is under way, each name once', async () => {
    const nudge = nudger();
    const many = Array.from({ length: 150 }, (_, index) => `tt-${index}`);
    await Promise.all([nudge(url, ['tt-first']), nudge(url, many), nudge(url, many), nudge(url, SOME)]);
    const names = heard.flat();
    expect(new Set(names)).toEqual(new Set(['tt-first', ...many, ...SOME]));
    expect(names.length).toBe(new Set(names).size);
    expect(heard.length).toBeLessThanOrEqual(3);
    expect(Math.max(...heard.map((one) => one.length))).toBeLessThanOrEqual(100);
  });

  it('to nobody, to nonsense, or to somebody who never answers ends all the same', async () => {
    await nudger()('http://127.0.0.1:1', SOME);
    await nudger()('no url', SOME);
    const silent = await started(createServer(() => undefined));
    const nudge = nudger({ clock: systemClock, timeoutMs: 50 });
    await Promise.all([nudge(silent, SOME), nudge(silent, ['tt-c'])]);
    await nudge(url, SOME);
    expect(clock.pending()).toBe(0);
  });

  it('follows no redirection', async () => {
    const away = await started(createServer((_request, response) => response.writeHead(307, { location: url }).end()));
    await nudger()(away, SOME);
    expect(heard).toEqual([]);
  });
});

describe('the route', () => {
  it('takes what was signed, as often as it comes within a minute', async () => {
    const request = await recorded(SOME);
    expect([await statusOf(request), await statusOf(request)]).toEqual([202, 202]);
    await clock.advance(59_000);
    expect(await statusOf(request)).toBe(202);
    await clock.advance(3_000);
    expect(await statusOf(request)).toBe(401);
  });

  it('refuses what is signed otherwise', async () => {
    const request = await recorded(SOME);
    const { headers, body } = request;
    const wrong: RequestInit[] = [
      { ...request, body: body.replace('tt-a', 'tt-x') },
      { ...request, headers: { 'content-type': 'application/json' } },
      { ...request, headers: { ...headers, 'x-mayfly-signature': 'x' } },
      { ...request, headers: { ...headers, 'x-mayfly-signature': '0'.repeat(64) } },
      { ...request, headers: { ...headers, 'x-mayfly-timestamp': '9e9' } },
      { ...request, headers: { ...headers, 'x-mayfly-timestamp': String(Number(headers['x-mayfly-timestamp']) + 1) } },
      { ...request, body: '' },
    ];
    for (const one of wrong) expect(await statusOf(one)).toBe(401);
    expect(heard).toEqual([]);
  });

  it.each([
    ['no list', 'tt-a'],
    ['an empty text', ['']],
    ['no session', ['UPPER']],
  ])('refuses %s', async (_name, sessions) => {
    expect(await statusOf(await recorded(sessions))).toBe(400);
    expect(heard).toEqual([]);
  });

  it('refuses a body that is too large before anything else', async () => {
    expect(await statusOf({ method: 'POST', body: 'x'.repeat(20_000) })).toBe(413);
  });

  it('is not there unless asked for', async () => {
    await admin.close();
    const options = { metrics: makeMetrics(), health: makeHealth(), logger: makeLogger('silent', false) };
    admin = await startAdminServer({ address: { host: '127.0.0.1', port: 0 }, ...options });
    url = `http://127.0.0.1:${admin.address.port}`;
    expect(await statusOf(await recorded(SOME))).toBe(404);
  });
});
