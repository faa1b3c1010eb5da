/** Packing and unpacking, by real children. */
import {
  appendFileSync,
  chmodSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../../../container/src/cache/archive.ts';
import { HEADER_BYTES, readHeader } from '../../../container/src/cache/format.ts';
import { until } from '../stage.ts';
import { APP, checkout, IS_ROOT, keyOf, LIMITS, listing, NEVER, noise, own, temporary } from './ground.ts';

const KEY = keyOf('lock file');
const OPTIONS = { runAs: APP, limits: LIMITS, signal: NEVER };

async function packed(dir: string, paths: readonly string[], exclude: readonly string[] = []): Promise<string> {
  const path = join(temporary(), 'archive');
  await pack(KEY, { dir, paths, exclude }, path, OPTIONS);
  return path;
}

/** Processes that work in a directory, or were told to. */
function workers(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const told = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return told.includes(dir) || readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
      } catch {
        return false;
      }
    });
}

describe('what was packed comes back', () => {
  it('with content, modes, links, odd names, empty directories and several paths', async () => {
    const from = checkout({
      'node_modules/a/index.js': 'a',
      'node_modules/a/cli.js': '#!/usr/bin/env node',
      'node_modules/.bin/.keep': '',
      'node_modules/-C': 'no option',
      'node_modules/new\nline': 'one name',
      'node_modules/back\\tslash *[x]?': 'no pattern',
      'node_modules/ünï': 'é',
      [`node_modules/${'long/'.repeat(60)}file`]: 'deep',
      'packages/b/node_modules/c/index.js': 'c',
      'bundle.js': 'a file',
      'src/not-asked-for.ts': 'x',
    });
    chmodSync(join(from, 'node_modules/a/cli.js'), 0o755);
    mkdirSync(join(from, 'node_modules/empty'));
    symlinkSync('../a/cli.js', join(from, 'node_modules/.bin/a'));
    symlinkSync('/nowhere/at/all', join(from, 'node_modules/dangling'));
    symlinkSync('../../outside', join(from, 'node_modules/out'));
    own(from);
    const paths = ['node_modules', 'packages/b/node_modules', 'bundle.js'];
    const archive = await packed(from, paths);

    const into = checkout({ 'src/mine.ts': 'mine' });
    expect(await unpack(KEY, createReadStream(archive), { dir: into, paths }, OPTIONS)).toEqual({ outcome: 'done' });

    const wanted = listing(from).filter((name) => !name.startsWith('src/'));
    expect(listing(into).filter((name) => !name.startsWith('src/'))).toEqual(wanted);
    for (const name of wanted) {
      const [one, other] = [lstatSync(join(from, name)), lstatSync(join(into, name))];
      expect(other.mode).toBe(one.mode);
      if (one.isFile()) expect(readFileSync(join(into, name))).toEqual(readFileSync(join(from, name)));
      if (one.isSymbolicLink()) expect(readlinkSync(join(into, name))).toBe(readlinkSync(join(from, name)));
    }
    expect(readFileSync(join(into, 'src/mine.ts'), 'utf8')).toBe('mine');
  });

  it.runIf(IS_ROOT)('and belongs to the user of the app', async () => {
    const archive = await packed(checkout({ 'dist/a/b.js': 'b' }), ['dist']);
    const into = checkout();
    await unpack(KEY, createReadStream(archive), { dir: into, paths: ['dist'] }, OPTIONS);
    for (const name of listing(into)) expect(lstatSync(join(into, name)).uid).toBe(APP?.uid);
  });

  it('from a file that the child reads itself, and from a stream that passes through', async () => {
    const archive = await packed(checkout({ 'dist/noise': noise(3_000_000) }), ['dist']);
    const handle = await open(archive);
    for (const source of [handle.createReadStream(), createReadStream(archive).pipe(new PassThrough())]) {
      const into = checkout();
      expect(await unpack(KEY, source, { dir: into, paths: ['dist'] }, OPTIONS)).toEqual({ outcome: 'done' });
      expect(statSync(join(into, 'dist/noise')).size).toBe(3_000_000);
    }
  });

  it('without what is scratch or excluded', async () => {
    const from = checkout({
      'node_modules/.cache/x': 'x',
      'node_modules/.vite/deps/x': 'x',
      'node_modules/a/.cache/kept': 'x',
      '.next/cache/x': 'x',
      '.next/server/x': 'x',
    });
    const archive = await packed(from, ['node_modules', '.next'], ['.next/cache']);
    const into = checkout();
    await unpack(KEY, createReadStream(archive), { dir: into, paths: ['node_modules', '.next'] }, OPTIONS);
    expect(listing(into).filter((name) => !name.endsWith('/'))).toEqual([
      '.next/server/x',
      'node_modules/a/.cache/kept',
    ]);
  });

  it('as the same bytes, whoever packs it and when', async () => {
    const files = { 'dist/b/x': 'x', 'dist/a': 'a', 'dist/c/d/e': 'e' };
    const [one, other] = [await packed(checkout(files), ['dist']), await packed(checkout(files), ['dist'])];
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });
});

