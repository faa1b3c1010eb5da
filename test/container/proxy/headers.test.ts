import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { makeUpstream } from '../../../container/src/app/upstream.ts';
import { ask, HOST } from '../stage.ts';
import { openSocket, proxyTo, serve, stage } from './stage.ts';

/** An app as `next dev` is; what it was asked with is written down. */
async function development(localOriginOnly: boolean) {
  const seen: IncomingHttpHeaders[] = [];
  const { upstream: plain, server } = await serve((incoming, response) => {
    seen.push(incoming.headers);
    response.end();
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (_socket, incoming) => seen.push(incoming.headers));
  onTestFinished(() => sockets.close());
  const { ip } = await proxyTo(makeUpstream(plain.host, plain.port, localOriginOnly));
  return { ip, seen, local: `http://localhost:${plain.port}` };
}

const OWN = { origin: `https://${HOST}`, referer: `https://${HOST}/some/page?q=1` };

describe('a development server that knows localhost alone', () => {
  test.each(['/_next/static/chunks/main.js', '/__nextjs_font/x.woff2', '/docs/_next/data.json?x=1'])(
    'is told that %s is asked for from there',
    async (path) => {
      const { ip, seen, local } = await development(true);
      await ask({ ip, path, headers: OWN });
      expect(seen[0]).toMatchObject({ host: HOST, origin: local, referer: `${local}/some/page?q=1` });
    },
  );

  test('is told the same of its WebSocket, with the port of the public address or without', async () => {
    const { ip, seen, local } = await development(true);
    for (const origin of [OWN.origin, `http://${HOST}:8000`]) await openSocket(ip, '/_next/webpack-hmr', { origin });
    expect(seen.map((headers) => headers.origin)).toEqual([local, local]);
  });

  test.each([
    ['another site', 'https://evil.example'],
    ['a site that looks alike', `https://${HOST}.evil.example`],
    ['a page of no origin', 'null'],
    ['what is no address', '::'],
  ])('learns of %s as it is', async (_who, origin) => {
    const { ip, seen } = await development(true);
    await ask({ ip, path: '/_next/main.js', headers: { origin, referer: origin } });
    await openSocket(ip, '/_next/webpack-hmr', { origin });
    expect(seen).toMatchObject([{ origin, referer: origin }, { origin }]);
  });

  test('is asked for the pages of the project as they are', async () => {
    const { ip, seen } = await development(true);
    for (const path of ['/', '/api/_nextjs', '/page?from=/_next/']) await ask({ ip, path, headers: OWN });
    expect(seen).toMatchObject([OWN, OWN, OWN]);
  });

  test('is told nothing else when nobody says where they come from', async () => {
    const { ip, seen } = await development(true);
    await ask({ ip, path: '/_next/main.js' });
    expect(seen[0]).not.toHaveProperty('origin');
    expect(seen[0]).not.toHaveProperty('referer');
  });
});

test('any other app learns every origin as it is', async () => {
  const { ip, seen } = await development(false);
  await ask({ ip, path: '/_next/main.js', headers: OWN });
  expect(seen[0]).toMatchObject(OWN);
});

describe('search engines', () => {
  const own = { 'X-Robots-Tag': 'all' };

  test('are kept away, whatever the app says', async () => {
    const { ip } = await stage((_, response) => response.writeHead(200, own).end());
    expect((await ask({ ip })).headers['x-robots-tag']).toBe('noindex');
  });

  test('may come when the recipe says so: then the word of the app counts', async () => {
    let robots = false;
    const options = { robots: () => robots };
    const said = await stage((_, response) => response.writeHead(200, own).end(), options);
    const silent = await stage((_, response) => response.end(), options);
    robots = true;
    expect((await ask({ ip: said.ip })).headers['x-robots-tag']).toBe('all');
    expect((await ask({ ip: silent.ip })).headers).not.toHaveProperty('x-robots-tag');
    expect((await ask({ ip: said.ip, path: '/.mayfly/version' })).headers['x-robots-tag']).toBe('noindex');
  });
});
