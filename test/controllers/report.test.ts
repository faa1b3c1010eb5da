/** The loop that keeps comments true, over the memory store and a GitHub of plain objects. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeReportReconcile } from '../../src/controllers/report.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import type { Status } from '../../src/model/environment.ts';
import type { ReconcileContext } from '../../src/runtime/controller.ts';
import { makeReporter } from '../../src/status/reporter.ts';
import { makeMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { COMMIT, project, SESSION } from '../plan/world.ts';
import { FAKE_EPOCH, makeFakeClock } from '../runtime/fake-clock.ts';

const AT = '2026-01-01T00:00:00Z';
const SOURCE = { wanted: true, branch: 'topic', commit: COMMIT, author: 'ada', trusted: true, open: true, at: AT };
const ITEM = {
  session_id: SESSION,
  project: 'web',
  repo: 'acme/web',
  branch: 'topic',
  commit: COMMIT,
  wanted: true,
  sources: { 'pull/7': SOURCE },
  state: 'STARTING',
};

let store: MemoryStore;
let bodies: Map<number, string>;
let refuse: GitHubError | undefined;
let calls: number;
beforeEach(() => {
  store = makeMemoryStore();
  bodies = new Map();
  refuse = undefined;
  calls = 0;
});

function called<T>(value: T): T {
  calls += 1;
  if (refuse) throw refuse;
  return value;
}
const github: GitHubPort = {
  branchHead: async () => undefined,
  pull: async () => undefined,
  async findComment(_repo, _number, marker) {
    const found = called([...bodies].find(([, body]) => body.includes(marker)));
    return found && { id: found[0], body: found[1] };
  },
  async createComment(_repo, _number, body) {
    const id = called(bodies.size + 1);
    bodies.set(id, body);
    return { id, body };
  },
  async updateComment(_repo, id, body) {
    if (!called(bodies).has(id)) throw new GitHubError('not-found', 'gone', { status: 404 });
    bodies.set(id, body);
  },
};

function loop(over: EnvironmentStore = store) {
  const clock = makeFakeClock();
  const logger = pino({ level: 'silent' });
  const options = {
    github,
    installation: 'test',
    webUrl: 'https://github.test',
    clock,
    logger,
    metrics: makeMetrics(),
  };
  const reconcile = makeReportReconcile({ projects: [project], store: over, reporter: makeReporter(options), clock });
  // The loop needs nothing of its turn.
  return () => reconcile(SESSION, {} as ReconcileContext);
}
async function status(): Promise<Status> {
  const record = await store.get(SESSION);
  if (!record) throw new Error('there is no record');
  return record.status;
}

describe('a pass of the reporter', () => {
  it('writes the comment, and in the record what it wrote', async () => {
    store.seed(ITEM);
    expect(await loop()()).toEqual({ requeueAfterMs: undefined });
    expect([...bodies.keys()]).toEqual([1]);
    expect(await status()).toMatchObject({
      comments: { 'pull/7': { id: 1 } },
      conditions: { Reported: { status: 'True', reason: 'Reported' } },
    });
  });

  it('again calls nobody and writes nothing', async () => {
    store.seed(ITEM);
    const pass = loop();
    await pass();
    const { rev } = await status();
    calls = 0;
    await pass();
    expect(calls).toBe(0);
    expect((await status()).rev).toBe(rev);
  });

  it('leaves state and expiry as they are', async () => {
    store.seed({ ...ITEM, state: 'STOPPED', expires_at: 1_800_000_000 });
    await loop()();
    expect(store.peek(SESSION)).toMatchObject({ state: 'STOPPED', expires_at: 1_800_000_000 });
  });

  it('tells of a refusal, comes back, and forgets it once GitHub takes the comment', async () => {
    store.seed(ITEM);
    refuse = new GitHubError('refused', 'Resource not accessible', { status: 403 });
    expect((await loop()()).requeueAfterMs).toBeGreaterThan(0);
    expect((await status()).conditions.Reported).toMatchObject({ status: 'False', reason: 'ReportRefused' });
    refuse = undefined;
    await loop()();
    expect((await status()).conditions.Reported).toMatchObject({ status: 'True' });
  });

  it('after a lost write finds its comment again instead of writing another', async () => {
    store.seed(ITEM);
    const lost = loop({ ...store, putStatus: () => Promise.reject(new Error('no answer')) });
    await expect(lost()).rejects.toThrow('no answer');
    await loop()();
    expect([...bodies.keys()]).toEqual([1]);
    expect((await status()).comments).toMatchObject({ 'pull/7': { id: 1 } });
  });

  it('keeps facts that the environment loop wrote meanwhile', async () => {
    store.seed(ITEM);
    let busy = true;
    const contended: EnvironmentStore = {
      ...store,
      async putStatus(...args) {
        if (busy) {
          busy = false;
          const before = await status();
          await store.putStatus(SESSION, before.rev, { ...before, rulePriority: 1_234 }, 'RUNNING');
        }
        await store.putStatus(...args);
      },
    };
    await loop(contended)();
    expect(await status()).toMatchObject({ rulePriority: 1_234, comments: { 'pull/7': { id: 1 } } });
    expect(store.peek(SESSION)).toMatchObject({ state: 'RUNNING' });
  });

  it('of a record that is gone is no work', async () => {
    expect(await loop()()).toEqual({});
    expect(calls).toBe(0);
  });

  it('of a record that nobody asked for on GitHub writes no comment', async () => {
    store.seed({ ...ITEM, sources: {} });
    await loop()();
    expect(bodies.size).toBe(0);
    expect((await status()).conditions.Reported).toMatchObject({ status: 'True' });
  });

  it('of a record that cannot be understood keeps the comment that there is true', async () => {
    store.seed(ITEM);
    await loop()();
    const { status: kept } = store.peek(SESSION) ?? {};
    store.seed({ ...ITEM, status: kept, wanted: 'yes' });
    await loop()();
    expect([...bodies.values()].join()).toContain('wanted');
    expect(bodies.size).toBe(1);
  });
});

it('looks again when an override ends, since the comment tells what a person holds', async () => {
  const minutes = (count: number): string => new Date(FAKE_EPOCH + count * 60_000).toISOString();
  store.seed({ ...ITEM, override: { paused: true, until: minutes(30) } });
  expect(await loop()()).toEqual({ requeueAfterMs: 1_800_000 });
  store.seed({ ...ITEM, override: { paused: true, until: minutes(-1) } });
  expect(await loop()()).toEqual({ requeueAfterMs: undefined });
});
