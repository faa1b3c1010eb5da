/**
 * Passes requests on to the app, and once more when it ended before it answered. By node:http alone: a library for it
 * would bring TLS and HTTP/2, which nobody speaks here, for a fifth of the supervisor's memory.
 */
import { type ClientRequest, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import type { Upstream } from '../app/upstream.ts';
import { sendFailure } from './answers.ts';
import { answerHead, type Asked, requestHead } from './headers.ts';

export type Forwarder = (asked: Asked, response: ServerResponse, upstream: Upstream) => void;

export interface ForwarderOptions {
  /** Where a path leads now. */
  readonly upstream: (path: string) => Upstream | undefined;
  /** True: what the app says to search engines counts. */
  readonly robots: () => boolean;
}

/** One request on its way through. */
interface Passage {
  readonly asked: Asked;
  readonly response: ServerResponse;
  upstream: Upstream;
  outgoing: ClientRequest | undefined;
  repeated: boolean;
}

export function makeForwarder(options: ForwarderOptions): Forwarder {
  function attempt(passage: Passage): void {
    const outgoing = open(passage);
    passage.outgoing = outgoing;
    outgoing.once('response', (answer) => {
      endEarly(passage.asked.request, outgoing, answer);
      relay(answer, passage.response, options.robots());
    });
    // Nobody asked for another protocol; without a listener such an answer would never come to an end.
    outgoing.once('upgrade', (_answer, socket) => {
      socket.destroy();
      failed(passage, outgoing, new Error('another protocol'));
    });
    outgoing.on('error', (error) => failed(passage, outgoing, error));
    send(passage.asked.request, outgoing);
  }

  function failed(passage: Passage, outgoing: ClientRequest, error: Error): void {
    if (passage.outgoing !== outgoing) return;
    const next = mayRepeat(passage) ? options.upstream(passage.asked.path) : undefined;
    if (!next || (next === passage.upstream && !outgoing.reusedSocket)) return sendFailure(passage.response, error);
    passage.upstream.requests.delete(passage.response);
    next.requests.add(passage.response);
    passage.upstream = next;
    passage.repeated = true;
    attempt(passage);
  }

  return (asked, response, upstream) => {
    const passage: Passage = { asked, response, upstream, outgoing: undefined, repeated: false };
    upstream.requests.add(response);
    response.once('close', () => {
      passage.upstream.requests.delete(response);
      if (!response.writableFinished) passage.outgoing?.destroy();
    });
    attempt(passage);
  };
}

function open({ asked, upstream, repeated }: Passage): ClientRequest {
  return ask({
    host: upstream.host,
    port: upstream.port,
    // A repetition takes a new connection: another kept one may be as stale as the first.
    agent: repeated ? false : upstream.agent,
    method: asked.request.method,
    path: asked.request.url,
    headers: requestHead(asked, upstream),
  });
}

function send(request: IncomingMessage, outgoing: ClientRequest): void {
  if (hasBody(request)) request.pipe(outgoing);
  else outgoing.end();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** An app may answer before it has the whole body: it gets no more of it, and the client may send the rest for nothing. */
function endEarly(request: IncomingMessage, outgoing: ClientRequest, answer: IncomingMessage): void {
  if (outgoing.writableFinished) return;
  const letGo = (): void => {
    if (outgoing.writableFinished) return;
    request.unpipe(outgoing);
    request.resume();
    outgoing.destroy();
  };
  answer.once('end', letGo);
  answer.once('close', letGo);
}

/** Asking twice changes nothing, and nothing of the request or its answer has passed yet. Once only. */
function mayRepeat({ asked: { request }, response, repeated }: Passage): boolean {
  if (repeated || response.headersSent || response.destroyed) return false;
  return (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request);
}

/** A side that breaks off takes the other along. */
function relay(answer: IncomingMessage, response: ServerResponse, robots: boolean): void {
  answer.on('error', () => response.destroy());
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answerHead(answer, robots));
  } catch (error) {
    // A status such as 42, which Node reads and does not write.
    sendFailure(response, error instanceof Error ? error : new Error(String(error)));
    answer.resume();
    return;
  }
  answer.pipe(response);
}
