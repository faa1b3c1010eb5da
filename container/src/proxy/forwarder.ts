/** Passes requests and WebSockets on to an app, and counts them. The bytes are httpxy's work. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProxyServer } from 'httpxy';
import type { Upstream } from '../app/upstream.ts';

export interface Forwarder {
  request(request: IncomingMessage, response: ServerResponse, upstream: Upstream): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, upstream: Upstream): void;
  readonly inFlight: number;
}

/** Belong to one connection (RFC 9110 §7.6.1); Node sets its own for the other side. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'te', 'trailer', 'upgrade'];

export function makeForwarder(): Forwarder {
  const proxy = new ProxyServer();
  let inFlight = 0;
  proxy.on('proxyRes', (answer, _request, response) => writeHead(answer, response));
  proxy.on('proxyReqWs', (outgoing, _request, socket) => joinFates(outgoing, socket));
  proxy.on('error', (error, _request, response) => fail(response, error));

  function count(upstream: Upstream, cut: () => void): () => void {
    const done = upstream.track(cut);
    inFlight += 1;
    return () => {
      done();
      inFlight -= 1;
    };
  }

  return {
    get inFlight() {
      return inFlight;
    },
    request(request, response, upstream) {
      response.once(
        'close',
        count(upstream, () => response.destroy()),
      );
      dropHopByHop(request.headers);
      const { host, port, agent } = upstream;
      proxy.web(request, response, { target: { host, port }, agent }).catch((error: Error) => fail(response, error));
    },
    upgrade(request, socket, head, upstream) {
      socket.once(
        'close',
        count(upstream, () => socket.destroy()),
      );
      if (!(socket instanceof Socket)) {
        socket.destroy();
        return;
      }
      const { host, port } = upstream;
      // A WebSocket takes its connection along, so it gets one outside the pool.
      const target = { target: { host, port }, agent: false };
      proxy.ws(request, socket, target, head).catch(() => socket.destroy());
    },
  };
}

function dropHopByHop(headers: IncomingMessage['headers']): void {
  for (const name of hopByHop(headers)) if (name !== 'transfer-encoding') delete headers[name];
}

/**
 * The app's head without what belongs to its connection, written here so that Node alone decides whether the client's
 * connection stays open and how the body is framed. Ours stands for robots, whatever the app says: previews stay out of
 * search engines.
 */
function writeHead(answer: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) return;
  const dropped = new Set([...hopByHop(answer.headers), 'transfer-encoding', 'x-robots-tag']);
  const head: string[] = [];
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = answer.rawHeaders.slice(i, i + 2);
    if (!dropped.has(name.toLowerCase())) head.push(name, value);
  }
  head.push('X-Robots-Tag', 'noindex');
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', head);
  } catch {
    // A status such as 42, which Node reads and does not write.
    response.destroy();
  }
}

function hopByHop(headers: IncomingMessage['headers']): readonly string[] {
  const named = (headers.connection ?? '').split(',');
  return [...HOP_BY_HOP, ...named.map((name) => name.trim().toLowerCase())];
}

/** A side that breaks off without a goodbye takes the other along; pipes alone would leave it open. */
function joinFates(outgoing: ClientRequest, socket: Socket): void {
  outgoing.once('upgrade', (_answer, upstream: Duplex) => {
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => socket.end());
  });
}

function fail(response: ServerResponse | Duplex | undefined, error: NodeJS.ErrnoException): void {
  if (!response || !('setHeader' in response)) {
    response?.destroy();
    return;
  }
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const why =
    error.code === 'ECONNREFUSED' ? 'refuses connections on its port' : `broke off (${error.code ?? 'error'})`;
  response.writeHead(502, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Robots-Tag': 'noindex',
  });
  response.end(`The app of this environment ${why}.\n`);
}
