/** An HTTP server that keeps objects as an object store does, and can be told to fail. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { CacheGrant } from '../../../container/src/control/orders.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Bytes of the body that came. */
  bytes: number;
}

export interface Site {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly seen: readonly Seen[];
}

/** Its handler decides whether the body is asked for: `writeContinue`. */
export async function serve(handle: RequestListener): Promise<Site> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const { method = '', url = '', headers } = request;
    const entry: Seen = { method, url, headers, bytes: 0 };
    seen.push(entry);
    const push = request.push.bind(request);
    request.push = (chunk: Buffer | null, ...rest: []) => {
      entry.bytes += chunk?.length ?? 0;
      return push(chunk, ...rest);
    };
    handle(request, response);
  };
  const server = createServer(listener);
  server.on('checkContinue', listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export interface ObjectStore extends Site {
  readonly objects: Map<string, Buffer>;
  readonly grant: CacheGrant;
}

/** The secret that a presigned URL carries. */
export const SIGNATURE = 'X-Amz-Signature=5ec4e7';

export function grantOf(origin: string): CacheGrant {
  const url = `${origin}/objects/{key}?${SIGNATURE}`;
  return { get: url, put: url };
}

export async function startObjectStore(): Promise<ObjectStore> {
  const objects = new Map<string, Buffer>();
  const site = await serve((request, response) => {
    const name = (request.url ?? '').split('?')[0]?.split('/').pop() ?? '';
    if (request.method === 'PUT') void store(objects, name, request, response);
    else answer(response, objects.get(name));
  });
  return { ...site, objects, grant: grantOf(site.origin) };
}

async function store(
  objects: Map<string, Buffer>,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const status = (code: number): void => void response.writeHead(code).end();
  const onlyIfNew = request.headers['if-none-match'] === '*';
  if (onlyIfNew && objects.has(name)) return status(412);
  if (request.headers.expect === '100-continue') response.writeContinue();
  const content = await buffer(request);
  if (onlyIfNew && objects.has(name)) return status(409);
  objects.set(name, content);
  return status(200);
}

function answer(response: ServerResponse, content: Buffer | undefined): void {
  if (content) response.writeHead(200, { 'content-length': content.length }).end(content);
  else response.writeHead(404).end();
}
