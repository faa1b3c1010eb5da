import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogSource } from '../../../container/src/log/entry.ts';
import { type LogQuery, type LogStore, makeLogStore } from '../../../container/src/log/store.ts';
import { temporary, until } from '../stage.ts';

const SOURCES = ['mayfly', 'fetch', 'build', 'app/web', 'app/api'] as const satisfies readonly LogSource[];
const at = (ms: number): string => new Date(ms).toISOString();

interface Stage {
  readonly dir: string;
  readonly store: LogStore;
  readonly errors: string[];
  /** Appends a line; each comes a millisecond after the one before. */
  say(source: LogSource, text: string): string;
  lines(query?: LogQuery): Promise<string[]>;
}

function stage(limits: Parameters<typeof makeLogStore>[0]['limits'] = {}, parent = temporary()): Stage {
  const dir = join(parent, 'logs');
  const errors: string[] = [];
  let time = 0;
  const store = makeLogStore({ dir, limits, onError: (message) => errors.push(message), now: () => time });
  onTestFinished(() => store.close());
  return {
    dir,
    store,
    errors,
    say(source, text) {
      time += 1;
      store.append({ at: at(time), source, text });
      return `${at(time)} ${source} ${text}`;
    },
    lines: (query) => linesOf(store.read(query)),
  };
}

async function linesOf(blocks: AsyncIterable<string>): Promise<string[]> {
  let text = '';
  for await (const block of blocks) {
    expect(block).toMatch(/\n$/);
    text += block;
  }
  return text.split('\n').slice(0, -1);
}

const onDisk = (dir: string): number => readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);

describe('the store', () => {
  test('gives every line back, of one source or of all in order of time, written already or not', async () => {
    const entries = fc.array(fc.tuple(fc.constantFrom(...SOURCES), fc.string({ unit: 'grapheme' }), fc.boolean()));
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(8), async (list, tail) => {
        const { store, say, lines, dir } = stage({ batch: 64 });
        const said: string[] = [];
        for (const [source, text, pause] of list) {
          said.push(say(source, text.replaceAll(/[\p{Cc}\n]/gu, '')));
          if (pause) await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await lines()).toEqual(said);
        expect(await lines({ tail })).toEqual(tail === 0 ? [] : said.slice(-tail));
        expect(await lines({ since: at(3), tail })).toEqual(
          (tail === 0 ? [] : said.slice(-tail)).filter((line) => line >= at(3)),
        );
        await store.close();
        expect(await lines()).toEqual(said);
        for (const source of SOURCES) {
          const own = said.filter((line) => line.slice(25).startsWith(`${source} `));
          expect(await lines({ source })).toEqual(own);
          expect(await lines({ source, tail })).toEqual(tail === 0 ? [] : own.slice(-tail));
        }
        rmSync(dir, { recursive: true, force: true });
      }),
      { numRuns: 40 },
    );
  });

  test('is for the supervisor alone', async () => {
    const { store, dir, say } = stage();
    say('build', 'x');
    await store.close();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const [file = ''] = readdirSync(dir);
    expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
  });

  test('makes a line with its time of each line of a text, without colours', async () => {
    const { say, lines } = stage();
    say('mayfly', 'one\n\u001b[31mtwo\u001b[0m');
    expect(await lines()).toEqual([`${at(1)} mayfly one`, `${at(1)} mayfly two`]);
  });

  test('keeps names of sources out of paths', async () => {
    const { store, dir, say, lines } = stage();
    const line = say('app/../../../etc/x', 'y');
    await store.close();
    expect(readdirSync(dir)).toEqual(['1-app__________etc_x.0.log']);
    expect(await lines()).toEqual([line]);
  });

  test('takes nothing after its end', async () => {
    const { store, say, lines } = stage();
    const line = say('build', 'x');
    await store.close();
    say('build', 'y');
    expect(await lines()).toEqual([line]);
  });
});

