/** Priorities of rules; the rest of routing is drawn in environment.test.ts. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { firstPriority, PRIORITY_BASE, PRIORITY_MAX } from '../../src/model/names.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import { freePriority } from '../../src/plan/routing.ts';
import { DOOR, GROUP, group, passOver, rule, SESSION, settled, stepsOf, target, type World } from './world.ts';

const FIRST = firstPriority(SESSION);
const free = (takenPriorities: readonly number[], rulePriority?: number): number =>
  freePriority(passOver({ status: { rulePriority }, observed: { takenPriorities } }));

describe('the priority of a new rule', () => {
  // biome-ignore format: a drawn table reads by rows
  test.each<[string, readonly number[], number | undefined, number]>([
    ['nothing taken',                  [],                         undefined, FIRST],
    ['its own first is taken',         [FIRST],                    undefined, FIRST + 1],
    ['several in a row are taken',     [FIRST, FIRST + 1, FIRST + 2], undefined, FIRST + 3],
    ['the recorded one is free',       [FIRST],                    1_234,     1_234],
    ['the recorded one is taken',      [1_234],                    1_234,     FIRST],
    ['both are taken',                 [1_234, FIRST],             1_234,     FIRST + 1],
  ])('%s', (_name, taken, recorded, expected) => {
    expect(free(taken, recorded)).toBe(expected);
  });

  it('goes on from the lowest when the highest is taken', () => {
    const upward = Array.from({ length: PRIORITY_MAX - FIRST + 1 }, (_, index) => FIRST + index);
    expect(free(upward)).toBe(PRIORITY_BASE);
    expect(free([...upward, PRIORITY_BASE])).toBe(PRIORITY_BASE + 1);
  });

  it('is free and within the span, whatever is taken', () => {
    const near = fc.integer({ min: FIRST - 20, max: FIRST + 20 });
    const any = fc.oneof(near, fc.integer({ min: 1, max: PRIORITY_MAX }));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 80 }), fc.option(near, { nil: undefined }), (taken, recorded) => {
        const priority = free(taken, recorded);
        expect(taken).not.toContain(priority);
        expect(priority).toBeGreaterThanOrEqual(PRIORITY_BASE);
        expect(priority).toBeLessThanOrEqual(PRIORITY_MAX);
      }),
    );
  });

  it('finds the only one that is left', () => {
    const all = Array.from({ length: PRIORITY_MAX - PRIORITY_BASE + 1 }, (_, index) => PRIORITY_BASE + index);
    expect(free(all.filter((priority) => priority !== 20_000))).toBe(20_000);
  });

  it('is asked of AWS all the same when none is left, so that AWS says so', () => {
    const all = Array.from({ length: PRIORITY_MAX }, (_, index) => index + 1);
    expect(free(all)).toBe(PRIORITY_MAX);
  });

  it('stands in the plan', () => {
    const { steps } = planEnvironment(passOver({ observed: { targetGroup: group, takenPriorities: [FIRST] } }));
    expect(steps.find(({ kind }) => kind === 'create-rule')).toMatchObject({
      spec: { priority: FIRST + 1, host: `${SESSION}.uat.example.test`, weights: { environment: { weight: 0 } } },
    });
  });
});

describe('of several rules of ours', () => {
  const rules = [rule(1, { arn: 'high', priority: 3_000 }), rule(1, { arn: 'low', priority: 2_000 })];
  const deleted = (rulePriority: number | undefined): readonly string[] =>
    stepsOf({
      ...settled(),
      status: { ...settled().status, rulePriority },
      observed: { ...settled().observed, rules },
    });

  it.each([
    ['recorded', 3_000, 'low'],
    ['lowest when none is recorded', undefined, 'high'],
    ['lowest when the recorded one is not among them', 9, 'high'],
  ])('the %s stays', (_which, recorded, gone) => {
    expect(deleted(recorded)).toEqual([`delete-rule ${gone}`]);
  });

  it('none of a foreign rule is touched, though it has our host', () => {
    const foreign = rule(0, { arn: 'foreign', forward: [{ targetGroupArn: 'arn:other', weight: 1 }] });
    const world = { ...settled(), observed: { ...settled().observed, rules: [foreign, rule(1)] } };
    expect(stepsOf(world)).toEqual([]);
    expect(stepsOf({ ...world, desired: { wanted: false } })).toEqual(['delete-rule rule-1', 'delete-target-group']);
  });
});

const weighing = (own: number, door: number): World => ({
  ...settled(),
  observed: {
    ...settled().observed,
    rules: [
      rule(1, {
        forward: [
          { targetGroupArn: GROUP, weight: own },
          { targetGroupArn: DOOR, weight: door },
        ],
      }),
    ],
  },
});

describe('weights that nobody looked behind', () => {
  // biome-ignore format: a drawn table reads by rows
  test.each<[string, World, readonly string[]]>([
    ['1/0',  weighing(1, 0), []],
    ['1/1',  weighing(1, 1), ['set-weights 1/0']],
    ['7/3',  weighing(7, 3), ['set-weights 1/0']],
    ['0/1',  weighing(0, 1), []],
  ])('%s', (_weights, world, steps) => {
    expect(stepsOf(world)).toEqual(steps);
  });

  it('are set right either way once somebody looks', () => {
    const looked = (state: 'healthy' | 'unhealthy'): readonly string[] => {
      const world = weighing(0, 0);
      return stepsOf({ ...world, observed: { ...world.observed, targets: [target(state)] } });
    };
    expect(looked('healthy')).toEqual(['set-weights 1/0']);
    expect(looked('unhealthy')).toEqual(['set-weights 0/1']);
  });
});
