/** The soak's judge has to find what it looks for: a world as it should be, spoilt in one place at a time. */
import { describe, expect, it } from 'vitest';
import type { Desired, Override, StoredEnvironment } from '../../../src/model/environment.ts';
import { EMPTY_STATUS } from '../../../src/model/environment.ts';
import { targetGroupName } from '../../../src/model/names.ts';
import { INSTALLATION } from '../world/config.ts';
import { problemsIn } from './judge.ts';
import type { Reading } from './reading.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const COMMIT = 'a'.repeat(40);
const SESSION = 'soak-b01';
const GROUP = `arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/${targetGroupName(INSTALLATION, SESSION)}/1`;

const desired: Desired = {
  sessionId: SESSION,
  project: 'soak',
  repo: 'demo/soak',
  branch: 'b01',
  commit: COMMIT,
  imageTag: 'latest',
  wanted: true,
  intakeRev: 3,
  sources: {
    'pull/1': {
      wanted: true,
      branch: 'b01',
      commit: COMMIT,
      imageTag: 'latest',
      author: 'a',
      trusted: true,
      open: true,
      at: '2026-03-01T11:00:00Z',
    },
  },
};
const recordWith = (change: Partial<Desired>, state: 'RUNNING' | 'STOPPED' = 'RUNNING'): StoredEnvironment => ({
  sessionId: SESSION,
  ok: true,
  state,
  status: EMPTY_STATUS,
  desired: { ...desired, ...change },
});
const task = { taskArn: 'arn:task/1', group: SESSION, lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
const ruleWith = (weight: number, host = `${SESSION}.localhost`) => ({
  RuleArn: 'arn:rule/1',
  Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: [host] } }],
  Actions: [{ Type: 'forward' as const, ForwardConfig: { TargetGroups: [{ TargetGroupArn: GROUP, Weight: weight }] } }],
});
const group = { TargetGroupArn: GROUP, TargetGroupName: targetGroupName(INSTALLATION, SESSION) };
const pull = {
  number: 1,
  branch: 'b01',
  title: '',
  state: 'open' as const,
  merged: false,
  labels: ['uat'],
  commit: COMMIT,
  author: 'a',
  url: '',
  updatedAt: '2026-03-01T11:00:00Z',
};

const RIGHT: Reading = {
  pulls: new Map([['b01', pull]]),
  records: new Map([[SESSION, recordWith({})]]),
  tasks: new Map([[SESSION, [task]]]),
  rules: [ruleWith(1)],
  groups: [group],
};
const withRecord = (record: StoredEnvironment): Reading => ({ ...RIGHT, records: new Map([[SESSION, record]]) });
const judged = (reading: Reading): string => problemsIn(reading, ['b01'], new Map(), NOW).join('\n');

describe('problemsIn', () => {
  it('finds nothing in a world as it should be, wanted or not', () => {
    expect(judged(RIGHT)).toBe('');
    const source = { ...desired.sources['pull/1'], wanted: false } as NonNullable<Desired['sources']['pull/1']>;
    const gone: Reading = {
      pulls: new Map([['b01', { ...pull, labels: [] }]]),
      records: new Map([[SESSION, recordWith({ wanted: false, sources: { 'pull/1': source } }, 'STOPPED')]]),
      tasks: new Map(),
      rules: [],
      groups: [],
    };
    expect(judged(gone)).toBe('');
  });

  it.each<[string, Reading, string]>([
    ['a lost record', { ...RIGHT, records: new Map() }, 'its record is lost'],
    ['an older commit', withRecord(recordWith({ commit: 'b'.repeat(40) })), 'GitHub says'],
    [
      'a label that nobody heard of',
      { ...RIGHT, pulls: new Map([['b01', { ...pull, labels: ['uat-staging'] }]]) },
      'asks for another image',
    ],
    [
      'a close that nobody heard of',
      { ...RIGHT, pulls: new Map([['b01', { ...pull, state: 'closed' as const }]]) },
      'GitHub says',
    ],
    ['what never started', withRecord({ ...recordWith({}), state: 'STARTING' }), 'is STARTING, not RUNNING'],
    ['no task', { ...RIGHT, tasks: new Map() }, '0 tasks'],
    ['a second task', { ...RIGHT, tasks: new Map([[SESSION, [task, { ...task, taskArn: 'arn:task/2' }]]]) }, '2 tasks'],
    [
      'a task of nobody',
      { ...RIGHT, tasks: new Map([...RIGHT.tasks, ['soak-x', [task]]]) },
      'soak-x: 1 tasks that nobody wants',
    ],
    ['no rule', { ...RIGHT, rules: [] }, '0 rules'],
    [
      'a rule of nobody',
      { ...RIGHT, rules: [ruleWith(1), ruleWith(1, 'soak-x.localhost')] },
      'a rule that nobody wants',
    ],
    ['a rule to the front door', { ...RIGHT, rules: [ruleWith(0)] }, 'weight 0'],
    [
      'a target group of nobody',
      { ...RIGHT, groups: [group, { TargetGroupName: 'mf-soak-x' }] },
      'a target group that nobody wants',
    ],
    ['an override that stops it', withRecord(recordWith({ override: { wanted: false } })), 'is RUNNING, not STOPPED'],
  ])('finds %s', (_what, reading, said) => {
    expect(judged(reading)).toContain(said);
  });

  it('waits for the end of an override', () => {
    const until = new Date(NOW + 1_000).toISOString();
    const override: Override = { keep: true, until };
    const said = (now: number): string =>
      problemsIn(withRecord(recordWith({ override })), ['b01'], new Map([[SESSION, { override }]]), now).join();
    expect(said(NOW)).toContain(`ends only at ${until}`);
    expect(said(NOW + 1_000)).toBe('');
  });

  it('finds hand edits that were undone', () => {
    const override: Override = { env: { SOAK_EXTRA: '1' } };
    const hands = new Map([[SESSION, { override, imageTag: 'staging' }]]);
    const said = problemsIn(RIGHT, ['b01'], hands, NOW).join('\n');
    expect(said).toContain('override {"env"');
    expect(said).toContain('image_tag staging, put by hand, became latest');
    const held = withRecord(recordWith({ override, imageTag: 'staging' }));
    expect(problemsIn(held, ['b01'], hands, NOW)).toEqual([]);
  });
});
