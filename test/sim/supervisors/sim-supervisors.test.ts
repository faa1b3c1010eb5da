import { describe, expect, it } from 'vitest';
import { parseReport } from '../../../src/control/report-schema.ts';
import type { ContainerExit, ContainerSpec } from '../../../src/local/aws/runner/port.ts';
import type { SupervisorReport } from '../../../src/model/observed.ts';
import { makeFakeClock } from '../../runtime/fake-clock.ts';
import type { SimSupervisorsOptions } from './port.ts';
import { makeSimSupervisors } from './sim-supervisors.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];
const IP = '10.1.0.7';
const READY = '/.mayfly/ready/tt-one';
const HOST = 'tt-one.preview.test';

function world(options: Partial<SimSupervisorsOptions> = {}) {
  const clock = makeFakeClock();
  const changes: string[] = [];
  const supervisors = makeSimSupervisors({
    clock,
    random: () => 0.5,
    onHealthChange: (ip) => void changes.push(ip),
    ...options,
  });
  let tasks = 0;
  /** A task as ECS starts it; what became of it is filled in when it ends. */
  const start = (session: string, commit: string, { address = IP, env = {} } = {}) => {
    const ended: { exit?: ContainerExit } = {};
    const spec: ContainerSpec = {
      name: `${tasks++}a-web`,
      command: [],
      env: {
        SESSION_ID: session,
        COMMIT: commit,
        REPO: 'octo/web',
        BRANCH: 'one',
        PUBLIC_URL: `https://${session}.preview.test`,
        ...env,
      },
      address,
      log: () => undefined,
    };
    const running = supervisors.runner.start(spec);
    running.onExit((exit) => {
      ended.exit = exit;
    });
    return { ended, signal: running.signal };
  };
  const report = async (session = 'tt-one', ip = IP): Promise<SupervisorReport> => {
    const answer = await supervisors.control.report(ip, session);
    if (!answer.ok) throw new Error(answer.message);
    return answer.report;
  };
  const phases = async (): Promise<string> =>
    ((await report()).phases ?? []).map(({ phase, outcome }) => `${phase} ${outcome}`).join(', ');
  const sync = (commit: string, session = 'tt-one') => supervisors.control.sync(IP, session, { branch: 'one', commit });
  const ready = () => supervisors.probe(IP, READY);
  const answer = (host = HOST) => supervisors.answer(IP, host);
  return { clock, changes, supervisors, start, report, phases, sync, ready, answer };
}

const OK = { kind: 'response', status: 200 };
const NOT_YET = { kind: 'response', status: 503 };

describe('a first job', () => {
  it('goes through its phases in virtual time, and then serves', async () => {
    const { clock, start, report, phases, ready, answer } = world();
    start('tt-one', A);
    await clock.advance(10_000);
    expect(await phases()).toBe('fetch done, recipe done, install running');
    expect(await report()).toMatchObject({ healthy: false, job: { commit: A, phase: 'install' } });
    expect([ready(), answer()]).toEqual([NOT_YET, { kind: 'waiting', session: 'tt-one' }]);
    await clock.advance(45_000);
    expect(await phases()).toBe('fetch done, recipe done, install done, build done, start done, healthy done');
    expect(await report()).toMatchObject({ healthy: true, liveCommit: A, job: undefined, failure: undefined });
    expect([ready(), answer()]).toEqual([OK, { kind: 'app', session: 'tt-one', commit: A }]);
    expect(clock.pending()).toBe(0);
  });

  it('tells what the operator can read', async () => {
    const { clock, start, report, supervisors } = world();
    supervisors.plans.set(A, { outcome: { kind: 'fails', phase: 'install' } });
    start('tt-one', A);
    for (const ms of [1_000, 21_000]) {
      await clock.advance(ms);
      const told = await report();
      expect(parseReport(JSON.stringify(told), [])).toEqual({ ok: true, report: JSON.parse(JSON.stringify(told)) });
    }
  });

  it.each([
    ['fetch', 2_000, 20],
    ['recipe', 2_000, 25],
    ['install', 22_000, 21],
    ['build', 52_000, 22],
    ['start', 55_000, 23],
    ['healthy', 55_000, 23],
  ] as const)('that fails at %s after %i ms is told of for a moment, and ends with %i', async (phase, ms, exitCode) => {
    const { clock, start, report, sync, supervisors } = world();
    supervisors.plans.set(A, { outcome: { kind: 'fails', phase } });
    const { ended } = start('tt-one', A);
    await clock.advance(ms - 1);
    expect(await report()).toMatchObject({ job: { commit: A }, failure: undefined });
    await clock.advance(2_000);
    expect(await report()).toMatchObject({ healthy: false, job: undefined, failure: { commit: A, phase } });
    await expect(sync(B)).rejects.toThrow('503 (stopping)');
    expect(ended.exit).toBeUndefined();
    await clock.advance(1);
    expect(ended.exit).toEqual({ exitCode });
    expect(supervisors.containers()).toEqual([]);
  });

  it('that hangs stays in its phase until the deadline of it', async () => {
    const { clock, start, report, supervisors } = world();
    supervisors.plans.set(A, { outcome: { kind: 'hangs', phase: 'build' } });
    const { ended } = start('tt-one', A);
    await clock.advance(900_000);
    expect(await report()).toMatchObject({ job: { phase: 'build' } });
    await clock.advance(30_000);
    expect(ended.exit).toEqual({ exitCode: 22 });
  });

  it('takes the head of the branch without a commit, and as long as the commit says', async () => {
    const { clock, start, report, supervisors } = world({ headOf: (repo, branch) => (repo && branch ? B : undefined) });
    supervisors.plans.set(B, { phases: { install: 0, build: 0 } });
    start('tt-one', '');
    await clock.advance(1_000);
    expect((await report()).job?.commit).toBeUndefined();
    await clock.advance(4_000);
    expect(await report()).toMatchObject({ liveCommit: B, healthy: true });
  });

  it('waits for an order when it is told to', async () => {
    const { clock, start, report, sync } = world();
    start('tt-one', A, { env: { AWAIT_SYNC: 'true' } });
    const other = start('tt-two', A, { address: '10.1.0.8', env: { AWAIT_SYNC: 'true' } });
    await clock.advance(60_000);
    expect((await report()).waitingFor).toBe('order');
    await sync(B);
    await clock.advance(300_000);
    expect(await report()).toMatchObject({ liveCommit: B, waitingFor: undefined });
    expect(other.ended.exit).toEqual({ exitCode: 20 });
  });
});

