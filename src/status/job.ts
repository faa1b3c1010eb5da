/** What the container is at, phase by phase, for people. */
import type { JobRecord, PhaseRecord } from '../model/environment.ts';
import { JOB_PHASES, type JobPhase, type PhaseOutcome } from '../model/observed.ts';
import { oneLine } from './markdown.ts';
import { timeOf } from './time.ts';

const NOTE_MAX = 80;

export interface JobView {
  readonly outcome: JobRecord['outcome'];
  /** From the first phase's begin to the last one's end, once it is over; where known. */
  readonly seconds?: number | undefined;
  /** While it runs, with those to come. */
  readonly phases: readonly PhaseView[];
}

export interface PhaseView {
  readonly phase: JobPhase;
  /** `waiting`: to come. */
  readonly state: PhaseOutcome | 'waiting';
  /** ISO time. */
  readonly startedAt?: string | undefined;
  /** How long it took, to a tenth. */
  readonly seconds?: number | undefined;
  /** In a few words how it was done; not Mayfly's own words. */
  readonly note?: string | undefined;
}

export function jobView(job: JobRecord | undefined): JobView | undefined {
  if (!job) return undefined;
  const { outcome, phases } = job;
  const running = outcome === 'running';
  return {
    outcome,
    seconds: running ? undefined : secondsOf(spanOf(phases)),
    phases: [...phases.map(phaseView), ...(running ? toCome(phases) : [])],
  };
}

function phaseView({ phase, at, ms, outcome, note }: PhaseRecord): PhaseView {
  return {
    phase,
    state: outcome,
    startedAt: at,
    seconds: secondsOf(ms),
    note: oneLine(note ?? '', NOTE_MAX) || undefined,
  };
}

function toCome(phases: readonly PhaseRecord[]): readonly PhaseView[] {
  const reached = Math.max(-1, ...phases.map(({ phase }) => JOB_PHASES.indexOf(phase)));
  return JOB_PHASES.slice(reached + 1).map((phase) => ({ phase, state: 'waiting' }));
}

function spanOf(phases: readonly PhaseRecord[]): number | undefined {
  const [first, last] = [phases[0], phases.at(-1)];
  if (!first || last?.ms === undefined) return undefined;
  const span = timeOf(last.at) + last.ms - timeOf(first.at);
  return Number.isFinite(span) && span >= 0 ? span : undefined;
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms / 100) / 10;
}
