/** Conditions and the one word for people: a world on the left, what is said of it on the right. */
import { describe, expect, it, test } from 'vitest';
import type { Conditions, ConditionType } from '../../src/model/conditions.ts';
import type { Failure } from '../../src/model/environment.ts';
import { stopReason } from '../../src/model/names.ts';
import type { JobPhase } from '../../src/model/observed.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import {
  blocker,
  type Problem,
  stateOf,
  summarise,
  summariseFaults,
  summariseUnknownProject,
  summariseUnobserved,
} from '../../src/plan/summarise.ts';
import {
  attempt,
  COMMIT,
  desired,
  group,
  NEWER,
  NOW,
  otherTask,
  passOver,
  report,
  rule,
  settled,
  target,
  task,
  type World,
  wantedHash,
} from './world.ts';

const now = new Date(NOW).toISOString();
const later = new Date(NOW + 1_000).toISOString();

function told(world: World, problem?: Problem) {
  const context = passOver(world);
  const plan = planEnvironment(context);
  const conditions = summarise(context, { ...desired, ...world.desired }, plan, problem);
  const { wanted } = context.effective;
  const state = stateOf({ ...context.status, conditions }, wanted, wanted && blocker(context) !== undefined);
  return { conditions, state };
}
const words = (conditions: Conditions, types: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    types.map((type) => {
      const condition = conditions[type as ConditionType];
      return [type, condition ? `${condition.status} ${condition.reason}` : 'absent'];
    }),
  );

const off = { wanted: false };
const seen = attempt({ taskArn: 'task-1' });
const waiting = { targetGroup: group, rules: [rule(0)], targets: [] };
const routed = { targetGroup: group, rules: [rule(1)] };
const running = settled();
const failure: Failure = {
  reason: 'BuildFailed',
  message: 'TS2322',
  at: now,
  final: true,
  commit: COMMIT,
  taskHash: wantedHash(),
  attempt: 1,
  count: 1,
};
const job = (phase: JobPhase, waitingFor?: 'credential') => ({
  tasks: [task()],
  control: {
    'task-1': report({
      healthy: false,
      liveCommit: undefined,
      waitingFor,
      job: { commit: COMMIT, phase, startedAt: '' },
    }),
  },
});
const ready = { tasks: [task()], control: { 'task-1': report() } };
const closed = { tasks: [task()], control: { 'task-1': { ok: false as const, message: 'refused' } } };
const noImage = { ok: false as const, reason: 'ImageNotFound' as const, message: 'none' };
const noBranch = { ok: false as const, reason: 'BranchNotFound' as const, message: 'no topic' };
const paused = { override: { paused: true } };
const source = { wanted: false, branch: 'topic', author: 'ada', trusted: false, open: true, at: now };
const denied: Problem = { reason: 'AwsDenied', message: 'not authorized' };

type Row = [
  name: string,
  world: World,
  state: string,
  expected: Partial<Record<ConditionType, string>>,
  problem?: Problem,
];

