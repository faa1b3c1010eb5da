import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import { JOB_PHASES } from '../../src/model/observed.ts';
import { parseItem } from '../../src/model/record.ts';
import { encodeStatus } from '../../src/model/status-record.ts';
import { BY_HAND, status } from './items.ts';

describe('status', () => {
  const full = fc.sample(status, { numRuns: 1, seed: 1 })[0] ?? EMPTY_STATUS;
  const good = encodeStatus({ ...full, liveCommit: 'a'.repeat(40), rulePriority: 5, epoch: 7 });

  it.each([
    ['rev', { rev: 0 }],
    ['epoch', { epoch: undefined }],
    ['rule_priority', { rulePriority: undefined }],
    ['conditions', { conditions: {} }],
    ['attempt', { attempt: undefined }],
    ['failure', { failure: undefined }],
    ['job', { job: undefined }],
    ['deployments', { deployments: [] }],
    ['comments', { comments: {} }],
  ])('loses only a malformed %s', (name, lost) => {
    const expected = { ...parseItem({ ...BY_HAND, status: good }).status, ...lost };
    const parsed = parseItem({ ...BY_HAND, status: { ...good, [name]: 'x' } });
    expect(parsed.ok).toBe(true);
    expect(parsed.status).toEqual(expected);
  });

  it('loses only a malformed condition', () => {
    const ready = { status: 'True', reason: 'Ready', message: '', since: '2026-01-01T00:00:00Z' };
    const conditions = { Ready: ready, Routed: { ...ready, reason: 'Nonsense' }, Invented: ready };
    expect(parseItem({ ...BY_HAND, status: { rev: 1, conditions } }).status).toEqual({
      ...EMPTY_STATUS,
      rev: 1,
      conditions: { Ready: ready },
    });
  });

  it('of a Mayfly that kept no phases is read as ever', () => {
    const { job: _job, ...older } = good;
    expect(parseItem({ ...BY_HAND, status: older }).status).toEqual({
      ...parseItem({ ...BY_HAND, status: good }).status,
      job: undefined,
    });
  });

  it('keeps the phases of a whole start in less than a kilobyte', () => {
    const at = '2026-01-01T00:00:00.000Z';
    const phases = JOB_PHASES.map((phase) => ({ phase, at, ms: 123_456, outcome: 'done', note: 'restored' }) as const);
    const { job } = encodeStatus({ ...EMPTY_STATUS, job: { attempt: 1, outcome: 'done', phases } });
    expect(JSON.stringify(job).length).toBeLessThan(1_024);
  });

  it.each(['{', '{}', 'null', 5])('takes an attempt whose request is %j for none', (broken) => {
    const value = {
      number: 1,
      task_hash: 'h',
      client_token: 't',
      requested_at: '2026-01-01T00:00:00Z',
      request: broken,
    };
    expect(parseItem({ ...BY_HAND, status: { rev: 1, attempt: value } }).status.attempt).toBeUndefined();
  });

  it('never stands in the way of desired state, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (junk, state, expiresAt) => {
        const item = { ...BY_HAND, status: junk, state, expires_at: expiresAt };
        expect(parseItem(item).ok).toBe(true);
        expect(
          parseItem({ ...BY_HAND, status: { ...good, attempt: junk, conditions: junk } }).status.rulePriority,
        ).toBe(5);
      }),
    );
  });

  it('is read beside faults of desired state', () => {
    const parsed = parseItem({ ...BY_HAND, wanted: 'x', status: good, state: 'RUNNING', expires_at: 7 });
    expect(parsed).toMatchObject({ ok: false, state: 'RUNNING', expiresAt: 7, status: { rulePriority: 5 } });
  });
});
