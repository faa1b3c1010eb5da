import { once } from 'node:events';
import { Agent, request, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { forward } from '../harness.ts';
import { ask, makeFront, makeTarget, register, serve, text } from './sockets.ts';

const openConnections = (server: Server): Promise<number> =>
  new Promise((resolve) => void server.getConnections((_error, count) => resolve(count)));

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

describe('connections that a target closed between requests', () => {
  /** Answers each connection once, then resets it as soon as a second request arrives. */
  async function makeStaleTarget(): Promise<{ port: number; served: () => number }> {
    let served = 0;
    const server = createTcpServer((socket: Socket) => {
      let first = true;
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        if (!first) {
          socket.resetAndDestroy();
          return;
        }
        first = false;
        served++;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${data.toString().startsWith('HEAD') ? '' : 'ok'}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { port: (server.address() as { port: number }).port, served: () => served };
  }

  it.each(['GET', 'HEAD', 'DELETE', 'PUT'])('are replaced for %s, so that no request fails', async (method) => {
    const front = await makeFront();
    const target = await makeStaleTarget();
    await serve(front, 'one', target.port);
    for (let count = 0; count < 4; count++) expect((await ask(front.port, { method })).status).toBe(200);
    expect(target.served()).toBe(4);
  });

  it('are replaced many at a time', async () => {
    const front = await makeFront();
    const target = await makeStaleTarget();
    await serve(front, 'one', target.port);
    for (let round = 0; round < 3; round++) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => ask(front.port)));
      expect(replies.map((reply) => reply.status)).toEqual(Array(20).fill(200));
    }
  });

  it('fail a POST, which may have been carried out', async () => {
    const front = await makeFront();
    const target = await makeStaleTarget();
    await serve(front, 'one', target.port);
    expect((await ask(front.port)).status).toBe(200);
    expect((await ask(front.port, { method: 'POST', body: 'x' })).status).toBe(502);
    expect(target.served()).toBe(1);
  });

  it('are not kept when the target is deregistered', async () => {
    const front = await makeFront();
    const target = await makeTarget((_req, res) => res.end('ok'));
    const group = await serve(front, 'one', target.port);
    await ask(front.port);
    const closed = vi.fn();
    expect(await openConnections(target.server)).toBe(1);
    await front.api.DeregisterTargets.handle({
      TargetGroupArn: group,
      Targets: [{ Id: '127.0.0.1', Port: target.port }],
    });
    target.server.close(closed);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });
});

describe('clients that go away', () => {
  it('end the request at the target, and nothing else', async () => {
    const front = await makeFront();
    const gone = vi.fn();
    const target = await makeTarget((req, res) => {
      if (req.url === '/fine') res.end('fine');
      else res.on('close', gone).writeHead(200).write('begin');
    });
    await serve(front, 'one', target.port);
    const sent = request({ port: front.port, host: '127.0.0.1', headers: { host: 'one.localhost' } });
    sent.on('error', () => {});
    sent.end();
    await once(sent, 'response');
    sent.destroy();
    await vi.waitFor(() => expect(gone).toHaveBeenCalled());
    expect((await ask(front.port, { path: '/fine' })).body).toBe('fine');
  });

  it.each([
    ['before the answer', 'GET / HTTP/1.1\r\nHost: one.localhost\r\n\r\n'],
    ['in the middle of a body', 'POST / HTTP/1.1\r\nHost: one.localhost\r\nContent-Length: 100\r\n\r\nhalf'],
    [
      'in the middle of a chunk',
      'POST / HTTP/1.1\r\nHost: one.localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf',
    ],
    ['in the middle of headers', 'GET / HTTP/1.1\r\nHost: one.loc'],
    ['after nonsense', 'nonsense\r\n\r\n'],
    [
      'in a WebSocket handshake',
      'GET / HTTP/1.1\r\nHost: one.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
  ])('%s do no harm', async (_when, bytes) => {
    const front = await makeFront();
    const target = await makeTarget((req, res) => {
      if (req.url === '/fine') res.end('fine');
    });
    await serve(front, 'one', target.port);
    for (let count = 0; count < 5; count++) {
      const socket = connect(front.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await ask(front.port, { path: '/fine' })).body).toBe('fine');
  });
});

describe('changes under load', () => {
  /** Asks without pause on several kept-alive connections until told to stop; answers what came back. */
  function load(port: number): { stop(): Promise<string[]> } {
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    let running = true;
    const worker = async (): Promise<string[]> => {
      const seen: string[] = [];
      while (running) {
        const { status, body } = await ask(port, { agent });
        seen.push(`${status} ${body}`);
      }
      return seen;
    };
    const workers = Array.from({ length: 8 }, worker);
    return {
      stop: async () => {
        running = false;
        return (await Promise.all(workers)).flat();
      },
    };
  }

  it('flips weights to and fro without a failed request', async () => {
    const front = await makeFront();
    const blue = await makeTarget((_req, res) => res.end('blue'));
    const green = await makeTarget((_req, res) => res.end('green'));
    const blueGroup = await serve(front, 'one', blue.port);
    const greenGroup = await serve(front, 'two', green.port);
    const { Rules } = await front.api.DescribeRules.handle({ ListenerArn: front.listenerArn });
    const RuleArn = Rules?.find((rule) => rule.Conditions?.[0]?.Values?.[0] === 'one.localhost')?.RuleArn;
    const running = load(front.port);
    for (let flip = 0; flip < 20; flip++) {
      const weight = flip % 2;
      await front.api.ModifyRule.handle({
        RuleArn,
        Actions: [forward({ [blueGroup]: weight, [greenGroup]: 1 - weight })],
      });
      const expected = weight === 1 ? 'blue' : 'green';
      expect((await ask(front.port)).body).toBe(expected);
    }
    const seen = await running.stop();
    expect(seen.filter((each) => each !== '200 blue' && each !== '200 green')).toEqual([]);
    expect(new Set(seen).size).toBe(2);
  });

  it('replaces a target by another without a failed request, though the old one stops', async () => {
    const front = await makeFront();
    const old = await makeTarget((_req, res) => res.end('old'));
    const next = await makeTarget((_req, res) => res.end('next'));
    const group = await serve(front, 'one', old.port);
    const running = load(front.port);
    await ask(front.port);
    await register(front, group, next.port);
    await front.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: '127.0.0.1', Port: old.port }] });
    expect((await ask(front.port)).body).toBe('next');
    // As a task is stopped: when nothing is in flight there any more.
    await vi.waitFor(async () => expect(await openConnections(old.server)).toBe(0));
    await new Promise<void>((resolve) => void old.server.close(() => resolve()));
    expect((await ask(front.port)).body).toBe('next');
    const seen = await running.stop();
    expect(seen.filter((each) => !each.startsWith('200 '))).toEqual([]);
  });

  it('finishes what is in flight at a draining target, and sends it nothing new', async () => {
    const front = await makeFront();
    let finish = (): void => {};
    const old = await makeTarget((_req, res) => {
      res.write('begin ');
      finish = () => res.end('end');
    });
    const group = await serve(front, 'one', old.port);
    const inFlight = ask(front.port);
    await vi.waitFor(() => expect(old.connections()).toBe(1));
    await front.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: '127.0.0.1', Port: old.port }] });
    expect((await ask(front.port)).status).toBe(503);
    finish();
    expect(await inFlight).toMatchObject({ status: 200, body: 'begin end' });
  });
});