describe('packing is refused', () => {
  const attempt = (dir: string, paths = ['dist'], limits = LIMITS): Promise<void> =>
    pack(KEY, { dir, paths }, join(temporary(), 'archive'), { ...OPTIONS, limits });

  it.each<readonly [string, (dir: string) => void]>([
    ['a file changes', (dir) => appendFileSync(join(dir, 'dist/a'), 'x')],
    ['a file comes', (dir) => writeFileSync(join(dir, 'dist/new'), 'x')],
    ['a file goes', (dir) => rmSync(join(dir, 'dist/b'))],
    ['a mode changes', (dir) => chmodSync(join(dir, 'dist/b'), 0o600)],
    ['a file is replaced by one as large and as old', replace],
  ])('when %s meanwhile', async (_name, change) => {
    const dir = checkout({ 'dist/a': noise(2_000_000), 'dist/b': 'x', 'dist/z': '' });
    // Takes a while after the first bytes are written.
    truncateSync(join(dir, 'dist/z'), 200 * 1_024 ** 2);
    const path = join(temporary(), 'archive');
    const limits = { ...LIMITS, maxUnpackedBytes: 1_024 ** 4 };
    const packing = pack(KEY, { dir, paths: ['dist'] }, path, { ...OPTIONS, limits });
    packing.catch(() => undefined);
    await until(
      () => (existsSync(path) ? statSync(path).size : 0),
      (size) => size > 0,
    );
    change(dir);
    await expect(packing).rejects.toThrow(/changed while it was packed|could not pack/);
  });

  function replace(dir: string): void {
    const [path, other] = [join(dir, 'dist/b'), join(dir, 'dist/c')];
    const { atime, mtime } = statSync(path);
    writeFileSync(other, 'y');
    utimesSync(other, atime, mtime);
    renameSync(other, path);
  }

  it('when a path is missing, a link, or led to by a link', async () => {
    const dir = checkout({ 'real/dist/x': 'x' });
    await expect(attempt(dir)).rejects.toThrow('dist is not there');
    symlinkSync('real/dist', join(dir, 'dist'));
    await expect(attempt(dir)).rejects.toThrow('dist is a link');
    symlinkSync('real', join(dir, 'alias'));
    await expect(attempt(dir, ['alias/dist'])).rejects.toThrow('no directory');
  });

  it.each(['../app', '/etc', 'dist/../../x', '', '.', 'dist//x'])('when a path is %j', async (path) => {
    await expect(attempt(checkout({ 'dist/x': 'x' }), [path])).rejects.toThrow('is no path inside of a directory');
  });

  it('when it is larger than allowed, packed or not', async () => {
    const dir = checkout({ 'dist/noise': noise(400_000) });
    await expect(attempt(dir, ['dist'], { ...LIMITS, maxBytes: 300_000 })).rejects.toThrow('too many to keep');
    await expect(attempt(dir, ['dist'], { ...LIMITS, maxUnpackedBytes: 300_000 })).rejects.toThrow('too many to keep');
  });

  it('and what was written until then is no archive', async () => {
    const dir = checkout({ 'dist/noise': noise(400_000) });
    const path = join(temporary(), 'archive');
    const limits = { ...LIMITS, maxBytes: 300_000 };
    await expect(pack(KEY, { dir, paths: ['dist'] }, path, { ...OPTIONS, limits })).rejects.toThrow();
    expect(readHeader(readFileSync(path).subarray(0, HEADER_BYTES))).toBeUndefined();
  });
});

