/** What the load balancer answers itself: fixed responses, redirects and its own errors. */
import { type IncomingMessage, STATUS_CODES, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hostOf, pathOf, queryOf } from '../matching.ts';
import type { Action } from '../state.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** ALB's own words where they differ from Node's. */
const reasons: Readonly<Record<number, string>> = {
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

const reasonOf = (status: number): string => reasons[status] ?? STATUS_CODES[status] ?? '';

/** ALB's little page. */
export function errorAnswer(status: 502 | 503 | 504): Answer {
  const title = `${status} ${reasonOf(status)}`;
  const body = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
  return { status, headers: { 'Content-Type': 'text/html' }, body };
}

type FixedResponse = Extract<Action, { type: 'fixed-response' }>;
type Redirect = Extract<Action, { type: 'redirect' }>;

/** `port` is the listener's. */
export function actionAnswer(action: FixedResponse | Redirect, request: IncomingMessage, port: number): Answer {
  if (action.type === 'redirect') {
    const location = redirectLocation(action, { host: request.headers.host ?? '', url: request.url ?? '/', port });
    return { status: Number(action.statusCode.slice('HTTP_'.length)), headers: { Location: location }, body: '' };
  }
  return {
    status: action.statusCode,
    headers: { 'Content-Type': action.contentType ?? 'text/plain' },
    body: action.body ?? '',
  };
}

/** Puts the request's parts in the place of `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`. */
export function redirectLocation(
  action: Redirect,
  request: { readonly host: string; readonly url: string; readonly port: number },
): string {
  const parts: Readonly<Record<string, string>> = {
    protocol: 'http',
    host: hostOf(request.host),
    port: String(request.port),
    path: pathOf(request.url).replace(/^\//, ''),
    query: queryOf(request.url),
  };
  const fill = (template: string): string =>
    template.replaceAll(/#\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole);
  const protocol = fill(action.protocol).toLowerCase();
  const port = fill(action.port);
  const authority = port === (protocol === 'https' ? '443' : '80') ? fill(action.host) : `${fill(action.host)}:${port}`;
  const query = fill(action.query);
  return `${protocol}://${authority}${fill(action.path)}${query === '' ? '' : `?${query}`}`;
}

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, reasonOf(answer.status), {
    Server: 'awselb/2.0',
    ...answer.headers,
    'Content-Length': String(Buffer.byteLength(answer.body)),
  });
  response.end(answer.body);
}

/** Answers a request for an upgrade, which has no response object of its own, and closes the connection. */
export function sendOnSocket(request: IncomingMessage, socket: Socket, answer: Answer): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  send(response, answer);
}