// biome-ignore format: a drawn table reads by rows
const starting: Row[] = [
  ['nothing there',                 {}, 'PENDING',                                                                    { Accepted: 'True Accepted', ImageAvailable: 'True ImageFound', TaskRunning: 'False TaskStarting', Routed: 'False RouteRemoved', Ready: 'False TaskStarting', UpToDate: 'Unknown TaskStarting', ControlReachable: 'Unknown Unknown', Removed: 'absent' }],
  ['provisioning',                  { status: { attempt: seen }, observed: { ...waiting, tasks: [task({ lastStatus: 'PROVISIONING', ip: undefined })] } }, 'STARTING', { TaskRunning: 'False TaskStarting', Routed: 'False FrontDoor', Ready: 'False TaskStarting' }],
  ['fetching',                      { status: { attempt: seen }, observed: { ...waiting, ...job('fetch') } }, 'STARTING',   { TaskRunning: 'True TaskRunning', Ready: 'False Fetching', ControlReachable: 'True ControlReachable' }],
  ['reading the recipe',            { status: { attempt: seen }, observed: { ...waiting, ...job('recipe') } }, 'STARTING',  { Ready: 'False Fetching' }],
  ['waiting for a credential',      { status: { attempt: seen }, observed: { ...waiting, ...job('fetch', 'credential') } }, 'STARTING', { Ready: 'False CredentialNeeded', UpToDate: 'Unknown CredentialNeeded' }],
  ['installing',                    { status: { attempt: seen }, observed: { ...waiting, ...job('install') } }, 'STARTING', { Ready: 'False Installing' }],
  ['building',                      { status: { attempt: seen }, observed: { ...waiting, ...job('build') } }, 'STARTING',   { Ready: 'False Building' }],
  ['starting',                      { status: { attempt: seen }, observed: { ...waiting, ...job('start') } }, 'STARTING',   { Ready: 'False Starting' }],
  ['waiting for the first answer',  { status: { attempt: seen }, observed: { ...waiting, ...job('healthy') } }, 'STARTING', { Ready: 'False Starting' }],
  ['ready, not registered',         { status: { attempt: seen }, observed: { ...waiting, ...ready } }, 'STARTING',          { Ready: 'False FrontDoor', UpToDate: 'Unknown FrontDoor' }],
  ['target unhealthy',              { status: { attempt: seen }, observed: { ...waiting, ...ready, targets: [target('unhealthy')] } }, 'STARTING', { Ready: 'False TargetUnhealthy' }],
  ['port closed',                   { status: { attempt: seen }, observed: { ...waiting, ...closed } }, 'STARTING',         { ControlReachable: 'False ControlUnreachable', Ready: 'False FrontDoor' }],
  ['image missing',                 { observed: { image: noImage } }, 'FAILED',                                         { ImageAvailable: 'False ImageNotFound', TaskRunning: 'False ImageNotFound', Ready: 'False ImageNotFound' }],
  ['image not asked for',           { observed: { image: undefined } }, 'PENDING',                                      { ImageAvailable: 'Unknown Unknown' }],
  ['branch missing',                { desired: { commit: undefined }, observed: { head: noBranch } }, 'FAILED',          { TaskRunning: 'False BranchNotFound', Ready: 'False BranchNotFound' }],
  ['branch missing, commit known',  { observed: { head: noBranch } }, 'PENDING',                                       { TaskRunning: 'False TaskStarting' }],
  ['no supervisor',                 { project: { supervisor: false } }, 'PENDING',                                     { ControlReachable: 'absent' }],
  ['RunTask refused',               {}, 'PENDING',                                                                    { TaskRunning: 'False AwsDenied', Ready: 'False AwsDenied' }, denied],
  ['registering refused',           { status: { attempt: seen }, observed: { ...waiting, ...ready } }, 'STARTING',          { TaskRunning: 'True TaskRunning', Routed: 'False AwsDenied', Ready: 'False AwsDenied' }, denied],
  ['paused',                        { desired: paused }, 'PENDING',                                                     { TaskRunning: 'False Paused', Ready: 'False Paused' }],
];

const update = (change: Parameters<typeof report>[0]): World => ({
  ...running,
  desired: { commit: NEWER },
  observed: { ...running.observed, control: { 'task-1': report(change) } },
});
// biome-ignore format: a drawn table reads by rows
const serving: Row[] = [
  ['settled',                       running, 'RUNNING',                                                                  { TaskRunning: 'True TaskRunning', Routed: 'True Routed', Ready: 'True Ready', UpToDate: 'True UpToDate', ControlReachable: 'True ControlReachable' }],
  ['port closed',                   { ...running, observed: { ...running.observed, ...closed } }, 'RUNNING',                { Ready: 'True Ready', UpToDate: 'Unknown ControlUnreachable', ControlReachable: 'False ControlUnreachable' }],
  ['a newer commit is wanted',      update({}), 'RUNNING',                                                               { Ready: 'True Ready', UpToDate: 'False Updating' }],
  ['a newer commit is built',       update({ job: { commit: NEWER, phase: 'build', startedAt: '' } }), 'RUNNING',            { Ready: 'True Ready', UpToDate: 'False Updating' }],
  ['a newer commit failed',         update({ failure: { commit: NEWER, phase: 'build', message: 'no', at: now, logTail: [] } }), 'RUNNING', { Ready: 'True Ready', UpToDate: 'False UpdateFailed' }],
  ['a newer recipe is not valid',   update({ failure: { commit: NEWER, phase: 'recipe', message: 'no', at: now, logTail: [] } }), 'RUNNING', { Ready: 'True Ready', UpToDate: 'False UpdateFailed' }],
  ['an update waits for a credential', update({ waitingFor: 'credential', job: { commit: NEWER, phase: 'fetch', startedAt: '' } }), 'RUNNING', { Ready: 'True Ready', UpToDate: 'False CredentialNeeded' }],
  ['app down, weight still 1',      { ...running, observed: { ...running.observed, control: { 'task-1': report({ healthy: false }) } } }, 'STARTING', { Routed: 'False FrontDoor', Ready: 'False AppUnhealthy' }],
  ['target unhealthy, weight still 1', { ...running, observed: { ...running.observed, targets: [target('unhealthy')] } }, 'STARTING', { Routed: 'False FrontDoor', Ready: 'False TargetUnhealthy' }],
  ['rule gone',                     { ...running, observed: { ...running.observed, rules: [] } }, 'STARTING',               { TaskRunning: 'True TaskRunning', Routed: 'False RouteRemoved', Ready: 'False RouteRemoved' }],
  ['paused',                        { ...running, desired: paused }, 'RUNNING',                                          { TaskRunning: 'True TaskRunning', Ready: 'True Ready' }],
  ['paused, rule gone',             { ...running, desired: paused, observed: { ...running.observed, rules: [] } }, 'STARTING', { TaskRunning: 'True TaskRunning', Routed: 'False Paused', Ready: 'False Paused' }],
  ['successor on its way',          { status: { attempt: attempt({ number: 2, taskArn: 'task-1' }) }, observed: { ...routed, tasks: [otherTask(), task({ lastStatus: 'PENDING', ip: undefined })], control: { 'task-old': report() }, targets: [target('healthy', '10.0.0.9')] } }, 'RUNNING', { TaskRunning: 'True TaskReplacing', Ready: 'True Ready', UpToDate: 'False TaskReplacing' }],
  ['successor failed for good',     { status: { attempt: attempt({ number: 2, taskArn: 'task-1' }), failure: { ...failure, attempt: 2 }, liveCommit: COMMIT }, observed: { ...routed, tasks: [otherTask()], control: { 'task-old': report() }, targets: [target('healthy', '10.0.0.9')] } }, 'RUNNING', { Ready: 'True Ready', UpToDate: 'False UpdateFailed' }],
];

