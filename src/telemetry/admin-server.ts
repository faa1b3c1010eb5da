/**
 * What operators of Mayfly ask it: `/metrics` for Prometheus, `/healthz` (alive; restart it if not), `/readyz` (ready,
 * or which checks fail), `/environments` for the CLI, `/nudge` for other replicas. It holds no secret, and listens on loopback unless configured.
 */
import { type FastifyInstance, fastify } from 'fastify';
import type { Address } from '../model/config.ts';
import type { Health } from './health.ts';
import { listen } from './listen.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { addNudge, type NudgeRoute } from './nudge-route.ts';

export interface AdminServerOptions extends Partial<NudgeRoute> {
  readonly address: Address;
  readonly metrics: Pick<Metrics, 'registry'>;
  readonly health: Health;
  readonly logger: Logger;
  /** Names of parts that have died, e.g. a controller without workers: a reason to restart the process. */
  readonly dead?: (() => readonly string[]) | undefined;
  /** Answered as JSON; a rejection becomes a 503. */
  readonly environments?: (() => Promise<unknown>) | undefined;
}

export interface AdminServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** Rejects with a `ListenError` that names the setting when the address cannot be had. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
  addMetrics(app, options);
  addHealth(app, options);
  addEnvironments(app, options);
  const { onNudge, verifyNudge } = options;
  if (onNudge && verifyNudge) addNudge(app, { onNudge, verifyNudge });
  const address = await listen(app, options.address, 'http.admin');
  options.logger.info({ host: address.host, port: address.port }, 'the admin server listens');
  return { address, close: () => app.close() };
}

function addMetrics(app: FastifyInstance, { metrics: { registry } }: AdminServerOptions): void {
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
}

function addHealth(app: FastifyInstance, { health, dead = () => [] }: AdminServerOptions): void {
  app.get('/healthz', async (_request, reply) => {
    const parts = dead();
    return reply.code(parts.length === 0 ? 200 : 503).send({ ok: parts.length === 0, dead: parts });
  });
  app.get('/readyz', async (_request, reply) => {
    const checks = health.checks();
    const failing = Object.keys(checks).filter((name) => !checks[name]?.ok);
    return reply.code(health.ready() ? 200 : 503).send({ ok: health.ready(), failing, checks });
  });
}

function addEnvironments(app: FastifyInstance, { environments, logger }: AdminServerOptions): void {
  if (!environments) return;
  app.get('/environments', async (_request, reply) => {
    try {
      return await reply.type('application/json').send(JSON.stringify(await environments()));
    } catch (error) {
      logger.warn({ err: error }, 'environments cannot be listed');
      return reply.code(503).send({ error: 'the environments cannot be listed at the moment; see the log' });
    }
  });
}