describe('an order', () => {
  it('builds beside what serves, and the newest one counts', async () => {
    const { clock, start, report, phases, sync, answer, supervisors } = world();
    start('tt-one', A);
    await clock.advance(60_000);
    await sync(B);
    await clock.advance(30_000);
    await sync(B);
    expect(await report()).toMatchObject({ liveCommit: A, healthy: true, job: { commit: B, phase: 'build' } });
    await sync(C);
    await clock.advance(1_000);
    expect(await phases()).toBe('fetch running');
    expect(answer()).toMatchObject({ kind: 'app', commit: A });
    await clock.advance(60_000);
    expect(await report()).toMatchObject({ liveCommit: C, job: undefined });
    expect(supervisors.orders.map(({ commit }) => commit)).toEqual([B, B, C]);
  });

  it('for what serves already cancels what is under way', async () => {
    const { clock, start, report, phases, sync } = world();
    start('tt-one', A);
    await clock.advance(60_000);
    await sync(B);
    await clock.advance(10_000);
    await sync(A);
    await clock.advance(100_000);
    expect(await report()).toMatchObject({ liveCommit: A, job: undefined, failure: undefined });
    expect(await phases()).toBe('fetch done, recipe done, install cancelled');
  });

  it('that fails leaves the version before alone', async () => {
    const { clock, start, report, sync, ready, supervisors } = world();
    supervisors.plans.set(B, { outcome: { kind: 'fails', phase: 'build' } });
    const { ended } = start('tt-one', A);
    await clock.advance(60_000);
    await sync(B);
    await clock.advance(600_000);
    expect(await report()).toMatchObject({ liveCommit: A, healthy: true, failure: { commit: B, phase: 'build' } });
    expect([ready(), ended.exit]).toEqual([OK, undefined]);
  });
});

describe('an app', () => {
  it('that crashes is started again, and given up after five deaths in a row', async () => {
    const { clock, start, report, ready, answer, supervisors } = world();
    supervisors.plans.set(A, { outcome: { kind: 'crashes', afterMs: 10_000 } });
    const { ended } = start('tt-one', A);
    await clock.advance(55_000 + 10_000);
    expect(await report()).toMatchObject({ liveCommit: A, healthy: false });
    expect([ready(), answer()]).toEqual([NOT_YET, { kind: 'waiting', session: 'tt-one' }]);
    await clock.advance(4_000);
    expect(ready()).toEqual(OK);
    await clock.advance(200_000);
    expect(ended.exit).toEqual({ exitCode: 24 });
  });

  it('that takes too much memory ends its container, or its task where ECS says so', async () => {
    const asked: string[] = [];
    for (const outOfMemory of [undefined, (taskId: string) => asked.push(taskId) > 0]) {
      const { clock, start, supervisors } = world({ outOfMemory });
      supervisors.plans.set(A, { outcome: { kind: 'out-of-memory', afterMs: 5_000 } });
      const { ended } = start('tt-one', A);
      await clock.advance(61_000);
      expect(ended.exit).toEqual(outOfMemory ? undefined : { exitCode: 137 });
    }
    expect(asked).toEqual(['0a']);
  });

  it('that a person kills or hangs is told to the load balancer, and comes back', async () => {
    const { clock, start, changes, ready, answer, supervisors } = world();
    start('tt-one', A);
    await clock.advance(60_000);
    for (const trouble of ['crash', 'hang', 'freeze'] as const) {
      changes.length = 0;
      expect(supervisors[trouble](IP)).toBe(true);
      expect(changes).toEqual([IP]);
      expect(ready()).toEqual(trouble === 'freeze' ? { kind: 'timeout' } : NOT_YET);
      expect(answer().kind).toBe(trouble === 'crash' ? 'waiting' : 'nothing');
      supervisors.reopen(IP);
      await clock.advance(5_000);
      expect(ready()).toEqual(OK);
      await clock.advance(60_000);
    }
    expect(supervisors.crash('10.9.9.9')).toBe(false);
  });
});

