/**
 * One GET or PUT that follows redirects. The URLs are secrets, since whoever has a presigned one may use it: they are in
 * no error. Each request is made anew from the method alone, so nothing that one server was told reaches another.
 */
import { createReadStream } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http';
import { pipeline } from 'node:stream';

export interface Exchange {
  /** Without any progress. */
  readonly timeoutMs: number;
  /** What is put; absent: a GET. */
  readonly upload?: { readonly file: string; readonly size: number };
}

const MAX_REDIRECTS = 3;
/** A server that knows nothing of `Expect` says nothing; it gets the body after so long. */
const CONTINUE_WAIT_MS = 1_000;

const KEEPS_METHOD = new Set([307, 308]);
const MAY_BECOME_GET = new Set([301, 302]);

/** The first answer that is no redirect, its body not yet read. Rejects with a message that tells nothing of the URL. */
export async function exchange(url: string, options: Exchange): Promise<IncomingMessage> {
  let at = parse(url);
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const answer = await send(at, options).catch((error: NodeJS.ErrnoException) => {
      throw nameless(error);
    });
    if (!isRedirect(answer.statusCode ?? 0, options.upload !== undefined)) return answer;
    answer.destroy();
    at = parse(answer.headers.location ?? '', at);
  }
  throw new Error(`it leads through more than ${MAX_REDIRECTS} redirects`);
}

function isRedirect(status: number, isPut: boolean): boolean {
  return KEEPS_METHOD.has(status) || (!isPut && MAY_BECOME_GET.has(status));
}

function parse(text: string, from?: URL): URL {
  const url = URL.parse(text, from?.href);
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('it leads to no http or https URL');
  if (from?.protocol === 'https:' && url.protocol === 'http:') throw new Error('it leads from https to http');
  return url;
}

async function send(url: URL, { timeoutMs, upload }: Exchange): Promise<IncomingMessage> {
  const connect = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const options: RequestOptions = {
    method: upload ? 'PUT' : 'GET',
    headers: upload ? uploadHeaders(upload.size) : {},
    agent: false,
  };
  return await new Promise((resolve, reject) => {
    const request = connect(url, options);
    let answered = false;
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no progress for ${timeoutMs} ms`)));
    request.on('error', reject);
    request.on('response', (answer) => {
      answered = true;
      // Whoever reads it is told; so is nobody when nobody does.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    if (upload) whenExpected(request, () => sendBody(request, upload.file, () => answered, reject));
    else request.end();
  });
}

function uploadHeaders(size: number): Record<string, string | number> {
  return {
    'content-type': 'application/octet-stream',
    'content-length': size,
    'if-none-match': '*',
    // So that a redirect or a refusal comes before the body.
    expect: '100-continue',
  };
}

/** Calls once: when the server asks for the body, or does not say anything. */
function whenExpected(request: ClientRequest, go: () => void): void {
  const once = (): void => {
    clearTimeout(timer);
    request.off('continue', once);
    if (!request.destroyed) go();
  };
  const timer = setTimeout(once, CONTINUE_WAIT_MS);
  request.once('continue', once);
  for (const event of ['response', 'close']) request.once(event, () => clearTimeout(timer));
  request.flushHeaders();
}

/** An answer may come before the end of the body; then the rest is not wanted. */
function sendBody(request: ClientRequest, file: string, answered: () => boolean, fail: (error: Error) => void): void {
  pipeline(createReadStream(file), request, (error) => {
    if (error && !answered()) fail(error);
  });
}

/** What Node says of a request may hold its URL. */
export function nameless(error: NodeJS.ErrnoException): Error {
  return error.code === undefined ? error : new Error(`the connection failed (${error.code})`);
}
