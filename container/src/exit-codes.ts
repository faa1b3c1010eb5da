/** Why the supervisor ended; the operator reads the exit code of the task's container and the last log lines. */
import type { JobPhase } from './updates/progress.ts';

export const EXIT = {
  stopped: 0,
  /** The first job failed in this phase: there is nothing to serve. */
  fetch: 20,
  install: 21,
  build: 22,
  start: 23,
  healthy: 23,
  /** The app that served kept dying. */
  crashLoop: 24,
  /** `.mayfly.yml` is not valid, or nothing says how the repository is run. */
  recipe: 25,
  /** A fault of the supervisor itself (EX_SOFTWARE). */
  internal: 70,
  /** Variables are missing or invalid (EX_CONFIG). */
  settings: 78,
} as const satisfies Record<JobPhase | 'stopped' | 'crashLoop' | 'internal' | 'settings', number>;
