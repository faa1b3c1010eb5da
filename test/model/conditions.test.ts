import { describe, expect, it } from 'vitest';
import { type Conditions, isTrue, setCondition } from '../../src/model/conditions.ts';

const EARLIER = Date.parse('2026-01-01T00:00:00.000Z');
const LATER = EARLIER + 60_000;
const ready = { status: 'True', reason: 'Ready', message: 'It serves.' } as const;
const set = (conditions: Conditions, next: Parameters<typeof setCondition>[2], now = LATER): Conditions =>
  setCondition(conditions, 'Ready', next, now);

const before = set({}, ready, EARLIER);

describe('setting a condition', () => {
  it('that is new notes the time', () => {
    expect(before).toEqual({ Ready: { ...ready, since: '2026-01-01T00:00:00.000Z' } });
  });

  it('as it is gives the very same object', () => {
    expect(set(before, ready)).toBe(before);
  });

  it.each([
    ['message', { ...ready, message: 'It serves well.' }],
    ['reason', { ...ready, reason: 'UpToDate' as const }],
  ])('with another %s keeps the time of the transition', (_what, next) => {
    expect(set(before, next)).toEqual({ Ready: { ...next, since: '2026-01-01T00:00:00.000Z' } });
  });

  it.each(['False', 'Unknown'] as const)('to %s is a transition', (status) => {
    expect(set(before, { ...ready, status }).Ready).toMatchObject({ status, since: '2026-01-01T00:01:00.000Z' });
  });

  it('leaves the others, and what was there before, as they are', () => {
    const both = setCondition(before, 'Routed', { ...ready, reason: 'Routed' }, LATER);
    expect(both.Ready).toBe(before.Ready);
    expect(before).not.toHaveProperty('Routed');
  });
});

describe('a condition', () => {
  it('is true only when it says so', () => {
    expect(isTrue(before, 'Ready')).toBe(true);
    expect(isTrue(set({}, { ...ready, status: 'Unknown' }), 'Ready')).toBe(false);
    expect(isTrue({}, 'Ready')).toBe(false);
  });
});
