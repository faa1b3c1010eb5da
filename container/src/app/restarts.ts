/** When an app that died is started again. Pure. */
import type { Timings } from '../timings.ts';

export interface Restart {
  /** Deaths in a row, this one included. */
  readonly deaths: number;
  /** Before the next start; absent: give up. */
  readonly delayMs: number | undefined;
}

/** `healthyForMs`: how long the app had been healthy when it died; 0 when it never was. */
export function restartAfter(deathsBefore: number, healthyForMs: number, timings: Timings): Restart {
  const deaths = healthyForMs >= timings.stableMs ? 1 : deathsBefore + 1;
  return { deaths, delayMs: timings.restartDelaysMs[deaths - 1] };
}
