import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/model/conditions.ts';
import type { ObservedHead } from '../../src/model/observed.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import { summarise } from '../../src/plan/summarise.ts';
import { COMMIT, desired, NOW, passOver, settled } from './world.ts';

/** Of an environment that serves a head resolved before, whose record names no commit. */
function upToDate(head: ObservedHead): Condition | undefined {
  const { status, observed } = settled();
  const record = { ...desired, commit: undefined };
  const context = passOver({ desired: record, status, observed });
  const known = { branch: 'topic', commit: COMMIT, at: new Date(NOW).toISOString() };
  const settledContext = {
    ...context,
    effective: { ...context.effective, commit: COMMIT },
    status: { ...context.status, head: known },
    observed: { ...context.observed, head },
  };
  return summarise(settledContext, record, planEnvironment(settledContext), undefined).UpToDate;
}

describe('UpToDate of an environment that follows its branch', () => {
  it('holds while the head is the commit that is live', () => {
    expect(upToDate({ ok: true, branch: 'topic', commit: COMMIT })).toMatchObject({ status: 'True' });
  });

  it('is denied when the branch is gone, though the old head still serves', () => {
    const message = 'acme/web has no branch topic';
    expect(upToDate({ ok: false, reason: 'BranchNotFound', message })).toMatchObject({
      status: 'False',
      reason: 'BranchNotFound',
      message,
    });
  });

  it('is not known while GitHub cannot be asked', () => {
    const message = 'GitHub cannot be reached';
    expect(upToDate({ ok: false, reason: 'GitHubUnavailable', message })).toMatchObject({
      status: 'Unknown',
      reason: 'GitHubUnavailable',
    });
  });
});

it('of a wanted environment whose rule a hand deleted says that there is no rule, and not that all is removed', () => {
  const { status, observed } = settled();
  const context = passOver({ desired, status, observed: { ...observed, rules: [] } });
  const { Ready, UpToDate } = summarise(context, desired, planEnvironment(context), undefined);
  const expected = { reason: 'RouteRemoved', message: 'There is no rule yet.' };
  expect(Ready).toMatchObject({ status: 'False', ...expected });
  expect(UpToDate).toMatchObject({ status: 'Unknown', ...expected });
});
