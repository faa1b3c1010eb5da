/** What the outcome of a step adds to the facts. */
import { describe, expect, it, test } from 'vitest';
import type { StepOutcome } from '../../src/apply/outcome.ts';
import { absorb } from '../../src/controllers/absorb.ts';
import { EMPTY_STATUS, type Status } from '../../src/model/environment.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import type { Step } from '../../src/model/step.ts';
import { attempt, COMMIT, NOW, rule } from '../plan/world.ts';

const now = new Date(NOW).toISOString();
const planned = attempt();
const run: Step = { kind: 'run-task', attempt: planned, why: 'w' };
const adopt: Step = { kind: 'adopt-task', attempt: planned, taskArn: 'task-1', why: 'w' };
const stop: Step = { kind: 'stop-task', cluster: 'c', taskArn: 'task-1', why: 'w' };
const remove: Step = { kind: 'delete-rule', ruleArn: 'rule-1', why: 'w' };
const create: Step = {
  kind: 'create-rule',
  spec: {
    listenerArn: 'l',
    priority: 1_234,
    host: 'h',
    targetGroupName: 'g',
    weights: { environment: { weight: 0 }, frontDoor: { targetGroupArn: 'd', weight: 1 } },
    tags: {},
  },
  why: 'w',
};
const failed = (reason: 'CapacityUnavailable' | 'AwsUnavailable' | 'Throttled' | 'AwsError'): StepOutcome => ({
  ok: false,
  reason,
  message: 'm',
});
const after = (step: Step, outcome: StepOutcome, before: Partial<Status> = {}): Status =>
  absorb({ ...EMPTY_STATUS, ...before }, { step, outcome, policy: DEFAULT_POLICY, now: NOW });

// biome-ignore format: a drawn table reads by rows
test.each<[string, Step, StepOutcome, Partial<Status>, Partial<Status>]>([
  ['a task that runs',                  run,    { ok: true, taskArn: 'task-1' },  {},                      { attempt: { ...planned, taskArn: 'task-1' } }],
  ['a task that is adopted',            adopt,  { ok: true },                     {},                      { attempt: { ...planned, taskArn: 'task-1' } }],
  ['a rule that was made',              create, { ok: true, rule: rule(0) },      {},                      { rulePriority: 1_234 }],
  ['a rule that could not be made',     create, failed('AwsError'),               { rulePriority: 1_234 }, { rulePriority: undefined }],
  ['a rule that was deleted',           remove, { ok: true },                     {},                      { routeRemovedAt: now }],
  ['a rule that could not be deleted',  remove, failed('AwsError'),               {},                      { routeRemovedAt: undefined }],
  ['any other step',                    stop,   { ok: true },                     { attempt: planned },    { attempt: planned }],
  ['any other step that failed',        stop,   failed('AwsError'),               { attempt: planned },    { attempt: planned, failure: undefined }],
  ['RunTask without an answer',         run,    failed('AwsUnavailable'),         { attempt: planned },    { attempt: planned, failure: undefined }],
  ['RunTask that was not tried',        run,    failed('Throttled'),              { attempt: planned },    { attempt: planned, failure: undefined }],
])('%s', (_name, step, outcome, before, expected) => {
  const status = after(step, outcome, before);
  for (const [name, value] of Object.entries(expected)) expect(status[name as keyof Status]).toEqual(value);
});

describe('a definite refusal to run a task', () => {
  it('is a failure of the attempt, which ends it', () => {
    expect(after(run, failed('CapacityUnavailable'))).toMatchObject({
      attempt: planned,
      failure: { reason: 'CapacityUnavailable', message: 'm', attempt: 1, commit: COMMIT, final: false, count: 1 },
    });
  });

  it('counts on from the one before, so that the pauses grow', () => {
    const first = after(run, failed('CapacityUnavailable'));
    const second = after({ ...run, attempt: { ...planned, number: 2 } }, failed('CapacityUnavailable'), first);
    expect(second.failure).toMatchObject({ count: 2, retryAt: new Date(NOW + 10_000).toISOString() });
  });
});
