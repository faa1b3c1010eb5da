/** Which requests are visits, and telling of them at a pace that the store does not feel. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../telemetry/logger.ts';

/** A visit within this time of the last one tells nothing new. */
const PACE_MS = 10_000;
const MOST_SESSIONS = 10_000;

export interface VisitRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** A person or a program that wants the environment: not the page's own polling, a browser's guess, or a mere probe. */
export function isVisit({ method, headers }: VisitRequest): boolean {
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  const guess = [headers['sec-purpose'], headers['purpose']].flat().some((why) => why?.includes('prefetch'));
  return headers['x-mayfly-poll'] === undefined && !guess;
}

export interface Visits {
  /** Never throws and never waits: the page does not depend on it. */
  saw(session: string): void;
  /** Resolves when everything seen was told. */
  settled(): Promise<void>;
}

export interface VisitsOptions {
  readonly onVisit: (session: string) => Promise<void> | void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function makeVisits({ onVisit, clock, logger }: VisitsOptions): Visits {
  const last = new Map<string, number>();
  const pending = new Set<Promise<void>>();

  const tell = async (session: string): Promise<void> => {
    try {
      await onVisit(session);
    } catch (error) {
      last.delete(session);
      logger.warn({ err: error, session }, 'a visit could not be recorded');
    }
  };

  return {
    saw(session) {
      const now = clock.monotonic();
      const before = last.get(session);
      if (before !== undefined && now - before < PACE_MS) return;
      if (last.size >= MOST_SESSIONS) last.clear();
      last.set(session, now);
      const told = tell(session).finally(() => pending.delete(told));
      pending.add(told);
    },
    async settled() {
      await Promise.all(pending);
    },
  };
}
