/** How long things take in a simulated task; those of the supervisor itself as in `container/src/timings.ts`. */
import type { SupervisorTimings } from './port.ts';

export const SUPERVISOR_TIMINGS: SupervisorTimings = {
  phases: { fetch: 2_000, recipe: 0, install: 20_000, build: 30_000, start: 3_000, healthy: 0 },
  jitter: 0,
  phaseDeadline: 900_000,
  startDeadline: 120_000,
  linger: 2_000,
  restarts: [1_000, 2_000, 4_000, 8_000],
  stable: 60_000,
  orderWait: 300_000,
  term: 1_000,
  plainStart: 5_000,
};
