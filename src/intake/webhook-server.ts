/**
 * The webhook server: POST /webhooks/github. It answers only after the write that a delivery asks for has committed, so
 * that GitHub's list of deliveries tells the truth. Every replica runs one.
 */
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Address } from '../model/config.ts';
import type { Project } from '../model/project.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EnvironmentStore } from '../store/port.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Reread } from './handle-event.ts';
import { type Answer, makeAnswerer } from './webhook-answer.ts';
import { WEBHOOK_REASONS, type WebhookAnswer, type WebhookReason } from './webhook-reasons.ts';

/** GitHub sends nothing larger. AWS-FACTS GitHub "25 MB payload". */
const BODY_LIMIT = 25 * 1_024 * 1_024;
/** GitHub waits 10 s for an answer, so that a request still coming in after that has nobody waiting for it. */
const REQUEST_MS = 10_000;
const RETRY_AFTER_SECONDS = 30;
/** Above the 60 s of a load balancer in front, so that it never reuses a connection that is being closed. */
const KEEP_ALIVE_MS = 75_000;

export interface WebhookServerOptions {
  readonly address: Address;
  readonly secret: string;
  readonly projects: readonly Project[];
  readonly store: EnvironmentStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Intent of this environment was written. */
  readonly onIntent: (sessionId: string) => void;
  readonly reread: Reread;
  /** For the store, from the moment the body is complete. */
  readonly deadlineMs?: number | undefined;
  /** For a request to come in whole. */
  readonly requestMs?: number | undefined;
}

export interface WebhookServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Takes no more requests, ends those under way within their limits, and waits for what they started. */
  close(): Promise<void>;
}

export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { clock, logger, deadlineMs = 8_000, requestMs = REQUEST_MS } = options;
  startAtZero(options.metrics);
  const background = new Set<Promise<void>>();
  const app = makeApp(requestMs);
  const answerTo = makeAnswerer({
    ...options,
    deadlineMs,
    track: (work) => {
      background.add(work);
      void work.finally(() => background.delete(work));
    },
    onBackgroundError: (error) => logger.warn({ err: error }, 'a webhook could not be followed up'),
  });
  const respond = makeResponder(options);
  addEnds(app, respond, options.metrics);
  app.post('/webhooks/github', {
    // An unsigned request is not worth reading.
    onRequest: async (request, reply) => {
      if (request.headers['x-hub-signature-256'] === undefined) return respond(request, reply, UNSIGNED);
    },
    handler: async (request, reply) => {
      const answered = Promise.withResolvers<void>();
      reply.then(answered.resolve, () => answered.resolve());
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const signature = textOf(request.headers['x-hub-signature-256']) ?? '';
      const event = textOf(request.headers['x-github-event']);
      return respond(request, reply, await answerTo({ signature, event, body }, answered.promise));
    },
  });
  const url = await listen(app, options.address);
  logger.info({ url: `${url}/webhooks/github` }, 'webhook server listening');
  return {
    url,
    async close() {
      // A closed server no longer ends requests that never come in whole; whoever is left after the limits is cut off.
      const cut = clock.after(deadlineMs + requestMs, () => app.server.closeAllConnections());
      await app.close();
      cut.cancel();
      await Promise.all(background);
    },
  };
}

const UNSIGNED: Answer = {
  reason: 'signature',
  message: 'X-Hub-Signature-256: found nothing, allowed: a signature. Set a secret for the webhook.',
};

function makeApp(requestMs: number): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: requestMs, connectionsCheckingInterval: Math.min(1_000, requestMs) },
  });
  // The signature is over the raw bytes, whatever they claim to be.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  return app;
}

type Respond = (request: FastifyRequest, reply: FastifyReply, answer: Answer) => FastifyReply;

function makeResponder({ metrics, logger }: WebhookServerOptions): Respond {
  return (request, reply, { reason, message, sessions, error }) => {
    const { status, outcome }: WebhookAnswer = WEBHOOK_REASONS[reason];
    metrics.webhooks.inc({ outcome, reason });
    const { 'x-github-delivery': delivery, 'x-github-event': event } = request.headers;
    const line = { delivery, event, reason, message, sessions, ...(error && { err: error }) };
    if (outcome === 'failed') logger.error(line, 'webhook failed');
    else if (outcome === 'rejected' || NOTEWORTHY.has(reason)) logger.warn(line, `webhook ${outcome}`);
    else logger.info(line, `webhook ${outcome}`);
    if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    return reply.code(status).send({ outcome, reason, message, sessions });
  };
}

/** Ignored, but somebody should know. */
const NOTEWORTHY: ReadonlySet<WebhookReason> = new Set<WebhookReason>(['name-taken', 'invalid-record']);

/** Every other end of a request: no such page, a body that is too large or broken off, a fault of ours. */
function addEnds(app: FastifyInstance, respond: Respond, metrics: Metrics): void {
  app.setNotFoundHandler((request, reply) => respond(request, reply, { reason: 'not-found' }));
  app.setErrorHandler((error: FastifyError, request, reply) => respond(request, reply, endOf(error)));
  app.addHook('onResponse', async (_request, reply) => metrics.webhookSeconds.observe(reply.elapsedTime / 1_000));
}

function endOf(error: FastifyError): Answer {
  if (error.statusCode === 413) return { reason: 'too-large', message: `The body is larger than ${BODY_LIMIT} bytes.` };
  const bySender = (error.statusCode ?? 500) < 500 || error.code === 'ECONNRESET';
  if (bySender) return { reason: 'bad-request', message: error.message };
  return { reason: 'internal', message: 'Internal error.', error };
}

async function listen(app: FastifyInstance, { host, port }: Address): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} of ${host} is taken: end what listens there, or change http.webhooks.port`, {
      cause: error,
    });
  }
}

function startAtZero(metrics: Metrics): void {
  for (const [reason, { outcome }] of Object.entries(WEBHOOK_REASONS)) metrics.webhooks.inc({ outcome, reason }, 0);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
