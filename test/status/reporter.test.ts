import { describe, expect, it } from 'vitest';
import { GitHubError, type GitHubErrorKind, type GitHubPort } from '../../src/github/port.ts';
import type { Desired, JobRecord, SourceKey, Status } from '../../src/model/environment.ts';
import type { Project } from '../../src/model/project.ts';
import { makeReporter } from '../../src/status/reporter.ts';
import { viewOf } from '../../src/status/view.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { client, TOKEN } from '../github/answering-server.ts';
import { start, testRepo } from '../local/github/support.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import {
  BUILDING,
  BUILDING_JOB,
  DONE_JOB,
  GONE,
  NOW,
  PROJECT,
  type Sample,
  SERVING,
  SOURCE,
  stored,
} from './samples.ts';

const RUNNING: Sample = { state: 'RUNNING', status: { conditions: SERVING } };
const STARTING: Sample = { state: 'STARTING', status: { conditions: BUILDING } };
const STOPPED: Sample = { state: 'STOPPED', desired: { wanted: false }, status: { conditions: GONE } };

interface World {
  readonly github: GitHubPort;
  readonly clock: ReturnType<typeof makeFakeClock>;
  report(
    sample: Sample,
    sources: Desired['sources'],
    comments?: Status['comments'],
  ): ReturnType<ReturnType<typeof makeReporter>['report']>;
  written(outcome: string): Promise<number | undefined>;
}

function worldOf(github: GitHubPort, project: Project | undefined): World {
  const metrics = makeMetrics();
  const clock = makeFakeClock();
  const logger = makeLogger('silent', false);
  const options = { github, installation: 'main', webUrl: 'https://github.com', clock, logger, metrics };
  const reporter = makeReporter(options);
  return {
    github,
    clock,
    report(sample, sources, comments = {}) {
      const record = stored({ ...sample, desired: { ...sample.desired, sources } });
      return reporter.report(viewOf(record, project, NOW), sources, comments, async () => undefined);
    },
    async written(outcome) {
      const { values } = await metrics.comments.get();
      return values.find(({ labels }) => labels.outcome === outcome)?.value;
    },
  };
}

async function localWorld() {
  const local = await start({ repoPath: await testRepo(), token: TOKEN });
  const { number } = await local.pull('one');
  const other = (await local.pull('two')).number;
  const key: SourceKey = `pull/${number}`;
  const bodies = async (of = number): Promise<string[]> => (await local.comments(of)).map(({ body }) => body);
  const world = worldOf(client(local.url).github, { ...PROJECT, repo: 'demo/web' });
  return { ...world, local, number, other, key, bodies };
}

describe('the reporter against the local GitHub', () => {
  it('writes one comment, edits it when the facts change, and calls nobody when they do not', async () => {
    const { report, key, bodies, written } = await localWorld();
    const first = await report(STARTING, { [key]: SOURCE });
    expect(first.condition).toMatchObject({ status: 'True', reason: 'Reported' });
    const second = await report(RUNNING, { [key]: SOURCE }, first.comments);
    const third = await report(RUNNING, { [key]: SOURCE }, second.comments);
    expect(third.comments).toEqual(second.comments);
    expect(await bodies()).toEqual([expect.stringContaining('🟢 Running')]);
    expect([await written('created'), await written('updated'), await written('unchanged')]).toEqual([1, 1, 1]);
  });

  it('finds its comment again when the record forgot it, also after a crash before the record was written', async () => {
    const { report, key, number, bodies, local } = await localWorld();
    await local.comment(number, 'a word from a person');
    const made = await report(STARTING, { [key]: SOURCE });
    const again = await report(STARTING, { [key]: SOURCE });
    expect(again.comments).toEqual(made.comments);
    await report(RUNNING, { [key]: SOURCE });
    expect(await bodies()).toEqual(['a word from a person', expect.stringContaining('🟢 Running')]);
  });

  it('writes a new comment when a person deleted the old one', async () => {
    const { report, key, bodies } = await localWorld();
    const made = await report(STARTING, { [key]: SOURCE }, { [key]: { id: 987654, hash: 'old' } });
    expect(made.comments[key]?.id).not.toBe(987654);
    expect(await bodies()).toHaveLength(1);
  });

  it('comments on each source, and one that fails does not stop the others', async () => {
    const { report, key, other, bodies } = await localWorld();
    const sources = { 'pull/99999': SOURCE, [key]: SOURCE, [`pull/${other}`]: SOURCE } as Desired['sources'];
    const outcome = await report(RUNNING, sources);
    expect(outcome.condition).toMatchObject({ status: 'False', reason: 'ReportRefused' });
    expect(Object.keys(outcome.comments).sort()).toEqual([key, `pull/${other}`].sort());
    expect(await bodies()).toHaveLength(1);
    expect(await bodies(other)).toHaveLength(1);
  });

  it('tells a closed pull request its last word once, and starts no conversation there', async () => {
    const { report, key, other, bodies, written } = await localWorld();
    const made = await report(RUNNING, { [key]: SOURCE });
    const closed = { ...SOURCE, wanted: false, open: false };
    const sources: Desired['sources'] = { [key]: closed, [`pull/${other}`]: closed };
    const last = await report(STOPPED, sources, made.comments);
    await report(STOPPED, sources, last.comments);
    expect(await bodies()).toEqual([expect.stringContaining('⚪ Stopped')]);
    expect(await bodies(other)).toEqual([]);
    expect(await written('updated')).toBe(1);
  });

  it('tells a refused pull request why', async () => {
    const { report, key, bodies } = await localWorld();
    await report(STOPPED, { [key]: { ...SOURCE, wanted: false, refused: 'ForkRefused' } });
    expect(await bodies()).toEqual([expect.stringContaining('ForkRefused')]);
  });

  it('tells a pull request whose name is taken, until it is closed', async () => {
    const { report, key, other, bodies } = await localWorld();
    const clashes = (open: boolean) => ({ [`pull/${other}`]: { branch: 'Fix-Cart', open } });
    await report({ ...RUNNING, desired: { clashes: clashes(false) } }, { [key]: SOURCE });
    expect(await bodies(other)).toEqual([]);
    await report({ ...RUNNING, desired: { clashes: clashes(true) } }, { [key]: SOURCE });
    expect(await bodies(other)).toEqual([expect.stringContaining('NameTaken')]);
    expect(await bodies()).toEqual([expect.not.stringContaining('NameTaken')]);
  });

  it('says nothing to a pull request that never asked', async () => {
    const { report, key, bodies } = await localWorld();
    const outcome = await report(STOPPED, { [key]: { ...SOURCE, wanted: false } });
    expect(outcome.condition.status).toBe('True');
    expect(await bodies()).toEqual([]);
  });
});

