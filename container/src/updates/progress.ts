/** What the running job is at, how long its phases took, and why the last one failed. */
export const PHASES = ['fetch', 'recipe', 'install', 'build', 'start', 'healthy'] as const;
/** In the order in which they run. `recipe` reads how the commit is run; `healthy` waits for the app's first answer. */
export type JobPhase = (typeof PHASES)[number];

export interface PhaseRecord {
  readonly phase: JobPhase;
  /** ISO 8601, as is `endedAt`, which is absent while it runs. */
  readonly startedAt: string;
  readonly endedAt?: string;
  /** `cancelled`: a newer order came. */
  readonly outcome: 'running' | 'done' | 'failed' | 'cancelled';
  /** In a few words how it was done, where that tells why it was fast, e.g. `taken over`. */
  readonly note?: string;
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
  /** Runs one phase of the job and records it; `note` adds to what is told of it. */
  phase<T>(phase: JobPhase, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
  /** The job is over; with an error, it failed. */
  end(error?: PhaseError): void;
  job(): JobReport | undefined;
  failure(): FailureReport | undefined;
  phases(): readonly PhaseRecord[];
  /** Something else that is told with it has changed. */
  touch(): void;
  /** Calls `listener` after every change; the result ends it. */
  onChange(listener: () => void): () => void;
}

export interface ProgressOptions {
  readonly now?: () => number;
  /** Called with each phase as it begins and ends, for the log. */
  readonly onPhase?: (record: PhaseRecord, commit: string | undefined) => void;
}

export function makeProgress(options: ProgressOptions = {}): Progress {
  const now = options.now ?? Date.now;
  const iso = (): string => new Date(now()).toISOString();
  const listeners = new Set<() => void>();
  let job: JobReport | undefined;
  let failure: FailureReport | undefined;
  let phases: readonly PhaseRecord[] = [];

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const replace = (record: PhaseRecord, next: PhaseRecord): PhaseRecord => {
    phases = phases.map((each) => (each === record ? next : each));
    changed();
    return next;
  };
  const finish = (record: PhaseRecord, outcome: PhaseRecord['outcome']): void => {
    const ended = replace(record, { ...record, endedAt: iso(), outcome });
    options.onPhase?.(ended, job?.commit);
  };

  return {
    begin(commit) {
      job = { ...(commit === undefined ? {} : { commit }), phase: 'fetch', startedAt: iso() };
      failure = undefined;
      phases = [];
      changed();
    },
    resolved(commit) {
      if (job) job = { ...job, commit };
      changed();
    },
    async phase(phase, work) {
      let record: PhaseRecord = { phase, startedAt: iso(), outcome: 'running' };
      phases = [...phases, record];
      if (job) job = { ...job, phase };
      options.onPhase?.(record, job?.commit);
      changed();
      const note = (text: string): void => {
        record = replace(record, { ...record, note: record.note === undefined ? text : `${record.note}; ${text}` });
      };
      try {
        const result = await work(note);
        finish(record, 'done');
        return result;
      } catch (error) {
        finish(record, error instanceof PhaseError ? 'failed' : 'cancelled');
        throw error;
      }
    },
    end(error) {
      if (error) {
        const { phase, message, logTail } = error;
        failure = { ...(job?.commit === undefined ? {} : { commit: job.commit }), phase, message, at: iso(), logTail };
      }
      job = undefined;
      changed();
    },
    job: () => job,
    failure: () => failure,
    phases: () => phases,
    touch: changed,
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
