/** Real servers and clients on loopback for the data plane's tests; everything is closed after each test. */
import { once } from 'node:events';
import { type Agent, createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  type HttpBalancerOptions,
  makeHttpBalancer,
} from '../../../../../src/local/aws/elbv2/balancer/http-balancer.ts';
import type { LocalClock } from '../../../../../src/local/aws/service.ts';
import type { Elbv2Options } from '../../../../../src/local/aws/elbv2/elbv2.ts';
import { makeGroup, makeListener, makeLoadBalancer, makeRule, makeWorld, present, type World } from '../harness.ts';

/** The system's clock, for tests in which real sockets decide. */
export const realClock: LocalClock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export interface Target {
  readonly server: Server;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: () => number;
}

export async function makeTarget(listener: RequestListener): Promise<Target> {
  const server = createServer({ keepAliveTimeout: 65_000 }, listener);
  let connections = 0;
  server.on('connection', () => connections++);
  return { server, port: await listen(server), connections: () => connections };
}

export interface Front extends World {
  readonly listenerArn: string;
  /** Of the listener. */
  readonly port: number;
}

/** An ELBv2 with a listener on a free port. The virtual clock is used, so no health check runs unless told. */
export async function makeFront(
  balancerOptions: HttpBalancerOptions = {},
  options: Partial<Elbv2Options> = {},
): Promise<Front> {
  const world = makeWorld({
    balancer: (router) => makeHttpBalancer(router, { bindPort: () => 0, ...balancerOptions }),
    ...options,
  });
  onTestFinished(() => world.elbv2.close());
  const listenerArn = await makeListener(world.api, await makeLoadBalancer(world.api));
  return { ...world, listenerArn, port: present(world.elbv2.addressOf(listenerArn)).port };
}

/** A target group of 127.0.0.1 at these ports behind `{name}.localhost`; answers the group's ARN. */
export async function serve(front: Front, name: string, ...ports: number[]): Promise<string> {
  const group = await makeGroup(front.api, name);
  const rules = await front.api.DescribeRules.handle({ ListenerArn: front.listenerArn });
  const priority = rules.Rules?.length ?? 1;
  await makeRule(front.api, {
    listenerArn: front.listenerArn,
    priority,
    host: `${name}.localhost`,
    weights: { [group]: 1 },
  });
  if (ports.length > 0) await register(front, group, ...ports);
  return group;
}

export const register = async (front: World, TargetGroupArn: string, ...ports: number[]): Promise<void> => {
  await front.api.RegisterTargets.handle({
    TargetGroupArn,
    Targets: ports.map((Port) => ({ Id: '127.0.0.1', Port })),
  });
};

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Ask {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly agent?: Agent | false;
}

/** Sends a request to the port of 127.0.0.1 with the Host header given, and reads the whole answer. */
export function ask(
  port: number,
  { host = 'one.localhost', path = '/', headers = {}, ...rest }: Ask = {},
): Promise<Reply> {
  const { method = 'GET', agent = false, body } = rest;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, agent, headers: { host, ...headers } });
    sent.on('error', reject);
    sent.on(
      'response',
      (response) => void text(response).then((got) => resolve({ ...statusOf(response), body: got }), reject),
    );
    sent.end(body);
  });
}

const statusOf = (response: IncomingMessage): Pick<Reply, 'status' | 'headers'> => ({
  status: response.statusCode ?? 0,
  headers: response.headers,
});

export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
