/** A GitHub that answers whatever a test says, to see what the client makes of errors. */
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { onTestFinished } from 'vitest';
import { makeGitHub } from '../../src/github/client.ts';
import type { GitHubPort } from '../../src/github/port.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

export type Answering = (request: FastifyRequest, reply: FastifyReply) => unknown;

export interface AnsweringServer {
  readonly url: string;
  /** `GET /path` of every request so far. */
  readonly seen: string[];
}

export async function answering(answer: Answering): Promise<AnsweringServer> {
  const seen: string[] = [];
  const app = Fastify({ logger: false, forceCloseConnections: true });
  app.all('/*', async (request, reply) => {
    seen.push(`${request.method} ${request.url}`);
    return answer(request, reply);
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  return { url, seen };
}

export const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ';

export interface Client {
  readonly github: GitHubPort;
  readonly metrics: Metrics;
}

export function client(apiUrl: string, more: { clock?: Clock; requestTimeoutMs?: number } = {}): Client {
  const metrics = makeMetrics();
  const logger = makeLogger('silent', false);
  return { github: makeGitHub({ apiUrl, token: TOKEN, clock: systemClock, metrics, logger, ...more }), metrics };
}

export async function countOf(metrics: Metrics, operation: string, outcome: string): Promise<number | undefined> {
  const { values } = await metrics.githubCalls.get();
  return values.find(({ labels }) => labels.operation === operation && labels.outcome === outcome)?.value;
}
