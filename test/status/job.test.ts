import { describe, expect, it } from 'vitest';
import type { EnvironmentState, JobRecord } from '../../src/model/environment.ts';
import { jobView } from '../../src/status/job.ts';
import { jobRow } from '../../src/status/job-line.ts';
import { ago, BUILDING_JOB, DONE_JOB } from './samples.ts';

const row = (job: JobRecord | undefined, state: EnvironmentState = 'RUNNING') => jobRow({ job: jobView(job), state });
const FAILED: JobRecord = {
  attempt: 1,
  outcome: 'failed',
  phases: [
    { phase: 'fetch', at: ago(20), ms: 320, outcome: 'done' },
    { phase: 'build', at: ago(19), ms: 4_000, outcome: 'failed', note: 'web' },
  ],
};

describe('the phases of a job', () => {
  it('while it runs are those that ran, the one that runs, and those to come', () => {
    const view = jobView(BUILDING_JOB);
    expect(view?.phases.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      'fetch done',
      'recipe done',
      'install done',
      'build running',
      'start waiting',
      'healthy waiting',
    ]);
    expect(view?.phases[2]).toMatchObject({ seconds: 4.1, note: 'restored from the cache' });
    expect(view?.phases[3]).toMatchObject({ startedAt: ago(14), seconds: undefined });
    expect(view?.seconds).toBeUndefined();
  });

  it('once it is done are those that ran, with the time from first to last', () => {
    const view = jobView({ ...DONE_JOB, phases: DONE_JOB.phases.filter(({ phase }) => phase !== 'healthy') });
    expect(view?.phases.map(({ state }) => state)).toEqual(Array(5).fill('done'));
    expect(jobView(DONE_JOB)?.seconds).toBe(19.4);
  });

  it('that failed announce nothing to come', () => {
    expect(jobView(FAILED)?.phases.map(({ state }) => state)).toEqual(['done', 'failed']);
  });

  it('have notes of one line without anything invisible', () => {
    const phases = [{ phase: 'fetch', at: ago(1), ms: 1, outcome: 'done', note: 'a\n\u202eb \u001b[31mred' } as const];
    expect(jobView({ ...FAILED, phases })?.phases[0]?.note).toBe('a b red');
  });

  it('are not known without a record', () => {
    expect(jobView(undefined)).toBeUndefined();
  });

  it('do without a whole time when the clock jumped', () => {
    const phases = DONE_JOB.phases.toReversed();
    expect(jobView({ ...DONE_JOB, phases })?.seconds).toBeUndefined();
  });
});

describe('their line in the comment', () => {
  it('tells what is done, how, and what runs', () => {
    expect(row(BUILDING_JOB)).toEqual([
      'Progress',
      'fetch 0.3 s · install 4.1 s <code>restored from the cache</code> · build …',
    ]);
  });

  it('tells how long the whole took, once it is live', () => {
    const [name, line] = row(DONE_JOB);
    expect(name).toBe('Took');
    expect(row(DONE_JOB, 'STARTING')[0]).toBe('Progress');
    expect(line).toMatch(/^19 s: fetch 0\.3 s · install .* · build 12 s · start 0\.1 s · healthy 0\.9 s$/);
  });

  it('tells the whole alone when no part took any time', () => {
    const phases = [{ phase: 'fetch', at: ago(1), ms: 20, outcome: 'done' } as const];
    expect(row({ ...DONE_JOB, phases })).toEqual(['Took', '&lt; 0.1 s']);
  });

  it('tells where it failed, and that something was cancelled', () => {
    expect(row(FAILED)).toEqual(['Progress', 'fetch 0.3 s · build failed after 4.0 s']);
    const phases = [{ phase: 'build', at: ago(1), outcome: 'cancelled' } as const];
    expect(row({ ...FAILED, phases })).toEqual(['Progress', 'build cancelled']);
  });

  it('changes with nothing but a phase that begins or ends', () => {
    const more = BUILDING_JOB.phases.map((phase) =>
      phase.outcome === 'running' ? { ...phase, note: 'web; api' } : phase,
    );
    expect(row({ ...BUILDING_JOB, phases: more })).toEqual(row(BUILDING_JOB));
  });

  it('is absent without a record, and while nothing has begun', () => {
    expect(row(undefined)[1]).toBeUndefined();
    expect(row({ ...BUILDING_JOB, phases: [] })[1]).toBeUndefined();
  });
});
