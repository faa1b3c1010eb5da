/** What is kept of a supervisor's newest job, for the comment, the waiting page and the metrics. */
import type { Attempt, JobRecord, PhaseRecord } from '../model/environment.ts';
import type { PhaseReport, SupervisorReport } from '../model/observed.ts';

/** Longer is no duration: a clock that was set, or something that only plays a supervisor. */
const LONGEST_MS = 86_400_000;
const NOTE_MAX = 80;

export interface JobSeen {
  /** Of the attempt's task, when it answered. */
  readonly report?: SupervisorReport | undefined;
  /** The attempt's end is counted: whatever ran ran no further. */
  readonly over: boolean;
}

/** `before` when nothing newer is known; nothing of another attempt is kept. */
export function jobSeen(
  before: JobRecord | undefined,
  attempt: Attempt | undefined,
  { report, over }: JobSeen,
): JobRecord | undefined {
  if (!attempt) return undefined;
  const known = before?.attempt === attempt.number ? before : undefined;
  const newest = report?.phases?.length ? jobOf(attempt, report, report.phases) : known;
  return newest && over ? closed(newest) : newest;
}

function jobOf({ number }: Attempt, { job, failure }: SupervisorReport, phases: readonly PhaseReport[]): JobRecord {
  const outcome = job ? 'running' : failure ? 'failed' : 'done';
  return { attempt: number, outcome, phases: phases.map(phaseOf) };
}

function phaseOf({ phase, startedAt, endedAt, outcome, note }: PhaseReport): PhaseRecord {
  const ended = endedAt !== undefined && outcome !== 'running';
  const took = ended ? Date.parse(endedAt) - Date.parse(startedAt) : undefined;
  return {
    phase,
    at: startedAt,
    ms: took === undefined ? undefined : Math.round(Math.min(LONGEST_MS, Math.max(0, took))),
    outcome,
    note: note?.slice(0, NOTE_MAX),
  };
}

function closed(job: JobRecord): JobRecord {
  if (job.outcome !== 'running') return job;
  const phases = job.phases.map((phase) =>
    phase.outcome === 'running' ? { ...phase, outcome: 'failed' as const } : phase,
  );
  return { ...job, outcome: 'failed', phases };
}