// biome-ignore format: a drawn table reads by rows
const failing: Row[] = [
  ['for good',                      { status: { attempt: seen, failure } }, 'FAILED',                                 { TaskRunning: 'False BuildFailed', Ready: 'False BuildFailed', UpToDate: 'Unknown BuildFailed' }],
  ['tried again later',             { status: { attempt: seen, failure: { ...failure, final: false, retryAt: later } } }, 'STARTING', { Ready: 'False BuildFailed' }],
  ['a new commit has an attempt',   { desired: { commit: NEWER }, status: { attempt: attempt({ number: 2, request: { ...seen.request, env: { COMMIT: NEWER } } }), failure }, observed: waiting }, 'STARTING', { Ready: 'False TaskStarting' }],
  ['then the image went too',       { status: { attempt: seen, failure }, observed: { image: noImage } }, 'FAILED',       { TaskRunning: 'False ImageNotFound' }],
];

const stopping = {
  desiredStatus: 'STOPPED',
  lastStatus: 'STOPPING',
  stopCode: 'UserInitiated',
  stoppedReason: stopReason('x'),
} as const;
// biome-ignore format: a drawn table reads by rows
const leaving: Row[] = [
  ['routed',                        { ...running, desired: off }, 'STOPPING',                                            { Removed: 'False Removing', Ready: 'False NotWanted', TaskRunning: 'absent', UpToDate: 'absent' }],
  ['settling',                      { desired: off, status: { attempt: seen, routeRemovedAt: now }, observed: ready }, 'STOPPING', { Removed: 'False Removing' }],
  ['task stops',                    { desired: off, status: { attempt: seen }, observed: { tasks: [task(stopping)] } }, 'STOPPING', { Removed: 'False Removing' }],
  ['request unanswered',            { desired: off, status: { attempt: attempt() } }, 'STOPPING',                        { Removed: 'False Removing' }],
  ['AWS refuses',                   { ...running, desired: off }, 'STOPPING',                                            { Removed: 'False AwsDenied' }, denied],
  ['paused',                        { ...running, desired: { ...off, ...paused } }, 'STOPPING',                          { Removed: 'False Paused' }],
  ['gone',                          { desired: off }, 'STOPPED',                                                        { Removed: 'True Removed', Ready: 'False NotWanted' }],
  ['gone and paused',               { desired: { ...off, ...paused } }, 'STOPPED',                                      { Removed: 'True Removed' }],
  ['refused',                       { desired: { ...off, sources: { 'pull/1': { ...source, refused: 'ForkRefused' } } } }, 'STOPPED', { Accepted: 'False ForkRefused' }],
  ['refused, then closed',          { desired: { ...off, sources: { 'pull/1': { ...source, open: false, refused: 'ForkRefused' } } } }, 'STOPPED', { Accepted: 'True Accepted' }],
  ['refused, wanted by another',    { desired: { sources: { 'pull/1': { ...source, refused: 'ForkRefused' } } } }, 'PENDING', { Accepted: 'True Accepted' }],
];

const all = [...starting, ...serving, ...failing, ...leaving];

