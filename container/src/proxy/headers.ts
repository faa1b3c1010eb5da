/** What is changed in the heads of requests and answers on their way. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Upstream } from '../app/upstream.ts';
import { hostName } from '../settings.ts';

/** Belong to one connection (RFC 9110 §7.6.1); Node sets its own for the other side. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'upgrade',
]);
/** How a body is framed is never the client's to have taken away: its bytes would be read as another request. */
const FRAMING = new Set(['content-length', 'transfer-encoding']);
const ROBOTS = 'x-robots-tag';
const NONE: readonly string[] = [];

export interface Asked {
  readonly request: IncomingMessage;
  /** Without the query. */
  readonly path: string;
  readonly publicHost: string;
}

/** What the app is told: all but what belongs to the client's connection. */
export function requestHead({ request, path, publicHost }: Asked, upstream: Upstream): OutgoingHttpHeaders {
  const { headers } = request;
  const named = namedHopByHop(headers.connection);
  const head: OutgoingHttpHeaders = {};
  for (const name of Object.keys(headers)) {
    // Node has told the client to go on by now.
    const dropped = HOP_BY_HOP.has(name) || name === 'expect' || (named.includes(name) && !FRAMING.has(name));
    if (!dropped) head[name] = headers[name];
  }
  if (upstream.localOriginOnly && NEXT_OWN.test(path)) tellLocalOrigin(head, upstream, publicHost);
  return head;
}

/**
 * The app's head as name, value, name, value, without what belongs to its connection: Node alone decides whether the
 * client's connection stays open and how the body is framed. Unless `robots` may come, previews stay out of search
 * engines, whatever the app says.
 */
export function answerHead(answer: IncomingMessage, robots: boolean): string[] {
  const { rawHeaders } = answer;
  const named = namedHopByHop(answer.headers.connection);
  const head: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (isPassed(name.toLowerCase(), named, robots)) head.push(name, rawHeaders[i + 1] ?? '');
  }
  if (!robots) head.push('X-Robots-Tag', 'noindex');
  return head;
}

function isPassed(name: string, named: readonly string[], robots: boolean): boolean {
  if (HOP_BY_HOP.has(name) || name === 'transfer-encoding' || named.includes(name)) return false;
  return robots || name !== ROBOTS;
}

/** What a Connection header names besides the words that nearly every one consists of. */
function namedHopByHop(connection: string | undefined): readonly string[] {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NONE;
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

/** Where `next dev` looks at who asks: its bundles, its socket, its tools. */
const NEXT_OWN = /\/(?:_next\/|__nextjs)/;

/**
 * `next dev` refuses its own pages to an origin that it does not know, and it knows localhost alone. The environment's
 * own origin is told as localhost there; a foreign one stays what it is.
 */
function tellLocalOrigin(head: OutgoingHttpHeaders, upstream: Upstream, publicHost: string): void {
  for (const name of ['origin', 'referer'] as const) {
    const url = URL.parse(head[name] ?? '');
    if (!url || hostName(url.host) !== publicHost) continue;
    const rest = name === 'origin' ? '' : url.pathname + url.search;
    head[name] = `http://localhost:${upstream.port}${rest}`;
  }
}
