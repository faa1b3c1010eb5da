/** `POST /nudge`: another replica says which environments changed. Beside the metrics, since only replicas come here. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SESSION_PATTERN } from '../model/names.ts';

/** In one request. */
export const MAX_NUDGED = 100;
export const NUDGE_HEADERS = { timestamp: 'x-mayfly-timestamp', signature: 'x-mayfly-signature' } as const;

/** Room for `MAX_NUDGED` of the longest. */
const BODY_LIMIT = 16 * 1_024;

export interface SignedNudge {
  /** Seconds since the epoch. */
  readonly timestamp: string;
  /** Hex HMAC-SHA256 over `timestamp`, a dot and the body. */
  readonly signature: string;
  readonly body: Buffer;
}

export type VerifyNudge = (nudge: SignedNudge) => boolean;

export interface NudgeRoute {
  /** False when this replica does not lead. */
  readonly onNudge: (sessions: readonly string[]) => boolean;
  readonly verifyNudge: VerifyNudge;
}

const NUDGE = z.object({ sessions: z.array(z.string().regex(SESSION_PATTERN)).min(1).max(MAX_NUDGED) });

/** Answers 202 when it was taken, 409 when another replica leads, 401 when it is not signed, 400 when it is no nudge. */
export function addNudge(app: FastifyInstance, { onNudge, verifyNudge }: NudgeRoute): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/nudge', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const timestamp = headerOf(request, NUDGE_HEADERS.timestamp);
    const signature = headerOf(request, NUDGE_HEADERS.signature);
    if (!verifyNudge({ timestamp, signature, body })) return reply.code(401).send({ error: 'not signed by a replica' });
    const sessions = sessionsOf(body);
    if (!sessions) {
      const error = `expected {"sessions": [1 to ${MAX_NUDGED} session ids]}`;
      return reply.code(400).send({ error });
    }
    return onNudge(sessions) ? reply.code(202).send({ ok: true }) : reply.code(409).send({ error: 'not the leader' });
  });
}

function headerOf({ headers }: FastifyRequest, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function sessionsOf(body: Buffer): readonly string[] | undefined {
  try {
    return NUDGE.safeParse(JSON.parse(body.toString())).data?.sessions;
  } catch {
    return undefined;
  }
}
