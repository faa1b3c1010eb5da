/** What the comments say after one leader has taken over from another in the middle of a write. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeReportReconcile } from '../../src/controllers/report.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import type { ReconcileContext } from '../../src/runtime/controller.ts';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { makeReporter } from '../../src/status/reporter.ts';
import { makeMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { COMMIT, project, SESSION } from '../plan/world.ts';
import { type FakeClock, makeFakeClock } from '../runtime/fake-clock.ts';

const AT = '2026-01-01T00:00:00Z';
const SOURCE = { wanted: true, branch: 'topic', commit: COMMIT, author: 'ada', trusted: true, open: true, at: AT };
const ITEM = { session_id: SESSION, project: 'web', repo: 'acme/web', branch: 'topic', commit: COMMIT, wanted: true };
const HELD = { image_tag: 'staging', by: 'ada' };
const MINUTE = 60_000;

let store: MemoryStore;
let clock: FakeClock;
/** The one comment, and how often it was written. */
let body: string | undefined;
let writes: number;
beforeEach(() => {
  store = makeMemoryStore();
  clock = makeFakeClock();
  body = undefined;
  writes = 0;
});

/** A person holds the image, or takes that back. */
function hold(override: object | undefined): void {
  store.seed({ ...store.peek(SESSION), ...ITEM, sources: { 'pull/7': SOURCE }, state: 'STARTING', override });
}
const saysHeld = (): boolean => body?.includes('Held by hand') === true;

/** One term of a leader; each has a reporter of its own. What it does can be made to fail. */
function leader() {
  const term = { lost: false, hung: undefined as (() => void) | undefined, loseAfterWrite: false, hangs: false };
  const set = (text: string): void => {
    body = text;
    writes += 1;
    term.lost ||= term.loseAfterWrite;
  };
  const github: GitHubPort = {
    branchHead: async () => undefined,
    pull: async () => undefined,
    findComment: async () => (body === undefined ? undefined : { id: 1, body }),
    async createComment(_repo, _number, text) {
      set(text);
      return { id: 1, body: text };
    },
    async updateComment(_repo, _id, text) {
      if (!term.hangs) return set(text);
      term.hung = () => set(text);
      throw new GitHubError('unavailable', 'GitHub did not answer within 8 s');
    },
  };
  const fenced = {
    ...store,
    async putStatus(...args: Parameters<MemoryStore['putStatus']>) {
      if (term.lost) throw new LeaseLostError('this replica does not lead');
      await store.putStatus(...args);
    },
  };
  const logger = pino({ level: 'silent' });
  const options = {
    github,
    installation: 'test',
    webUrl: 'https://github.test',
    clock,
    logger,
    metrics: makeMetrics(),
  };
  const reporter = makeReporter(options);
  const reconcile = makeReportReconcile({ projects: [project], store: fenced, reporter, clock });
  return { term, pass: async () => await reconcile(SESSION, {} as ReconcileContext) };
}
type Leader = ReturnType<typeof leader>;

/** Passes, at the times that the loop asks for, until it asks for none. */
async function settle({ pass }: Leader): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    const { requeueAfterMs } = await pass();
    if (requeueAfterMs === undefined) return;
    await clock.advance(requeueAfterMs);
  }
  throw new Error('the reporter comes to no rest');
}

/** A comment that does not say that the image is held, written by a leader that then has to say it. */
async function first(): Promise<Leader> {
  hold(undefined);
  const one = leader();
  await settle(one);
  hold(HELD);
  return one;
}

describe('the comment after a change of leaders', () => {
  it('is made true, when the old leader wrote it and could not record that', async () => {
    const old = await first();
    old.term.loseAfterWrite = true;
    await expect(old.pass()).rejects.toThrow(LeaseLostError);
    expect(saysHeld()).toBe(true);
    hold(undefined);
    await settle(leader());
    expect(saysHeld()).toBe(false);
  });

  it('is not touched by a leader that cannot record beforehand what it is about to do', async () => {
    const old = await first();
    old.term.lost = true;
    await expect(old.pass()).rejects.toThrow(LeaseLostError);
    expect(writes).toBe(1);
  });

  it('is made true, when the write of the old leader arrives after that of the new one', async () => {
    const old = await first();
    old.term.hangs = true;
    await old.pass();
    hold(undefined);
    const next = leader();
    expect(await next.pass()).toEqual({ requeueAfterMs: 90_000 });
    old.term.hung?.();
    expect(saysHeld()).toBe(true);
    await clock.advance(90_000);
    await settle(next);
    expect(saysHeld()).toBe(false);
  });

  it('is made true by the third leader, when the second one ended before the late write arrived', async () => {
    const old = await first();
    old.term.hangs = true;
    await old.pass();
    hold(undefined);
    await leader().pass();
    old.term.hung?.();
    await settle(leader());
    expect(saysHeld()).toBe(false);
  });

  it('is written once and believed, when nothing was lost', async () => {
    const old = await first();
    await settle(old);
    expect([writes, saysHeld()]).toEqual([2, true]);
    const rev = (await store.get(SESSION))?.status.rev;
    await settle(leader());
    await settle(old);
    expect([writes, (await store.get(SESSION))?.status.rev]).toEqual([2, rev]);
  });

  it('costs no second write, when GitHub took it and only the table did not answer', async () => {
    const old = await first();
    old.term.loseAfterWrite = true;
    await expect(old.pass()).rejects.toThrow(LeaseLostError);
    Object.assign(old.term, { lost: false, loseAfterWrite: false });
    await settle(old);
    expect([writes, saysHeld()]).toEqual([2, true]);
    await clock.advance(10 * MINUTE);
    await settle(leader());
    expect(writes).toBe(2);
  });
});
