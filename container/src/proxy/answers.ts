/** What the supervisor itself answers on the port of the app. Never for search engines, never kept. */
import type { ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly retryAfter?: number;
}

export function text(status: number, body: string): Answer {
  return { status, body: `${body}\n` };
}

export const FOREIGN = text(421, 'This address serves another host.');
export const UNAVAILABLE: Answer = {
  ...text(503, 'The environment is starting. Try again in a moment.'),
  retryAfter: 2,
};

/** For an app that did not answer, or not in a way that can be passed on. */
export function brokenOff(error: NodeJS.ErrnoException): Answer {
  const why =
    error.code === 'ECONNREFUSED' ? 'refuses connections on its port' : `broke off (${error.code ?? 'error'})`;
  return text(502, `The app of this environment ${why}.`);
}

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headOf(answer));
  response.end(answer.body);
}

/** Breaks off an answer that has begun. */
export function sendFailure(response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else send(response, brokenOff(error));
}

/** The same for an upgrade, where Node gives no response to write to. */
export function asBytes(answer: Answer): string {
  const head = { ...headOf(answer), Connection: 'close' };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.status} Refused\r\n${lines.join('')}\r\n${answer.body}`;
}

function headOf(answer: Answer): Record<string, string> {
  return {
    'Content-Type': `${answer.type ?? 'text/plain'}; charset=utf-8`,
    'Content-Length': String(Buffer.byteLength(answer.body)),
    'Cache-Control': 'no-store',
    'X-Robots-Tag': 'noindex',
    ...(answer.retryAfter === undefined ? {} : { 'Retry-After': String(answer.retryAfter) }),
  };
}