/** A port whose writes fail as told, for errors that the local GitHub does not have. */
function failing(kind: GitHubErrorKind | undefined, retryAfterMs?: number) {
  const state = { kind, calls: 0 };
  const guard = async <T>(value: T): Promise<T> => {
    state.calls += 1;
    if (state.kind) throw new GitHubError(state.kind, `createComment of acme/shop: ${state.kind}`, { retryAfterMs });
    return value;
  };
  const github: GitHubPort = {
    branchHead: () => guard(undefined),
    pull: () => guard(undefined),
    findComment: () => guard(undefined),
    createComment: (_repo, _number, body) => guard({ id: 1, body }),
    updateComment: () => guard(undefined),
  };
  return { state, ...worldOf(github, PROJECT) };
}

const SOURCES: Desired['sources'] = { 'pull/12': SOURCE };

describe('the reporter when GitHub does not take the comment', () => {
  it.each([
    ['refused', 'ReportRefused', 300_000],
    ['not-found', 'ReportRefused', 300_000],
    ['unavailable', 'GitHubUnavailable', 15_000],
    ['limited', 'GitHubUnavailable', 42_000],
  ] as const)('says so when it is %s, and when to come back', async (kind, reason, retryAfterMs) => {
    const { report } = failing(kind, kind === 'limited' ? 42_000 : undefined);
    const outcome = await report(RUNNING, SOURCES);
    expect(outcome).toMatchObject({ comments: {}, condition: { status: 'False', reason }, retryAfterMs });
    expect(outcome.condition.message).toContain('acme/shop');
  });

  it('does not ask again before that time, unless a refused text has changed', async () => {
    const { report, state, clock } = failing('refused');
    await report(RUNNING, SOURCES);
    await clock.advance(200_000);
    expect(await report(RUNNING, SOURCES)).toMatchObject({ condition: { status: 'False' }, retryAfterMs: 100_000 });
    expect(state.calls).toBe(1);
    await report(STARTING, SOURCES);
    expect(state.calls).toBe(2);
    state.kind = undefined;
    await clock.advance(300_000);
    expect(await report(STARTING, SOURCES)).toMatchObject({ condition: { status: 'True' } });
  });

  it('waits out a rate limit whatever the text', async () => {
    const { report, state, clock } = failing('limited', 30_000);
    await report(RUNNING, SOURCES);
    await report(STARTING, SOURCES);
    expect(state.calls).toBe(1);
    state.kind = undefined;
    await clock.advance(30_000);
    expect(await report(STARTING, SOURCES)).toMatchObject({ comments: { 'pull/12': { id: 1 } } });
  });

  it('writes once more, when a write without an answer may have arrived late', async () => {
    const { report, state, clock } = failing(undefined);
    const { comments } = await report(STARTING, SOURCES);
    state.kind = 'unavailable';
    await report(RUNNING, SOURCES, comments);
    state.kind = undefined;
    await clock.advance(15_000);
    const repeated = await report(RUNNING, SOURCES, comments);
    expect(repeated).toMatchObject({ condition: { status: 'True' }, retryAfterMs: 75_000 });
    expect(repeated.comments).toEqual({ 'pull/12': { id: 1, hash: '' } });
    const { calls } = state;
    await clock.advance(75_000);
    const last = await report(RUNNING, SOURCES, repeated.comments);
    expect(last).toMatchObject({
      comments: { 'pull/12': { hash: expect.stringMatching(/./) } },
      retryAfterMs: undefined,
    });
    expect(state.calls).toBe(calls + 1);
    await report(RUNNING, SOURCES, last.comments);
    expect(state.calls).toBe(calls + 1);
  });

  it('does not believe a record that was pasted back from before', async () => {
    const { report, state } = failing(undefined);
    const early = await report(STARTING, SOURCES);
    await report(RUNNING, SOURCES, early.comments);
    const { calls } = state;
    await report(STARTING, SOURCES, early.comments);
    expect(state.calls).toBe(calls + 1);
    await report(STARTING, SOURCES, early.comments);
    expect(state.calls).toBe(calls + 1);
  });

  it("leaves a stranger's comment with its marker alone, and writes its own", async () => {
    const { github, report } = failing(undefined);
    const refuse = async (): Promise<never> => {
      throw new GitHubError('refused', 'not yours');
    };
    Object.assign(github, { findComment: async () => ({ id: 66, body: 'mine!' }), updateComment: refuse });
    expect(await report(RUNNING, SOURCES)).toMatchObject({ comments: { 'pull/12': { id: 1 } } });
  });

  it('does not hide errors that are not GitHub’s', async () => {
    const { github, report } = failing(undefined);
    Object.assign(github, { findComment: () => Promise.reject(new TypeError('a bug')) });
    await expect(report(RUNNING, SOURCES)).rejects.toThrow('a bug');
  });
});

