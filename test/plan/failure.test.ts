/** From how a task ended to what is done about it. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { stopReason } from '../../src/model/names.ts';
import type { ObservedTask } from '../../src/model/observed.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import {
  concerns,
  failureFrom,
  type Incident,
  type Verdict,
  verdictOf,
  verdictOfPhase,
} from '../../src/plan/failure.ts';
import { COMMIT, NEWER, NOW, task } from './world.ts';

const EXITED = 'EssentialContainerExited';
const NOT_STARTED = 'TaskFailedToStart';

type Row = [name: string, end: Partial<ObservedTask>, verdict: `${Verdict['reason']} ${Verdict['remedy']}` | undefined];
// biome-ignore format: a drawn table reads by rows
const ends: Row[] = [
  ['by Mayfly',                    { stopCode: 'UserInitiated', stoppedReason: stopReason('replaced') },   undefined],
  ['by Mayfly, the app was slow',  { stopCode: 'UserInitiated', stoppedReason: stopReason('x'), exitCode: 137 }, undefined],
  ['by a person',                  { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by ada' },    'TaskExited crash'],
  ['by a person who names Mayfly', { stopCode: 'UserInitiated', stoppedReason: 'not Mayfly: me' },         'TaskExited crash'],
  ['no reason given',              { stopCode: 'UserInitiated' },                                          'TaskExited crash'],
  ['spot',                         { stopCode: 'SpotInterruption' },                                       'TaskExited crash'],
  ['host',                         { stopCode: 'InfrastructureHealth', exitCode: 137 },                    'TaskExited crash'],
  ['no image',                     { stopCode: NOT_STARTED, stoppedReason: 'CannotPullContainerError: x:1: not found' }, 'ImageNotFound retry'],
  ['no manifest',                  { stopCode: NOT_STARTED, stoppedReason: 'CannotPullContainerError:\nmanifest unknown' }, 'ImageNotFound retry'],
  ['no registry',                  { stopCode: NOT_STARTED, stoppedReason: 'CannotPullContainerError: i/o timeout' }, 'TaskFailedToStart retry'],
  ['no secret',                    { stopCode: NOT_STARTED, stoppedReason: 'ResourceInitializationError: …' }, 'TaskFailedToStart retry'],
  ['no reason to be had',          { stopCode: NOT_STARTED },                                              'TaskFailedToStart retry'],
  ['no capacity',                  { stopCode: NOT_STARTED, stoppedReason: 'Capacity is unavailable at this time' }, 'CapacityUnavailable crash'],
  ['fetch',                        { stopCode: EXITED, exitCode: 20 },                                     'FetchFailed retry'],
  ['install',                      { stopCode: EXITED, exitCode: 21 },                                     'InstallFailed final'],
  ['build',                        { stopCode: EXITED, exitCode: 22 },                                     'BuildFailed final'],
  ['start',                        { stopCode: EXITED, exitCode: 23 },                                     'StartFailed final'],
  ['crash',                        { stopCode: EXITED, exitCode: 24 },                                     'AppCrashed crash'],
  ['recipe',                       { stopCode: EXITED, exitCode: 25 },                                     'RecipeInvalid final'],
  ['another code',                 { stopCode: EXITED, exitCode: 1 },                                      'TaskExited retry'],
  ['code 0',                       { stopCode: EXITED, exitCode: 0 },                                      'TaskExited retry'],
  ['memory, as the container says', { stopCode: EXITED, exitCode: 137, containerReason: 'OutOfMemoryError: Container killed' }, 'OutOfMemory crash'],
  ['memory, as the task says',     { stopCode: EXITED, stoppedReason: 'OutOfMemoryError' },                'OutOfMemory crash'],
  ['memory during a build',        { stopCode: EXITED, exitCode: 22, containerReason: 'OutOfMemoryError' }, 'OutOfMemory crash'],
];

describe('the end of a task', () => {
  test.each(ends)('%s', (_name, end, expected) => {
    const verdict = verdictOf(task({ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', ...end }), true);
    expect(verdict && `${verdict.reason} ${verdict.remedy}`).toBe(expected);
  });

  it('with a code of the supervisor is an ordinary end where there is none', () => {
    const ended = task({ stopCode: EXITED, exitCode: 22 });
    expect(verdictOf(ended, false)).toEqual({ reason: 'TaskExited', remedy: 'retry' });
  });

  test.each([
    ['fetch', 'FetchFailed', 'retry'],
    ['recipe', 'RecipeInvalid', 'final'],
    ['install', 'InstallFailed', 'final'],
    ['build', 'BuildFailed', 'final'],
    ['start', 'StartFailed', 'final'],
    ['healthy', 'StartFailed', 'final'],
  ] as const)('told by the supervisor in phase %s: %s, %s', (phase, reason, remedy) => {
    expect(verdictOfPhase(phase)).toEqual({ reason, remedy });
  });
});

const incident = (change: Partial<Incident> = {}): Incident => ({
  verdict: { reason: 'TaskFailedToStart', remedy: 'retry' },
  attempt: 1,
  commit: COMMIT,
  taskHash: '1:x',
  served: false,
  ...change,
});

/** The pauses in seconds after each of `count` such failures in a row; `final` where there is none. */
function pauses(change: Partial<Incident>, count: number): readonly (number | 'final')[] {
  let before: ReturnType<typeof failureFrom> | undefined;
  return Array.from({ length: count }, (_, index) => {
    before = failureFrom(incident({ attempt: index + 1, ...change }), before, DEFAULT_POLICY, NOW);
    return before.retryAt === undefined ? 'final' : (Date.parse(before.retryAt) - NOW) / 1_000;
  });
}

