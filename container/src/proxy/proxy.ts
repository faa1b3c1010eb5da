/**
 * Port 3001: the environment to the outside. Everything for its own host goes to the app that serves; `/.mayfly/` is the
 * supervisor's. Any other host is refused, so that an address which another environment had before can never show the
 * wrong pull request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { makeForwarder } from './forwarder.ts';
import { hostName } from '../settings.ts';
import type { Upstream } from '../app/upstream.ts';

export interface ProxyOptions {
  readonly address: string;
  readonly port: number;
  readonly session: string;
  readonly publicHost: string;
  readonly upstream: () => Upstream | undefined;
  readonly healthy: () => Promise<boolean>;
  /** What anybody may know of the version that serves; undefined before there is one. */
  readonly version: () => object | undefined;
}

export interface Proxy {
  /** Requests and WebSockets that are being answered by an app, old versions included. */
  inFlight(): number;
  /** Stops accepting, waits `drainMs` at most for what is in flight, and cuts the rest. */
  close(drainMs: number): Promise<void>;
}

/** Longer than the 60 s for which an ALB keeps an idle connection (AWS-FACTS ELBv2 "keep-alive"). */
const KEEP_ALIVE_MS = 75_000;
const DRAIN_POLL_MS = 20;
const READY = '/.mayfly/ready/';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly retryAfter?: number;
}

const text = (status: number, body: string): Answer => ({ status, body: `${body}\n` });

/** Resolves once it listens. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const forwarder = makeForwarder();
  const sockets = new Set<Duplex>();
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: KEEP_ALIVE_MS + 5_000,
    // Uploads may take as long as they take; a client that sends nothing is the app's to time out.
    requestTimeout: 0,
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
  });
  server.on('request', (request, response) => void onRequest(request, response));
  server.on('upgrade', onUpgrade);
  await listen(server, options.port, options.address);

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const own = await answerOf(request, options);
    if (own) return send(response, own);
    const upstream = options.upstream();
    if (!upstream) return send(response, unavailable());
    forwarder.request(request, response, upstream);
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const upstream = options.upstream();
    const refused = foreignHost(request, options) ?? (upstream ? undefined : unavailable());
    if (refused || !upstream) {
      socket.end(`HTTP/1.1 ${refused?.status ?? 503} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    forwarder.upgrade(request, socket, head, upstream);
  }

  return {
    inFlight: () => forwarder.inFlight,
    async close(drainMs) {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      const deadline = performance.now() + drainMs;
      while (forwarder.inFlight > 0 && performance.now() < deadline) await delay(DRAIN_POLL_MS);
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What the supervisor answers itself; undefined for what the app answers. */
async function answerOf(request: IncomingMessage, options: ProxyOptions): Promise<Answer | undefined> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path.startsWith(READY)) return await ready(path.slice(READY.length), options);
  const foreign = foreignHost(request, options);
  if (foreign) return foreign;
  if (!path.startsWith('/.mayfly/')) return undefined;
  if (path !== '/.mayfly/version') return text(404, 'There is no such page of Mayfly.');
  const version = options.version();
  return version ? { status: 200, body: `${JSON.stringify(version)}\n`, type: 'application/json' } : unavailable();
}

/** Whatever the Host: load balancers ask with the address. The session in the path says whom they expect. */
async function ready(session: string, options: ProxyOptions): Promise<Answer> {
  if (session !== options.session) return text(421, 'Another environment runs here.');
  return (await options.healthy()) ? text(200, 'ready') : text(503, 'not ready');
}

function foreignHost(request: IncomingMessage, options: ProxyOptions): Answer | undefined {
  if (hostName(request.headers.host ?? '') === options.publicHost) return undefined;
  return text(421, 'This address serves another host.');
}

function unavailable(): Answer {
  return { ...text(503, 'The environment is starting. Try again in a moment.'), retryAfter: 2 };
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    'Content-Type': `${answer.type ?? 'text/plain'}; charset=utf-8`,
    'Cache-Control': 'no-store',
    'X-Robots-Tag': 'noindex',
    ...(answer.retryAfter === undefined ? {} : { 'Retry-After': String(answer.retryAfter) }),
  });
  response.end(answer.body);
}

/** Rejects with the reason, e.g. a taken port. */
export function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
