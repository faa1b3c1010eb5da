/** The data plane: an HTTP server a listener, on loopback. The router says where each request goes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RoutedRequest } from '../matching.ts';
import type { Route, Router } from '../routing.ts';
import { type Answer, actionAnswer, errorAnswer, send, sendOnSocket } from './answers.ts';
import { type Balancer, type ListenAddress, ListenError } from './port.ts';
import { makeProxy, type Proxy } from './proxy.ts';

export interface HttpBalancerOptions {
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  /** The port to bind for a listener's port; the same when left out. Tests give 0 for any that is free. */
  readonly bindPort?: (listenerPort: number) => number;
  /** ALB's: 60000 when left out. */
  readonly idleTimeoutMs?: number;
  /** ALB's: 10000 when left out. */
  readonly connectTimeoutMs?: number;
}

/** AWS-FACTS ELBv2 "keep-alive". */
const albIdleTimeoutMs = 60_000;
const albConnectTimeoutMs = 10_000;
/** ALB's limit of all request headers together. */
const maxHeaderBytes = 64 * 1024;

/** One server and the sockets that have left it for a WebSocket. */
interface Front {
  readonly server: Server;
  readonly upgraded: Set<Socket>;
}

export function makeHttpBalancer(router: Router, options: HttpBalancerOptions = {}): Balancer {
  const { host = '127.0.0.1', bindPort = (port: number) => port, idleTimeoutMs = albIdleTimeoutMs } = options;
  const proxy = makeProxy({ idleTimeoutMs, connectTimeoutMs: options.connectTimeoutMs ?? albConnectTimeoutMs });
  const open = new Map<string, Front>();
  /** Every server that still has a connection, those that no longer listen too. */
  const alive = new Set<Front>();
  let stopped = false;

  const shut = (front: Front): void => {
    front.server.close(() => alive.delete(front));
  };

  return {
    async open(listenerArn, port) {
      if (stopped) throw new ListenError('The local load balancer is stopped');
      const front = makeFront(listenerArn, { router, proxy, idleTimeoutMs });
      await listen(front.server, bindPort(port), host);
      alive.add(front);
      const before = open.get(listenerArn);
      open.set(listenerArn, front);
      if (before !== undefined) shut(before);
      // `stop` may have come while the port was being bound.
      if (stopped) shut(front);
    },
    async close(listenerArn) {
      const front = open.get(listenerArn);
      if (front === undefined) return;
      open.delete(listenerArn);
      shut(front);
    },
    addressOf(listenerArn) {
      return addressOf(open.get(listenerArn)?.server);
    },
    forget: (target) => proxy.forget(target),
    async stop() {
      stopped = true;
      open.clear();
      const ended = [...alive].map(end);
      proxy.stop();
      await Promise.all(ended);
      alive.clear();
    },
  };
}

interface FrontParts {
  readonly router: Router;
  readonly proxy: Proxy;
  readonly idleTimeoutMs: number;
}

function makeFront(listenerArn: string, { router, proxy, idleTimeoutMs }: FrontParts): Front {
  const server = createServer({
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: idleTimeoutMs,
    // A body may take as long as it flows: silence is what the upstream's time limit counts.
    requestTimeout: 0,
    maxHeaderSize: maxHeaderBytes,
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
  });
  const upgraded = new Set<Socket>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A listener that was closed keeps no client.
    if (!server.listening) response.shouldKeepAlive = false;
    const route = router.route(listenerArn, routedRequest(request));
    if (route.kind === 'target') proxy.web(request, response, route);
    else send(response, ownAnswer(route, request));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    // A client that resets its connection is no fault of ours; 'close' follows.
    socket.on('error', () => {});
    const route = router.route(listenerArn, routedRequest(request));
    if (route.kind === 'target') proxy.ws(request, socket, { upstream: route, head });
    else sendOnSocket(request, socket, ownAnswer(route, request));
  });
  return { server, upgraded };
}

/** A request line may carry a whole URL; then its host counts, and targets are sent the path. RFC 9112 §3.2.2. */
function routedRequest(request: IncomingMessage): RoutedRequest {
  const url = URL.parse(/^https?:\/\//i.test(request.url ?? '') ? (request.url ?? '') : '');
  if (url !== null) {
    request.url = `${url.pathname}${url.search}`;
    request.headers.host = url.host;
  }
  return { host: request.headers.host ?? '', url: request.url ?? '/' };
}

const ownAnswer = (route: Exclude<Route, { kind: 'target' }>, request: IncomingMessage): Answer =>
  route.kind === 'answer' ? actionAnswer(route.action, request, request.socket.localPort ?? 0) : errorAnswer(503);

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const cause = error.code === 'EADDRINUSE' ? 'it is already in use' : error.message;
      reject(new ListenError(`The load balancer cannot listen on ${host}:${port}: ${cause}`, { cause: error }));
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function addressOf(server: Server | undefined): ListenAddress | undefined {
  const address = server?.address() as AddressInfo | null | undefined;
  return address ? { host: address.address, port: address.port } : undefined;
}

function end(front: Front): Promise<void> {
  return new Promise((resolve) => {
    front.server.close(() => resolve());
    front.server.closeAllConnections();
    for (const socket of front.upgraded) socket.destroy();
  });
}
