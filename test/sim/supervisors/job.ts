/**
 * One job of a supervisor, laid out ahead: when each phase begins and ends, and whether the last one fails. So a job costs
 * one timer, and what it is at is computed only when somebody asks. Pure.
 */
import { JOB_PHASES, type JobPhase, type PhaseReport, type SupervisorReport } from '../../../src/model/observed.ts';
import type { CommitPlan, SupervisorTimings } from './port.ts';

interface Span {
  readonly phase: JobPhase;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

export interface Job {
  /** Undefined: there is no such branch, and fetching fails. */
  readonly commit: string | undefined;
  /** False: the commit is known only once it was fetched. */
  readonly ordered: boolean;
  readonly spans: readonly Span[];
  readonly fails: boolean;
  readonly startedAt: number;
  readonly endsAt: number;
}

export interface JobOrder {
  readonly commit: string | undefined;
  readonly ordered: boolean;
  readonly plan: CommitPlan;
  readonly timings: SupervisorTimings;
  readonly random: () => number;
  readonly now: number;
}

const LATE_PHASES: ReadonlySet<JobPhase> = new Set(['start', 'healthy']);

export function planJob({ commit, ordered, plan, timings, random, now }: JobOrder): Job {
  const outcome = commit === undefined ? ({ kind: 'fails', phase: 'fetch' } as const) : plan.outcome;
  const last = outcome?.kind === 'fails' || outcome?.kind === 'hangs' ? outcome.phase : undefined;
  const spans: Span[] = [];
  let at = now;
  for (const phase of JOB_PHASES) {
    const usual = plan.phases?.[phase] ?? timings.phases[phase];
    const takes = timings.jitter === 0 ? usual : Math.round(usual * (1 + timings.jitter * random()));
    const deadline = LATE_PHASES.has(phase) ? timings.startDeadline : timings.phaseDeadline;
    const to = at + (outcome?.kind === 'hangs' && phase === last ? deadline : takes);
    spans.push({ phase, from: at, to });
    at = to;
    if (phase === last) break;
  }
  return { commit, ordered, spans, fails: last !== undefined, startedAt: now, endsAt: at };
}

/** The phases that have begun; `endedAt`: the job was cancelled then, or had ended. */
export function phasesAt({ spans, fails }: Job, now: number, endedAt = Infinity): PhaseReport[] {
  const at = Math.min(now, endedAt);
  const begun = spans.filter(
    (span, index) => span.from < at || (span.from === at && (spans[index - 1]?.to ?? at) <= at),
  );
  return begun.map(({ phase, from, to }) => {
    const startedAt = iso(from);
    if (to <= at) {
      const failed = fails && phase === spans.at(-1)?.phase;
      return { phase, startedAt, endedAt: iso(to), outcome: failed ? 'failed' : 'done' };
    }
    if (endedAt <= now) return { phase, startedAt, endedAt: iso(endedAt), outcome: 'cancelled' };
    return { phase, startedAt, outcome: 'running' };
  });
}

export function jobReport(job: Job, now: number): NonNullable<SupervisorReport['job']> {
  const phase = phasesAt(job, now).at(-1)?.phase ?? 'fetch';
  const known = job.ordered || phase !== 'fetch';
  return { ...(known ? { commit: job.commit } : {}), phase, startedAt: iso(job.startedAt) };
}

/** What is told of a job that failed, at the moment when it did. */
export function failureReport(job: Job): NonNullable<SupervisorReport['failure']> {
  const phase = job.spans.at(-1)?.phase ?? 'fetch';
  const message = `${phase} failed: the simulation says so`;
  return { commit: job.commit, phase, message, at: iso(job.endsAt), logTail: [`> ${phase}`, message] };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
