/** Bodies of requests: read up to a limit, and parsed as JSON. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './answers.ts';

export const BODY_LIMIT = 64 * 1_024;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
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

/** A type that is not said is taken for JSON. */
export function parseJson(body: Buffer, contentType: string | undefined): unknown {
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) {
    throw new HttpError(415, 'not_json', 'the Content-Type is not application/json');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new HttpError(400, 'invalid_json', 'the body is not JSON');
  }
}
