import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { makeElbv2 } from '../../../../../src/local/aws/elbv2/elbv2.ts';
import { makeHttpBalancer } from '../../../../../src/local/aws/elbv2/balancer/http-balancer.ts';
import { httpProber } from '../../../../../src/local/aws/elbv2/prober.ts';
import { type Elbv2State, parseElbv2State } from '../../../../../src/local/aws/elbv2/state.ts';
import { codeOf, fixedResponse, healthOf, makeListener, makeLoadBalancer, makeWorld, present } from '../harness.ts';
import { ask, listen, makeFront, makeTarget, realClock, serve } from './sockets.ts';

/** Listens on the very port that is asked for, so that clashes show. */
const realPorts = { bindPort: (port: number) => port };

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('listeners', () => {
  it('answer a clear error for a port that something else has, and leave no trace', async () => {
    const { elbv2, api } = makeWorld({ balancer: (router) => makeHttpBalancer(router) });
    onTestFinished(() => elbv2.close());
    const port = await listen(createServer());
    const loadBalancer = await makeLoadBalancer(api);
    await expect(makeListener(api, loadBalancer, port)).rejects.toMatchObject({
      code: 'InvalidConfigurationRequest',
      message: `The load balancer cannot listen on 127.0.0.1:${port}: it is already in use`,
    });
    const { Listeners } = await api.DescribeListeners.handle({ LoadBalancerArn: loadBalancer });
    expect(Listeners).toEqual([]);
  });

  it('let one of two that want the same port at the same time have it', async () => {
    const { elbv2, api } = makeWorld({ balancer: (router) => makeHttpBalancer(router) });
    onTestFinished(() => elbv2.close());
    const loadBalancer = await makeLoadBalancer(api);
    const port = await freePort();
    const codes = await Promise.all([1, 2].map(() => codeOf(() => makeListener(api, loadBalancer, port))));
    expect(codes.toSorted()).toEqual(['InvalidConfigurationRequest', 'none']);
    expect((await ask(port)).status).toBe(404);
  });

  it('close the port again when the load balancer is deleted while it is being bound', async () => {
    const { elbv2, api } = makeWorld({ balancer: (router) => makeHttpBalancer(router) });
    onTestFinished(() => elbv2.close());
    const loadBalancer = await makeLoadBalancer(api);
    const port = await freePort();
    const creating = codeOf(() => makeListener(api, loadBalancer, port));
    await api.DeleteLoadBalancer.handle({ LoadBalancerArn: loadBalancer });
    expect(await creating).toBe('LoadBalancerNotFound');
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  });

  it('move to another port, and stay when that is taken', async () => {
    const { elbv2, api } = makeWorld({ balancer: (router) => makeHttpBalancer(router, realPorts) });
    onTestFinished(() => elbv2.close());
    const [first, second] = [await freePort(), await freePort()];
    const ListenerArn = await makeListener(api, await makeLoadBalancer(api), first);
    const taken = await listen(createServer());
    expect(await codeOf(() => api.ModifyListener.handle({ ListenerArn, Port: taken }))).toBe(
      'InvalidConfigurationRequest',
    );
    expect((await ask(first)).status).toBe(404);
    await api.ModifyListener.handle({ ListenerArn, Port: second, DefaultActions: [fixedResponse('200', 'moved')] });
    expect((await ask(second)).body).toBe('moved');
    await expect(ask(first)).rejects.toThrow('ECONNREFUSED');
  });

  it('free the port when deleted, yet finish what is in flight', async () => {
    const front = await makeFront();
    let finish = (): void => {};
    const target = await makeTarget((_req, res) => {
      res.flushHeaders();
      finish = () => res.end('done');
    });
    await serve(front, 'one', target.port);
    const inFlight = ask(front.port);
    await vi.waitFor(() => expect(target.connections()).toBe(1));
    await front.api.DeleteListener.handle({ ListenerArn: front.listenerArn });
    await expect(ask(front.port)).rejects.toThrow('ECONNREFUSED');
    expect(front.elbv2.addressOf(front.listenerArn)).toBeUndefined();
    finish();
    expect((await inFlight).body).toBe('done');
  });
});

describe('close', () => {
  it('ends requests in flight, kept-alive clients, WebSockets and targets at once', async () => {
    const front = await makeFront();
    const hanging = await makeTarget(() => {});
    await serve(front, 'one', hanging.port);
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    onTestFinished(() => sockets.close());
    await serve(front, 'ws', (sockets.address() as { port: number }).port);
    const webSocket = new WebSocket(`ws://127.0.0.1:${front.port}/`, { headers: { host: 'ws.localhost' } });
    await once(webSocket, 'open');
    const sent = request({ port: front.port, host: '127.0.0.1', headers: { host: 'one.localhost' } });
    sent.end();
    const failed = once(sent, 'error');
    const closed = once(webSocket, 'close');
    await vi.waitFor(() => expect(hanging.connections()).toBe(1));
    await front.elbv2.close();
    await Promise.all([failed, closed]);
    await vi.waitFor(() => expect(sockets.clients.size).toBe(0));
    await expect(ask(front.port)).rejects.toThrow('ECONNREFUSED');
    expect(front.clock.pending).toBe(0);
    expect(await codeOf(() => makeListener(front.api, 'arn:none'))).toBe('LoadBalancerNotFound');
  });

  it('refuses to open listeners afterwards', async () => {
    const front = await makeFront();
    const loadBalancer = await makeLoadBalancer(front.api);
    await front.elbv2.close();
    expect(await codeOf(() => makeListener(front.api, loadBalancer, 8001))).toBe('InvalidConfigurationRequest');
  });
});