describe('unpacking', () => {
  it('leaves alone what is there, even a link that leads nowhere', async () => {
    const archive = await packed(checkout({ 'dist/x': 'new' }), ['dist']);
    const into = checkout({ 'dist/x': 'old' });
    const told = await unpack(KEY, createReadStream(archive), { dir: into, paths: ['dist'] }, OPTIONS);
    expect(told).toEqual({ outcome: 'failed', message: 'dist is there already' });
    expect(readFileSync(join(into, 'dist/x'), 'utf8')).toBe('old');
    const other = checkout();
    symlinkSync('/nowhere', join(other, 'dist'));
    await unpack(KEY, createReadStream(archive), { dir: other, paths: ['dist'] }, OPTIONS);
    expect(listing(other)).toEqual(['dist']);
  });

  it('goes nowhere through a link in the checkout', async () => {
    const archive = await packed(checkout({ 'server/dist/x': 'x' }), ['server/dist']);
    const outside = checkout();
    const into = checkout();
    symlinkSync(outside, join(into, 'server'));
    const told = await unpack(KEY, createReadStream(archive), { dir: into, paths: ['server/dist'] }, OPTIONS);
    expect(told.outcome).toBe('failed');
    expect(listing(outside)).toEqual([]);
    expect(listing(into)).toEqual(['server']);
  });

  it('fills all paths or none', async () => {
    const archive = await packed(checkout({ 'a/x': 'x' }), ['a']);
    const into = checkout();
    const told = await unpack(KEY, createReadStream(archive), { dir: into, paths: ['a', 'b'] }, OPTIONS);
    expect(told).toEqual({ outcome: 'corrupt', message: 'b is not in it' });
    expect(listing(into)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('ends with its children when it is called off', async () => {
    const archive = await packed(checkout({ 'dist/noise': noise(3_000_000) }), ['dist']);
    const into = checkout();
    const source = new PassThrough();
    source.write(readFileSync(archive).subarray(0, 2_000_000));
    const abort = new AbortController();
    const options = { ...OPTIONS, signal: abort.signal };
    const unpacking = unpack(KEY, source, { dir: into, paths: ['dist'] }, options);
    await until(
      () => listing(into),
      (names) => names.some((name) => name.endsWith('/dist/noise')),
    );
    expect(workers(into)).toHaveLength(2);
    abort.abort(new Error('called off'));
    await expect(unpacking).rejects.toThrow('called off');
    expect(listing(into)).toEqual([]);
    expect(workers(into)).toEqual([]);
    expect(source.destroyed).toBe(true);
  });

  it.runIf(process.platform === 'linux')('so does packing', async () => {
    const dir = checkout({ 'dist/endless': '' });
    truncateSync(join(dir, 'dist/endless'), 50 * 1_024 ** 3);
    const abort = new AbortController();
    const limits = { ...LIMITS, maxUnpackedBytes: 1_024 ** 4 };
    const path = join(temporary(), 'archive');
    const packing = pack(KEY, { dir, paths: ['dist'] }, path, { ...OPTIONS, limits, signal: abort.signal });
    await until(
      () => (existsSync(path) ? statSync(path).size : 0),
      (size) => size > 0,
    );
    expect(workers(dir)).toHaveLength(2);
    abort.abort(new Error('called off'));
    await expect(packing).rejects.toThrow('called off');
    expect(workers(dir)).toEqual([]);
  });
});
