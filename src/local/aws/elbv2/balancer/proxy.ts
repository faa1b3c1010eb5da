/** Sends requests and WebSockets on to targets over kept-alive connections. The bytes are httpxy's work. */
import { type ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyServer } from 'httpxy';
import { errorAnswer, send, sendOnSocket } from './answers.ts';
import { hasBody, prepareRequestHeaders, responseHeaders } from './headers.ts';
import { makeJoinedSockets } from './joined-sockets.ts';
import { makeUpstreamPool } from './upstream-pool.ts';

interface Upstream {
  readonly ip: string;
  readonly port: number;
}

export interface ProxyOptions {
  /** Milliseconds without a byte from or to a target until 504, or until a connection is closed. */
  readonly idleTimeoutMs: number;
  /** Milliseconds to connect to a target until 504. */
  readonly connectTimeoutMs: number;
}

export interface Proxy {
  web(request: IncomingMessage, response: ServerResponse, upstream: Upstream): void;
  ws(request: IncomingMessage, socket: Socket, upgrade: { readonly upstream: Upstream; readonly head: Buffer }): void;
  /** Closes the connections to the target, each as soon as it is idle. */
  forget(upstream: Upstream): void;
  /** Ends every connection to every target. */
  stop(): void;
}

/** One request on its way, from its arrival to its answer. */
interface Exchange {
  readonly upstream: Upstream;
  readonly retryable: boolean;
  retries: number;
  current?: ClientRequest;
  upgraded?: boolean;
}

const urlOf = ({ ip, port }: Upstream): string => `http://${ip}:${port}`;

class UpstreamTimeout extends Error {}

/** RFC 9110 §9.2.2. */
const idempotentMethods = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

/** More than one, since the pool may hold several connections that the target closed at the same time. */
const maxRetries = 3;

export function makeProxy(options: ProxyOptions): Proxy {
  const pool = makeUpstreamPool(options.idleTimeoutMs);
  const webSockets = makeJoinedSockets(options.idleTimeoutMs);
  const proxy = createProxyServer({});
  const exchanges = new WeakMap<IncomingMessage, Exchange>();

  const sendOn = (request: IncomingMessage, response: ServerResponse, upstream: Upstream): void => {
    const target = urlOf(upstream);
    // A rejection only repeats what the 'error' event has said, or that the client has gone.
    proxy.web(request, response, { target, agent: pool.agentOf(target), selfHandleResponse: true }).catch(() => {});
  };

  const onWebError = (error: Error, request: IncomingMessage, response: ServerResponse): void => {
    const exchange = exchanges.get(request);
    if (response.headersSent || response.destroyed || exchange === undefined) {
      response.destroy();
      return;
    }
    if (wasStale(error, exchange) && exchange.retryable && exchange.retries < maxRetries) {
      exchange.retries++;
      pool.forget(urlOf(exchange.upstream));
      sendOn(request, response, exchange.upstream);
      return;
    }
    send(response, errorAnswer(error instanceof UpstreamTimeout ? 504 : 502));
  };

  const onSocketError = (error: NodeJS.ErrnoException, request: IncomingMessage, socket: Socket): void => {
    if (exchanges.get(request)?.upgraded === true || !socket.writable) return;
    sendOnSocket(request, socket, errorAnswer(error.code === 'ERR_UPSTREAM_UPGRADE_TIMEOUT' ? 504 : 502));
  };

  proxy.on('error', (error, request, response) => {
    if (request === undefined || response === undefined) return;
    if (response instanceof ServerResponse) onWebError(error, request, response);
    else onSocketError(error, request, response);
  });
  proxy.on('proxyReq', (upstreamRequest, request) => {
    const exchange = exchanges.get(request);
    if (exchange !== undefined) exchange.current = upstreamRequest;
    limitTime(upstreamRequest, options);
  });
  proxy.on('proxyRes', (upstreamResponse, _request, response) => relay(upstreamResponse, response));
  proxy.on('proxyReqWs', (upstreamRequest, request, socket) => {
    upstreamRequest.once('upgrade', (_response, upstreamSocket) => {
      const exchange = exchanges.get(request);
      if (exchange !== undefined) exchange.upgraded = true;
      webSockets.join(socket, upstreamSocket);
    });
  });

  return {
    web(request, response, upstream) {
      const retryable = idempotentMethods.includes(request.method ?? '') && !hasBody(request);
      exchanges.set(request, { upstream, retryable, retries: 0 });
      prepareRequestHeaders(request, false);
      sendOn(request, response, upstream);
    },
    ws(request, socket, { upstream, head }) {
      exchanges.set(request, { upstream, retryable: false, retries: 0 });
      prepareRequestHeaders(request, true);
      proxy
        .ws(request, socket, { target: urlOf(upstream), upgradeTimeout: options.idleTimeoutMs }, head)
        .catch(() => {});
    },
    forget: (upstream) => pool.forget(urlOf(upstream)),
    stop() {
      pool.stop();
      webSockets.stop();
    },
  };
}

/** A kept-alive connection that the target had closed before the request reached it. */
function wasStale(error: NodeJS.ErrnoException, exchange: Exchange): boolean {
  return exchange.current?.reusedSocket === true && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function limitTime(request: ClientRequest, { idleTimeoutMs, connectTimeoutMs }: ProxyOptions): void {
  const onTimeout = (): void => void request.destroy(new UpstreamTimeout());
  // Counts silence, and only once connected.
  request.setTimeout(idleTimeoutMs, onTimeout);
  if (request.socket?.connecting !== true) return;
  const timer = setTimeout(onTimeout, connectTimeoutMs);
  request.socket.once('connect', () => clearTimeout(timer));
  request.once('close', () => clearTimeout(timer));
}

function relay(from: IncomingMessage, to: ServerResponse): void {
  if (to.headersSent || to.destroyed) return;
  try {
    to.writeHead(from.statusCode ?? 502, from.statusMessage, [...responseHeaders(from)]);
  } catch {
    // A status or header that HTTP does not allow to be sent on.
    from.destroy();
    send(to, errorAnswer(502));
    return;
  }
  from.pipe(to);
}
