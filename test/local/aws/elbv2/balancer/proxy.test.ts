import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, makeFront, makeTarget, serve, text } from './sockets.ts';

/** Sends raw bytes and reads until the other end closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('forwarding', () => {
  it('sends method, path, body and headers on, and the answer back', async () => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => {
      void text(req).then((body) => {
        res.writeHead(201, 'Made', { 'X-Answer': 'yes', 'Set-Cookie': ['a=1', 'b=2'] });
        res.end(JSON.stringify({ method: req.method, url: req.url, body, headers: req.headers }));
      });
    });
    await serve(front, 'one', target.port);
    const reply = await ask(front.port, {
      method: 'POST',
      path: '/x/y?z=1&z=2',
      body: 'hello',
      headers: { 'x-own': 'kept', connection: 'x-named', 'x-named': 'dropped', te: 'trailers', 'content-length': '5' },
    });
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({ 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] });
    const seen = JSON.parse(reply.body) as { headers: Record<string, string> };
    expect(seen).toMatchObject({ method: 'POST', url: '/x/y?z=1&z=2', body: 'hello' });
    expect(seen.headers).toMatchObject({
      host: 'one.localhost',
      'x-own': 'kept',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(front.port),
    });
    expect(seen.headers).not.toHaveProperty('x-named');
    expect(seen.headers).not.toHaveProperty('te');
  });

  it('appends to X-Forwarded-For and does not believe X-Forwarded-Proto', async () => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => res.end(JSON.stringify(req.headers)));
    await serve(front, 'one', target.port);
    const { body } = await ask(front.port, {
      headers: { 'x-forwarded-for': '10.9.9.9', 'x-forwarded-proto': 'https' },
    });
    expect(JSON.parse(body)).toMatchObject({ 'x-forwarded-for': '10.9.9.9, 127.0.0.1', 'x-forwarded-proto': 'http' });
  });

  it.each(['POST', 'GET', 'DELETE', 'PUT'])('sends a chunked body of %s whole and framed', async (method) => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => void text(req).then((body) => res.end(`${req.method} ${body}`)));
    await serve(front, 'one', target.port);
    const reply = await ask(front.port, { method, body: 'in chunks', headers: { 'transfer-encoding': 'chunked' } });
    expect(reply.body).toBe(`${method} in chunks`);
    expect((await ask(front.port)).body).toBe('GET ');
  });

  it('keeps connections to targets and clients alive, whatever headers say of them', async () => {
    const front = await makeFront();
    const target = await makeTarget((_req, res) => res.end('ok'));
    await serve(front, 'one', target.port);
    for (let count = 0; count < 5; count++) await ask(front.port, { headers: { connection: 'close' } });
    expect(target.connections()).toBe(1);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const reply = await ask(front.port, { agent });
    expect(reply.headers.connection).toBe('keep-alive');
  });

  it('does not pass on that the target closes its connection', async () => {
    const front = await makeFront();
    const target = await makeTarget((_req, res) => res.writeHead(200, { connection: 'close' }).end('ok'));
    await serve(front, 'one', target.port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await ask(front.port, { agent })).headers.connection).toBe('keep-alive');
  });

  it('streams a request and an answer without waiting for their ends', async () => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => {
      res.flushHeaders();
      req.on('data', (chunk: Buffer) => res.write(`got ${chunk.toString()}`));
      req.on('end', () => res.end('.'));
    });
    await serve(front, 'one', target.port);
    const sent = request({ port: front.port, host: '127.0.0.1', method: 'POST', headers: { host: 'one.localhost' } });
    sent.write('a');
    const [response] = (await once(sent, 'response')) as [AsyncIterable<Buffer> & NodeJS.EventEmitter];
    const first = (await once(response, 'data')) as [Buffer];
    expect(first[0].toString()).toBe('got a');
    const rest = text(response);
    sent.end('b');
    expect(await rest).toBe('got b.');
  });

  it.each([
    ['HEAD', 200, ''],
    ['GET', 204, ''],
    ['GET', 304, ''],
  ])('passes on an answer without a body: %s %i', async (method, status, body) => {
    const front = await makeFront();
    const target = await makeTarget((_req, res) => {
      if (method === 'HEAD') res.setHeader('content-length', '12');
      res.writeHead(status).end();
    });
    await serve(front, 'one', target.port);
    const reply = await ask(front.port, { method });
    expect(reply).toMatchObject({ status, body });
    if (method === 'HEAD') expect(reply.headers['content-length']).toBe('12');
  });

  it('routes by the URL of a request line that carries one', async () => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => res.end(`${req.headers.host} ${req.url}`));
    await serve(front, 'one', target.port);
    const answer = await raw(
      front.port,
      'GET http://one.localhost/a?b HTTP/1.1\r\nHost: two.localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toContain('one.localhost /a?b');
  });

  it('answers HTTP/1.0 and requests for an upgrade that is no WebSocket', async () => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => res.end(`plain ${String(req.headers.upgrade)}`));
    await serve(front, 'one', target.port);
    expect(await raw(front.port, 'GET / HTTP/1.0\r\nHost: one.localhost\r\n\r\n')).toContain('plain undefined');
    const reply = await ask(front.port, {
      headers: { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': '' },
    });
    expect(reply.body).toBe('plain undefined');
  });

  it('serves many hosts on one port', async () => {
    const front = await makeFront();
    for (const name of ['one', 'two', 'three']) {
      const target = await makeTarget((_req, res) => res.end(name));
      await serve(front, name, target.port);
    }
    const bodies = await Promise.all(
      ['two', 'one', 'three'].map(async (name) => (await ask(front.port, { host: `${name}.localhost:8000` })).body),
    );
    expect(bodies).toEqual(['two', 'one', 'three']);
  });
});

describe('what the load balancer answers itself', () => {
  it('answers the default action, with its content type', async () => {
    const front = await makeFront();
    const reply = await ask(front.port);
    expect(reply).toMatchObject({ status: 404, body: 'nothing here' });
    expect(reply.headers).toMatchObject({ 'content-type': 'text/plain', server: 'awselb/2.0' });
  });

  it('redirects', async () => {
    const front = await makeFront();
    await front.api.ModifyListener.handle({
      ListenerArn: front.listenerArn,
      DefaultActions: [
        {
          Type: 'redirect',
          RedirectConfig: { StatusCode: 'HTTP_302', Host: 'www.#{host}', Port: '80', Path: '/new/#{path}' },
        },
      ],
    });
    const reply = await ask(front.port, { host: 'a.localhost:8000', path: '/x?y=1' });
    expect(reply.status).toBe(302);
    expect(reply.headers.location).toBe('http://www.a.localhost/new/x?y=1');
  });

  it('answers 503 with its page when the group has no target', async () => {
    const front = await makeFront();
    await serve(front, 'one');
    const reply = await ask(front.port);
    expect(reply.status).toBe(503);
    expect(reply.body).toContain('<h1>503 Service Temporarily Unavailable</h1>');
  });

  it('answers 502 when the target refuses the connection', async () => {
    const front = await makeFront();
    const target = await makeTarget(() => {});
    target.server.close();
    await serve(front, 'one', target.port);
    const reply = await ask(front.port, { method: 'POST', body: 'x'.repeat(100_000) });
    expect(reply.status).toBe(502);
    expect(reply.body).toContain('<h1>502 Bad Gateway</h1>');
  });

  it('answers 502 when the target closes without an answer, or answers nonsense', async () => {
    const front = await makeFront();
    const closing = await makeTarget((req) => req.socket.destroy());
    await serve(front, 'one', closing.port);
    expect((await ask(front.port)).status).toBe(502);
    const nonsense = createTcpServer((socket) => socket.end('not http\r\n\r\n'));
    nonsense.listen(0, '127.0.0.1');
    await once(nonsense, 'listening');
    onTestFinished(() => void nonsense.close());
    await serve(front, 'two', (nonsense.address() as { port: number }).port);
    expect((await ask(front.port, { host: 'two.localhost' })).status).toBe(502);
  });

  it('answers 504 when the target says nothing for the idle time', async () => {
    const front = await makeFront({ idleTimeoutMs: 150 });
    const target = await makeTarget(() => {});
    await serve(front, 'one', target.port);
    const reply = await ask(front.port);
    expect(reply.status).toBe(504);
    expect(reply.body).toContain('<h1>504 Gateway Time-out</h1>');
  });

  it('cuts an answer short, and says so, when the target breaks off', async () => {
    const front = await makeFront();
    const target = await makeTarget((_req, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half', () => res.destroy());
    });
    await serve(front, 'one', target.port);
    await expect(ask(front.port)).rejects.toThrow('aborted');
    expect((await ask(front.port, { host: 'none.localhost' })).status).toBe(404);
  });
});
