/** What is kept of a supervisor's phases: a report on the left, a record on the right. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../src/model/environment.ts';
import type { PhaseReport, SupervisorReport } from '../../src/model/observed.ts';
import { jobSeen } from '../../src/plan/job.ts';
import { attempt, COMMIT, NEWER, NOW, passOver, report, RUNNING_ATTEMPT, settled, task } from './world.ts';

const at = (ms: number): string => new Date(NOW + ms).toISOString();
const FETCHED: PhaseReport = { phase: 'fetch', startedAt: at(0), endedAt: at(320), outcome: 'done' };
const BUILDS: PhaseReport = { phase: 'build', startedAt: at(400), outcome: 'running' };
const JOB = { commit: COMMIT, phase: 'build', startedAt: at(0) } as const;
const FAILURE = { commit: COMMIT, phase: 'build', message: 'no', at: at(900), logTail: [] } as const;
const ran = attempt(RUNNING_ATTEMPT);

function saying(change: Partial<SupervisorReport>): SupervisorReport {
  const answer = report(change);
  if (!answer.ok) throw new Error('expected a report');
  return answer.report;
}
const seen = (change: Partial<SupervisorReport>, over = false) =>
  jobSeen(undefined, ran, { report: saying(change), over });

const known: JobRecord = {
  attempt: 1,
  outcome: 'running',
  phases: [
    { phase: 'fetch', at: at(0), ms: 320, outcome: 'done' },
    { phase: 'build', at: at(400), outcome: 'running' },
  ],
};

describe('the newest job', () => {
  it('is kept with when each phase began and how long it took', () => {
    expect(seen({ job: JOB, phases: [FETCHED, BUILDS] })).toEqual(known);
  });

  it.each([
    ['running', { job: JOB }],
    ['running', { job: JOB, failure: { ...FAILURE, commit: NEWER } }],
    ['failed', { failure: FAILURE }],
    ['done', {}],
  ] as const)('is %s when the report has %j', (outcome, change) => {
    expect(seen({ ...change, phases: [FETCHED] })?.outcome).toBe(outcome);
  });

  it('stays as it was known while nobody answers, or an older supervisor has no phases', () => {
    expect(jobSeen(known, ran, { over: false })).toBe(known);
    expect(jobSeen(known, ran, { report: saying({}), over: false })).toBe(known);
    expect(seen({})).toBeUndefined();
  });

  it('of another attempt is forgotten', () => {
    expect(jobSeen(known, { ...ran, number: 2 }, { over: false })).toBeUndefined();
    expect(jobSeen(known, undefined, { over: false })).toBeUndefined();
  });

  it('that ran when its task ended has failed, in the phase that it was in', () => {
    const closed = jobSeen(known, ran, { over: true });
    expect(closed?.outcome).toBe('failed');
    expect(closed?.phases.map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
    // Nobody saw how long it took.
    expect(closed?.phases[1]?.ms).toBeUndefined();
  });

  it('that was done when its task ended stays done', () => {
    expect(seen({ phases: [FETCHED] }, true)?.outcome).toBe('done');
  });

  it('has whole, sane durations and short notes, whatever the report says', () => {
    const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') });
    fc.assert(
      fc.property(time, time, fc.string({ maxLength: 200 }), (from, to, note) => {
        const phase = { ...FETCHED, startedAt: from.toISOString(), endedAt: to.toISOString(), note };
        const kept = seen({ phases: [phase] })?.phases[0];
        expect(kept?.ms).toBeGreaterThanOrEqual(0);
        expect(kept?.ms).toBeLessThanOrEqual(86_400_000);
        expect(Number.isInteger(kept?.ms)).toBe(true);
        expect(kept?.note?.length).toBeLessThanOrEqual(80);
      }),
    );
  });

  it('takes no time to have ended while it is told to run', () => {
    expect(seen({ job: JOB, phases: [{ ...FETCHED, outcome: 'running' }] })?.phases[0]?.ms).toBeUndefined();
  });
});

describe('in the status', () => {
  const told = { tasks: [task()], control: { 'task-1': report({ job: JOB, phases: [FETCHED, BUILDS] }) } };

  it("is the attempt's job, from its own task's report", () => {
    const { status, observed } = settled();
    expect(passOver({ status, observed: { ...observed, ...told } }).status.job).toEqual(known);
    const elsewhere = { ...told, control: { 'task-2': report({ phases: [FETCHED] }) } };
    expect(passOver({ status, observed: { ...observed, ...elsewhere } }).status.job).toBeUndefined();
  });

  it('is nothing once the environment is not wanted', () => {
    const { status, observed } = settled();
    const world = { desired: { wanted: false }, status: { ...status, job: known }, observed: { ...observed, ...told } };
    expect(passOver(world).status.job).toBeUndefined();
  });

  it('is over when the task has ended', () => {
    const { status } = settled();
    const ended = [task({ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' })];
    expect(passOver({ status: { ...status, job: known }, observed: { tasks: ended } }).status.job?.outcome).toBe(
      'failed',
    );
  });
});
