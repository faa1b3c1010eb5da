/** A front door over real HTTP, with whatever environments a test wants. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { type FrontDoor, type FrontDoorOptions, startFrontDoor } from '../../src/front-door/server.ts';
import type { EnvironmentView } from '../../src/status/view.ts';
import { viewOf } from '../../src/status/view.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type FakeClock, makeFakeClock } from '../runtime/fake-clock.ts';
import { NOW, PROJECT, type Sample, stored } from '../status/samples.ts';

export const DOMAIN = PROJECT.listener.domain;
export const HOST = `tt-fix-cart.${DOMAIN}`;

export function view(sample: Sample = {}): EnvironmentView {
  return viewOf(stored(sample), PROJECT, NOW);
}

export interface Door extends FrontDoor {
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly visits: string[];
}

export async function door(options: Partial<FrontDoorOptions> & { shows?: EnvironmentView } = {}): Promise<Door> {
  const { shows, ...more } = options;
  const clock = makeFakeClock(NOW);
  const metrics = makeMetrics();
  const visits: string[] = [];
  const started = await startFrontDoor({
    address: { host: '127.0.0.1', port: 0 },
    domains: [{ domain: 'other.example.com' }, { domain: DOMAIN }],
    lookup: async (session) => (shows?.sessionId === session ? shows : undefined),
    logTail: async () => [],
    onVisit: (session) => void visits.push(session),
    clock,
    metrics,
    logger: makeLogger('silent', false),
    ...more,
  });
  onTestFinished(() => started.close());
  return { ...started, clock, metrics, visits };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** `fetch` does not let a caller choose the host. */
export function ask(
  { url }: FrontDoor,
  { host = HOST, path = '/', method = 'GET', headers = {}, body }: Ask = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const call = request(
      { hostname, port, path, method, headers: { host, ...length, ...headers }, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

export const JSON_ONLY = { accept: 'application/json' };
