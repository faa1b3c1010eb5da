/** An app that means harm: to whom it answers, where it listens, and what it sends. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { makeUpstream } from '../../../container/src/app/upstream.ts';
import { ask, HOST, SESSION, until } from '../stage.ts';
import { proxyTo, raw, serve, serveRaw, stage } from './stage.ts';

describe('the pages of the supervisor', () => {
  test('are never asked of the app', async () => {
    const asked: string[] = [];
    const { ip } = await stage(
      (incoming, response) => {
        asked.push(incoming.url ?? '');
        response.end('forged');
      },
      { healthy: () => Promise.resolve(false), version: () => ({ commit: 'c0ffee' }) },
    );
    expect((await ask({ ip, path: `/.mayfly/ready/${SESSION}` })).status).toBe(503);
    expect((await ask({ ip, path: `/.mayfly/ready/${SESSION}?x=1`, headers: { host: '10.0.0.7' } })).status).toBe(503);
    expect((await ask({ ip, path: '/.mayfly/ready/tt-other' })).status).toBe(421);
    expect(JSON.parse((await ask({ ip, path: '/.mayfly/version' })).body)).toEqual({ commit: 'c0ffee' });
    expect((await ask({ ip, path: '/.mayfly/anything' })).status).toBe(404);
    expect((await ask({ ip, headers: { host: 'tt-other.preview.test' } })).status).toBe(421);
    expect(asked).toEqual([]);
  });

  test('nor when the whole URL is named', async () => {
    const { ip } = await stage((incoming, response) => response.end(`app: ${incoming.url}`));
    const get = (target: string) => raw(ip, `GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    expect(await get(`http://${HOST}/.mayfly/ready/${SESSION}`)).toContain('ready\n');
    expect(await get(`http://${HOST}/a/page?q=1`)).toContain('app: /a/page?q=1');
    expect(await get(`http://${HOST}`)).toContain('app: /');
  });
});

/** Tries to listen, prints what came of it, and ends. */
function listen(options: object, identity: { uid?: number; gid?: number } = {}): string {
  const script = `
    const server = require('node:http').createServer((request, response) => response.end('forged'));
    server.on('error', (error) => { console.log(error.code); process.exit() });
    server.listen(${JSON.stringify(options)}, () => { console.log('listens'); process.exit() });`;
  return spawnSync(process.execPath, ['-e', script], { ...identity, cwd: '/', encoding: 'utf8' }).stdout.trim();
}

const NOBODY = { uid: 65_534, gid: 65_534 };
const USERS =
  process.getuid?.() === 0
    ? ([
        ['the same', {}],
        ['another', NOBODY],
      ] as const)
    : ([['the same', {}]] as const);

describe.runIf(process.platform === 'linux').each(USERS)(
  'the port of the proxy, for an app of %s user',
  (_who, user) => {
    test.each([
      ['at its own address', {}],
      ['at all addresses', { host: '0.0.0.0' }],
      ['at all addresses of both kinds', { host: '::' }],
      ['shared', { reusePort: true }],
      ['at all addresses and shared', { host: '0.0.0.0', reusePort: true }],
    ])('is taken: %s', async (_how, options) => {
      const { ip } = await stage((_, response) => response.end());
      expect(listen({ host: ip, port: 3_001, ...options }, user)).toBe('EADDRINUSE');
      expect((await ask({ ip })).status).toBe(200);
    });

    test('at all addresses, as in the image, is not to be had at one of them either', async () => {
      const { upstream } = await serve((_, response) => response.end());
      // 0.0.0.0 can be had once on this machine, so the port is one that nobody else has.
      const port = 10_000 + (process.pid % 20_000);
      await proxyTo(upstream, { address: '0.0.0.0', port });
      for (const host of ['127.0.0.1', '0.0.0.0']) {
        expect(listen({ host, port }, user)).toBe('EADDRINUSE');
        expect(listen({ host, port, reusePort: true }, user)).toBe('EADDRINUSE');
      }
      expect((await ask({ ip: '127.0.0.1', port })).status).toBe(200);
    });
  },
);

describe('an answer', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n';

  test.each([
    ['that is not HTTP', 'nonsense\r\n\r\n'],
    ['with two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`],
    ['with a length and chunks', `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['with a length below nothing', `${HEAD}Content-Length: -2\r\n\r\nab`],
    ['with a line that is folded', `${HEAD}X-A: b\r\n c: d\r\n\r\n`],
    ['with a name that is none', `${HEAD}X A: b\r\n\r\n`],
    ['that is cut in its head', `${HEAD}X-A: b`],
    ['that switches to what nobody asked for', 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
    ['with a status that is none', 'HTTP/1.1 42 What\r\nContent-Length: 2\r\n\r\nok'],
  ])('%s gives a 502', async (_what, bytes) => {
    const { ip, proxy } = await proxyTo(await serveRaw((socket) => socket.end(bytes)));
    const reply = await ask({ ip });
    expect(reply).toMatchObject({ status: 502, headers: { 'x-robots-tag': 'noindex' } });
    expect(proxy.inFlight()).toBe(0);
  });

  test('whose head never ends gives a 502, and takes no more memory than a head may', async () => {
    const upstream = await serveRaw((socket) => {
      socket.write(HEAD);
      const more = (): boolean => socket.write(`X-More: ${'x'.repeat(1_000)}\r\n`);
      socket.on('drain', more);
      for (let i = 0; i < 1_000; i += 1) more();
    });
    const { ip } = await proxyTo(upstream);
    expect((await ask({ ip })).body).toBe('The app of this environment broke off (HPE_HEADER_OVERFLOW).\n');
  });

  test.each([
    ['a chunk of no size', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\nzz\r\n`],
    ['fewer bytes than promised', `${HEAD}Content-Length: 50\r\n\r\nfirst`],
    ['chunks that end too soon', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n`],
  ])('with %s is broken off, not ended', async (_what, bytes) => {
    const { ip, proxy } = await proxyTo(await serveRaw((socket) => socket.end(bytes)));
    await expect(ask({ ip })).rejects.toThrow();
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test('with more bytes than promised gives none of them to the next request', async () => {
    const second = `${HEAD}Content-Length: 6\r\n\r\nforged`;
    const first = `${HEAD}Content-Length: 2\r\n\r\nok`;
    const { ip } = await proxyTo(await serveRaw((socket) => socket.on('data', () => socket.write(first + second))));
    for (let i = 0; i < 3; i += 1) expect((await ask({ ip })).body).toBe('ok');
  });

  test('with headers of the supervisor is the app’s own, but for robots', async () => {
    const { ip } = await stage((_, response) => {
      response.writeHead(200, { 'Keep-Alive': 'timeout=1', 'X-Robots-Tag': ['all', 'index'] }).end();
    });
    const { headers } = await ask({ ip, headers: { connection: 'keep-alive' } });
    expect(headers).toMatchObject({ 'keep-alive': 'timeout=75', 'x-robots-tag': 'noindex' });
  });
});

test('an app that is gone is told, and the next request is not harmed', async () => {
  let current = makeUpstream('127.0.0.1', 1);
  const { ip } = await proxyTo(current, { upstream: () => current });
  expect((await ask({ ip })).status).toBe(502);
  current = (await serve((_, response) => response.end('back'))).upstream;
  expect((await ask({ ip })).body).toBe('back');
});
