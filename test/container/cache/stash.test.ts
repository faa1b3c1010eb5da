/** Restoring and keeping, with real caches behind. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { makeDirectoryCache } from '../../../container/src/cache/directory.ts';
import { makeHttpCache } from '../../../container/src/cache/http.ts';
import type { CachePort } from '../../../container/src/cache/port.ts';
import { makeStash, type Stash, type StashLimits } from '../../../container/src/cache/stash.ts';
import { until } from '../stage.ts';
import {
  APP,
  checkout,
  IS_ROOT,
  keyOf,
  LIMITS,
  type Lines,
  listen,
  listing,
  NEVER,
  noise,
  own,
  temporary,
} from './ground.ts';
import { grantOf, serve, startObjectStore } from './object-store.ts';

const KEY = keyOf('lock file');
const MODULES = { 'node_modules/a/index.js': 'a', 'node_modules/b/index.js': 'b' };
const PATHS = ['node_modules'];

interface Setting extends Lines {
  readonly stash: Stash;
  readonly tempDir: string;
}

/** A supervisor of its own: what one knows another does not. */
function supervisor(caches: readonly CachePort[], limits: Partial<StashLimits> = {}, tempDir = temporary()): Setting {
  const told = listen();
  const options = { caches, runAs: APP, tempDir, log: told.log, limits: { ...LIMITS, ...limits } };
  return { ...told, stash: makeStash(options), tempDir };
}

async function directory(dir = temporary()): Promise<{ cache: CachePort; home: string }> {
  const options = { dir, namespace: 'trusted', maxBytes: 1e9, log: listen().log };
  return { cache: await makeDirectoryCache(options), home: join(dir, 'trusted') };
}

async function keptIn(cache: CachePort, files: Readonly<Record<string, string | Buffer>> = MODULES): Promise<void> {
  const { stash, text } = supervisor([cache]);
  await stash.keep(KEY, { dir: checkout(files), paths: PATHS }, NEVER);
  expect(text()).toContain('cache=stored');
}