const crash = { reason: 'AppCrashed', remedy: 'crash' } as const;
const final = { reason: 'BuildFailed', remedy: 'final' } as const;

describe('failures in a row', () => {
  // biome-ignore format: a drawn table reads by rows
  test.each<[string, Partial<Incident>, readonly (number | 'final')[]]>([
    ['of the infrastructure: three retries',        {},                              [5, 10, 20, 'final']],
    ['of the code: none',                           { verdict: final },              ['final']],
    ['of an app that never served',                 { verdict: crash },              [5, 10, 20, 40, 80, 160, 300, 300]],
    ['of an app that served: at once, then pauses', { verdict: crash, served: true }, [0, 5, 10, 20, 40, 80, 160, 300, 300]],
    ['of the infrastructure under what served',     { served: true },                [0, 5, 10, 20, 40]],
    ['of the code of what served',                  { verdict: final, served: true }, [0, 5]],
  ])('%s', (_name, change, expected) => {
    expect(pauses(change, expected.length)).toEqual(expected);
  });

  it.each([
    ['commit', { commit: NEWER }],
    ['kind of task', { taskHash: '1:y' }],
  ])('count anew for another %s', (_what, change) => {
    const before = failureFrom(incident(), undefined, DEFAULT_POLICY, NOW);
    expect(failureFrom(incident(change), before, DEFAULT_POLICY, NOW).count).toBe(1);
    expect(failureFrom(incident(), before, DEFAULT_POLICY, NOW).count).toBe(2);
  });

  it('have a reason in words when nobody gave any', () => {
    expect(failureFrom(incident(), undefined, DEFAULT_POLICY, NOW).message).toBe('ECS could not start the task.');
    expect(failureFrom(incident({ message: 'why' }), undefined, DEFAULT_POLICY, NOW).message).toBe('why');
  });

  it('without retries are final at once', () => {
    expect(failureFrom(incident(), undefined, { ...DEFAULT_POLICY, retries: 0 }, NOW)).toMatchObject({ final: true });
  });

  it('are either final or have a time for the next attempt that is not in the past', () => {
    const any = fc.record({
      remedy: fc.constantFrom('final' as const, 'retry' as const, 'crash' as const),
      served: fc.boolean(),
      count: fc.integer({ min: 0, max: 2_000 }),
    });
    fc.assert(
      fc.property(any, ({ remedy, served, count }) => {
        const before = { ...failureFrom(incident(), undefined, DEFAULT_POLICY, NOW), count };
        const verdict = { reason: 'TaskExited' as const, remedy };
        const failure = failureFrom(incident({ verdict, served }), before, DEFAULT_POLICY, NOW);
        expect(failure.final).toBe(failure.retryAt === undefined);
        if (failure.retryAt !== undefined) expect(Date.parse(failure.retryAt)).toBeGreaterThanOrEqual(NOW);
      }),
    );
  });
});

it('a failure concerns the commit and the kind of task that failed, and no other', () => {
  const failure = failureFrom(incident(), undefined, DEFAULT_POLICY, NOW);
  expect(concerns(failure, COMMIT, '1:x')).toBe(true);
  expect(concerns(failure, NEWER, '1:x')).toBe(false);
  expect(concerns(failure, COMMIT, '1:y')).toBe(false);
  expect(concerns(failure, undefined, '1:x')).toBe(false);
});

describe('an app that serves and dies again and again', () => {
  const incident: Incident = {
    verdict: crash,
    message: 'exit code 24',
    attempt: 1,
    commit: COMMIT,
    taskHash: '1:a',
    served: true,
    stopCode: EXITED,
  };
  const thrice = (one: Incident) =>
    [1, 2, 3].reduce<ReturnType<typeof failureFrom> | undefined>(
      (before, number) => failureFrom({ ...one, attempt: number }, before, DEFAULT_POLICY, NOW),
      undefined,
    );

  it('is called a crash loop from the third time on, and never given up', () => {
    expect(thrice(incident)).toMatchObject({ reason: 'CrashLoop', count: 3, final: false });
    expect(thrice(incident)?.message).toContain('exit code 24');
  });

  it('is not, when it is the infrastructure that ends it', () => {
    expect(thrice({ ...incident, stopCode: 'SpotInterruption' })).toMatchObject({ reason: 'AppCrashed', count: 3 });
  });
});
