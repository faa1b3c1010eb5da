import { connect } from 'node:net';
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { onTestFinished, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Proxy, startProxy } from '../../container/src/proxy/proxy.ts';
import { makeUpstream, type Upstream } from '../../container/src/app/upstream.ts';
import { address, ask, HOST, SESSION, until } from './stage.ts';

interface Stage {
  readonly ip: string;
  readonly proxy: Proxy;
  readonly upstream: Upstream;
}

async function stage(listener: RequestListener): Promise<Stage & { readonly server: ReturnType<typeof createServer> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const upstream = makeUpstream('127.0.0.1', (server.address() as AddressInfo).port);
  return { ...(await proxyTo(upstream)), server };
}

async function proxyTo(upstream: Upstream): Promise<Stage> {
  const ip = address();
  const proxy = await startProxy({
    address: ip,
    port: 3_001,
    session: SESSION,
    publicHost: HOST,
    upstream: () => upstream,
    healthy: () => Promise.resolve(true),
    version: () => undefined,
  });
  onTestFinished(() => proxy.close(0));
  onTestFinished(() => upstream.drain(0));
  return { ip, proxy, upstream };
}

describe('requests', () => {
  test('pass on method, path, headers and body, and the answer comes back as it is', async () => {
    const { ip } = await stage((incoming, response) => {
      response.writeHead(207, 'Many', { 'X-Mine': 'yes', 'Set-Cookie': ['a=1', 'b=2'] });
      response.write(
        `${incoming.method} ${incoming.url} ${String(incoming.headers['x-asked'])} ${incoming.headers.host}\n`,
      );
      incoming.pipe(response);
    });
    const reply = await ask({ ip, path: '/a%20b?c=d', method: 'PUT', headers: { 'x-asked': 'so' }, body: 'the body' });
    expect(reply.status).toBe(207);
    expect(reply.body).toBe(`PUT /a%20b?c=d so ${HOST}\nthe body`);
    expect(reply.headers).toMatchObject({ 'x-mine': 'yes', 'set-cookie': ['a=1', 'b=2'], 'x-robots-tag': 'noindex' });
  });

  test('stay out of search engines, whatever the app says', async () => {
    const { ip } = await stage((_, response) => response.setHeader('X-Robots-Tag', 'all').end());
    expect((await ask({ ip })).headers['x-robots-tag']).toBe('noindex');
  });

  test('drop the headers that belong to one connection, both ways', async () => {
    const { ip } = await stage((incoming, response) => {
      response.writeHead(200, { Connection: 'close, X-Hop', 'Keep-Alive': 'timeout=1', 'X-Hop': 'private' });
      response.end(JSON.stringify(incoming.headers));
    });
    const reply = await ask({ ip, headers: { connection: 'keep-alive, x-private', 'x-private': 'secret' } });
    expect(JSON.parse(reply.body)).not.toHaveProperty('x-private');
    expect(reply.headers).not.toHaveProperty('x-hop');
    expect(reply.headers['keep-alive']).not.toBe('timeout=1');
  });

  test('stream: the first bytes arrive while the app is still writing', async () => {
    let finish: (() => void) | undefined;
    const { ip, proxy } = await stage((_, response) => {
      response.write('first,');
      finish = () => response.end('last');
    });
    const seen: string[] = [];
    const outgoing = request({ host: ip, port: 3_001, headers: { host: HOST }, agent: false }).end();
    outgoing.on('response', (response) => response.setEncoding('utf8').on('data', (text: string) => seen.push(text)));
    await until(
      () => seen.join(''),
      (text) => text === 'first,',
    );
    expect(proxy.inFlight()).toBe(1);
    finish?.();
    await until(
      () => seen.join(''),
      (text) => text === 'first,last',
    );
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test('of a client that goes away are ended at the app too', async () => {
    let ended = false;
    const { ip, proxy } = await stage((incoming, response) => {
      response.write('…');
      incoming.socket.on('close', () => {
        ended = true;
      });
    });
    const outgoing = request({ host: ip, port: 3_001, headers: { host: HOST }, agent: false }).end();
    outgoing.on('error', () => undefined);
    await until(
      () => proxy.inFlight(),
      (count) => count === 1,
    );
    outgoing.destroy();
    await until(() => ended && proxy.inFlight() === 0, Boolean);
  });

  test('share kept-alive connections to the app', async () => {
    const ports = new Set<number | undefined>();
    const { ip } = await stage((incoming, response) => {
      ports.add(incoming.socket.remotePort);
      response.end();
    });
    for (let i = 0; i < 5; i += 1) await ask({ ip });
    expect(ports.size).toBe(1);
  });

  test('keep the connection of the load balancer longer than its 60 s', async () => {
    const { ip } = await stage((_, response) => response.end());
    const reply = await ask({ ip, headers: { connection: 'keep-alive' } });
    expect(reply.headers['keep-alive']).toBe('timeout=75');
  });
});

describe('an app that fails', () => {
  test('by refusing connections gives a 502 that says so', async () => {
    const { ip } = await proxyTo(makeUpstream('127.0.0.1', 1));
    const reply = await ask({ ip });
    expect(reply).toMatchObject({
      status: 502,
      body: 'The app of this environment refuses connections on its port.\n',
    });
  });

  test('by breaking off before an answer gives a 502 that says so', async () => {
    const { ip } = await stage((incoming) => incoming.socket.destroy());
    const reply = await ask({ ip, method: 'POST', body: 'x' });
    expect(reply).toMatchObject({ status: 502, body: 'The app of this environment broke off (ECONNRESET).\n' });
  });

  test('in the middle of an answer breaks the answer off, and the count stays right', async () => {
    const { ip, proxy } = await stage((incoming, response) => {
      response.write('half');
      setImmediate(() => incoming.socket.destroy());
    });
    await expect(ask({ ip })).rejects.toThrow('aborted');
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test('by answering what is not HTTP gives a 502', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('nonsense\r\n\r\n');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const { ip } = await proxyTo(makeUpstream('127.0.0.1', (server.address() as AddressInfo).port));
    expect((await ask({ ip })).status).toBe(502);
  });
});

describe('WebSockets', () => {
  async function echo(): Promise<Stage> {
    const found = await stage((_, response) => response.end());
    const sockets = new WebSocketServer({ server: found.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
    onTestFinished(() => sockets.close());
    return found;
  }

  const open = async (ip: string, host = HOST): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://${ip}:3001/live`, { headers: { host } });
    onTestFinished(() => socket.terminate());
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return socket;
  };

  test('pass both ways, and count as in flight until they close', async () => {
    const { ip, proxy } = await echo();
    const socket = await open(ip);
    expect(proxy.inFlight()).toBe(1);
    const answer = new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
    socket.send('ping');
    expect(await answer).toBe('ping');
    socket.close();
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test('of another host are refused with 421', async () => {
    const { ip } = await echo();
    await expect(open(ip, 'tt-other.preview.test')).rejects.toThrow('421');
  });

  test('are cut when their version has had its time', async () => {
    const { ip, upstream } = await echo();
    const socket = await open(ip);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await upstream.drain(50);
    await closed;
    await until(
      () => upstream.inFlight,
      (count) => count === 0,
    );
  });

  test('that the client breaks off are closed at the app', async () => {
    const { ip, proxy } = await echo();
    (await open(ip)).terminate();
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test('to an app that refuses them end, and harm nobody', async () => {
    const { ip, proxy } = await proxyTo(makeUpstream('127.0.0.1', 1));
    await expect(open(ip)).rejects.toThrow();
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
    expect((await ask({ ip })).status).toBe(502);
  });

  test('a request that offers another upgrade is answered as a plain one', async () => {
    const { ip } = await stage((_, response) => response.end('plain'));
    const reply = await raw(
      ip,
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1.1 200 OK/);
    expect(reply).toContain('plain');
  });
});

describe('closing', () => {
  test('waits for what is in flight, then cuts the rest', async () => {
    const { ip, proxy } = await stage((incoming: IncomingMessage, response) => {
      if (incoming.url === '/soon') setTimeout(() => response.end('in time'), 100);
    });
    const soon = ask({ ip, path: '/soon' });
    const never = ask({ ip, path: '/never' }).catch((error: NodeJS.ErrnoException) => error.code);
    await until(
      () => proxy.inFlight(),
      (count) => count === 2,
    );
    await proxy.close(600);
    expect((await soon).body).toBe('in time');
    expect(await never).toBe('ECONNRESET');
    await expect(ask({ ip })).rejects.toThrow('ECONNREFUSED');
  });
});

function raw(ip: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = '';
    const socket = connect(3_001, ip, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      seen += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(seen));
  });
}