describe('what one supervisor keeps another restores', () => {
  it('by way of a directory', async () => {
    const { cache } = await directory();
    await keptIn(cache);
    const dir = checkout();
    const { stash, lines } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(true);
    expect(readFileSync(join(dir, 'node_modules/a/index.js'), 'utf8')).toBe('a');
    expect(lines).toEqual([expect.stringMatching(`^\\[mayfly\\] cache=hit key=${KEY} seconds=[\\d.]+$`)]);
  });

  it('by way of an object store', async () => {
    const store = await startObjectStore();
    const { log } = listen();
    const cache = makeHttpCache({ grant: () => store.grant, timeoutMs: 2_000, maxBytes: 1e8, log });
    await keptIn(cache, { 'node_modules/noise': noise(5_000_000) });
    const dir = checkout();
    expect(await supervisor([cache]).stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(true);
    expect(statSync(join(dir, 'node_modules/noise')).size).toBe(5_000_000);
  });

  it('in the first cache that has it', async () => {
    const [empty, full] = [await directory(), await directory()];
    await keptIn(full.cache);
    const dir = checkout();
    expect(await supervisor([empty.cache, full.cache]).stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(true);
    expect(listing(dir)).toContain('node_modules/a/index.js');
  });

  it('several at the same time into one directory', async () => {
    const { cache } = await directory();
    const keys = ['root', 'server', 'web'].map((name) => keyOf(name));
    const paths = ['node_modules', 'server/node_modules', 'web/node_modules'];
    for (const [index, key] of keys.entries()) {
      const path = paths[index] ?? '';
      const from = checkout({ [`${path}/${index}`]: noise(500_000) });
      await supervisor([cache]).stash.keep(key, { dir: from, paths: [path] }, NEVER);
    }
    const dir = checkout({ 'server/index.ts': 'mine' });
    const { stash } = supervisor([cache]);
    const restored = keys.map((key, index) => stash.restore(key, { dir, paths: [paths[index] ?? ''] }, NEVER));
    expect(await Promise.all(restored)).toEqual([true, true, true]);
    expect(listing(dir).filter((name) => !name.endsWith('/'))).toEqual([
      'node_modules/0',
      'server/index.ts',
      'server/node_modules/1',
      'web/node_modules/2',
    ]);
  });
});

describe('nothing is restored, nothing is left, and the log says why', () => {
  it('when there is nothing', async () => {
    const { cache } = await directory();
    const dir = checkout();
    const { stash, lines } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(lines).toEqual([expect.stringContaining(`cache=miss key=${KEY}`)]);
    expect(listing(dir)).toEqual([]);
  });

  it.each<readonly [string, (bytes: Buffer) => Buffer]>([
    ['cut off', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['changed', (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])])],
    ['empty', () => Buffer.alloc(0)],
  ])('when the entry is %s, which is dropped then', async (_name, spoil) => {
    const { cache, home } = await directory();
    await keptIn(cache, { 'node_modules/noise': noise(500_000) });
    writeFileSync(join(home, KEY), spoil(readFileSync(join(home, KEY))));
    const dir = checkout();
    const { stash, lines } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(lines[0]).toContain(`WARNING: cache: ${KEY} was not restored: `);
    expect(listing(dir)).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
  });

  it('but from the next cache, when that has it whole', async () => {
    const [spoilt, whole] = [await directory(), await directory()];
    for (const { cache } of [spoilt, whole]) await keptIn(cache);
    writeFileSync(join(spoilt.home, KEY), 'spoilt');
    const dir = checkout();
    const caches = [spoilt.cache, whole.cache];
    expect(await supervisor(caches).stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(true);
    expect(readdirSync(spoilt.home)).toEqual([]);
  });

  it('when the connection breaks, which proves nothing against the object', async () => {
    const { cache: source, home } = await directory();
    await keptIn(source, { 'node_modules/noise': noise(500_000) });
    const bytes = readFileSync(join(home, KEY));
    const { origin } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 300_000), () => request.socket.destroy());
    });
    const http = makeHttpCache({ grant: () => grantOf(origin), timeoutMs: 2_000, maxBytes: 1e8, log: listen().log });
    let dropped = 0;
    const cache = { ...http, drop: async () => void (dropped += 1) };
    const dir = checkout();
    const { stash, text } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(text()).toContain('it could not be read to its end');
    expect(listing(dir)).toEqual([]);
    expect(dropped).toBe(0);
  });

  it('when it takes too long', async () => {
    const stuck: CachePort = { get: async () => new PassThrough(), put: async () => 'stored' };
    const dir = checkout();
    const { stash, text } = supervisor([stuck], { deadlineMs: 300 });
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(text()).toContain('timeout');
    expect(listing(dir)).toEqual([]);
  });

  it('when tar cannot be run', async () => {
    const { cache, home } = await directory();
    await keptIn(cache);
    const path = process.env['PATH'];
    onTestFinished(() => void (process.env['PATH'] = path));
    process.env['PATH'] = temporary();
    symlinkSync('/bin/sh', join(process.env['PATH'], 'sh'));
    for (const name of ['rm', 'chmod']) symlinkSync(`/bin/${name}`, join(process.env['PATH'], name));
    const dir = checkout();
    const { stash, text } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(text()).toContain('spawn tar ENOENT');
    expect(listing(dir)).toEqual([]);
    expect(readdirSync(home)).toEqual([KEY]);
    await stash.keep(keyOf('other'), { dir: checkout(MODULES), paths: PATHS }, NEVER);
    expect(text()).toContain('was not kept: spawn tar ENOENT');
  });
});

