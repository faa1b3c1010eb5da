/** One bounded HTTP exchange with an address that may hold anything by now. */
import { request } from 'node:http';
import type { Clock } from '../runtime/clock.ts';

export interface ExchangeRequest {
  readonly ip: string;
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

export interface ExchangeLimits {
  /** For the whole exchange, from the first packet to the last byte. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export type Exchange =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'too-large' }
  /** `code` of the system's error, e.g. ECONNREFUSED, or the parser's. */
  | { readonly kind: 'error'; readonly code: string };

const MAX_ANSWER = 256 * 1_024;

/** Never rejects. A connection of its own each time, so that no idle one outlives the task behind the address. */
export function exchange(wanted: ExchangeRequest, limits: ExchangeLimits): Promise<Exchange> {
  return new Promise((resolve) => {
    const { ip, port, method, path, authorization, body } = wanted;
    const headers = {
      authorization,
      connection: 'close',
      ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const outgoing = request({ host: ip, port, method, path, headers, agent: false });
    const timer = limits.clock.after(limits.timeoutMs, () => settle({ kind: 'timeout' }));
    function settle(result: Exchange): void {
      timer.cancel();
      resolve(result);
      outgoing.destroy();
    }
    const fail = (error: NodeJS.ErrnoException): void => settle({ kind: 'error', code: error.code ?? error.message });
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('error', fail);
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_ANSWER) settle({ kind: 'too-large' });
      });
      response.on('end', () => settle({ kind: 'answer', status: response.statusCode ?? 0, body: text }));
    });
    outgoing.end(body);
  });
}
