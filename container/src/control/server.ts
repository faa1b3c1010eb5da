/** Port 8080: the operator's questions and orders. Every request is signed (`signature.ts`). */
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../proxy/proxy.ts';
import { HttpError, refuseSocket, sendError, sendJson } from './answers.ts';
import { readBody } from './body.ts';
import { type Answer, type ControlHandlers, makeRoutes, type Route } from './routes.ts';
import type { Verifier } from './signature.ts';
import type { StreamLimits } from './status-stream.ts';

export interface ControlServer {
  /** Ends what is being answered, streams too. */
  close(): Promise<void>;
}

export interface ControlLimits extends StreamLimits {
  /** From the first byte of a request to its last. */
  readonly requestMs: number;
}

/** For the ends of answers, when the server closes. */
const LAST_WORDS_MS = 250;
const HOUR_MS = 3_600_000;
const LIMITS: ControlLimits = {
  requestMs: 10_000,
  streams: 16,
  longestMs: 4 * HOUR_MS,
  gapMs: 100,
  heartbeatMs: 15_000,
};

export interface ControlOptions {
  readonly address: string;
  readonly port: number;
  readonly verifier: Verifier;
  readonly handlers: ControlHandlers;
  readonly limits?: Partial<ControlLimits>;
}

/** Resolves once it listens. */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const limits = { ...LIMITS, ...options.limits };
  const { requestMs } = limits;
  const routes = makeRoutes(options.handlers, limits);
  const server = createServer({
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    connectionsCheckingInterval: Math.min(requestMs, 1_000),
  });
  server.on('clientError', refuseSocket);
  server.on('request', (request, response) => {
    answer(request, options.verifier, routes.byPath)
      .then((found) => ('stream' in found ? found.stream(response) : sendJson(response, found.status, found.body)))
      .catch((error: unknown) => sendError(response, error));
  });
  await listen(server, options.port, options.address);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      routes.close();
      await Promise.race([closed, delay(LAST_WORDS_MS)]);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Who asks comes first: a stranger does not even learn which paths exist. */
async function answer(
  request: IncomingMessage,
  verifier: Verifier,
  routes: ReadonlyMap<string, Route>,
): Promise<Answer> {
  const { method = 'GET', url = '/', headers } = request;
  const claims = verifier.claims({ authorization: headers.authorization, method, path: url });
  const body = await readBody(request);
  verifier.body(claims, body);
  if (method !== 'GET') verifier.spend(claims);
  const [path = '', ...query] = url.split('?');
  const route = routes.get(path);
  if (!route) throw new HttpError(404, 'not_found', `there is no ${path.slice(0, 200)}`);
  if (route.method !== method) {
    throw new HttpError(405, 'method_not_allowed', `${path} takes ${route.method}`, { Allow: route.method });
  }
  return await route.answer({ query: new URLSearchParams(query.join('?')), headers, body });
}
