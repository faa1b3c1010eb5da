/** What an observation teaches: a world on the left, facts of the status on the right. */
import { describe, expect, it, test } from 'vitest';
import type { Failure, Status } from '../../src/model/environment.ts';
import { stopReason } from '../../src/model/names.ts';
import { REASONS } from '../../src/model/reasons.ts';
import { learn } from '../../src/plan/learn.ts';
import {
  attempt,
  COMMIT,
  group,
  NEWER,
  NOW,
  passOver,
  RUNNING_ATTEMPT,
  report,
  rule,
  settled,
  target,
  task,
  type World,
  wantedHash,
} from './world.ts';

const ago = (ms: number): string => new Date(NOW - ms).toISOString();
const now = ago(0);
const off = { wanted: false };
const seen = attempt({ taskArn: 'task-1' });
const ran = attempt(RUNNING_ATTEMPT);
const late = attempt({ taskArn: 'task-1', requestedAt: ago(600_000) });
const waiting = { targetGroup: group, rules: [rule(0)], targets: [] };
const routed = { targetGroup: group, rules: [rule(1)] };
const ready = { tasks: [task()], control: { 'task-1': report() } };
const building = {
  tasks: [task()],
  control: {
    'task-1': report({ healthy: false, liveCommit: undefined, job: { commit: COMMIT, phase: 'build', startedAt: '' } }),
  },
};
const locked = {
  tasks: [task()],
  control: {
    'task-1': report({
      healthy: false,
      liveCommit: undefined,
      job: { commit: COMMIT, phase: 'fetch', startedAt: '' },
      waitingFor: 'credential',
    }),
  },
};
const gaveUp = {
  tasks: [task()],
  control: {
    'task-1': report({
      healthy: false,
      liveCommit: undefined,
      failure: { commit: COMMIT, phase: 'build', message: 'TS2322', at: now, logTail: ['line'] },
    }),
  },
};
const stopping = (change: Parameters<typeof task>[0]) => ({
  tasks: [task({ desiredStatus: 'STOPPED', lastStatus: 'DEPROVISIONING', ...change })],
});
const failed = (change: Partial<Failure> = {}): Failure => ({
  reason: 'BuildFailed',
  message: 'm',
  at: ago(60_000),
  final: true,
  commit: COMMIT,
  taskHash: wantedHash(),
  attempt: 1,
  count: 1,
  ...change,
});
const own = { stopCode: 'UserInitiated', stoppedReason: stopReason('replaced') };
const exited = { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' };

type Row = [name: string, world: World, facts: Partial<Status>];

// biome-ignore format: a drawn table reads by rows
const ends: Row[] = [
  ['runs',                                      { status: { attempt: seen }, observed: { ...ready } },                                        { failure: undefined }],
  ['ended by itself',                           { status: { attempt: seen }, observed: stopping({ lastStatus: 'STOPPED', ...exited, exitCode: 22 }) }, { failure: failed({ at: now, message: 'Essential container in task exited', stopCode: exited.stopCode, exitCode: 22 }) }],
  ['on its way out, code known',                { status: { attempt: seen }, observed: stopping({ ...exited, exitCode: 22 }) },               { failure: failed({ at: now, message: 'Essential container in task exited', stopCode: exited.stopCode, exitCode: 22 }) }],
  ['on its way out, code not yet known',        { status: { attempt: seen }, observed: stopping(exited) },                                    { failure: undefined }],
  ['on its way out, nothing known',             { status: { attempt: seen }, observed: stopping({}) },                                        { failure: undefined }],
  ['a person stops it',                         { status: { attempt: ran }, observed: stopping({ stopCode: 'UserInitiated', stoppedReason: 'by ada' }) }, { failure: { reason: 'TaskExited', message: 'by ada', at: now, final: false, commit: COMMIT, taskHash: wantedHash(), attempt: 1, count: 1, retryAt: now, stopCode: 'UserInitiated' } }],
  ['Mayfly stops it',                           { status: { attempt: ran }, observed: stopping(own) },                                        { failure: undefined }],
  ['Mayfly stopped it',                         { status: { attempt: ran }, observed: stopping({ lastStatus: 'STOPPED', ...own }) },          { failure: undefined }],
  ['its end is counted already',                { status: { attempt: seen, failure: failed() }, observed: stopping({ lastStatus: 'STOPPED', ...exited, exitCode: 1 }) }, { failure: failed() }],
  ['missing, not yet visible',                  { status: { attempt: attempt({ taskArn: 'task-1', requestedAt: ago(59_999) }) }, observed: { attemptMissing: true } }, { failure: undefined }],
  ['missing for good',                          { status: { attempt: attempt({ ...RUNNING_ATTEMPT, requestedAt: ago(60_000) }) }, observed: { attemptMissing: true } }, { failure: { reason: 'TaskGone', message: 'ECS no longer knows the task; it is replaced.', at: now, final: false, commit: COMMIT, taskHash: wantedHash(), attempt: 1, count: 1, retryAt: now } }],
  ['without an ARN',                            { status: { attempt: attempt({ requestedAt: ago(900_000) }) } },                              { failure: undefined }],
  ['the supervisor gave up',                    { status: { attempt: seen }, observed: gaveUp },                                              { failure: failed({ at: now, message: 'TS2322', logTail: ['line'] }) }],
  ['served, updated in place, and died',        { status: { attempt: ran, liveCommit: NEWER }, observed: stopping({ ...exited, exitCode: 24 }) }, { failure: { ...failed({ reason: 'AppCrashed', at: now, final: false, commit: NEWER, retryAt: now, message: 'Essential container in task exited', stopCode: exited.stopCode, exitCode: 24 }) } }],
];

// biome-ignore format: a drawn table reads by rows
const deadlines: Row[] = [
  ['in time',                                   { status: { attempt: attempt({ taskArn: 'task-1', requestedAt: ago(599_999) }) }, observed: { ...waiting, ...building } }, { failure: undefined }],
  ['building for too long',                     { status: { attempt: late }, observed: { ...waiting, ...building } },                         { failure: failed({ reason: 'StartDeadlineExceeded', at: now, message: 'Not ready 10 minutes after the task was requested.' }) }],
  ['without a credential for too long',         { status: { attempt: late }, observed: { ...waiting, ...locked } },                           { failure: failed({ reason: 'CredentialNeeded', at: now, message: REASONS.CredentialNeeded, final: true, commit: COMMIT, taskHash: wantedHash() }) }],
  ['never visible to the load balancer',        { status: { attempt: late }, observed: { ...waiting, ...ready, targets: [target('unhealthy')] } }, { failure: failed({ reason: 'StartDeadlineExceeded', at: now, message: 'Not ready 10 minutes after the task was requested.' }) }],
  ['ready, and not registered yet',             { status: { attempt: late }, observed: { ...waiting, ...ready } },                            { failure: undefined }],
  ['ready, and there is no group to be had',    { status: { attempt: late }, observed: ready },                                               { failure: undefined }],
  ['ready, and the load balancer is trying',    { status: { attempt: late }, observed: { ...waiting, ...ready, targets: [target('initial')] } }, { failure: undefined }],
  ['ready, and its group is in no rule',        { status: { attempt: late }, observed: { ...waiting, ...ready, targets: [target('unused')] } }, { failure: undefined }],
  ['healthy in the very last moment',           { status: { attempt: late }, observed: { ...waiting, ...ready, targets: [target('healthy')] } }, { failure: undefined, attempt: { ...late, healthyAt: now } }],
  ['without a supervisor, not registered yet',  { project: { supervisor: false }, status: { attempt: late }, observed: { ...waiting, tasks: [task()] } }, { failure: undefined }],
  ['still provisioning',                        { status: { attempt: late }, observed: { ...waiting, tasks: [task({ lastStatus: 'PROVISIONING', ip: undefined })] } }, { failure: failed({ reason: 'StartDeadlineExceeded', at: now, message: 'Not ready 10 minutes after the task was requested.' }) }],
  ['stopped by Mayfly itself',                  { status: { attempt: late }, observed: { ...waiting, tasks: [task({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING', stoppedReason: 'Mayfly: it is replaced' })] } }, { failure: undefined }],
  ['served once',                               { status: { attempt: { ...late, healthyAt: ago(1) } }, observed: { ...routed, ...building } }, { failure: undefined }],
];

// biome-ignore format: a drawn table reads by rows
const forgetting: Row[] = [
  ['of the attempt itself',                     { status: { attempt: ran, failure: failed() }, observed: ready },                             { failure: failed() }],
  ['of the one before, at the same commit',     { status: { attempt: attempt({ number: 2 }), failure: failed() } },                           { failure: failed() }],
  ['of another commit',                         { status: { attempt: attempt({ number: 2 }), failure: failed({ commit: NEWER }) } },          { failure: undefined }],
  ['of another kind of task',                   { status: { attempt: attempt({ number: 2 }), failure: failed({ taskHash: '1:other' }) } },    { failure: undefined }],
  ['healthy for a while',                       { status: { attempt: attempt({ number: 2, taskArn: 'task-1', healthyAt: ago(600_000) }), failure: failed() }, observed: ready }, { failure: failed() }],
  ['healthy for long',                          { status: { attempt: attempt({ number: 2, taskArn: 'task-1', healthyAt: ago(600_001) }), failure: failed() }, observed: ready }, { failure: undefined }],
];

const deployed = (commit: string, at = now) => ({ commit, imageTag: 'latest', at });
const updating = (failure: string) => ({
  ...routed,
  tasks: [task()],
  control: {
    'task-1': report({ failure: { commit: failure, phase: 'build', message: 'no', at: ago(5), logTail: ['l'] } }),
  },
});
// biome-ignore format: a drawn table reads by rows
const live: Row[] = [
  ['healthy, and requests lead there',          { status: { attempt: ran }, observed: { ...routed, ...ready } },                              { liveCommit: COMMIT, deployments: [deployed(COMMIT)] }],
  ['healthy, and requests lead to the waiting page', { status: { attempt: ran }, observed: { ...waiting, ...ready } },                        { liveCommit: undefined, deployments: [] }],
  ['healthy, and the route is gone',            { status: { attempt: ran }, observed: ready },                                                { liveCommit: undefined }],
  ['known already',                             { status: { attempt: ran, liveCommit: COMMIT }, observed: { ...routed, ...ready } },          { liveCommit: COMMIT, deployments: [] }],
  ['the app is down',                           { status: { attempt: ran }, observed: { ...routed, tasks: [task()], control: { 'task-1': report({ healthy: false }) } } }, { liveCommit: undefined }],
  ['the port is closed',                        { status: { attempt: ran, liveCommit: NEWER }, observed: { ...routed, tasks: [task()], control: { 'task-1': { ok: false, message: '' } } } }, { liveCommit: NEWER }],
  ['the sixth: five are kept',                  { status: { attempt: ran, deployments: [1, 2, 3, 4, 5].map((n) => deployed(String(n), ago(n))) }, observed: { ...routed, ...ready } }, { deployments: [deployed(COMMIT), ...[1, 2, 3, 4].map((n) => deployed(String(n), ago(n)))] }],
  ['a failed update',                           { desired: { commit: NEWER }, status: { attempt: ran, liveCommit: COMMIT }, observed: updating(NEWER) }, { updateFailure: { reason: 'BuildFailed', message: 'no', commit: NEWER, at: ago(5), logTail: ['l'], final: true, count: 1 } }],
  ['a failed update, and a push since',         { desired: { commit: 'd'.repeat(40) }, status: { attempt: ran, liveCommit: COMMIT, updateFailure: failed() }, observed: updating(NEWER) }, { updateFailure: undefined }],
  ['a failed update, and back again',           { status: { attempt: ran, liveCommit: COMMIT, updateFailure: failed() }, observed: updating(NEWER) }, { updateFailure: undefined }],
  ['a failed update, and nobody answers',       { desired: { commit: NEWER }, status: { attempt: ran, updateFailure: failed() }, observed: { ...routed, tasks: [task()] } }, { updateFailure: failed() }],
];

// biome-ignore format: a drawn table reads by rows
const lives: Row[] = [
  ['wanted for the first time',                 {},                                                                                           { wantedAt: now, url: 'https://web-topic.uat.example.test' }],
  ['wanted for long',                           { status: { wantedAt: ago(9) } },                                                             { wantedAt: ago(9) }],
  ['wanted again half way',                     { status: { attempt: ran, routeRemovedAt: ago(9) }, observed: ready },                        { wantedAt: now, routeRemovedAt: undefined, attempt: ran }],
  ['a head resolved',                           { desired: { commit: undefined }, observed: { head: { ok: true, branch: 'topic', commit: NEWER } } }, { head: { branch: 'topic', commit: NEWER, at: now } }],
  ['the same head resolved again',              { desired: { commit: undefined }, status: { head: { branch: 'topic', commit: NEWER, at: ago(9) } }, observed: { head: { ok: true, branch: 'topic', commit: NEWER } } }, { head: { branch: 'topic', commit: NEWER, at: ago(9) } }],
  ['a head not resolved',                       { desired: { commit: undefined }, status: { head: { branch: 'topic', commit: COMMIT, at: ago(9) } }, observed: { head: { ok: false, reason: 'GitHubUnavailable', message: '' } } }, { head: { branch: 'topic', commit: COMMIT, at: ago(9) } }],
  ['a target drains',                           { status: { attempt: ran }, observed: { ...routed, targets: [target('draining')] } },          { drainingSince: now }],
  ['a target drains on',                        { status: { attempt: ran, drainingSince: ago(9) }, observed: { ...routed, targets: [target('draining')] } }, { drainingSince: ago(9) }],
  ['a target has drained',                      { status: { attempt: ran, drainingSince: ago(9) }, observed: { ...routed, targets: [target('healthy')] } }, { drainingSince: undefined }],
  ['nobody looked at targets',                  { status: { attempt: ran, drainingSince: ago(9) }, observed: routed },                        { drainingSince: ago(9) }],
  ['unwanted, still there',                     { desired: off, status: { attempt: ran, wantedAt: ago(9), liveCommit: COMMIT, updateFailure: failed(), drainingSince: ago(9) }, observed: { ...routed, ...ready } }, { attempt: ran, wantedAt: undefined, liveCommit: undefined, updateFailure: undefined, drainingSince: undefined, routeRemovedAt: undefined }],
  ['unwanted, route gone unnoticed',            { desired: off, status: { attempt: ran }, observed: ready },                                  { routeRemovedAt: now }],
  ['unwanted, route removed before',            { desired: off, status: { attempt: ran, routeRemovedAt: ago(9) }, observed: ready },          { routeRemovedAt: ago(9) }],
  ['unwanted, never served',                    { desired: off, status: { attempt: seen }, observed: ready },                                 { routeRemovedAt: undefined }],
  ['unwanted, task stops',                      { desired: off, status: { attempt: ran }, observed: stopping(own) },                          { attempt: ran }],
  ['unwanted, task ended',                      { desired: off, status: { attempt: ran, failure: failed() }, observed: stopping({ lastStatus: 'STOPPED' }) }, { attempt: undefined, failure: undefined }],
  ['unwanted, task not yet visible',            { desired: off, status: { attempt: seen }, observed: { attemptMissing: true } },              { attempt: seen }],
  ['unwanted, task forgotten',                  { desired: off, status: { attempt: late }, observed: { attemptMissing: true } },              { attempt: undefined }],
  ['unwanted, request unanswered',              { desired: off, status: { attempt: attempt() } },                                             { attempt: attempt() }],
  ['unwanted, request unanswered for long',     { desired: off, status: { attempt: attempt({ requestedAt: ago(60_000) }), failure: failed() } }, { attempt: undefined, failure: undefined }],
];

const all = [...ends, ...deadlines, ...forgetting, ...live, ...lives];

describe.each([
  ['the end of a task', ends],
  ['the deadline of a start', deadlines],
  ['a failure is remembered', forgetting],
  ['what is live', live],
  ['lives', lives],
])('%s', (_name, rows) => {
  test.each(rows)('%s', (_row, world, facts) => {
    const { status } = passOver(world);
    const learned = Object.keys(facts).map((name) => [name, status[name as keyof Status]]);
    expect(JSON.parse(JSON.stringify(Object.fromEntries(learned)))).toEqual(JSON.parse(JSON.stringify(facts)));
  });
});

describe('learning', () => {
  it.each([...all, ['settled', settled(), {}] satisfies Row])(
    'again from the same teaches nothing: %s',
    (_name, world) => {
      const context = passOver(world);
      expect(learn(context)).toEqual(context.status);
    },
  );

  it.each(all)('leaves conditions, comments and the priority to others: %s', (_name, world) => {
    const comments = { 'pull/1': { id: 1, hash: 'h' } } as const;
    const conditions = { Ready: { status: 'True', reason: 'Ready', message: 'm', since: now } } as const;
    const { status } = passOver({ ...world, status: { ...world.status, comments, conditions, rulePriority: 7 } });
    expect(status).toMatchObject({ comments, conditions, rulePriority: 7 });
  });
});