describe('a log that is too long', () => {
  const LIMITS = { phase: 4_000, app: 4_000, batch: 200, waiting: 100_000 };

  async function fill(
    source: LogSource,
  ): Promise<{ said: string[]; kept: string[]; dir: string; lines: Stage['lines'] }> {
    const { store, say, lines, dir } = stage(LIMITS);
    const said = Array.from({ length: 1_000 }, (_, i) => say(source, `line ${i}`));
    await store.close();
    return { said, kept: await lines({ source }), dir, lines };
  }

  test('of a phase keeps how it began and how it ended, and says how much is missing between', async () => {
    const { said, kept, dir, lines } = await fill('build');
    const gap = kept.findIndex((line) => line.includes('[mayfly]'));
    expect(kept.slice(0, gap)).toEqual(said.slice(0, gap));
    const end = kept.slice(gap + 1);
    expect(end).toEqual(said.slice(-end.length));
    const missing = said.slice(gap, -end.length).reduce((sum, line) => sum + line.length + 1, 0);
    expect(kept[gap]?.slice(25)).toBe(`build [mayfly] ${missing} bytes are missing here: the log is too long`);
    expect(onDisk(dir)).toBeLessThanOrEqual(4_000);
    expect(onDisk(dir)).toBeGreaterThan(3_000);
    expect([...kept].sort()).toEqual(kept);
    expect(await lines({ source: 'build', tail: end.length + 1 })).toEqual(kept.slice(gap));
  });

  test('of an app keeps the newest', async () => {
    const { said, kept, dir } = await fill('app/web');
    expect(kept[0]).toMatch(/app\/web \[mayfly\] \d+ bytes are missing here: the log is too long$/);
    expect(kept.slice(1)).toEqual(said.slice(1 - kept.length));
    expect(onDisk(dir)).toBeLessThanOrEqual(4_000);
  });

  test('may be read while it turns, though not all of it', async () => {
    const { store, say } = stage(LIMITS);
    for (let i = 0; i < 100; i += 1) say('build', `early ${i}`);
    const reading = linesOf(store.read());
    for (let i = 0; i < 1_000; i += 1) say('build', `late ${i}`);
    const [found] = await Promise.all([reading, store.close()]);
    expect(found.every((line) => line.includes('early'))).toBe(true);
  });

  test('of an app whose processes change their names gives way to the newest ones', async () => {
    const { store, say, dir, lines } = stage({ apps: 3 });
    const kept = [say('app/a', 'a')];
    for (let i = 0; i < 20; i += 1) {
      say('app/a', 'again');
      say(`app/${i}`, 'x');
    }
    await store.close();
    expect(readdirSync(dir)).toHaveLength(3);
    expect((await lines()).slice(0, 1)).toEqual(kept);
    expect(await lines({ source: 'app/0' })).toEqual([]);
    expect(await lines({ source: 'app/19' })).toHaveLength(1);
  });
});

test('of a phase the log of the newest job that came to it is kept, and of the one before', async () => {
  const { store, say, lines, dir } = stage();
  const said: string[] = [];
  for (let job = 1; job <= 4; job += 1) {
    store.beginJob();
    said.push(say('build', `job ${job}`));
  }
  store.beginJob();
  const fetched = say('fetch', 'job 5');
  expect(await lines({ source: 'build' })).toEqual(said.slice(-2));
  expect(await lines()).toEqual([...said.slice(-2), fetched]);
  await store.close();
  expect(readdirSync(dir)).toHaveLength(3);
});

