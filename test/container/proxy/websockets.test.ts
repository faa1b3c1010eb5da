import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { makeUpstream } from '../../../container/src/app/upstream.ts';
import { ask, HOST, until } from '../stage.ts';
import { openSocket, proxyTo, raw, serveRaw, stage } from './stage.ts';

async function echo() {
  const found = await stage((_, response) => response.end());
  const sockets = new WebSocketServer({ server: found.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
  onTestFinished(() => sockets.close());
  return { ...found, sockets };
}

describe('WebSockets', () => {
  test('pass both ways, and count as open until they close', async () => {
    const { ip, proxy, upstream } = await echo();
    const { socket, received } = await openSocket(ip);
    expect([proxy.traffic().webSockets, proxy.traffic().inFlight, upstream.webSockets.size]).toEqual([1, 0, 1]);
    socket.send('ping');
    await until(
      () => received,
      (found) => found.includes('ping'),
    );
    socket.close();
    await until(
      () => proxy.inFlight() + upstream.webSockets.size,
      (count) => count === 0,
    );
  });

  test('of another host are refused with 421', async () => {
    const { ip } = await echo();
    await expect(openSocket(ip, '/', { host: 'tt-other.preview.test' })).rejects.toThrow('421');
  });

  test('are cut when their version has had its time', async () => {
    const { ip, upstream } = await echo();
    const { closed } = await openSocket(ip);
    await upstream.close(50);
    expect(await closed).toBe(1_006);
    await until(
      () => upstream.webSockets.size,
      (count) => count === 0,
    );
  });

  test('stay open while requests are drained', async () => {
    const { ip, proxy } = await echo();
    const { socket, received, closed } = await openSocket(ip);
    await proxy.drain(10_000);
    socket.send('still here');
    await until(
      () => received,
      (found) => found.includes('still here'),
    );
    await proxy.close();
    expect(await closed).toBe(1_006);
  });

  test('hear the goodbye of the app', async () => {
    const { ip, sockets } = await echo();
    const { closed } = await openSocket(ip);
    for (const client of sockets.clients) client.close(1_001, 'a new version comes');
    expect(await closed).toBe(1_001);
  });

  test('that the client breaks off are closed at the app', async () => {
    const { ip, sockets } = await echo();
    const { socket } = await openSocket(ip);
    socket.terminate();
    await until(
      () => sockets.clients.size,
      (count) => count === 0,
    );
  });

  test('carry what the client sends before it is answered', async () => {
    const { ip } = await echo();
    const early = 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    const close = '\x88\x80\0\0\0\0';
    const reply = await raw(ip, `${early}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nHost: ${HOST}\r\n\r\n${close}`);
    expect(reply).toMatch(/^HTTP\/1.1 101 /);
    expect(reply.endsWith('\x88\x00')).toBe(true);
  });

  test('to an app that refuses connections get a 502 that says so', async () => {
    const { ip, proxy } = await proxyTo(makeUpstream('127.0.0.1', 1));
    await expect(openSocket(ip)).rejects.toThrow('Unexpected server response: 502');
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
    expect(proxy.traffic().requests['5xx']).toBe(1);
    expect((await ask({ ip })).status).toBe(502);
  });

  test('that the app refuses get its own answer', async () => {
    const { ip, proxy, server } = await stage((_, response) => response.end());
    server.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    });
    await expect(openSocket(ip)).rejects.toThrow('403');
    expect(proxy.traffic().requests).toMatchObject({ '4xx': 1, '5xx': 0 });
  });

  test('to an app that breaks off in the middle of a refusal get no second answer', async () => {
    const { ip } = await proxyTo(
      await serveRaw((socket) => {
        socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 50\r\n\r\nno');
        setTimeout(() => socket.destroy(), 50);
      }),
    );
    const reply = await raw(ip, `GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: ${HOST}\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1.1 403 /);
    expect(reply).not.toContain('502');
  });

  test('before any app runs are told to come again', async () => {
    const { ip, proxy } = await proxyTo(makeUpstream('127.0.0.1', 1), { upstream: () => undefined });
    await expect(openSocket(ip)).rejects.toThrow('503');
    expect(proxy.traffic().requests['5xx']).toBe(1);
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
