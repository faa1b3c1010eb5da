import { request, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { makeUpstream } from '../../../container/src/app/upstream.ts';
import { ask, HOST, until } from '../stage.ts';
import { proxyTo, raw, serveRaw, stage } from './stage.ts';

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

  test('with a body that waits for a word to go on are taken', async () => {
    const { ip } = await stage((incoming, response) => incoming.pipe(response));
    const outgoing = request({ host: ip, port: 3_001, method: 'PUT', headers: { host: HOST, expect: '100-continue' } });
    outgoing.flushHeaders();
    await new Promise<void>((resolve) => outgoing.once('continue', resolve));
    const answer = new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
    outgoing.end('the body');
    let body = '';
    for await (const chunk of await answer) body += String(chunk);
    expect(body).toBe('the body');
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

describe('a body', () => {
  test('that the app does not want to the end is answered early, and harms no later request', async () => {
    const { ip, proxy } = await stage((incoming, response) => {
      if (incoming.method === 'GET') return response.end('unharmed');
      response.writeHead(413).end('too much');
    });
    const outgoing = request({ host: ip, port: 3_001, method: 'POST', headers: { host: HOST }, agent: false });
    outgoing.on('error', () => undefined);
    const answer = new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
    const more = (): void => {
      while (outgoing.writable && outgoing.write(Buffer.alloc(100_000, 'GET / HTTP/1.1\r\n\r\n')));
    };
    outgoing.on('drain', more);
    more();
    expect((await answer).statusCode).toBe(413);
    outgoing.destroy();
    for (let i = 0; i < 3; i += 1) expect((await ask({ ip })).body).toBe('unharmed');
    await until(
      () => proxy.inFlight(),
      (count) => count === 0,
    );
  });

  test.each([
    ['PUT', { 'transfer-encoding': 'chunked' }],
    ['PUT', { 'content-length': '8' }],
    ['DELETE', { 'transfer-encoding': 'chunked' }],
    ['GET', { 'content-length': '8' }],
  ])('of a %s arrives whole, framed by %o', async (method, headers) => {
    const { ip } = await stage((incoming, response) => incoming.pipe(response));
    expect((await ask({ ip, method, headers, body: 'the body' })).body).toBe('the body');
  });

  test('is never taken for a request of its own, whatever its head says of its length', async () => {
    const asked: (string | undefined)[] = [];
    const { ip } = await stage((incoming, response) => {
      asked.push(incoming.url);
      incoming.pipe(response);
    });
    const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const framed = [
      [`Content-Length: ${body.length}`, body],
      ['Transfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ];
    for (const method of ['GET', 'POST']) {
      for (const [framing, bytes] of framed) {
        const named = `Connection: close, content-length, transfer-encoding\r\n${framing}`;
        expect(await raw(ip, `${method} /one HTTP/1.1\r\nHost: ${HOST}\r\n${named}\r\n\r\n${bytes}`)).toContain(
          'smuggled',
        );
      }
    }
    expect(asked).toEqual(['/one', '/one', '/one', '/one']);
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
    const { ip } = await proxyTo(await serveRaw((socket) => socket.end('nonsense\r\n\r\n')));
    expect((await ask({ ip })).status).toBe(502);
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
    await proxy.drain(600);
    await proxy.close();
    expect((await soon).body).toBe('in time');
    expect(await never).toBe('ECONNRESET');
    await expect(ask({ ip })).rejects.toThrow('ECONNREFUSED');
  });
});
