/** DynamoDB by dynalite, asked in process: it gets whole requests, never a socket. */
import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { bodyBuffer, header } from './wire/message.ts';
import type { Dispatch, WireRequest, WireResponse } from './wire/message.ts';

interface DynaliteOptions {
  readonly path?: string;
  readonly createTableMs: number;
  readonly deleteTableMs: number;
  readonly updateTableMs: number;
}

export interface DynamoDb {
  readonly dispatch: Dispatch;
  close(): Promise<void>;
}

/** dynalite has no types. */
const dynalite = createRequire(import.meta.url)('dynalite') as (options: DynaliteOptions) => Server;

/** Tables are kept under `directory`, or in memory without one. A directory can be open only once. */
export async function makeDynamoDb(directory: string | undefined): Promise<DynamoDb> {
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true });
  }
  const server = dynalite({
    ...(directory !== undefined && { path: directory }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  return { dispatch: (request) => ask(server, request), close: () => close(server) };
}

export function isDynamoDb(request: WireRequest): boolean {
  return header(request, 'x-amz-target').startsWith('DynamoDB_');
}

/**
 * Stands between dynalite and the network: as a listener of a socket's requests it throws when a client goes away, and
 * what it throws while it reads a request would end the process.
 */
function ask(server: Server, request: WireRequest): Promise<WireResponse> {
  return new Promise((resolve) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const incoming = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers });
    const outgoing = makeOutgoing(resolve);
    try {
      server.emit('request', incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse);
      incoming.emit('data', bodyBuffer(request));
      incoming.emit('end');
    } catch {
      outgoing.statusCode = 400;
      outgoing.end(JSON.stringify({ __type: 'com.amazon.coral.service#SerializationException' }));
    }
  });
}

/** The part of a ServerResponse that dynalite uses. */
function makeOutgoing(resolve: (response: WireResponse) => void): {
  statusCode: number;
  setHeader(name: string, value: string | number): void;
  end(body?: string): void;
} {
  const headers: Record<string, string> = {};
  return {
    statusCode: 200,
    setHeader(name, value) {
      headers[name.toLowerCase()] = String(value);
    },
    end(body = '') {
      resolve({ status: this.statusCode, headers, body });
    },
  };
}

/**
 * dynalite closes its database when its server closes, and a server that never listened cannot be closed: so it
 * listens for that moment.
 */
async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
}
