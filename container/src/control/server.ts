/** Port 8080: the operator's questions and orders. Every request is signed (`signature.ts`); every answer is JSON. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../proxy/proxy.ts';
import { isBranch, isCommit } from '../settings.ts';
import { Refusal, type Verifier } from './signature.ts';
import type { Wanted } from '../phases/fetch.ts';

export interface ControlHandlers {
  health(): Promise<object>;
  status(): Promise<object>;
  /** Undefined before a version serves. */
  version(): object | undefined;
  /** Takes the job, or throws an HttpError. */
  sync(wanted: Required<Wanted>): void;
}

export interface ControlServer {
  close(): Promise<void>;
}

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

export const BODY_LIMIT = 64 * 1_024;
const REQUEST_MS = 10_000;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (body: Buffer) => Promise<{ readonly status: number; readonly body: object }>;
}

export interface ControlOptions {
  readonly address: string;
  readonly port: number;
  readonly verifier: Verifier;
  readonly handlers: ControlHandlers;
}

/** Resolves once it listens. */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const routes = routesOf(options.handlers);
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS });
  server.on('request', (request, response) => {
    answer(request, options.verifier, routes).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => sendError(response, error),
    );
  });
  await listen(server, options.port, options.address);
  return {
    close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      return closed;
    },
  };
}

function routesOf(handlers: ControlHandlers): ReadonlyMap<string, Route> {
  const version = (): Promise<object> => {
    const found = handlers.version();
    if (!found) throw new HttpError(503, 'no_version', 'no version serves yet');
    return Promise.resolve(found);
  };
  const sync = (body: Buffer): ReturnType<Route['answer']> => {
    const wanted = parseSync(body);
    handlers.sync(wanted);
    return Promise.resolve({ status: 202, body: { accepted: true, ...wanted } });
  };
  return new Map<string, Route>([
    ['/health', get(() => handlers.health())],
    ['/status', get(() => handlers.status())],
    ['/version', get(async () => await version())],
    ['/sync', { method: 'POST', answer: async (body) => await sync(body) }],
  ]);
}

function get(body: () => Promise<object>): Route {
  return { method: 'GET', answer: async () => ({ status: 200, body: await body() }) };
}

/** Who asks comes first: a stranger does not even learn which paths exist. */
async function answer(
  request: IncomingMessage,
  verifier: Verifier,
  routes: ReadonlyMap<string, Route>,
): ReturnType<Route['answer']> {
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  const claims = verifier.claims({ authorization: request.headers.authorization, method, path });
  const body = await readBody(request);
  verifier.body(claims, body);
  const route = routes.get(path.split('?', 1)[0] ?? '');
  if (!route) throw new HttpError(404, 'not_found', `there is no ${path}`);
  if (route.method !== method) {
    throw new HttpError(405, 'method_not_allowed', `${path} takes ${route.method}`, { Allow: route.method });
  }
  if (method !== 'GET') verifier.spend(claims);
  return await route.answer(body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) {
      throw new HttpError(413, 'body_too_large', `a body has ${BODY_LIMIT} bytes at most`, { Connection: 'close' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseSync(body: Buffer): Required<Wanted> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'invalid_json', 'the body is not JSON');
  }
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  return {
    branch: field(fields, 'branch', isBranch, 'a branch name'),
    commit: field(fields, 'commit', isCommit, '40 or 64 hex digits'),
  };
}

function field(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  valid: (value: string) => boolean,
  allowed: string,
): string {
  const value = fields[name];
  if (typeof value === 'string' && valid(value)) return value;
  const found = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80);
  throw new HttpError(400, 'invalid_field', `${name} is ${found}; allowed: ${allowed}`);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) {
    send(response, 401, { error: error.code, message: error.message }, { 'WWW-Authenticate': 'Mayfly' });
  } else if (error instanceof HttpError) {
    send(response, error.status, { error: error.code, message: error.message }, error.headers);
  } else {
    send(response, 500, { error: 'internal', message: 'the supervisor failed to answer' });
  }
}

function send(
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
