import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONDITION_TYPES } from '../../src/model/conditions.ts';
import { REASONS, type Reason } from '../../src/model/reasons.ts';
import { stagesOf } from '../../src/status/progress.ts';
import { BUILDING, conditions, GONE, SERVING } from './samples.ts';

const states = (...args: Parameters<typeof stagesOf>) => stagesOf(...args).map(({ state }) => state);

describe('the stages of a start', () => {
  it('begin with the image', () => {
    expect(states({}, 'PENDING', undefined)).toEqual(['active', 'waiting', 'waiting', 'waiting', 'waiting']);
  });

  it('are all to come when the record was not accepted', () => {
    const refused = conditions({ Accepted: ['False', 'InvalidRecord'] });
    expect(states(refused, 'FAILED', undefined)).toEqual(Array(5).fill('waiting'));
  });

  it('name the phase that the code is in', () => {
    const stages = stagesOf(BUILDING, 'STARTING', undefined);
    expect(stages.map(({ state }) => state)).toEqual(['done', 'done', 'active', 'waiting', 'waiting']);
    expect(stages[2]).toMatchObject({ name: 'code', phase: 'build', detail: REASONS.Building });
  });

  it('reach the route when only the health check of the load balancer is missing', () => {
    const unhealthy = { ...BUILDING, ...conditions({ Ready: ['False', 'TargetUnhealthy'] }) };
    expect(states(unhealthy, 'STARTING', undefined)).toEqual(['done', 'done', 'done', 'active', 'waiting']);
  });

  it('are all done when it serves', () => {
    expect(states(SERVING, 'RUNNING', undefined)).toEqual(['done', 'done', 'done', 'done', 'done']);
  });

  it.each([
    ['BuildFailed', 2],
    ['RecipeInvalid', 2],
    ['ImageNotFound', 0],
    ['TaskFailedToStart', 1],
    ['TargetUnhealthy', 3],
    ['StartDeadlineExceeded', 2],
  ] as const)('after %s show stage %i as failed and nothing as done after it', (reason, index) => {
    const stages = stagesOf(BUILDING, 'FAILED', reason);
    expect(stages[index]).toMatchObject({ state: 'failed', detail: REASONS[reason] });
    expect(stages.slice(0, index).every(({ state }) => state === 'done')).toBe(true);
    expect(stages.slice(index + 1).every(({ state }) => state === 'waiting')).toBe(true);
  });

  it('are not under way in an environment that is stopped', () => {
    expect(new Set(states(GONE, 'STOPPED', undefined))).toEqual(new Set(['waiting']));
  });

  it('never run ahead: done, then at most one active or failed, then waiting', () => {
    const reason = fc.constantFrom(...(Object.keys(REASONS) as Reason[]));
    const one = fc.record({
      status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
      reason,
      message: fc.string(),
      since: fc.constant('2026-01-01T00:00:00.000Z'),
    });
    const any = fc.dictionary(fc.constantFrom(...CONDITION_TYPES), one);
    const state = fc.constantFrom('PENDING', 'STARTING', 'RUNNING', 'STOPPED', 'FAILED', 'SLEEPING', 'STOPPING');
    fc.assert(
      fc.property(any, state, fc.option(reason, { nil: undefined }), (given, when, failure) => {
        const line = states(given, when, failure).join(' ');
        expect(line).toMatch(/^(?:done ?){0,5}(?:(?:active|failed) ?)?(?:waiting ?){0,5}$/);
      }),
    );
  });
});
