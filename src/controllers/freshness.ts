/**
 * How old a snapshot may be for one environment's pass: never older than its own last write (else it would not see what
 * it did), never older than the last resync, and, while something is changing, no older than the pause between looks.
 * Settled environments so share one snapshot a resync, which is what keeps a pass over many of them cheap (DESIGN §6).
 * In memory only: after a restart every first look has a fresh snapshot.
 */
import { digest } from '../model/digest.ts';
import type { Status } from '../model/environment.ts';
import type { Observed } from '../model/observed.ts';
import type { Policy } from '../model/policy.ts';
import type { Plan } from '../plan/environment.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Priority } from '../runtime/workqueue.ts';

export interface Needs {
  /** Monotonic time that the snapshot must not be begun before. */
  readonly since: number;
  readonly lookAtHealth: boolean;
}

export interface Freshness {
  needs(sessionId: string, pass: { readonly status: Status; readonly priority: Priority }): Needs;
  /** A mutating call was made for the session. */
  wrote(sessionId: string): void;
  /** What the pass saw, and whether it left anything to do. */
  /** True when a control port that answered before is silent: a fresh look is due at once. */
  note(sessionId: string, pass: { readonly observed: Observed; readonly status: Status; readonly plan: Plan }): boolean;
  /** The pass could not do what it planned; returns how many in a row could not. */
  hindered(sessionId: string): number;
  unhindered(sessionId: string): void;
  /** A resync begins: every environment looks afresh once. */
  resync(): void;
  forget(sessionId: string): void;
}

interface Memory {
  wroteAt: number;
  /** The last pass saw every control port that it asked, and left nothing to do. */
  settled: boolean;
  /** The last pass had something to do. */
  acted: boolean;
  healthLookedAt: number;
  /** Passes in a row that could not do what they planned. */
  hindrances: number;
}

/** A snapshot that was begun at the very time of a write may not show it, on a clock of any grain. */
const JUST_AFTER_MS = 0.001;

export function makeFreshness(clock: Clock, policy: Policy): Freshness {
  const sessions = new Map<string, Memory>();
  let resyncedAt = clock.monotonic();

  const memoryOf = (sessionId: string): Memory => {
    const known = sessions.get(sessionId) ?? {
      wroteAt: -Infinity,
      settled: false,
      acted: false,
      healthLookedAt: clock.monotonic() - shareOf(sessionId) * policy.healthLookMs,
      hindrances: 0,
    };
    sessions.set(sessionId, known);
    return known;
  };

  return {
    needs(sessionId, { status, priority }) {
      const { wroteAt, settled, acted, healthLookedAt } = memoryOf(sessionId);
      const now = clock.monotonic();
      const oldest = settled && priority === 'low' ? -Infinity : now - policy.transitionMs;
      // What was to be done because of what a look at health showed may have failed: without another it would be forgotten.
      const healthDue = acted || now - healthLookedAt >= policy.healthLookMs;
      return {
        since: Math.max(wroteAt, resyncedAt, oldest),
        lookAtHealth: healthDue || status.attempt?.healthyAt === undefined,
      };
    },
    wrote(sessionId) {
      memoryOf(sessionId).wroteAt = clock.monotonic() + JUST_AFTER_MS;
    },
    note(sessionId, { observed, plan }) {
      const memory = memoryOf(sessionId);
      const answered = Object.values(observed.control).every((answer) => answer.ok);
      const lost = memory.settled && !answered;
      memory.settled = plan.settled && !lost;
      memory.acted = plan.steps.length > 0;
      if (observed.targets) memory.healthLookedAt = clock.monotonic();
      return lost;
    },
    hindered: (sessionId) => (memoryOf(sessionId).hindrances += 1),
    unhindered(sessionId) {
      memoryOf(sessionId).hindrances = 0;
    },
    resync() {
      resyncedAt = clock.monotonic();
    },
    forget(sessionId) {
      sessions.delete(sessionId);
    },
  };
}

/**
 * From 0 up to 1, even over many sessions: after a start the looks at the health of settled environments spread over the
 * time between two of them. A thousand at once would hold up everything else for minutes (AWS-FACTS ELBv2 "throttling").
 */
function shareOf(sessionId: string): number {
  return Number.parseInt(digest(sessionId, 8), 16) / 2 ** 32;
}
