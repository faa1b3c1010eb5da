import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Front, ask, makeFront, makeTarget, serve } from './sockets.ts';

async function makeEcho(): Promise<{ server: WebSocketServer; port: number; headers: Record<string, unknown>[] }> {
  const headers: Record<string, unknown>[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'chat' });
  server.on('connection', (socket, request) => {
    headers.push({ ...request.headers, url: request.url });
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    socket.on('error', () => {});
  });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, headers };
}

function open(front: Front, path = '/', host = 'one.localhost'): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${front.port}${path}`, ['chat'], { headers: { host } });
  onTestFinished(() => socket.terminate());
  return socket;
}

describe('WebSockets', () => {
  it('pass both ways, with path, host, protocol and forwarded headers', async () => {
    const front = await makeFront();
    const echo = await makeEcho();
    await serve(front, 'one', echo.port);
    const socket = open(front, '/live?x=1');
    await once(socket, 'open');
    expect(socket.protocol).toBe('chat');
    for (const message of ['one', 'x'.repeat(200_000)]) {
      socket.send(message);
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.toString()).toBe(message);
    }
    expect(echo.headers[0]).toMatchObject({
      host: 'one.localhost',
      url: '/live?x=1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  it('close with the code of the end that closes', async () => {
    const front = await makeFront();
    const echo = await makeEcho();
    await serve(front, 'one', echo.port);
    const socket = open(front);
    await once(socket, 'open');
    for (const client of echo.server.clients) client.close(4001, 'over');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4001);
  });

  it('end at the other end when one end breaks off', async () => {
    const front = await makeFront();
    const echo = await makeEcho();
    await serve(front, 'one', echo.port);
    const first = open(front);
    await once(first, 'open');
    first.terminate();
    await vi.waitFor(() => expect(echo.server.clients.size).toBe(0));
    const second = open(front);
    await once(second, 'open');
    for (const client of echo.server.clients) client.terminate();
    const [code] = (await once(second, 'close')) as [number];
    expect(code).toBe(1006);
  });

  it('end after the idle time', async () => {
    const front = await makeFront({ idleTimeoutMs: 200 });
    const echo = await makeEcho();
    await serve(front, 'one', echo.port);
    const socket = open(front);
    await once(socket, 'open');
    await once(socket, 'close');
    await vi.waitFor(() => expect(echo.server.clients.size).toBe(0));
  });

  it.each([
    ['404 of the default action', 'none.localhost', 404],
    ['503 without targets', 'empty.localhost', 503],
    ['502 when refused', 'dead.localhost', 502],
    ["the target's own answer", 'plain.localhost', 418],
  ])('are refused with %s', async (_name, host, status) => {
    const front = await makeFront();
    await serve(front, 'empty');
    const dead = await makeTarget(() => {});
    dead.server.close();
    await serve(front, 'dead', dead.port);
    const plain = await makeTarget((_req, res) => res.writeHead(418).end('no'));
    await serve(front, 'plain', plain.port);
    const socket = open(front, '/', host);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toBe(`Unexpected server response: ${status}`);
    expect((await ask(front.port, { host: 'plain.localhost' })).status).toBe(418);
  });
});
