import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeJobs } from '../../container/src/updates/jobs.ts';
import { makeProgress, PhaseError } from '../../container/src/updates/progress.ts';
import { until } from './stage.ts';

describe('jobs', () => {
  test('only the newest of many counts, and never do two run at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }), async (pauses) => {
        let running = 0;
        const finished: number[] = [];
        const jobs = makeJobs<number>(async (request, signal) => {
          running += 1;
          expect(running).toBe(1);
          await delay(2, undefined, { signal }).catch(() => undefined);
          if (!signal.aborted) finished.push(request);
          running -= 1;
        });
        for (const [i, pause] of pauses.entries()) {
          jobs.submit(i);
          expect(jobs.newest()).toBe(i);
          if (pause > 0) await delay(pause);
        }
        await until(
          () => jobs.newest(),
          (newest) => newest === undefined,
        );
        expect(finished.at(-1)).toBe(pauses.length - 1);
      }),
      { numRuns: 20 },
    );
  });

  test('when cancelled leave nothing to run; when closed take nothing', async () => {
    const begun: string[] = [];
    const jobs = makeJobs<string>((request, signal) => {
      begun.push(request);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    jobs.submit('a');
    jobs.submit('b');
    jobs.cancel();
    expect(jobs.newest()).toBeUndefined();
    await jobs.close();
    expect(begun).toEqual(['a']);
    expect(() => jobs.submit('c')).toThrow('stopping');
  });
});

describe('progress', () => {
  test('records how long each phase took and which one failed', async () => {
    let time = 1_000;
    const progress = makeProgress({ now: () => time });
    progress.begin(undefined);
    await progress.phase('fetch', () => Promise.resolve((time += 500)));
    progress.resolved('c0ffee');
    const failing = progress.phase('install', () => Promise.reject(new PhaseError('install', 'no', ['line'])));
    expect(progress.job()).toMatchObject({ commit: 'c0ffee', phase: 'install' });
    await expect(failing).rejects.toThrow('no');
    progress.end(new PhaseError('install', 'no', ['line']));
    expect(progress.job()).toBeUndefined();
    expect(progress.failure()).toEqual({
      commit: 'c0ffee',
      phase: 'install',
      message: 'no',
      at: '1970-01-01T00:00:01.500Z',
      logTail: ['line'],
    });
    expect(progress.phases()).toMatchObject([
      { phase: 'fetch', startedAt: '1970-01-01T00:00:01.000Z', endedAt: '1970-01-01T00:00:01.500Z', outcome: 'done' },
      { phase: 'install', endedAt: '1970-01-01T00:00:01.500Z', outcome: 'failed' },
    ]);
  });
});
