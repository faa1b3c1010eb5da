/** Passes requests on to the app, and once more when it ended before it answered. The bytes are httpxy's work. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { ProxyServer } from 'httpxy';
import type { Upstream } from '../app/upstream.ts';
import { sendFailure } from './answers.ts';
import { answerHead, dropHopByHop, localOrigin } from './headers.ts';

export type Forwarder = (request: IncomingMessage, response: ServerResponse, path: string, upstream: Upstream) => void;

export interface ForwarderOptions {
  readonly publicHost: string;
  /** Where a path leads now. */
  readonly upstream: (path: string) => Upstream | undefined;
  /** True: what the app says to search engines counts. */
  readonly robots: () => boolean;
}

/** One request on its way through. */
interface Passage {
  readonly path: string;
  upstream: Upstream;
  /** The connection to the app had carried other requests before. */
  reused: boolean;
  repeated: boolean;
}

export function makeForwarder(options: ForwarderOptions): Forwarder {
  const { publicHost } = options;
  const proxy = new ProxyServer();
  const passages = new Map<ServerResponse, Passage>();
  proxy.on('proxyReq', (outgoing, _request, response) => {
    const passage = passages.get(response);
    if (passage) passage.reused = outgoing.reusedSocket;
    // Nobody asked for another protocol; without a listener such an answer would never come to an end.
    outgoing.once('upgrade', (_answer, socket) => {
      socket.destroy();
      sendFailure(response, new Error('another protocol'));
    });
  });
  proxy.on('proxyRes', (answer, _request, response) => writeHead(answer, response, options.robots()));
  proxy.on('error', (error, request, response) => {
    if (response instanceof ServerResponse) onError(error, request, response);
  });

  function pass(request: IncomingMessage, response: ServerResponse, { path, upstream, repeated }: Passage): void {
    const { host, port } = upstream;
    // A repetition takes a new connection: another kept one may be as stale as the first.
    const agent = repeated ? false : upstream.agent;
    const headers = localOrigin(request.headers, path, upstream, publicHost);
    proxy
      .web(request, response, { target: { host, port }, agent, ...(headers ? { headers } : {}) })
      .catch((error: Error) => sendFailure(response, error));
  }

  function onError(error: Error, request: IncomingMessage | undefined, response: ServerResponse): void {
    const passage = passages.get(response);
    if (request && passage && !response.destroyed && !response.headersSent && mayRepeat(request, passage)) {
      const next = options.upstream(passage.path);
      if (next && (next !== passage.upstream || passage.reused)) return repeat(request, response, passage, next);
    }
    sendFailure(response, error);
  }

  function repeat(request: IncomingMessage, response: ServerResponse, passage: Passage, next: Upstream): void {
    passage.upstream.requests.delete(response);
    next.requests.add(response);
    passage.upstream = next;
    passage.repeated = true;
    pass(request, response, passage);
  }

  return (request, response, path, upstream) => {
    const passage = { path, upstream, reused: false, repeated: false };
    passages.set(response, passage);
    upstream.requests.add(response);
    response.once('close', () => {
      passages.delete(response);
      passage.upstream.requests.delete(response);
    });
    dropHopByHop(request.headers);
    pass(request, response, passage);
  };
}

/** Asking twice changes nothing, and nothing of the request has been used up. Once only. */
function mayRepeat({ method, headers }: IncomingMessage, { repeated }: Passage): boolean {
  if (repeated || (method !== 'GET' && method !== 'HEAD')) return false;
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

function writeHead(answer: IncomingMessage, response: ServerResponse, robots: boolean): void {
  if (response.headersSent) return;
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answerHead(answer, robots));
  } catch (error) {
    // A status such as 42, which Node reads and does not write.
    answer.destroy();
    sendFailure(response, error instanceof Error ? error : new Error(String(error)));
  }
}
