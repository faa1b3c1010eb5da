/** Headers that a proxy takes off and puts on. RFC 9110 §7.6.1; ALB's X-Forwarded-*. */
import type { IncomingMessage } from 'node:http';

const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The fixed hop-by-hop names and those that the Connection header adds, in lower case. */
function hopByHopOf(connection: string | undefined): ReadonlySet<string> {
  const named = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set([...hopByHop, ...named.filter((name) => name !== '')]);
}

const methodsWithoutBody = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE'];

export const hasBody = (request: IncomingMessage): boolean =>
  request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;

/** Makes the request's headers fit to be sent on to a target. A WebSocket's handshake keeps its upgrade. */
export function prepareRequestHeaders(request: IncomingMessage, upgrade: boolean): void {
  const { headers } = request;
  const kept = keptHeaders(request, upgrade);
  for (const name of hopByHopOf(headers.connection)) delete headers[name];
  Object.assign(headers, kept);
  // The load balancer itself answers `Expect: 100-continue`.
  delete headers.expect;
  setForwardedHeaders(request);
}

function keptHeaders(request: IncomingMessage, upgrade: boolean): Record<string, string> {
  if (upgrade) return { connection: 'Upgrade', upgrade: 'websocket' };
  if (methodsWithoutBody.includes(request.method ?? '')) {
    // Node frames a body of these methods only when it is told to: without framing it would be read as a next request.
    return request.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' };
  }
  return hasBody(request) ? {} : { 'content-length': '0' };
}

/** X-Forwarded-For is appended to, -Proto and -Port are set, as ALB does by default. */
function setForwardedHeaders({ headers, socket }: IncomingMessage): void {
  const client = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const before = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? client : `${String(before)}, ${client}`;
  headers['x-forwarded-proto'] = 'http';
  headers['x-forwarded-port'] = String(socket.localPort ?? '');
}

/** A target's answer without its hop-by-hop headers; order, case and repeated names are kept. */
export function responseHeaders(response: IncomingMessage): readonly string[] {
  const dropped = hopByHopOf(response.headers.connection);
  const kept: string[] = [];
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
    const name = response.rawHeaders[at] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, response.rawHeaders[at + 1] ?? '');
  }
  return kept;
}