describe('an address', () => {
  it('that went to another environment answers neither the old host nor the old session', async () => {
    const { clock, start, answer, ready, supervisors, sync } = world();
    const { signal } = start('tt-one', A);
    await clock.advance(60_000);
    signal('SIGKILL');
    expect([answer(), ready()]).toEqual([{ kind: 'nothing' }, { kind: 'failed' }]);
    start('tt-two', B);
    await clock.advance(60_000);
    expect(answer()).toEqual({ kind: 'misdirected', session: 'tt-two' });
    expect(answer('TT-TWO.preview.test:443')).toEqual({ kind: 'app', session: 'tt-two', commit: B });
    expect(ready()).toEqual({ kind: 'response', status: 421 });
    expect(await supervisors.control.report(IP, 'tt-one')).toEqual({
      ok: false,
      message: `the control port ${IP}:8080 refused the signature (wrong_session): the request is for another session`,
    });
    await expect(sync(C)).rejects.toMatchObject({ reason: 'ControlUnreachable' });
    expect(supervisors.orders).toEqual([]);
  });

  it('has a control port of its own, which may be closed while the app serves', async () => {
    const { clock, start, answer, supervisors } = world();
    start('tt-one', A);
    await clock.advance(60_000);
    supervisors.closeControl(IP);
    expect(await supervisors.control.report(IP, 'tt-one')).toMatchObject({ ok: false });
    expect(answer().kind).toBe('app');
    supervisors.reopen(IP);
    supervisors.setInFlight(IP, 3);
    expect(await supervisors.control.report(IP, 'tt-one')).toMatchObject({ ok: true, report: { inFlight: 3 } });
    expect(await supervisors.control.report('10.9.9.9', 'tt-one')).toMatchObject({ ok: false });
  });
});

describe('the end of a container', () => {
  it('comes a second after SIGTERM, in which nothing is answered', async () => {
    const { clock, start, ready, answer, supervisors } = world();
    const { ended, signal } = start('tt-one', A);
    await clock.advance(60_000);
    signal('SIGTERM');
    expect([ready(), answer()]).toEqual([{ kind: 'failed' }, { kind: 'nothing' }]);
    expect(supervisors.containers()).toMatchObject([{ taskId: '0a', session: 'tt-one', stopping: true }]);
    await clock.advance(999);
    expect(ended.exit).toBeUndefined();
    await clock.advance(1);
    expect(ended.exit).toEqual({ exitCode: 0 });
  });

  it('comes by SIGKILL when it ignores SIGTERM', async () => {
    const { clock, start, ready } = world({ ignoresTerm: () => true });
    const { ended, signal } = start('tt-one', A);
    await clock.advance(60_000);
    signal('SIGTERM');
    await clock.advance(30_000);
    expect(ready()).toEqual(OK);
    signal('SIGKILL');
    expect(ended.exit).toEqual({ exitCode: 137 });
    expect(clock.pending()).toBe(0);
  });

  it('comes at once when it cannot be started, and when it is told to', async () => {
    const { clock, start } = world({ startError: () => 'CannotStartContainerError: no' });
    const { ended } = start('tt-one', A);
    expect(ended.exit).toBeUndefined();
    await clock.advance(0);
    expect(ended.exit).toEqual({ startError: 'CannotStartContainerError: no' });
    const other = world();
    const task = other.start('tt-one', A);
    other.supervisors.exit(IP, { exitCode: 139 });
    expect([task.ended.exit, other.clock.pending()]).toEqual([{ exitCode: 139 }, 0]);
  });
});

describe('an image without a supervisor', () => {
  it('answers any host and path once it has started, and has no control port', async () => {
    const { clock, start, answer, supervisors } = world({ supervised: () => false });
    const { ended } = start('tt-one', A);
    expect(supervisors.probe(IP, '/')).toEqual({ kind: 'failed' });
    await clock.advance(5_000);
    expect(supervisors.probe(IP, '/')).toEqual(OK);
    expect(answer('another.test')).toEqual({ kind: 'app', session: 'tt-one', commit: A });
    expect(await supervisors.control.report(IP, 'tt-one')).toMatchObject({ ok: false });
    supervisors.crash(IP);
    expect(ended.exit).toEqual({ exitCode: 1 });
  });
});