describe('restart', () => {
  it('brings listeners, rules and targets back from JSON, and finds health out again', async () => {
    let saved = '';
    const before = await makeFront({}, { onChange: (state) => (saved = JSON.stringify(state)) });
    const target = await makeTarget((_req, res) => res.end('served'));
    const group = await serve(before, 'one', target.port);
    await before.clock.advance(1000);
    expect(Object.values(await healthOf(before.api, group))).toEqual(['healthy']);
    await before.elbv2.close();

    const initial: Elbv2State = parseElbv2State(JSON.parse(saved));
    expect(initial).toEqual(before.elbv2.snapshot());
    const after = makeWorld({
      initial,
      balancer: (router) => makeHttpBalancer(router, { bindPort: () => 0 }),
    });
    onTestFinished(() => after.elbv2.close());
    expect(after.elbv2.addressOf(before.listenerArn)).toBeUndefined();
    await after.elbv2.start();
    const { port } = present(after.elbv2.addressOf(before.listenerArn));
    expect((await ask(port)).body).toBe('served');
    expect(Object.values(await healthOf(after.api, group))).toEqual(['initial/Elb.RegistrationInProgress']);
    await after.clock.advance(1000);
    expect(Object.values(await healthOf(after.api, group))).toEqual(['healthy']);
  });

  it('goes on draining for the rest of the time', async () => {
    const before = await makeFront();
    const group = await serve(before, 'one', 4000);
    await before.api.DeregisterTargets.handle({ TargetGroupArn: group, Targets: [{ Id: '127.0.0.1', Port: 4000 }] });
    const after = makeWorld({ initial: before.elbv2.snapshot() });
    await after.clock.advance(299_000);
    expect(await healthOf(after.api, group)).toEqual({ '127.0.0.1:4000': 'draining/Target.DeregistrationInProgress' });
    await after.clock.advance(1000);
    expect(await healthOf(after.api, group)).toEqual({});
  });

  it('says what is wrong with a saved state', () => {
    expect(() => parseElbv2State({ version: 2, loadBalancers: [] })).toThrow(
      /saved state of the load balancers[^]*version/,
    );
  });

  it('names the port that a restored listener cannot have', async () => {
    const before = await makeFront();
    const after = makeWorld({
      initial: before.elbv2.snapshot(),
      balancer: (router) => makeHttpBalancer(router, { bindPort: () => before.port }),
    });
    onTestFinished(() => after.elbv2.close());
    await expect(after.elbv2.start()).rejects.toThrow(`127.0.0.1:${before.port}: it is already in use`);
  });
});

describe('health checks over real HTTP', () => {
  const probe = (port: number, path = '/', timeoutMs = 2000, signal = new AbortController().signal) =>
    httpProber.probe({ ip: '127.0.0.1', port, path, timeoutMs, signal });

  it('tell answers, silence and refusal apart, and follow no redirect', async () => {
    const agents: unknown[] = [];
    const target = await makeTarget((req, res) => {
      agents.push(req.headers['user-agent'], req.headers.connection);
      if (req.url === '/hang') return;
      if (req.url === '/cut') req.socket.destroy();
      else res.writeHead(req.url === '/moved' ? 302 : 200, { location: '/' }).end('body');
    });
    expect(await probe(target.port)).toEqual({ kind: 'response', status: 200 });
    expect(agents).toEqual(['ELB-HealthChecker/2.0', 'close']);
    expect(await probe(target.port, '/moved')).toEqual({ kind: 'response', status: 302 });
    expect(await probe(target.port, '/hang', 50)).toEqual({ kind: 'timeout' });
    expect(await probe(target.port, '/cut')).toEqual({ kind: 'failed' });
    target.server.close();
    target.server.closeAllConnections();
    expect(await probe(target.port)).toEqual({ kind: 'failed' });
    const stop = new AbortController();
    stop.abort();
    expect(await probe(target.port, '/', 2000, stop.signal)).toEqual({ kind: 'failed' });
  });

  it('keep traffic from a target that fails them', async () => {
    const elbv2 = makeElbv2({
      region: 'eu-west-1',
      account: '000000000000',
      clock: realClock,
      healthCheckIntervalScale: 0.002,
      balancer: (router) => makeHttpBalancer(router, { bindPort: () => 0 }),
    });
    onTestFinished(() => elbv2.close());
    const api = elbv2.service.operations;
    const listenerArn = await makeListener(api, await makeLoadBalancer(api));
    const world = { ...makeWorld(), elbv2, api };
    const front = { ...world, listenerArn, port: present(elbv2.addressOf(listenerArn)).port };
    let ready = true;
    const flaky = await makeTarget((req, res) => res.writeHead(ready || req.url === '/' ? 200 : 500).end('flaky'));
    const steady = await makeTarget((_req, res) => res.end('steady'));
    const group = await serve(front, 'one', flaky.port, steady.port);
    await vi.waitFor(async () => expect(Object.values(await healthOf(api, group))).toEqual(['healthy', 'healthy']));
    ready = false;
    await vi.waitFor(async () =>
      expect(Object.values(await healthOf(api, group))).toEqual(['unhealthy/Target.ResponseCodeMismatch', 'healthy']),
    );
    const bodies = await Promise.all(Array.from({ length: 6 }, async () => (await ask(front.port)).body));
    expect(new Set(bodies)).toEqual(new Set(['steady']));
  });
});
