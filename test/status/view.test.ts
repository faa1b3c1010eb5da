import { describe, expect, it } from 'vitest';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import { REASONS } from '../../src/model/reasons.ts';
import { viewOf } from '../../src/status/view.ts';
import {
  ago,
  BUILDING,
  COMMIT,
  conditions,
  DESIRED,
  GONE,
  NOW,
  OLDER,
  PROJECT,
  SERVING,
  SOURCE,
  stored,
} from './samples.ts';

const FAILURE = { reason: 'BuildFailed', message: 'exit code 2', at: ago(30), final: true, count: 1 } as const;

describe('the view of an environment', () => {
  it('that serves shows its address, commits, conditions and what to do', () => {
    const view = viewOf(stored({ status: { conditions: SERVING, liveCommit: COMMIT } }), PROJECT, NOW);
    expect(view).toMatchObject({
      state: 'RUNNING',
      headline: { title: 'Running', tone: 'good' },
      url: 'https://tt-fix-cart.preview.example.com',
      host: 'tt-fix-cart.preview.example.com',
      baseRepo: 'acme/shop',
      branch: 'fix-cart',
      commit: COMMIT,
      liveCommit: COMMIT,
      imageTag: 'latest',
      since: ago(80),
      held: [],
      failure: undefined,
    });
    expect(view.conditions.find(({ type }) => type === 'Ready')?.meaning).toBe(REASONS.Ready);
    expect(view.nextSteps.join()).toContain('take the label “uat” or “uat-staging” off');
  });

  it('is never called stopped before a fresh listing found nothing', () => {
    const removing = conditions({ Removed: ['False', 'Removing'] });
    expect(viewOf(stored({ state: 'STOPPED', status: { conditions: removing } }), PROJECT, NOW).state).toBe('STOPPING');
    expect(viewOf(stored({ state: 'STOPPED', status: { conditions: GONE } }), PROJECT, NOW).headline.title).toBe(
      'Stopped',
    );
  });

  it('follows a live override, and forgets it when it has expired', () => {
    const override = { branch: 'other', imageTag: 'staging', until: new Date(NOW + 1000).toISOString() };
    const record = stored({ desired: { override } });
    expect(viewOf(record, PROJECT, NOW)).toMatchObject({ branch: 'other', imageTag: 'staging' });
    expect(viewOf(record, PROJECT, NOW + 2000)).toMatchObject({ branch: 'fix-cart', imageTag: 'latest', held: [] });
  });

  it('that failed for good tells why, and that a new commit is needed', () => {
    const view = viewOf(stored({ state: 'FAILED', status: { conditions: BUILDING, failure: FAILURE } }), PROJECT, NOW);
    expect(view).toMatchObject({ since: ago(30), failure: { reason: 'BuildFailed', meaning: REASONS.BuildFailed } });
    expect(view.headline).toMatchObject({ tone: 'bad', summary: REASONS.BuildFailed });
    expect(view.nextSteps[0]).toContain('Push a new commit');
  });

  it('that cannot even be tried takes the reason from its conditions', () => {
    const message = 'No image shop:staging.';
    const blocked = conditions({
      ImageAvailable: ['False', 'ImageNotFound'],
      TaskRunning: ['False', 'ImageNotFound', message],
    });
    const view = viewOf(stored({ state: 'FAILED', status: { conditions: blocked } }), PROJECT, NOW);
    expect(view.failure).toMatchObject({ reason: 'ImageNotFound', message, final: false });
    expect(view.nextSteps[0]).toContain('by itself as soon as');
  });

  it('that is tried again says when', () => {
    const failure = { ...FAILURE, final: false, retryAt: '2026-01-31T09:06:00.000Z' };
    const status = { conditions: BUILDING, failure };
    const waiting = viewOf(stored({ state: 'FAILED', status: { ...status, conditions: {} } }), PROJECT, NOW);
    expect(waiting.nextSteps[0]).toContain('2026-01-31 09:06 UTC');
    expect(viewOf(stored({ state: 'STARTING', status }), PROJECT, NOW).failure?.retryAt).toBe(failure.retryAt);
  });

  it('that serves does not show the failure it has overcome', () => {
    expect(viewOf(stored({ status: { conditions: SERVING, failure: FAILURE } }), PROJECT, NOW).failure).toBeUndefined();
  });

  it('is no plain green while an older commit serves', () => {
    const failed = { ...SERVING, ...conditions({ UpToDate: ['False', 'UpdateFailed'] }) };
    const status = { conditions: failed, liveCommit: OLDER, updateFailure: FAILURE };
    const view = viewOf(stored({ status }), PROJECT, NOW);
    expect(view.headline).toMatchObject({ title: 'Running an older commit', tone: 'warn' });
    expect(view.updateFailure?.reason).toBe('BuildFailed');
    const replaced = viewOf(stored({ status: { conditions: failed, failure: FAILURE } }), PROJECT, NOW);
    expect(replaced.updateFailure?.reason).toBe('BuildFailed');
    const updating = { ...SERVING, ...conditions({ UpToDate: ['False', 'Updating'] }) };
    expect(viewOf(stored({ status: { conditions: updating } }), PROJECT, NOW).headline.title).toContain(
      'update under way',
    );
  });

  it('says that it is paused, and that an agent was asked for in vain', () => {
    const sources = { 'pull/12': { ...SOURCE, agent: true } } as const;
    const view = viewOf(stored({ desired: { sources, override: { paused: true } } }), PROJECT, NOW);
    expect(view.headline.title).toBe('Running, paused');
    expect(view.notices).toEqual(['The label asks for an agent; none is configured.']);
  });

  it('of a private repository without a credential says what is needed, before and after the deadline', () => {
    const locked = { ...BUILDING, ...conditions({ Ready: ['False', 'CredentialNeeded'] }) };
    const waits = viewOf(stored({ state: 'STARTING', status: { conditions: locked } }), PROJECT, NOW);
    expect(waits.notices).toEqual([REASONS.CredentialNeeded]);
    expect(waits.headline.summary).toBe(REASONS.CredentialNeeded);
    const failure = { ...FAILURE, reason: 'CredentialNeeded' } as const;
    const failed = viewOf(stored({ state: 'FAILED', status: { conditions: BUILDING, failure } }), PROJECT, NOW);
    expect(failed.stages.find(({ state }) => state === 'failed')?.name).toBe('code');
    expect(failed.nextSteps[0]).toContain('has the token');
  });

  it('of an update that waits for a credential says so too', () => {
    const locked = { ...SERVING, ...conditions({ UpToDate: ['False', 'CredentialNeeded'] }) };
    const view = viewOf(stored({ status: { conditions: locked } }), PROJECT, NOW);
    expect(view.notices).toEqual([REASONS.CredentialNeeded]);
    expect(view.headline.summary).toBe(REASONS.CredentialNeeded);
  });

  it('of a refused fork says that it was not started, and why', () => {
    const refused = { ...GONE, ...conditions({ Accepted: ['False', 'ForkRefused'] }) };
    const sources = { 'pull/12': { ...SOURCE, wanted: false, refused: 'ForkRefused' } } as const;
    const view = viewOf(
      stored({ state: 'STOPPED', desired: { wanted: false, sources }, status: { conditions: refused } }),
      PROJECT,
      NOW,
    );
    expect(view.headline).toMatchObject({ title: 'Not started', summary: REASONS.ForkRefused });
  });

  it('of a record that cannot be understood names the faults and keeps what is known', () => {
    const faults = [{ path: 'wanted', found: '"yes"', allowed: 'true or false' }];
    const record = { sessionId: 'tt-x', ok: false, faults, status: EMPTY_STATUS, state: 'RUNNING' } as const;
    const view = viewOf(record, PROJECT, NOW);
    expect(view).toMatchObject({ faults, state: 'RUNNING', sources: [] });
    expect(view.headline.title).toBe('Running, but the record needs a correction');
    expect(view.nextSteps[0]).toContain('Correct the named attributes');
    const never = viewOf({ ...record, state: 'FAILED' }, PROJECT, NOW);
    expect(never.headline.title).toBe('The record needs a correction');
  });

  it('of a branch that is gone while it runs says so, and not that an update is under way', () => {
    const gone = { ...SERVING, ...conditions({ UpToDate: ['False', 'BranchNotFound'] }) };
    const view = viewOf(stored({ status: { conditions: gone } }), PROJECT, NOW);
    expect(view.headline).toMatchObject({ title: 'Running, but the branch is gone', tone: 'warn' });
  });

  it('of an unknown project still shows what is asked, and links to nothing unsafe', () => {
    const status = { ...EMPTY_STATUS, url: 'javascript:alert(1)' };
    const view = viewOf(stored({ desired: { ...DESIRED, project: 'gone' }, status }), undefined, NOW);
    expect(view).toMatchObject({ project: 'gone', branch: 'fix-cart', url: undefined });
    expect(view.baseRepo).toBeUndefined();
  });
});
