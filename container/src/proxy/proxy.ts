/**
 * Port 3001: the environment to the outside. Everything for its own host goes to the app that serves; `/.mayfly/` is the
 * supervisor's. Any other host is refused, so that an address which another environment had before can never show the
 * wrong pull request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Upstream } from '../app/upstream.ts';
import { hostName } from '../settings.ts';
import { type Answer, asBytes, FOREIGN, send, text, UNAVAILABLE } from './answers.ts';
import { makeForwarder } from './forwarder.ts';
import { makeTraffic, type TrafficReport } from './traffic.ts';
import { makeUpgrades } from './upgrades.ts';

export interface ProxyOptions {
  readonly address: string;
  readonly port: number;
  readonly session: string;
  readonly publicHost: string;
  /** Where requests for a path (without its query) go; undefined while no app runs. */
  readonly upstream: (path: string) => Upstream | undefined;
  readonly healthy: () => Promise<boolean>;
  /** What anybody may know of the version that serves; undefined before there is one. */
  readonly version: () => object | undefined;
  /** True: what the app says to search engines counts, and nothing is added. False: they are kept away. */
  readonly robots: () => boolean;
}

export interface Proxy {
  /** Requests and WebSockets that are being answered by an app, old versions included. */
  inFlight(): number;
  traffic(): TrafficReport;
  /**
   * Takes no new connections. Resolves when no request is in flight any more, or after `ms`. WebSockets stay open, so
   * that the app can say goodbye on them.
   */
  drain(ms: number): Promise<void>;
  /** Takes nothing more, and cuts whatever is open. Resolves once the port is free. */
  close(): Promise<void>;
}

/** Longer than the 60 s for which an ALB keeps an idle connection (AWS-FACTS ELBv2 "keep-alive"). */
const KEEP_ALIVE_MS = 75_000;
const DRAIN_POLL_MS = 20;
const OWN = '/.mayfly/';
const READY = `${OWN}ready/`;

/** Resolves once it listens. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { publicHost, upstream, robots } = options;
  const traffic = makeTraffic();
  const forward = makeForwarder({ upstream, robots });
  const passOn = makeUpgrades({ robots, traffic });
  const sockets = new Set<Duplex>();
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: KEEP_ALIVE_MS + 5_000,
    // Uploads may take as long as they take; a client that sends nothing is the app's to time out.
    requestTimeout: 0,
    shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
  });
  server.on('request', onRequest);
  server.on('upgrade', onUpgrade);
  await listen(server, options.port, options.address);
  let closed: Promise<void> | undefined;

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (closed) response.shouldKeepAlive = false;
    const path = pathOf(request);
    if (path.startsWith(READY)) return void ready(path.slice(READY.length), response);
    if (isForeign(request, publicHost)) return send(response, FOREIGN);
    if (path.startsWith(OWN)) return send(response, ownPage(path, options));
    traffic.request(request, response);
    const found = upstream(path);
    if (found) forward({ request, path, publicHost }, response, found);
    else send(response, UNAVAILABLE);
  }

  /** Whatever the Host: load balancers ask with the address. The session in the path says whom they expect. */
  async function ready(session: string, response: ServerResponse): Promise<void> {
    if (session !== options.session) return send(response, text(421, 'Another environment runs here.'));
    send(response, (await options.healthy()) ? text(200, 'ready') : text(503, 'not ready'));
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket)) return void socket.destroy();
    if (isForeign(request, publicHost)) return void socket.end(asBytes(FOREIGN));
    const path = pathOf(request);
    const found = upstream(path);
    traffic.webSocket(request, socket);
    if (found) return passOn({ request, socket, head, path, publicHost }, found);
    traffic.upgradeAnswered(UNAVAILABLE.status);
    socket.end(asBytes(UNAVAILABLE));
  }

  async function drain(ms: number): Promise<void> {
    closed ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    const deadline = performance.now() + ms;
    while (traffic.inFlight > 0 && performance.now() < deadline) {
      await delay(DRAIN_POLL_MS);
      server.closeIdleConnections();
    }
  }

  return {
    inFlight: () => traffic.inFlight + traffic.webSockets,
    traffic: () => traffic.report(),
    drain,
    async close() {
      await drain(0);
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Without the query. A client may name the whole URL, as it would towards a proxy; the app is asked for the path. */
function pathOf(request: IncomingMessage): string {
  let url = request.url ?? '/';
  if (!url.startsWith('/')) {
    const whole = URL.parse(url);
    url = whole ? whole.pathname + whole.search : '/';
    request.url = url;
  }
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

function isForeign({ headers }: IncomingMessage, publicHost: string): boolean {
  return headers.host !== publicHost && hostName(headers.host ?? '') !== publicHost;
}

function ownPage(path: string, options: ProxyOptions): Answer {
  if (path !== `${OWN}version`) return text(404, 'There is no such page of Mayfly.');
  const version = options.version();
  return version ? { status: 200, body: `${JSON.stringify(version)}\n`, type: 'application/json' } : UNAVAILABLE;
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
