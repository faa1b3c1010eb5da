/** A request that reached an app which was just ending, and is repeated on the one that has taken its place. */
import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../../container/src/app/upstream.ts';
import { ask, until } from '../stage.ts';
import { proxyTo, serve, serveRaw } from './stage.ts';

interface Switch {
  readonly ip: string;
  readonly old: Upstream;
  readonly asked: string[];
  /** Requests that have reached the old app. */
  arrived(): number;
}

/** The old app takes requests and answers none; when `leave` has been called the new one is current, and the old gone. */
async function switching(bytes = ''): Promise<Switch & { leave(): void }> {
  const asked: string[] = [];
  const sockets: { destroy(): unknown }[] = [];
  const old = await serveRaw((socket) => {
    socket.once('data', () => {
      sockets.push(socket);
      if (bytes !== '') socket.write(bytes);
    });
  });
  const { upstream: fresh } = await serve((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    response.end('the new one');
  });
  let current = old;
  const { ip } = await proxyTo(old, { upstream: () => current });
  return {
    ip,
    old,
    asked,
    arrived: () => sockets.length,
    leave() {
      current = fresh;
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function through(found: Switch & { leave(): void }, asking: Parameters<typeof ask>[0]) {
  const reply = ask(asking);
  reply.catch(() => undefined);
  await until(found.arrived, (count) => count === 1);
  found.leave();
  return await reply;
}

describe('an app that ends before it answered', () => {
  test.each(['GET', 'HEAD'])('is not noticed by a %s: the next one answers', async (method) => {
    const found = await switching();
    const reply = await through(found, { ip: found.ip, path: '/page?q=1', method });
    expect(reply).toMatchObject({ status: 200, body: method === 'GET' ? 'the new one' : '' });
    expect(found.asked).toEqual([`${method} /page?q=1`]);
    expect(found.old.requests.size).toBe(0);
  });

  test.each([
    ['a POST', { method: 'POST', body: 'x' }],
    ['a GET with a body', { method: 'GET', body: 'x', headers: { 'content-length': '1' } }],
    ['a DELETE', { method: 'DELETE' }],
  ])('is told of %s, which is not sent twice', async (_what, asking) => {
    const found = await switching();
    const reply = await through(found, { ip: found.ip, ...asking });
    expect(reply.status).toBe(502);
    expect(found.asked).toEqual([]);
  });

  test('in the middle of its head or body is told', async () => {
    const found = await switching('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    await expect(through(found, { ip: found.ip })).rejects.toThrow();
    expect(found.asked).toEqual([]);
  });

  test('is told when there is no other', async () => {
    let connections = 0;
    const upstream = await serveRaw((socket) => {
      connections += 1;
      socket.once('data', () => socket.destroy());
    });
    const { ip } = await proxyTo(upstream);
    expect((await ask({ ip })).status).toBe(502);
    expect(connections).toBe(1);
  });

  test('is told when the next one breaks off too', async () => {
    const broken = await Promise.all(
      [1, 2, 3].map(() => serveRaw((socket) => socket.once('data', () => socket.destroy()))),
    );
    let asked = 0;
    const [first] = broken;
    if (!first) throw new Error('there is no app');
    const { ip } = await proxyTo(first, { upstream: () => broken[asked++] });
    expect((await ask({ ip })).status).toBe(502);
    expect(asked).toBe(2);
  });
});

test('a kept connection that the app closes as it is used is replaced by a new one', async () => {
  let connections = 0;
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const upstream = await serveRaw((socket) => {
    connections += 1;
    socket.once('data', () => {
      socket.write(answer);
      socket.once('data', () => socket.destroy());
    });
  });
  const { ip } = await proxyTo(upstream);
  expect((await ask({ ip })).body).toBe('ok');
  expect((await ask({ ip })).body).toBe('ok');
  expect(connections).toBe(2);
  expect((await ask({ ip, method: 'POST', body: 'x' })).body).toBe('ok');
});
