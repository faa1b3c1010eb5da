/** One line of the environment's log. */
import type { JobPhase } from '../updates/progress.ts';

export interface LogEntry {
  /** ISO 8601. */
  readonly at: string;
  /** `mayfly`, a phase, or `app` and the process's name, e.g. `app/web`. */
  readonly source: LogSource;
  readonly text: string;
}

export type LogSource = 'mayfly' | JobPhase | `app/${string}`;
