import { describe, expect, it } from 'vitest';
import { makeRereadReconcile, rereadKey } from '../../src/controllers/reread.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import type { Project } from '../../src/model/project.ts';
import type { PullSnapshot } from '../../src/model/snapshot.ts';
import type { ReconcileContext } from '../../src/runtime/controller.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { C2, NOW, PROJECT, pull } from '../intake/fixtures.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

const KEY = 'acme/todo#12';
const REREAD_MS = 300_000;
const RUN: ReconcileContext = {
  priority: 'low',
  signal: new AbortController().signal,
  logger: makeLogger('silent', false),
};

function world(answer: () => PullSnapshot | undefined, projects: readonly Project[] = [PROJECT]) {
  const clock = makeFakeClock(NOW);
  const store = makeMemoryStore();
  const told: string[] = [];
  const asked: string[] = [];
  const github: Pick<GitHubPort, 'pull'> = {
    async pull(repo, number) {
      asked.push(rereadKey(repo, number));
      return answer();
    },
  };
  const onIntent = (session: string): void => void told.push(session);
  const loop = { projects, github: github as GitHubPort, store, clock, onIntent, rereadMs: REREAD_MS };
  const reconcile = makeRereadReconcile(loop);
  const run = async (key = 'acme/todo#12', priority: ReconcileContext['priority'] = 'high') =>
    await reconcile(key, { ...RUN, priority });
  return { clock, store, told, asked, run };
}

describe('a re-read', () => {
  it('brings what a lost webhook would have brought, and asks for nothing more', async () => {
    let snapshot = pull(1);
    const { store, told, asked, run } = world(() => snapshot);
    expect(await run()).toEqual({});
    expect(await store.get('tt-feature')).toMatchObject({ desired: { wanted: true } });
    snapshot = pull(2, { commit: C2 });
    await run();
    expect(await store.get('tt-feature')).toMatchObject({ desired: { commit: C2 } });
    snapshot = pull(3, { open: false, commit: C2 });
    await run();
    expect(await store.get('tt-feature')).toMatchObject({ desired: { wanted: false } });
    expect(told).toEqual(['tt-feature', 'tt-feature', 'tt-feature']);
    await run();
    expect(told).toHaveLength(3);
    expect(asked).toEqual(Array.from({ length: 4 }, () => 'acme/todo#12'));
  });

  it('is for every project of the repository, with one question', async () => {
    const { store, asked, run } = world(() => pull(1), [PROJECT, { ...PROJECT, name: 'second', prefix: 'xx' }]);
    await run();
    expect((await store.list()).map(({ sessionId }) => sessionId).toSorted()).toEqual(['tt-feature', 'xx-feature']);
    expect(asked).toHaveLength(1);
  });

  it('of what nobody knows does nothing', async () => {
    const { store, asked, run } = world(() => undefined);
    expect(await run()).toEqual({});
    expect(await run('someone/else#1')).toEqual({});
    expect(asked).toEqual(['acme/todo#12']);
    expect(await store.list()).toEqual([]);
  });

  it.each([
    [new GitHubError('limited', 'slow down', { retryAfterMs: 7_000 }), { name: 'WaitingError', afterMs: 7_000 }],
    [new GitHubError('limited', 'slow down'), { name: 'WaitingError', afterMs: 60_000 }],
    [
      new GitHubError('refused', 'Bad credentials', { status: 401 }),
      { name: 'TerminalError', reason: 'ReportRefused' },
    ],
    [new GitHubError('unavailable', 'no answer'), { name: 'TransientError', reason: 'GitHubUnavailable' }],
    [new TypeError('a fault of ours'), { name: 'TypeError' }],
  ])('that GitHub does not answer (%s) is retried as that needs', async (error, expected) => {
    const { run } = world(() => {
      throw error;
    });
    await expect(run()).rejects.toMatchObject({ ...expected, message: error.message });
  });
});

describe('a re-read that no event asks for', () => {
  it('is left out when this process has read it lately, as at each beginning of a leader that comes and goes', async () => {
    const { clock, asked, run } = world(() => pull(1));
    for (let term = 0; term < 10; term += 1) {
      expect(await run(KEY, 'low')).toEqual({});
      await clock.advance(10_000);
    }
    expect(asked).toHaveLength(1);
    await run('acme/todo#13', 'low');
    expect(asked).toEqual([KEY, 'acme/todo#13']);
  });

  it('is never left out in its own time, late as the one before may have been', async () => {
    const { clock, asked, run } = world(() => pull(1));
    await clock.advance(60_000);
    await run(KEY, 'low');
    await clock.advance(REREAD_MS - 60_000);
    await run(KEY, 'low');
    expect(asked).toHaveLength(2);
  });

  it('gives way to one that an event asks for', async () => {
    const { asked, run } = world(() => pull(1));
    await run(KEY, 'low');
    await run(KEY, 'high');
    expect(asked).toHaveLength(2);
  });

  it('is not left out after one that failed, whoever asked for that', async () => {
    let fails = false;
    const { asked, run } = world(() => {
      if (fails) throw new GitHubError('unavailable', 'no answer');
      return pull(1);
    });
    await run(KEY, 'low');
    fails = true;
    await expect(run(KEY, 'high')).rejects.toThrow('no answer');
    fails = false;
    await run(KEY, 'low');
    expect(asked).toHaveLength(3);
  });
});