describe.each([
  ['starting', starting],
  ['serving', serving],
  ['failing', failing],
  ['leaving', leaving],
])('%s', (_name, rows) => {
  test.each(rows)('%s', (_row, world, state, expected, problem) => {
    const { conditions, state: found } = told(world, problem);
    expect(words(conditions, Object.keys(expected))).toEqual(expected);
    expect(found).toBe(state);
  });
});

describe('conditions', () => {
  it.each(all)(
    'have words, and a time that stays while nothing changes: %s',
    (_row, world, _state, _expected, problem) => {
      const { conditions } = told(world, problem);
      for (const condition of Object.values(conditions)) {
        expect(condition.message).not.toBe('');
        expect(condition.since).toBe(now);
      }
      const again = told({ ...world, status: { ...world.status, conditions }, now: NOW + 1 }, problem).conditions;
      for (const [type, condition] of Object.entries(again)) {
        if (condition.status === conditions[type as ConditionType]?.status) expect(condition.since).toBe(now);
      }
    },
  );

  it.each(all)('of the reporter stay: %s', (_row, world) => {
    const reported = { status: 'False', reason: 'ReportRefused', message: 'm', since: later } as const;
    const { conditions } = told({ ...world, status: { ...world.status, conditions: { Reported: reported } } });
    expect(conditions.Reported).toEqual(reported);
  });

  it('of another kind of life go', () => {
    const removed = { status: 'True', reason: 'Removed', message: 'm', since: now } as const;
    expect(told({ status: { conditions: { Removed: removed } } }).conditions).not.toHaveProperty('Removed');
  });

  it('say what AWS said, when the next try is due, which commits, and how far', () => {
    expect(told({}, denied).conditions.Ready?.message).toBe('not authorized');
    const retry = { ...failure, final: false, retryAt: later };
    expect(told({ status: { attempt: seen, failure: retry } }).conditions.Ready?.message).toBe(
      `TS2322 Next try at ${later}.`,
    );
    const building = update({ job: { commit: NEWER, phase: 'build', startedAt: '' } });
    expect(told(building).conditions.UpToDate?.message).toBe(
      'aaaaaaa is live, bbbbbbb is on its way: The app is being built.',
    );
    expect(
      told({ status: { attempt: seen }, observed: { ...waiting, ...job('build') } }).conditions.Ready?.message,
    ).toBe('The app is being built. (aaaaaaa)');
  });
});

describe('a recipe that is not valid', () => {
  const message = '.mayfly.yml is not valid:\nbuild: found 5\nstart: missing';
  const reported = { commit: NEWER, phase: 'recipe', message, at: now, logTail: [] } as const;

  it('is named with all its faults while the old version serves', () => {
    const { state, conditions } = told(update({ failure: reported }));
    expect(state).toBe('RUNNING');
    expect(conditions.UpToDate?.message).toBe(`aaaaaaa is live; bbbbbbb failed: ${message}`);
  });

  it('is named with all its faults when nothing serves, and final', () => {
    const first = report({ healthy: false, liveCommit: undefined, failure: { ...reported, commit: COMMIT } });
    const world = {
      status: { attempt: seen },
      observed: { ...waiting, tasks: [task()], control: { 'task-1': first } },
    };
    const { state, conditions } = told(world);
    expect(state).toBe('FAILED');
    expect(conditions.Ready).toMatchObject({ reason: 'RecipeInvalid', message });
  });
});

describe('records that cannot be worked on', () => {
  const before = told(running).conditions;

  it('name each fault, and leave what is known as it is', () => {
    const faults = [
      { path: 'wanted', found: '"yes"', allowed: 'true or false' },
      { path: 'branch', found: 'nothing', allowed: 'the name of a git branch' },
    ];
    const { Accepted, ...others } = summariseFaults(before, faults, NOW);
    expect(Accepted).toMatchObject({ status: 'False', reason: 'InvalidRecord' });
    expect(Accepted?.message).toBe(
      'wanted: found "yes"; allowed: true or false. branch: found nothing; allowed: the name of a git branch',
    );
    expect({ ...others, Accepted: before.Accepted }).toEqual(before);
  });

  it('of unknown projects name those that are known', () => {
    const { Accepted } = summariseUnknownProject({}, { ...desired, project: 'wed' }, ['web', 'api'], NOW);
    expect(Accepted?.message).toBe('project: found "wed"; allowed: web, api');
  });

  it('of which AWS shows nothing keep what was true, and doubt the rest', () => {
    expect(summariseUnobserved(before, denied, NOW)).toEqual(before);
    const doubted = summariseUnobserved(told({}).conditions, denied, NOW);
    expect(words(doubted, ['TaskRunning', 'Ready', 'Removed'])).toEqual({
      TaskRunning: 'Unknown AwsDenied',
      Ready: 'Unknown AwsDenied',
      Removed: 'absent',
    });
  });
});
