/** What is changed in the heads of requests and answers on their way. */
import type { IncomingMessage } from 'node:http';
import { hostName } from '../settings.ts';
import type { Upstream } from '../app/upstream.ts';

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
const ROBOTS = 'x-robots-tag';

/** Takes what belongs to the client's connection out of a request, but for how its body is framed. */
export function dropHopByHop(headers: IncomingMessage['headers']): void {
  const named = namedHopByHop(headers.connection);
  for (const name of HOP_BY_HOP) if (headers[name] !== undefined) delete headers[name];
  // Node has told the client to go on by now.
  if (headers.expect !== undefined) delete headers.expect;
  for (const name of named) if (name !== 'transfer-encoding') delete headers[name];
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

const NONE: readonly string[] = [];

/** What a Connection header names besides the words that nearly every one consists of. */
function namedHopByHop(connection: string | undefined): readonly string[] {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NONE;
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

/** Where `next dev` looks at who asks: its bundles, its socket, its tools. */
const NEXT_OWN = /\/(?:_next\/|__nextjs)/;

/**
 * `next dev` refuses its own pages to an origin that it does not know, and it knows localhost alone. The environment's
 * own origin is told as localhost there; a foreign one stays what it is. Undefined: nothing is changed.
 */
export function localOrigin(
  headers: IncomingMessage['headers'],
  path: string,
  upstream: Upstream,
  publicHost: string,
): Record<string, string> | undefined {
  if (!upstream.localOriginOnly || !NEXT_OWN.test(path)) return undefined;
  const changed: Record<string, string> = {};
  for (const name of ['origin', 'referer'] as const) {
    const url = URL.parse(headers[name] ?? '');
    if (!url || hostName(url.host) !== publicHost) continue;
    const rest = name === 'origin' ? '' : url.pathname + url.search;
    changed[name] = `http://localhost:${upstream.port}${rest}`;
  }
  return changed;
}