describe('keeping', () => {
  it('is done once for what was kept or restored', async () => {
    const { cache, home } = await directory();
    const place = { dir: checkout(MODULES), paths: PATHS };
    const one = supervisor([cache]);
    await one.stash.keep(KEY, place, NEVER);
    const { length } = one.lines;
    await cache.drop?.(KEY);
    await one.stash.keep(KEY, place, NEVER);
    expect(one.lines).toHaveLength(length);
    expect(readdirSync(home)).toEqual([]);

    await keptIn(cache);
    const other = supervisor([cache]);
    await other.stash.restore(KEY, { dir: checkout(), paths: PATHS }, NEVER);
    await cache.drop?.(KEY);
    await other.stash.keep(KEY, place, NEVER);
    expect(readdirSync(home)).toEqual([]);
  });

  it('is tried again when it failed', async () => {
    const { cache, home } = await directory();
    const { stash, text } = supervisor([cache]);
    const dir = checkout();
    await stash.keep(KEY, { dir, paths: PATHS }, NEVER);
    expect(text()).toContain(`cache: ${KEY} was not kept: node_modules is not there`);
    mkdirSync(join(dir, 'node_modules'));
    own(dir);
    await stash.keep(KEY, { dir, paths: PATHS }, NEVER);
    expect(readdirSync(home)).toEqual([KEY]);
  });

  it('is not begun where nothing may be put', async () => {
    const store = await startObjectStore();
    const grant = { get: store.grant.get };
    const cache = makeHttpCache({ grant: () => grant, timeoutMs: 2_000, maxBytes: 1e8, log: listen().log });
    const { stash, lines } = supervisor([cache]);
    await stash.keep(KEY, { dir: checkout(MODULES), paths: PATHS }, NEVER);
    expect([lines, store.seen]).toEqual([[], []]);
  });

  it('reaches the other cache when one fails', async () => {
    const { origin } = await serve((_request, response) => void response.writeHead(500).end());
    const broken = makeHttpCache({ grant: () => grantOf(origin), timeoutMs: 2_000, maxBytes: 1e8, log: listen().log });
    const { cache, home } = await directory();
    const { stash, text } = supervisor([broken, cache]);
    await stash.keep(KEY, { dir: checkout(MODULES), paths: PATHS }, NEVER);
    expect(text()).toContain('cache=stored');
    expect(text()).toContain('was not kept: the cache answered 500');
    expect(readdirSync(home)).toEqual([KEY]);
  });

  it('by many calls at the same time packs once a key, one after the other, and leaves no file', async () => {
    const { cache, home } = await directory();
    const tempDir = temporary();
    const files: number[] = [];
    const spy: CachePort = {
      ...cache,
      put(...args) {
        files.push(readdirSync(tempDir).length);
        return cache.put(...args);
      },
    };
    const { stash, lines } = supervisor([spy], {}, tempDir);
    const place = { dir: checkout(MODULES), paths: PATHS };
    const keys = [KEY, keyOf('other'), KEY, keyOf('third'), KEY];
    await Promise.all(keys.map((key) => stash.keep(key, place, NEVER)));
    expect(readdirSync(home).sort()).toEqual([...new Set(keys)].sort());
    expect(lines.filter((line) => line.includes('cache=packed'))).toHaveLength(3);
    expect(files).toEqual([1, 1, 1]);
    expect(readdirSync(tempDir)).toEqual([]);
  });

  it('says so when a file is too large, and when a project changes while it is packed', async () => {
    const { cache, home } = await directory();
    const { stash, text, tempDir } = supervisor([cache], { maxBytes: 100_000 });
    await stash.keep(KEY, { dir: checkout({ 'node_modules/x': noise(200_000) }), paths: PATHS }, NEVER);
    expect(text()).toMatch(/was not kept: more than \d+ bytes packed are too many to keep/);
    expect([readdirSync(home), readdirSync(tempDir)]).toEqual([[], []]);
  });

  it('called off stops packing and leaves no file', async () => {
    const { cache, home } = await directory();
    const { stash, tempDir } = supervisor([cache]);
    const abort = new AbortController();
    const place = { dir: checkout({ 'node_modules/x': noise(40_000_000) }), paths: PATHS };
    const keeping = stash.keep(KEY, place, abort.signal);
    await until(
      () => readdirSync(tempDir).map((name) => statSync(join(tempDir, name)).size),
      ([size]) => size !== undefined && size > 0,
    );
    abort.abort(new Error('called off'));
    await expect(keeping).rejects.toThrow('called off');
    expect([readdirSync(home), readdirSync(tempDir)]).toEqual([[], []]);
  });
});

describe('a full disk', () => {
  /** Skips where nothing may be mounted. */
  function smallDisk(context: TestContext): string {
    const dir = join(temporary(), 'disk');
    mkdirSync(dir);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir], { stdio: 'ignore' });
    } catch {
      context.skip('a small disk cannot be mounted here');
    }
    onTestFinished(() => void execFileSync('umount', ['-l', dir]));
    chmodSync(dir, 0o711);
    return dir;
  }

  it.runIf(IS_ROOT)('while restoring: nothing is left, and the entry stays for others', async (context) => {
    const disk = smallDisk(context);
    const { cache, home } = await directory();
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`node_modules/${i}`, noise(100_000)]));
    await keptIn(cache, many);
    const dir = checkout({}, join(disk, 'app'));
    const { stash, text } = supervisor([cache]);
    expect(await stash.restore(KEY, { dir, paths: PATHS }, NEVER)).toBe(false);
    expect(text()).toContain(`WARNING: cache: ${KEY} was not restored: the disk is full`);
    expect(listing(disk)).toEqual(['app/']);
    expect(existsSync(join(home, KEY))).toBe(true);
  });

  it.runIf(IS_ROOT)('while packing, or while publishing: a line in the log', async (context) => {
    const disk = smallDisk(context);
    const place = { dir: checkout({ 'node_modules/x': noise(5_000_000) }), paths: PATHS };
    const [roomy, narrow] = [await directory(), await directory(join(disk, 'cache'))];
    const packing = supervisor([roomy.cache], {}, disk);
    await packing.stash.keep(KEY, place, NEVER);
    expect(packing.text()).toMatch(/was not kept: .*ENOSPC/);
    expect(listing(disk).filter((name) => !name.startsWith('cache'))).toEqual([]);
    const publishing = supervisor([narrow.cache]);
    await publishing.stash.keep(KEY, place, NEVER);
    expect(publishing.text()).toMatch(/was not kept: .*ENOSPC/);
    expect(readdirSync(narrow.home)).toEqual([]);
  });
});