describe('an edit that only tells how far the container is', () => {
  const at = (job: JobRecord): Sample => ({ state: 'STARTING', status: { conditions: BUILDING, job } });
  const FETCHING: JobRecord = {
    attempt: 1,
    outcome: 'running',
    phases: [{ phase: 'fetch', at: new Date(NOW).toISOString(), outcome: 'running' }],
  };

  it('waits a little after the last one, and then says the newest', async () => {
    const { report, clock, key, bodies } = await localWorld();
    const sources = { [key]: SOURCE };
    const first = await report(at(FETCHING), sources);
    const early = await report(at({ ...FETCHING, phases: [] }), sources, first.comments);
    expect(early).toMatchObject({ comments: first.comments, condition: { status: 'True' }, retryAfterMs: 5_000 });
    await clock.advance(4_000);
    expect((await report(at(BUILDING_JOB), sources, first.comments)).retryAfterMs).toBe(1_000);
    await clock.advance(1_000);
    expect((await report(at(BUILDING_JOB), sources, first.comments)).retryAfterMs).toBeUndefined();
    expect(await bodies()).toEqual([expect.stringContaining('build …')]);
  });

  it('holds up nothing else: what is live is told at once, with how long it took', async () => {
    const { report, key, bodies } = await localWorld();
    const first = await report(at(FETCHING), { [key]: SOURCE });
    const live = { ...RUNNING, status: { ...RUNNING.status, job: BUILDING_JOB } };
    const second = await report(live, { [key]: SOURCE }, first.comments);
    expect(await bodies()).toEqual([expect.stringContaining('🟢 Running')]);
    await report({ ...live, status: { ...live.status, job: DONE_JOB } }, { [key]: SOURCE }, second.comments);
    expect(await bodies()).toEqual([expect.stringContaining('Took')]);
  });

  it('does not wait for what another operator wrote', async () => {
    const { report, key, bodies, local } = await localWorld();
    const { comments } = await report(at(FETCHING), { [key]: SOURCE });
    const successor = worldOf(client(local.url).github, { ...PROJECT, repo: 'demo/web' });
    await successor.report(at(BUILDING_JOB), { [key]: SOURCE }, comments);
    expect(await bodies()).toEqual([expect.stringContaining('build …')]);
  });

  it('does not try again what GitHub refuses', async () => {
    const { report, state, clock } = failing('refused');
    await report(at(FETCHING), SOURCES);
    await clock.advance(60_000);
    await report(at(BUILDING_JOB), SOURCES);
    expect(state.calls).toBe(1);
  });
});

describe('a record without a known project', () => {
  it('has nowhere to comment, and says so', async () => {
    const { report } = worldOf(failing(undefined).github, undefined);
    expect((await report(RUNNING, SOURCES)).condition).toMatchObject({ status: 'False', reason: 'UnknownProject' });
    expect((await report(RUNNING, {})).condition).toMatchObject({ status: 'True', reason: 'Reported' });
  });
});
