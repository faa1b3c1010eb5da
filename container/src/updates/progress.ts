/** What the running job is at, how long its phases took, and why the last one failed. */
export type JobPhase = 'fetch' | 'install' | 'build' | 'start';

export interface PhaseRecord {
  readonly phase: JobPhase;
  readonly startedAt: string;
  /** Absent while it runs. */
  readonly ms?: number;
  readonly outcome: 'running' | 'done' | 'failed';
}

export interface JobReport {
  readonly commit?: string;
  readonly phase: JobPhase;
  readonly startedAt: string;
}

export interface FailureReport {
  readonly commit?: string;
  readonly phase: JobPhase;
  readonly message: string;
  readonly at: string;
  readonly logTail: readonly string[];
}

/** A phase that failed, in words for the person who pushed the commit. */
export class PhaseError extends Error {
  readonly phase: JobPhase;
  readonly logTail: readonly string[];

  constructor(phase: JobPhase, message: string, logTail: readonly string[] = []) {
    super(message);
    this.name = 'PhaseError';
    this.phase = phase;
    this.logTail = logTail;
  }
}

export interface Progress {
  begin(commit: string | undefined): void;
  /** The head of the branch turned out to be this commit. */
  resolved(commit: string): void;
  /** Runs one phase of the job and records it. */
  phase<T>(phase: JobPhase, work: () => Promise<T>): Promise<T>;
  /** The job is over; with an error, it failed. */
  end(error?: PhaseError): void;
  job(): JobReport | undefined;
  failure(): FailureReport | undefined;
  phases(): readonly PhaseRecord[];
}

export function makeProgress(now: () => number = Date.now): Progress {
  const iso = (): string => new Date(now()).toISOString();
  let job: JobReport | undefined;
  let failure: FailureReport | undefined;
  let phases: PhaseRecord[] = [];

  const finish = (record: PhaseRecord, outcome: 'done' | 'failed'): void => {
    const ms = now() - Date.parse(record.startedAt);
    phases = phases.map((each) => (each === record ? { ...record, ms, outcome } : each));
  };

  return {
    begin(commit) {
      job = { ...(commit === undefined ? {} : { commit }), phase: 'fetch', startedAt: iso() };
      failure = undefined;
      phases = [];
    },
    resolved(commit) {
      if (job) job = { ...job, commit };
    },
    async phase(phase, work) {
      const record: PhaseRecord = { phase, startedAt: iso(), outcome: 'running' };
      phases = [...phases, record];
      if (job) job = { ...job, phase };
      try {
        const result = await work();
        finish(record, 'done');
        return result;
      } catch (error) {
        finish(record, 'failed');
        throw error;
      }
    },
    end(error) {
      if (error) {
        const { phase, message, logTail } = error;
        failure = { ...(job?.commit === undefined ? {} : { commit: job.commit }), phase, message, at: iso(), logTail };
      }
      job = undefined;
    },
    job: () => job,
    failure: () => failure,
    phases: () => phases,
  };
}
