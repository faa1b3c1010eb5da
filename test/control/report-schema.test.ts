/** What a supervisor, or whatever answers in its place, may say of its phases. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReport } from '../../src/control/report-schema.ts';
import { JOB_PHASES } from '../../src/model/observed.ts';

const OLD = { session: 'tt-feature', healthy: false, inFlight: 0 };
const AT = '2030-01-01T00:00:00.000Z';
const DONE = { phase: 'fetch', startedAt: AT, endedAt: '2030-01-01T00:00:00.300Z', outcome: 'done' };
const TOKEN = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';

const parsed = (change: object) => parseReport(JSON.stringify({ ...OLD, ...change }), ['the-secret']);

function reportOf(change: object) {
  const result = parsed(change);
  if (!result.ok) throw new Error(result.fault);
  return result.report;
}

describe('the phases of a report', () => {
  it('are passed on as they are, but for fields that are not known', () => {
    const note = 'restored from the cache';
    const running = { phase: 'install', startedAt: AT, outcome: 'running', note };
    expect(reportOf({ phases: [DONE, { ...running, cpu: 3 }] }).phases).toEqual([DONE, running]);
  });

  it('may be missing, as from an older supervisor', () => {
    expect(reportOf({})).toEqual(OLD);
  });

  it.each(JOB_PHASES)('may be %s, in the job and the failure too', (phase) => {
    const job = { phase, startedAt: AT };
    const failure = { phase, message: 'no', at: AT, logTail: [] };
    expect(reportOf({ job, failure, phases: [{ ...DONE, phase }] })).toMatchObject({
      job: { phase },
      failure: { phase },
      phases: [{ phase }],
    });
  });

  it('are the last twelve, with notes of 200 characters', () => {
    const phases = Array.from({ length: 500 }, (_, index) => ({ ...DONE, note: `${index} ${'x'.repeat(5_000)}` }));
    const kept = reportOf({ phases }).phases ?? [];
    expect(kept.map(({ note }) => note?.slice(0, 4).trim())).toEqual(
      Array.from({ length: 12 }, (_, index) => String(488 + index)),
    );
    expect(kept.map(({ note }) => note?.length)).toEqual(Array(12).fill(200));
  });

  it('lose what is secret in a note, also where the cut would halve it', () => {
    const notes = [`with ${TOKEN}`, 'with the-secret', `${'x'.repeat(190)} ${TOKEN}`];
    const { phases = [] } = reportOf({ phases: notes.map((note) => ({ ...DONE, note })) });
    expect(phases.map(({ note }) => note)).toEqual([
      'with [redacted]',
      'with [redacted]',
      `${'x'.repeat(190)} [redacte…`,
    ]);
  });

  it.each([
    ['another phase', { ...DONE, phase: 'lunch' }],
    ['another outcome', { ...DONE, outcome: 'maybe' }],
    ['no begin', { phase: 'fetch', outcome: 'running' }],
    ['a time in words', { ...DONE, endedAt: 'yesterday' }],
    ['a note that is no text', { ...DONE, note: { text: 'x' } }],
    ['no record', 'fetch'],
  ])('are not valid with %s, and the fault names the field', (_name, phase) => {
    const result = parsed({ phases: [DONE, phase] });
    expect(result.ok ? '' : result.fault).toMatch(/^phases\.1/);
  });
});

describe('what a supervisor waits for', () => {
  it.each(['credential', 'order'])('may be its %s', (waitingFor) => {
    expect(reportOf({ waitingFor }).waitingFor).toBe(waitingFor);
  });

  it('is nothing when it is something that this Mayfly does not know', () => {
    expect(reportOf({ waitingFor: 'godot' }).waitingFor).toBeUndefined();
  });
});

describe('a failure', () => {
  it('of a recipe keeps its lines, and shows where it was cut', () => {
    const faults = Array.from({ length: 30 }, (_, index) => `  build[${index}]: found 5; allowed: ${'a'.repeat(80)}`);
    const message = `.mayfly.yml has 30 faults:\n${faults.join('\n')}`;
    const failure = { phase: 'recipe', message: faults.slice(0, 9).join('\n'), at: AT, logTail: [] };
    expect(reportOf({ failure }).failure?.message).toBe(failure.message);
    const cut = reportOf({ failure: { ...failure, message } }).failure?.message ?? '';
    expect(cut).toHaveLength(2_000);
    expect(message.startsWith(cut.slice(0, -1)) && cut.endsWith('…')).toBe(true);
  });
});

describe('a report', () => {
  it('of whatever shape never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (phases, waitingFor) => {
        expect(typeof parsed({ phases, waitingFor }).ok).toBe('boolean');
      }),
    );
  });
});
