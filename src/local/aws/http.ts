/** The one socket of the local AWS: reads whole requests and hands them to the dispatcher. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Dispatch, WireResponse } from './wire/message.ts';

export interface HttpEndpoint {
  /** e.g. `http://127.0.0.1:4566` */
  readonly url: string;
  /** Takes no more requests and drops the connections that are open. */
  close(): Promise<void>;
}

/** DynamoDB's own bound on a request, and the largest of all. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Longer than the SDK keeps an idle connection, so that it never sends on one that is just being closed. */
const KEEP_ALIVE_MS = 75_000;

/** Throws an error that names the port when it is taken. */
export async function listen(dispatch: Dispatch, host: string, port: number): Promise<HttpEndpoint> {
  const server = createServer((request, response) => {
    answer(dispatch, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await bind(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be opened: ${error.message}`;
      reject(new Error(`port ${port} on ${host} ${why}; choose another port for the local AWS`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

async function answer(dispatch: Dispatch, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A browser sends Origin with whatever a web page posts; no AWS client does. Tasks are programs on this machine.
  if (request.headers.origin !== undefined) {
    send(response, { status: 403, headers: {}, body: 'The local AWS does not answer web pages\n' });
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    send(response, { status: 413, headers: { connection: 'close' }, body: 'The request body is too large\n' });
    return;
  }
  send(response, await dispatch({ headers: request.headers, body }));
}

/** Undefined when it is longer than any service takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length <= MAX_BODY_BYTES) {
      chunks.push(bytes);
    }
  }
  return length > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: WireResponse): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
