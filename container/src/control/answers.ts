/** Answers of the control port: JSON, but for streams. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Refusal } from './signature.ts';

/** An answer that is not a success. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed) return;
  // A refusal may come before the body was read; such a connection is of no further use.
  const connection = response.req.complete ? {} : { Connection: 'close' };
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    ...connection,
    ...headers,
  });
  response.end(`${JSON.stringify(body)}\n`);
}

export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, code, message, headers } = asHttpError(error);
  sendJson(response, status, { error: code, message }, headers);
}

function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (!(error instanceof Refusal)) return new HttpError(500, 'internal', 'the supervisor failed to answer');
  if (error.code === 'too_many') return new HttpError(429, error.code, error.message);
  return new HttpError(401, error.code, error.message, { 'WWW-Authenticate': 'Mayfly' });
}

/** To what is no HTTP, or takes too long to become some. */
export function refuseSocket(error: NodeJS.ErrnoException, socket: Duplex & { readonly bytesWritten?: number }): void {
  // Behind an answer that was begun, or to somebody who left, there is nothing to say.
  if (!socket.writable || (socket.bytesWritten ?? 0) > 0) {
    socket.destroy();
    return;
  }
  const { status, code, message } = describe(error.code ?? '');
  const body = `${JSON.stringify({ error: code, message })}\n`;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}

function describe(code: string): { readonly status: string; readonly code: string; readonly message: string } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: '408 Request Timeout', code: 'too_slow', message: 'the request took too long' };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      status: '431 Request Header Fields Too Large',
      code: 'headers_too_large',
      message: 'the headers are too large',
    };
  }
  return { status: '400 Bad Request', code: 'invalid_http', message: 'the request is not HTTP' };
}
