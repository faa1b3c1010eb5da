/** Drawn tables: a world on the left, the steps of one pass on the right. */
import { describe, expect, it, test } from 'vitest';
import { planEnvironment } from '../../src/plan/environment.ts';
import {
  attempt,
  COMMIT,
  DERIVED,
  group,
  NEWER,
  NOW,
  otherTask,
  passOver,
  RUNNING_ATTEMPT,
  report,
  rule,
  settled,
  stepsOf,
  target,
  task,
  type World,
  wantedHash,
} from './world.ts';

const open = attempt();
const seen = attempt({ taskArn: 'task-1' });
const routed = { targetGroup: group, rules: [rule(1)] };
const waiting = { targetGroup: group, rules: [rule(0)] };
const building = report({
  healthy: false,
  liveCommit: undefined,
  job: { commit: COMMIT, phase: 'build', startedAt: '' },
});
const failedAttempt = attempt({ taskArn: 'task-1' });
const failure = {
  reason: 'BuildFailed' as const,
  message: 'TS2322',
  at: '',
  final: true,
  commit: COMMIT,
  taskHash: wantedHash(),
  attempt: 1,
  count: 1,
};

const both = { targetGroup: group, rules: [rule(1)] };
const successor = attempt({ number: 2, taskArn: 'task-1' });

type Row = [name: string, world: World, steps: readonly string[]];