describe('what the disk does not take', () => {
  test('is counted, told once, and named in its place; later lines are kept again', async () => {
    const parent = join(temporary(), 'file');
    writeFileSync(parent, '');
    const { store, say, lines, errors } = stage({ batch: 100 }, parent);
    const lost = Array.from({ length: 30 }, (_, i) => say('build', `lost ${i}`));
    await until(
      () => errors.length,
      (count) => count > 0,
    );
    // All of them were tried: what waits still is only in memory.
    await until(
      () => lines(),
      (found) => found.length === 1,
    );
    const bytes = lost.reduce((sum, line) => sum + line.length + 1, 0);
    rmSync(parent);
    mkdirSync(parent);
    const kept = say('build', 'kept');
    await store.close();
    const notice = `build [mayfly] ${bytes} bytes are missing here: they could not be written in time`;
    expect((await lines()).map((line, i) => (i === 0 ? line.slice(25) : line))).toEqual([notice, kept]);
    expect(errors).toEqual([expect.stringMatching(/^the log cannot be written: Error: ENOTDIR/)]);
  });

  test('has no place in memory above the limit', async () => {
    const { store, say, lines } = stage({ waiting: 2_000 });
    const said = Array.from({ length: 1_000 }, (_, i) => say('build', `line ${i}`));
    const found = await lines();
    const kept = found.length - 1;
    expect(found.slice(0, kept)).toEqual(said.slice(0, kept));
    const bytes = said.slice(kept).reduce((sum, line) => sum + line.length + 1, 0);
    expect(found.at(-1)).toContain(`${bytes} bytes are missing here`);
    await store.close();
    expect((await lines()).slice(0, kept)).toEqual(said.slice(0, kept));
  });

  test.skipIf(!canMount())('because it is full does no harm, and what was there before stays readable', async () => {
    const disk = temporary();
    system('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk);
    onTestFinished(() => system('umount', '--lazy', disk));
    const { store, say, lines, errors } = stage({ batch: 5_000 }, disk);
    const said = Array.from({ length: 200 }, (_, i) => say('build', `${i} ${'x'.repeat(1_000)}`));
    await store.close();
    const found = await lines();
    const kept = found.length - 1;
    expect(kept).toBeGreaterThan(10);
    expect(found.slice(0, kept)).toEqual(said.slice(0, kept));
    expect(found.at(-1)).toContain('bytes are missing here: they could not be written');
    expect(errors).toEqual([expect.stringContaining('ENOSPC')]);
  });
});

describe('following', () => {
  test('gives every line exactly once, whenever it begins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.nat(30), fc.integer({ min: 1, max: 5 }), async (before, after, pace) => {
        const { store, say, dir } = stage({ batch: 100 });
        const said: string[] = [];
        const more = async (count: number): Promise<void> => {
          for (let i = 0; i < count; i += 1) {
            said.push(say(SOURCES[i % 2] ?? 'mayfly', `line ${i}`));
            if (i % pace === 0) await new Promise((resolve) => setImmediate(resolve));
          }
        };
        await more(before);
        const reading = linesOf(store.follow({}, new AbortController().signal));
        await more(after);
        await store.close();
        expect(await reading).toEqual(said);
        rmSync(dir, { recursive: true, force: true });
      }),
      { numRuns: 60 },
    );
  });

  test('is for one source, from the last lines on, until it is aborted', async () => {
    const { store, say } = stage();
    say('build', 'one');
    const two = say('build', 'two');
    const abort = new AbortController();
    const found: string[] = [];
    const reading = (async () => {
      for await (const block of store.follow({ source: 'build', tail: 1 }, abort.signal)) found.push(block);
    })();
    await until(
      () => found.length,
      (count) => count === 1,
    );
    say('fetch', 'other');
    const three = say('build', 'three');
    await until(
      () => found.length,
      (count) => count === 2,
    );
    abort.abort();
    await reading;
    expect(found).toEqual([`${two}\n`, `${three}\n`]);
  });

  test('ends after what is there when it is over already', async () => {
    const { store, say } = stage();
    const line = say('build', 'one');
    expect(await linesOf(store.follow({}, AbortSignal.abort()))).toEqual([line]);
    await store.close();
    expect(await linesOf(store.follow({}, new AbortController().signal))).toEqual([line]);
  });

  test('too slowly misses lines and is told how many', async () => {
    const { store, say } = stage({ waiting: 2_000 });
    const follow = store.follow({}, new AbortController().signal)[Symbol.asyncIterator]();
    const first = say('build', 'first');
    expect((await follow.next()).value).toBe(`${first}\n`);
    const next = follow.next();
    for (let i = 0; i < 1_000; i += 1) say('app/web', `line ${i}`);
    const text = String((await next).value);
    const lines = text.split('\n').slice(0, -1);
    expect(text.length).toBeLessThan(2_200);
    expect(lines.at(-1)).toContain(`mayfly [mayfly] ${1_001 - lines.length} lines left out here`);
    const last = say('app/web', 'last');
    expect((await follow.next()).value).toBe(`${last}\n`);
    await follow.return?.();
  });
});

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const dir = mkdtempSync(join(tmpdir(), 'mayfly-test-'));
  try {
    system('mount', '-t', 'tmpfs', 'tmpfs', dir);
    system('umount', dir);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function system(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}
