/** A webhook server over real HTTP, and ways to talk to it. What a test opens is closed after it. */
import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { startWebhookServer, type WebhookServer, type WebhookServerOptions } from '../../src/intake/webhook-server.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { makeMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { at, C1, PROJECT } from './fixtures.ts';

export const SECRET = 'a secret of the test';
export const REPOSITORY = { id: 7, full_name: 'acme/todo' };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

export interface World {
  readonly server: WebhookServer;
  readonly store: MemoryStore;
  readonly metrics: Metrics;
  readonly intents: string[];
  readonly rereads: string[];
}

export async function start(options: Partial<WebhookServerOptions> = {}): Promise<World> {
  const store = makeMemoryStore();
  const metrics = makeMetrics();
  const intents: string[] = [];
  const rereads: string[] = [];
  const server = await startWebhookServer({
    address: { host: '127.0.0.1', port: 0 },
    secret: SECRET,
    projects: [PROJECT],
    store,
    clock: systemClock,
    metrics,
    logger: makeLogger('silent', false),
    onIntent: (sessionId) => void intents.push(sessionId),
    reread: (repo, number) => void rereads.push(`${repo}#${number}`),
    ...options,
  });
  open.push(server);
  return { server, store, metrics, intents, rereads };
}

export interface Pull {
  readonly labels?: readonly string[];
  readonly sha?: string;
  readonly state?: string;
  readonly action?: string;
  readonly ref?: string;
}

export function pullBody(seconds: number, options: Pull = {}) {
  const { labels = ['uat'], sha = C1, state = 'open', action = 'labeled', ref = 'feature' } = options;
  const pull = {
    number: 12,
    state,
    draft: false,
    labels: labels.map((name) => ({ name })),
    user: { login: 'ada' },
    head: { ref, sha, repo: REPOSITORY },
    base: { ref: 'main', repo: REPOSITORY },
    updated_at: at(seconds),
  };
  return { action, number: 12, pull_request: pull, repository: REPOSITORY };
}

export function sign(body: string | Buffer, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly json: {
    outcome?: string;
    reason?: string;
    message?: string;
    sessions?: { reason: string; message?: string }[];
  };
}

export async function post(server: WebhookServer, body: string, headers: Record<string, string>): Promise<Answered> {
  const response = await fetch(`${server.url}/webhooks/github`, { method: 'POST', body, headers });
  const json = (await response.json()) as Answered['json'];
  return { status: response.status, retryAfter: response.headers.get('retry-after'), json };
}

export function deliver(server: WebhookServer, event: string, payload: unknown): Promise<Answered> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': 'd-1',
    'x-hub-signature-256': sign(body),
  };
  return post(server, body, headers);
}

export async function counted(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.webhooks.get();
  return Object.fromEntries(
    values.filter(({ value }) => value > 0).map(({ labels, value }) => [`${labels.outcome}/${labels.reason}`, value]),
  );
}

export function pullBodyOf(repo: string) {
  const body = pullBody(1);
  const base = { ref: 'main', repo: { id: 1, full_name: repo } };
  return { ...body, pull_request: { ...body.pull_request, base } };
}

/** A POST with exactly these headers, in this order; resolves with the status. */
export function rawPost(server: WebhookServer, body: string, headers: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = ['content-length', String(Buffer.byteLength(body)), 'host', 'x'];
    const request = httpRequest(`${server.url}/webhooks/github`, { method: 'POST', headers: [...headers, ...length] });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Writes bytes to the server; `answer` is all that comes back until the connection ends or an answer is complete. */
export async function talk(server: WebhookServer, bytes: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const answer = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes('\r\n\r\n')) resolve(text);
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(bytes);
  open.push({ close: async () => void socket.destroy() });
  return { socket, answer };
}
