/**
 * The front door: answers for every host that has no healthy environment behind it (DESIGN §6.3), on every path and to
 * every method. It reads, shows and tells of visits; it decides nothing.
 */
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Address } from '../model/config.ts';
import { sessionOfHost } from '../model/names.ts';
import type { EnvironmentState } from '../model/environment.ts';
import type { Clock } from '../runtime/clock.ts';
import type { EnvironmentView } from '../status/view.ts';
import { listen } from '../telemetry/listen.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import {
  type Answer,
  type Audience,
  environmentAnswer,
  healthAnswer,
  nowhereAnswer,
  PAGES,
  unavailableAnswer,
  wantsJson,
} from './answer.ts';
import { makeCached } from './cached.ts';
import { isVisit, makeVisits } from './visits.ts';

/** The load balancer's health check of the front door itself. */
export const HEALTH_PATH = '/.mayfly/health';
/** Longer than ALB's idle timeout of 60 s. AWS-FACTS ELBv2 "keep-alive". */
const KEEP_ALIVE_MS = 75_000;
/** Whoever follows the URL right after labelling, before the record is written, waits no second for its page. */
const LOOKUP = { freshMs: 1_000, absentMs: 100, timeoutMs: 4_000 };
const LOG = { freshMs: 3_000, absentMs: 3_000, timeoutMs: 1_500 };

/** States in which the log tells what is going on. */
const WITH_LOG: ReadonlySet<EnvironmentState> = new Set(['STARTING', 'FAILED', 'RUNNING']);

export interface FrontDoorOptions {
  readonly address: Address;
  /** Of all listeners; hosts are `{session}.{domain}`. */
  readonly domains: readonly { readonly domain: string }[];
  /** Undefined when there is no such environment; rejects when that cannot be known now. */
  readonly lookup: (sessionId: string) => Promise<EnvironmentView | undefined>;
  /** The last lines that the app wrote, oldest first; may be slow or fail, the page does without. */
  readonly logTail: (sessionId: string) => Promise<readonly string[]>;
  /** Told at most every 10 s for a session, and only for those that exist. */
  readonly onVisit: (sessionId: string) => Promise<void> | void;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface FrontDoor {
  /** Where it listens, e.g. `http://127.0.0.1:8081`. */
  readonly url: string;
  /** Lets requests that have begun end, and resolves when nothing listens any more. */
  close(): Promise<void>;
}

export async function startFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  for (const page of PAGES) options.metrics.frontDoorRequests.inc({ page }, 0);
  const visits = makeVisits(options);
  const app = makeServer(
    makeResponder(options, (session) => visits.saw(session)),
    options,
  );
  const { host, port } = await listen(app, options.address, 'http.frontDoor');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      await app.close();
      await visits.settled();
    },
  };
}

type Responder = (request: FastifyRequest) => Promise<Answer>;

function makeResponder(options: FrontDoorOptions, visited: (session: string) => void): Responder {
  const { clock, domains, logger } = options;
  const lookup = makeCached(options.lookup, { clock, ...LOOKUP });
  const logTail = makeCached(options.logTail, { clock, ...LOG });

  const logOf = async ({ sessionId, state }: EnvironmentView): Promise<readonly string[]> => {
    if (!WITH_LOG.has(state)) return [];
    try {
      return await logTail(sessionId);
    } catch (error) {
      logger.debug({ err: error, session: sessionId }, 'the log is not shown');
      return [];
    }
  };

  return async (request) => {
    if (isHealthCheck(request)) return healthAnswer();
    const audience: Audience = { json: wantsJson(request.headers), now: clock.now() };
    const host = request.headers.host ?? '';
    const session = domains.map(({ domain }) => sessionOfHost(domain, host)).find((one) => one !== undefined);
    if (session === undefined) return nowhereAnswer(audience);
    try {
      const view = await lookup(session);
      if (!view || !isHostOf(view, host)) return nowhereAnswer(audience);
      if (isVisit(request)) visited(session);
      return environmentAnswer(view, await logOf(view), audience);
    } catch (error) {
      logger.warn({ err: error, session }, 'the status of an environment cannot be read');
      return unavailableAnswer(audience);
    }
  };
}

function isHealthCheck({ method, url }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && url.split('?', 1)[0] === HEALTH_PATH;
}

/** A session is at home on one domain only. */
function isHostOf(view: EnvironmentView, host: string): boolean {
  return view.host === undefined || view.host === host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

/** Answers before a body is read or a route is looked for, so that no path, method or content type is an exception. */
function makeServer(respond: Responder, { metrics, logger, clock }: FrontDoorOptions): FastifyInstance {
  const send = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const answer = await respond(request);
    metrics.frontDoorRequests.inc({ page: answer.kind });
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  };
  const app = Fastify({
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A path that cannot be decoded is a path like any other here.
    frameworkErrors: (_error, request, reply) => void send(request as FastifyRequest, reply as FastifyReply),
  });
  app.addHook('onRequest', send);
  app.setNotFoundHandler(send);
  app.setErrorHandler((error, request, reply) => {
    logger.error({ err: error }, 'the front door failed to answer');
    const answer = unavailableAnswer({ json: wantsJson(request.headers), now: clock.now() });
    metrics.frontDoorRequests.inc({ page: answer.kind });
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  return app;
}