// biome-ignore format: a drawn table reads by rows
const starting: Row[] = [
  ['nothing there', {}, ['run-task #1', 'create-target-group', 'create-rule']],
  ['image has no revision yet', { observed: { image: { ok: true, image: 'i', register: { family: 'f', baseArn: 'b', container: 'app', image: 'i' } } } }, ['register-task-definition']],
  ['image does not exist', { observed: { image: { ok: false, reason: 'ImageNotFound', message: 'none' } } }, []],
  ['branch head not known', { desired: { commit: undefined } }, []],
  ['branch head resolved', { desired: { commit: undefined }, observed: { head: { ok: true, branch: 'topic', commit: NEWER } } }, ['run-task #1', 'create-target-group', 'create-rule']],
  ['outcome of RunTask unknown', { status: { attempt: open }, observed: waiting }, ['run-task #1']],
  ['task not yet visible', { status: { attempt: seen }, observed: { ...waiting, attemptMissing: true } }, []],
  ['task provisioning', { status: { attempt: seen }, observed: { ...waiting, tasks: [task({ lastStatus: 'PROVISIONING', ip: undefined })], targets: [] } }, []],
  ['app building', { status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': building }, targets: [] } }, []],
  ['app ready', { status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': report() }, targets: [] } }, ['register-target 10.0.0.1']],
  ['target initial', { status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': report() }, targets: [target('initial')] } }, []],
  ['target healthy', { status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': report() }, targets: [target('healthy')] } }, ['set-weights 1/0']],
  ['control port closed, just started', { status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': { ok: false, message: 'refused' } }, targets: [] } }, []],
  ['control port closed for long', { status: { attempt: seen }, observed: { ...waiting, tasks: [task({ createdAt: NOW - 90_000 })], control: { 'task-1': { ok: false, message: 'refused' } }, targets: [] } }, ['register-target 10.0.0.1']],
  ['image without supervisor', { project: { supervisor: false }, status: { attempt: seen }, observed: { ...waiting, tasks: [task()], targets: [] } }, ['register-target 10.0.0.1']],
  ['a task runs that no record knows', { observed: { ...waiting, tasks: [task()], control: { 'task-1': report() }, targets: [] } }, ['adopt-task task-1', 'register-target 10.0.0.1']],
  ['two tasks of the same kind', { status: { attempt: seen }, observed: { ...waiting, tasks: [task({ arn: 'task-2', ip: '10.0.0.2', createdAt: 0 }), task()], control: { 'task-1': building }, targets: [] } }, ['stop-task task-2']],
];

// biome-ignore format: a drawn table reads by rows
const running: Row[] = [
  ['settled', settled(), []],
  ['settled, control port closed', { ...settled(), observed: { ...settled().observed, control: { 'task-1': { ok: false, message: 'refused' } } } }, []],
  ['rule deleted by hand', { ...settled(), observed: { ...settled().observed, rules: [] } }, ['complete-target-group', 'create-rule']],
  ['target group and rule deleted', { ...settled(), observed: { ...settled().observed, rules: [], targetGroup: undefined } }, ['create-target-group', 'create-rule']],
  ['weights changed by hand', { ...settled(), observed: { ...settled().observed, targets: [target('healthy')], rules: [rule(1, { forward: [{ targetGroupArn: group.arn, weight: 1 }] })] } }, ['set-weights 1/0']],
  ['host changed by hand', { ...settled(), observed: { ...settled().observed, rules: [rule(1, { hosts: ['other.example.test'] })] } }, ['delete-rule rule-1', 'complete-target-group', 'create-rule']],
  ['two rules of ours', { ...settled(), observed: { ...settled().observed, rules: [rule(1, { arn: 'rule-2', priority: 9 }), rule(1)] } }, ['delete-rule rule-2']],
  ['app down', { ...settled(), observed: { ...settled().observed, control: { 'task-1': report({ healthy: false }) } } }, ['set-weights 0/1']],
  ['target unhealthy', { ...settled(), observed: { ...settled().observed, targets: [target('unhealthy')] } }, ['set-weights 0/1']],
  ['address of a dead task', { ...settled(), observed: { ...settled().observed, targets: [target('healthy'), target('unhealthy', '10.0.0.7')] } }, ['deregister-target 10.0.0.7']],
  ['task vanished', { status: { attempt: attempt({ ...RUNNING_ATTEMPT, requestedAt: new Date(NOW - 90_000).toISOString() }) }, observed: { ...routed, attemptMissing: true, targets: [target('unhealthy')] } }, ['set-weights 0/1', 'deregister-target 10.0.0.1', 'run-task #2']],
  ['task stopped by somebody', { ...settled(), observed: { ...routed, tasks: [task({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING', stopCode: 'UserInitiated' })], targets: [target('healthy')] } }, ['set-weights 0/1', 'deregister-target 10.0.0.1', 'run-task #2']],
  ['paused', { ...settled(), desired: { override: { paused: true } }, observed: { ...settled().observed, rules: [] } }, []],
];

// biome-ignore format: a drawn table reads by rows
const updating: Row[] = [
  ['a newer commit', { ...settled(), desired: { commit: NEWER } }, ['sync b']],
  ['the newer commit is being built', { ...settled(), desired: { commit: NEWER }, observed: { ...settled().observed, control: { 'task-1': report({ job: { commit: NEWER, phase: 'build', startedAt: '' } }) } } }, []],
  ['an older one is being built', { ...settled(), desired: { commit: NEWER }, observed: { ...settled().observed, control: { 'task-1': report({ job: { commit: 'c'.repeat(40), phase: 'build', startedAt: '' } }) } } }, ['sync b']],
  ['the newer commit failed', { ...settled(), desired: { commit: NEWER }, observed: { ...settled().observed, control: { 'task-1': report({ failure: { commit: NEWER, phase: 'build', message: 'no', at: '', logTail: [] } }) } } }, []],
  ['pushed during the first build', { desired: { commit: NEWER }, status: { attempt: seen }, observed: { ...waiting, tasks: [task()], control: { 'task-1': building }, targets: [] } }, ['sync b']],
  ['fetching it failed a moment ago', { ...settled(), desired: { commit: NEWER }, observed: { ...settled().observed, control: { 'task-1': report({ failure: { commit: NEWER, phase: 'fetch', message: 'no', at: new Date(NOW - 1_000).toISOString(), logTail: [] } }) } } }, []],
  ['fetching it failed a while ago', { ...settled(), desired: { commit: NEWER }, observed: { ...settled().observed, control: { 'task-1': report({ failure: { commit: NEWER, phase: 'fetch', message: 'no', at: new Date(NOW - 300_000).toISOString(), logTail: [] } }) } } }, ['sync b']],
];

// biome-ignore format: a drawn table reads by rows
const replacing: Row[] = [
  ['the old task serves', { status: { attempt: attempt({ taskHash: '1:old', taskArn: 'task-old' }) }, observed: { ...both, tasks: [otherTask()], control: { 'task-old': report() }, targets: [target('healthy', '10.0.0.9')] } }, ['run-task #2']],
  ['successor is building', { status: { attempt: successor }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': building }, targets: [target('healthy', '10.0.0.9')] } }, []],
  ['successor is ready', { status: { attempt: successor }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': report() }, targets: [target('healthy', '10.0.0.9')] } }, ['register-target 10.0.0.1']],
  ['successor is healthy', { status: { attempt: successor }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': report() }, targets: [target('healthy', '10.0.0.9'), target('healthy')] } }, ['deregister-target 10.0.0.9']],
  ['old one drains', { status: { attempt: successor }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': report() }, targets: [target('draining', '10.0.0.9'), target('healthy')] } }, []],
  ['old one is drained', { status: { attempt: successor, drainingSince: new Date(NOW - 6_000).toISOString() }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': report() }, targets: [target('draining', '10.0.0.9'), target('healthy')] } }, ['stop-task task-old']],
  ['old one still answers a request', { status: { attempt: successor, drainingSince: new Date(NOW - 6_000).toISOString() }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report({ inFlight: 1 }), 'task-1': report() }, targets: [target('draining', '10.0.0.9'), target('healthy')] } }, []],
  ['old one was never routed', { status: { attempt: successor }, observed: { ...waiting, tasks: [otherTask(), task({ lastStatus: 'PENDING', ip: undefined })], control: { 'task-old': building }, targets: [] } }, ['stop-task task-old']],
  ['successor fails for good', { status: { attempt: successor, failure: { ...failure, attempt: 2 } }, observed: { ...both, tasks: [otherTask()], control: { 'task-old': report() }, targets: [target('healthy', '10.0.0.9')] } }, []],
  ['the new image is missing', { ...settled(), observed: { ...settled().observed, image: { ok: false, reason: 'ImageNotFound', message: 'none' } } }, []],
  ['the old app answers unhealthy once', { status: { attempt: successor, liveCommit: COMMIT }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report({ healthy: false }), 'task-1': building }, targets: [target('healthy', '10.0.0.9')] } }, ['set-weights 0/1']],
  ['the old target is unhealthy once', { status: { attempt: successor, liveCommit: COMMIT }, observed: { ...both, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': building }, targets: [target('unhealthy', '10.0.0.9')] } }, ['set-weights 0/1']],
  ['somebody deleted rule and group', { status: { attempt: successor, liveCommit: COMMIT }, observed: { ...waiting, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': building }, targets: [] } }, ['register-target 10.0.0.9']],
  ['successor failed, group was made anew', { status: { attempt: successor, liveCommit: COMMIT, failure: { ...failure, attempt: 2 } }, observed: { ...waiting, tasks: [otherTask()], control: { 'task-old': report() }, targets: [] } }, ['register-target 10.0.0.9']],
  ['relabelled twice: the one between serves nothing', { status: { attempt: successor, liveCommit: COMMIT }, observed: { ...both, tasks: [otherTask(), otherTask({ arn: 'task-between', ip: '10.0.0.8' }), task()], control: { 'task-old': report(), 'task-between': building, 'task-1': building }, targets: [target('healthy', '10.0.0.9')] } }, ['stop-task task-between']],
  ['capacity refused while nothing has served', { status: { attempt: attempt({ number: 2 }), failure: { ...failure, attempt: 2, final: false, reason: 'CapacityUnavailable', retryAt: new Date(NOW + 1_000).toISOString() } }, observed: { ...waiting, tasks: [otherTask()], control: { 'task-old': building }, targets: [] } }, ['stop-task task-old']],
  ['relabelled during the start, health not looked at', { status: { attempt: successor }, observed: { ...waiting, tasks: [otherTask(), task({ lastStatus: 'PENDING', ip: undefined })], control: { 'task-old': building } } }, ['stop-task task-old']],
  ['both apps down for a moment, health not looked at', { status: { attempt: successor, liveCommit: COMMIT }, observed: { ...waiting, tasks: [otherTask(), task()], control: { 'task-old': report({ healthy: false }), 'task-1': building } } }, []],
];

// biome-ignore format: a drawn table reads by rows
const failing: Row[] = [
  ['build failed', { status: { attempt: failedAttempt, failure }, observed: waiting }, ['delete-rule rule-1', 'delete-target-group']],
  ['build failed, all gone', { status: { attempt: failedAttempt, failure } }, []],
  ['build failed, then a push', { desired: { commit: NEWER }, status: { attempt: failedAttempt, failure } }, ['run-task #2', 'create-target-group', 'create-rule']],
  ['retry not yet due', { status: { attempt: failedAttempt, failure: { ...failure, final: false, retryAt: new Date(NOW + 1_000).toISOString() } }, observed: waiting }, []],
  ['retry due', { status: { attempt: failedAttempt, failure: { ...failure, final: false, retryAt: new Date(NOW).toISOString() } }, observed: waiting }, ['run-task #2']],
  ['deadline passed', { status: { attempt: attempt({ taskArn: 'task-1', requestedAt: new Date(NOW - 601_000).toISOString() }) }, observed: { ...waiting, tasks: [task()], control: { 'task-1': building }, targets: [] } }, ['stop-task task-1']],
  ['capacity refused, no route yet', { status: { attempt: attempt(), failure: { ...failure, final: false, reason: 'CapacityUnavailable', retryAt: new Date(NOW + 1_000).toISOString() } } }, []],
  ['image gone, and the last attempt failed', { status: { attempt: failedAttempt, failure, liveCommit: COMMIT }, observed: { ...both, image: { ok: false, reason: 'ImageNotFound', message: 'none' }, tasks: [otherTask(), task()], control: { 'task-old': report(), 'task-1': building } } }, []],
];

const off = { wanted: false };
// biome-ignore format: a drawn table reads by rows
const teardown: Row[] = [
  ['routed and running', { ...settled(), desired: off }, ['delete-rule rule-1', 'delete-target-group']],
  ['rule gone, group in use', { ...settled(), desired: off, observed: { ...settled().observed, rules: [] } }, ['delete-target-group']],
  ['settling', { desired: off, status: { attempt: seen, routeRemovedAt: new Date(NOW - 1_000).toISOString() }, observed: { tasks: [task()] } }, []],
  ['settled', { desired: off, status: { attempt: seen, routeRemovedAt: new Date(NOW - 5_000).toISOString() }, observed: { tasks: [task()] } }, ['stop-task task-1']],
  ['never routed', { desired: off, status: { attempt: seen }, observed: { tasks: [task()] } }, ['stop-task task-1']],
  ['task is stopping', { desired: off, status: { attempt: seen }, observed: { tasks: [task({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING' })] } }, []],
  ['all gone', { desired: off }, []],
  ['a second task nobody recorded', { desired: off, status: { attempt: seen }, observed: { tasks: [task(), task({ arn: 'task-2' })] } }, ['stop-task task-1', 'stop-task task-2']],
];

describe.each([
  ['starting', starting],
  ['running', running],
  ['updating', updating],
  ['replacing', replacing],
  ['failing', failing],
  ['teardown', teardown],
])('%s', (_name, rows) => {
  test.each(rows)('%s', (_row, world, steps) => {
    expect(stepsOf(world)).toEqual(steps);
  });
});

describe('planning', () => {
  const all = [starting, running, updating, replacing, failing, teardown].flat();

  it.each(all)('gives every step a reason: %s', (_name, world) => {
    for (const step of planEnvironment(passOver(world)).steps) expect(step.why).not.toBe('');
  });

  it.each(all)('never stops the task that serves while another is wanted and not healthy: %s', (_name, world) => {
    const context = passOver(world);
    if (!context.effective.wanted) return;
    const healthy = context.observed.targets?.filter(({ state }) => state === 'healthy').map(({ ip }) => ip) ?? [];
    const serving = context.observed.tasks.filter(({ ip }) => ip !== undefined && healthy.includes(ip));
    const stopped = planEnvironment(context).steps.flatMap((step) => (step.kind === 'stop-task' ? [step.taskArn] : []));
    if (serving.length === 1) expect(stopped).not.toContain(serving[0]?.arn);
  });

  it('repeats an attempt with the recorded token and request, word for word', () => {
    const [step] = planEnvironment(passOver({ status: { attempt: open } })).steps;
    expect(step).toMatchObject({ kind: 'run-task', attempt: { clientToken: open.clientToken, request: open.request } });
  });

  it('counts the grace and the deadline of a repeated attempt from the repetition', () => {
    const [step] = planEnvironment(passOver({ status: { attempt: open } })).steps;
    expect(step).toMatchObject({ kind: 'run-task', attempt: { requestedAt: new Date(NOW).toISOString() } });
  });

  it('asks again at the control pace when settled, sooner when not, and never when everything is gone', () => {
    expect(planEnvironment(passOver(settled())).requeueAfterMs).toBe(15_000);
    expect(planEnvironment(passOver({})).requeueAfterMs).toBe(2_000);
    expect(planEnvironment(passOver({ desired: off })).requeueAfterMs).toBeUndefined();
  });

  it('waits for a task whose request was never answered before it calls an unwanted environment gone', () => {
    const plan = planEnvironment(passOver({ desired: off, status: { attempt: open } }));
    expect(plan.teardown).toMatchObject({ stage: 'unknown-task' });
    expect(plan.requeueAfterMs).toBe(55_000);
  });

  it('starts the version that served when the task of a failed update is lost', () => {
    const updateFailure = { ...failure, commit: NEWER };
    const world = { desired: { commit: NEWER }, status: { liveCommit: COMMIT, updateFailure } };
    const [step] = planEnvironment(passOver(world)).steps;
    expect(step).toMatchObject({ kind: 'run-task', attempt: { request: { env: { COMMIT } } } });
  });

  it('looks at the control port\u2019s pace, not faster, at an app that answers but not healthily', () => {
    const { status, observed } = settled();
    const world = {
      status,
      observed: {
        ...observed,
        rules: [rule(0)],
        control: { 'task-1': report({ healthy: false }) },
        targets: [target('unhealthy')],
      },
    };
    expect(planEnvironment(passOver(world))).toMatchObject({ steps: [], settled: true, requeueAfterMs: 15_000 });
  });

  it('replaces no task for a change of the commit or the pull request number', () => {
    expect(wantedHash({ desired: { commit: NEWER } })).toBe(wantedHash());
  });

  it('replaces the task for a change of image, variables or size', () => {
    const hashes = [
      wantedHash(),
      wantedHash({ observed: { image: { ok: true, image: 'i', taskDefinitionArn: DERIVED } } }),
      wantedHash({ desired: { override: { env: { A: '1' } } } }),
      wantedHash({ project: { cpu: '512' } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
