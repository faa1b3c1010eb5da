/** No request fails that need not: closed connections, clients that go away, and changes under load. */
import { once } from 'node:events';
import { Agent, request, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { forward } from '../harness.ts';
import { ask, makeFront, makeTarget, register, serve } from './sockets.ts';

const openConnections = (server: Server): Promise<number> =>
  new Promise((resolve) => void server.getConnections((_error, count) => resolve(count)));

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
