/** A cache behind URLs that the operator hands over, e.g. presigned ones of an object store. */
import type { IncomingMessage } from 'node:http';
import { stat } from 'node:fs/promises';
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import type { CacheGrant } from '../control/orders.ts';
import type { Log } from '../log/log.ts';
import { exchange } from './http-exchange.ts';
import { type CacheKey, type CachePort, isCacheKey } from './port.ts';

export interface HttpCacheOptions {
  /** The newest one; undefined: there is nothing to be had. */
  readonly grant: () => CacheGrant | undefined;
  /** Without any progress. */
  readonly timeoutMs: number;
  /** Of one object. */
  readonly maxBytes: number;
  readonly log: Log;
}

const MISSES = new Set([403, 404]);
const TAKEN = new Set([409, 412]);
const TOO_LARGE = 413;

export function makeHttpCache({ grant, timeoutMs, maxBytes, log }: HttpCacheOptions): CachePort {
  return {
    mayPut: () => grant()?.put !== undefined,

    async get(key, signal) {
      signal.throwIfAborted();
      const template = grant()?.get;
      if (template === undefined) return undefined;
      try {
        return accept(await exchange(fill(template, key), { signal, timeoutMs }), maxBytes);
      } catch (error) {
        signal.throwIfAborted();
        log.say(`WARNING: cache: ${key} cannot be had: ${(error as Error).message}`);
        return undefined;
      }
    },

    async put(key, file, signal) {
      signal.throwIfAborted();
      const template = grant()?.put;
      if (template === undefined) throw new Error('the cache may only be read');
      const { size } = await stat(file);
      if (size > maxBytes) return 'too-large';
      const answer = await exchange(fill(template, key), { signal, timeoutMs, upload: { file, size } });
      answer.destroy();
      return judge(answer.statusCode ?? 0);
    },
  };
}

function fill(template: string, key: CacheKey): string {
  if (!isCacheKey(key)) throw new Error(`${JSON.stringify(key)} is no key of a cache`);
  return template.replaceAll('{key}', key);
}

function judge(status: number): 'stored' | 'taken' | 'too-large' {
  if (status >= 200 && status < 300) return 'stored';
  if (TAKEN.has(status)) return 'taken';
  if (status === TOO_LARGE) return 'too-large';
  throw new Error(`the cache answered ${status}`);
}

/** Undefined for a miss; throws for what should not be. */
function accept(answer: IncomingMessage, maxBytes: number): Readable | undefined {
  const { statusCode: status = 0 } = answer;
  if (status === 200 && Number(answer.headers['content-length'] ?? 0) <= maxBytes) return limited(answer, maxBytes);
  answer.destroy();
  if (MISSES.has(status)) return undefined;
  throw new Error(status === 200 ? `it is larger than ${maxBytes} bytes` : `the cache answered ${status}`);
}

/** Breaks when more comes than is allowed, or when the connection does. */
function limited(answer: IncomingMessage, maxBytes: number): Readable {
  let length = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      length += chunk.length;
      done(length > maxBytes ? new Error(`it is larger than ${maxBytes} bytes`) : null, chunk);
    },
  });
  return pipeline(answer, counted, () => undefined);
}
