import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeDirectoryCache } from '../../../container/src/cache/directory.ts';
import { isNamespace } from '../../../container/src/cache/directory-safety.ts';
import type { CacheKey, CachePort } from '../../../container/src/cache/port.ts';
import { APP, file, IS_ROOT, keyOf, listen, NEVER, noise, temporary } from './ground.ts';

const KEY = keyOf('one');
const NAMESPACE = 'acme/shop/trusted';

async function cacheIn(dir: string, maxBytes = 1_000_000, namespace = NAMESPACE, now?: () => number) {
  const { log, lines, text: told } = listen();
  const cache = await makeDirectoryCache({ dir, namespace, maxBytes, log, ...(now && { now }) });
  return { cache, lines, told, home: join(dir, namespace) };
}

async function contentOf(cache: CachePort, key: CacheKey): Promise<string | undefined> {
  const found = await cache.get(key, NEVER);
  return found && (await text(found));
}

describe('an entry', () => {
  it('is had back by every cache of the namespace, and only after it was put', async () => {
    const dir = join(temporary(), 'cache');
    const [one, other] = [await cacheIn(dir), await cacheIn(dir)];
    expect(await contentOf(one.cache, KEY)).toBeUndefined();
    expect(await one.cache.put(KEY, file('content'), NEVER)).toBe('stored');
    expect(await contentOf(other.cache, KEY)).toBe('content');
    expect(other.lines).toEqual([]);
  });

  it('is never overwritten', async () => {
    const { cache } = await cacheIn(temporary());
    await cache.put(KEY, file('first'), NEVER);
    expect(await cache.put(KEY, file('second'), NEVER)).toBe('taken');
    expect(await contentOf(cache, KEY)).toBe('first');
  });

  it('is not what its file was made into later', async () => {
    const { cache } = await cacheIn(temporary());
    const source = file('content');
    await cache.put(KEY, source, NEVER);
    writeFileSync(source, 'changed');
    expect(await contentOf(cache, KEY)).toBe('content');
  });

  it('is gone when it was dropped, and may be put again', async () => {
    const { cache } = await cacheIn(temporary());
    await cache.put(KEY, file('corrupt'), NEVER);
    await cache.drop?.(KEY);
    await cache.drop?.(KEY);
    expect(await contentOf(cache, KEY)).toBeUndefined();
    expect(await cache.put(KEY, file('good'), NEVER)).toBe('stored');
  });

  it('is read to its end though it was evicted meanwhile', async () => {
    const { cache, home } = await cacheIn(temporary());
    await cache.put(KEY, file('content'), NEVER);
    const found = await cache.get(KEY, NEVER);
    await cache.drop?.(KEY);
    expect(readdirSync(home)).toEqual([]);
    expect(found && (await text(found))).toBe('content');
  });

  it('is not put, and nothing is left of it, when that is called off or fails', async () => {
    const { cache, home } = await cacheIn(temporary());
    await expect(cache.put(KEY, file('x'), AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
    await expect(cache.put(KEY, '/nowhere/file', NEVER)).rejects.toThrow('ENOENT');
    await expect(cache.get(KEY, AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
    expect(readdirSync(home)).toEqual([]);
  });

  it('has a key that is no path', async () => {
    const { cache } = await cacheIn(temporary());
    await expect(cache.put('modules-../../x', file('x'), NEVER)).rejects.toThrow('is no key of a cache');
    await expect(cache.get('build-x', NEVER)).rejects.toThrow('is no key of a cache');
  });
});

describe('what lies in the place of an entry is not read', () => {
  it.each<readonly [string, (path: string, secret: string) => void]>([
    ['a link', (path, secret) => symlinkSync(secret, path)],
    ['a directory', (path) => mkdirSync(path)],
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    [
      'a file that others may write',
      (path) => {
        writeFileSync(path, 'x');
        chmodSync(path, 0o666);
      },
    ],
  ])('%s', async (_name, make) => {
    const { cache, home, told } = await cacheIn(temporary());
    make(join(home, KEY), file('secret'));
    expect(await contentOf(cache, KEY)).toBeUndefined();
    expect(told()).toContain(`WARNING: cache: ${KEY} cannot be read`);
    expect(await cache.put(KEY, file('x'), NEVER)).toBe('taken');
  });

  it.runIf(IS_ROOT)('a file of another user', async () => {
    const { cache, home, told } = await cacheIn(temporary());
    writeFileSync(join(home, KEY), 'theirs', { mode: 0o600 });
    chownSync(join(home, KEY), APP?.uid ?? 0, APP?.gid ?? 0);
    expect(await contentOf(cache, KEY)).toBeUndefined();
    expect(told()).toContain('it belongs to another user');
  });
});

describe('the limit', () => {
  it('refuses one that would fill too much of it', async () => {
    const { cache, home } = await cacheIn(temporary(), 1_000);
    expect(await cache.put(KEY, file(noise(251)), NEVER)).toBe('too-large');
    expect(await cache.put(KEY, file(noise(250)), NEVER)).toBe('stored');
    expect(readdirSync(home)).toEqual([KEY]);
  });

  it('evicts what was used longest ago, in any namespace', async () => {
    const dir = temporary();
    let now = 1_700_000_000_000;
    const clock = (): number => (now += 1_000);
    const mine = await cacheIn(dir, 1_000, 'acme/shop/trusted', clock);
    const theirs = await cacheIn(dir, 1_000, 'other/app/trusted', clock);
    const keys = ['a', 'b', 'c', 'd', 'e'].map((name) => keyOf(name));
    const [a, b, c, d, e] = keys as [CacheKey, CacheKey, CacheKey, CacheKey, CacheKey];
    const source = file(noise(250));
    await mine.cache.put(a, source, NEVER);
    await theirs.cache.put(b, source, NEVER);
    await mine.cache.put(c, source, NEVER);
    await mine.cache.put(d, source, NEVER);
    await contentOf(mine.cache, a);
    await mine.cache.put(e, source, NEVER);
    expect(readdirSync(theirs.home)).toEqual([]);
    expect(readdirSync(mine.home).sort()).toEqual([a, c, d, e].sort());
    expect(mine.lines).toEqual(['[mayfly] cache=evicted entries=1']);
    await mine.cache.put(keyOf('f'), source, NEVER);
    expect(readdirSync(mine.home)).not.toContain(c);
  });

  it('counts for what is there already', async () => {
    const dir = temporary();
    const large = await cacheIn(dir, 4_000);
    for (const name of ['a', 'b', 'c']) await large.cache.put(keyOf(name), file(noise(1_000)), NEVER);
    const small = await cacheIn(dir, 1_500);
    expect(readdirSync(small.home)).toHaveLength(1);
  });

  it('leaves alone what is not of a cache', async () => {
    const dir = temporary();
    writeFileSync(join(dir, 'README'), noise(1_000));
    const { cache, home } = await cacheIn(dir, 1_000);
    await cache.put(KEY, file(noise(200)), NEVER);
    expect(existsSync(join(dir, 'README'))).toBe(true);
    expect(readdirSync(home)).toEqual([KEY]);
  });
});

it('what a crashed writer left is removed, what one is writing is not', async () => {
  const { home } = await cacheIn(temporary());
  const dir = join(home, '../../..');
  const [old, fresh] = [join(home, '.put-1-old'), join(home, '.put-2-new')];
  for (const path of [old, fresh]) writeFileSync(path, 'x');
  const hoursAgo = Date.now() / 1_000 - 2 * 3_600;
  utimesSync(old, hoursAgo, hoursAgo);
  await cacheIn(dir);
  expect(readdirSync(home)).toEqual(['.put-2-new']);
});

describe('several supervisors', () => {
  const script = fileURLToPath(new URL('putter.ts', import.meta.url));

  /** All begin at once. */
  async function putAtOnce(dir: string, maxBytes: number, content: (index: number) => Buffer, keys: CacheKey[]) {
    const children = Array.from({ length: 4 }, (_, index) =>
      spawn(process.execPath, [script, dir, NAMESPACE, String(maxBytes), file(content(index)), ...keys], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    for (const child of children) child.stdin.end();
    const outputs = await Promise.all(children.map((child) => text(child.stdout)));
    return outputs.map((output) => output.trim().split('\n'));
  }

  it('put the same keys: each is stored once, whole', async () => {
    const dir = join(temporary(), 'cache');
    const keys = Array.from({ length: 20 }, (_, index) => keyOf(`key ${index}`));
    const told = await putAtOnce(dir, 1e9, (index) => Buffer.alloc(300_000, index), keys);
    for (const index of keys.keys()) {
      expect(told.map((each) => each[index] ?? '').sort()).toEqual(['stored', 'taken', 'taken', 'taken']);
    }
    const { cache, home } = await cacheIn(dir, 1e9);
    expect(readdirSync(home).sort()).toEqual([...keys].sort());
    for (const key of keys) {
      const content = await contentOf(cache, key);
      expect(content).toHaveLength(300_000);
      expect(new Set(content).size).toBe(1);
    }
  });

  it('put and evict in a directory that is too small for all', async () => {
    const dir = join(temporary(), 'cache');
    const keys = Array.from({ length: 20 }, (_, index) => keyOf(`key ${index}`));
    const told = await putAtOnce(dir, 40_000, () => noise(10_000), keys);
    for (const outcome of told.flat()) expect(['stored', 'taken']).toContain(outcome);
    const { home } = await cacheIn(dir, 40_000);
    const left = readdirSync(home);
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThanOrEqual(4);
    for (const name of left) expect(statSync(join(home, name)).size).toBe(10_000);
  });
});

describe('the directory', () => {
  it("is the supervisor's alone", async () => {
    const dir = join(temporary(), 'a/b');
    const { cache, home } = await cacheIn(dir);
    await cache.put(KEY, file('x'), NEVER);
    for (const each of [dir, join(dir, 'acme'), join(dir, 'acme/shop'), home]) {
      expect(statSync(each).mode & 0o777).toBe(0o700);
    }
    expect(statSync(join(home, KEY)).mode & 0o777).toBe(0o600);
  });

  it.runIf(IS_ROOT)('is refused where others may write to it, or to what is above it', async () => {
    const dir = join(temporary(), 'cache');
    mkdirSync(dir);
    chmodSync(dir, 0o777);
    await expect(cacheIn(dir)).rejects.toThrow(`others may write to the cache's ${dir}`);
    chmodSync(dir, 0o700);
    chmodSync(join(dir, '..'), 0o777);
    await expect(cacheIn(dir)).rejects.toThrow('which is above the cache');
    chmodSync(join(dir, '..'), 0o1777);
    await expect(cacheIn(dir)).resolves.toBeDefined();
    chownSync(dir, 65_534, 65_534);
    await expect(cacheIn(dir)).rejects.toThrow('belongs to another user');
  });

  it('is refused where a namespace is a link, or no directory', async () => {
    const dir = temporary();
    const elsewhere = temporary();
    symlinkSync(elsewhere, join(dir, 'acme'));
    await expect(cacheIn(dir)).rejects.toThrow('is no directory');
    expect(readdirSync(elsewhere)).toEqual([]);
    writeFileSync(join(dir, 'file'), '');
    await expect(cacheIn(dir, 1, 'file')).rejects.toThrow('is no directory');
  });

  it('may be led to by a link of the operator', async () => {
    const real = temporary();
    const link = join(temporary(), 'link');
    symlinkSync(real, link);
    const { cache } = await cacheIn(link);
    await cache.put(KEY, file('x'), NEVER);
    expect(readdirSync(join(real, NAMESPACE))).toEqual([KEY]);
  });

  it('moved away under way: a miss and a failure, no more', async () => {
    const { cache, home } = await cacheIn(temporary());
    renameSync(home, `${home}-away`);
    expect(await contentOf(cache, KEY)).toBeUndefined();
    await expect(cache.put(KEY, file('x'), NEVER)).rejects.toThrow('ENOENT');
  });
});

describe('a namespace', () => {
  it.each(['trusted', 'acme/shop/fork-7', 'a.b_c/1', 'x'])('%j is one', (name) => {
    expect(isNamespace(name)).toBe(true);
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/..', 'a..b', '.a', 'A', 'a b', 'a\0', 'a\\b', keyOf('x')])(
    '%j is none',
    async (name) => {
      expect(isNamespace(name)).toBe(false);
      await expect(cacheIn(temporary(), 1, name)).rejects.toThrow('is no namespace of a cache');
    },
  );

  it('never leads out', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'Z', '.', '..', '/', '-', '\\', '~', ' ') });
    fc.assert(
      fc.property(texts, (name) => {
        if (isNamespace(name)) expect(join('/cache', name)).toBe(`/cache/${name}`);
      }),
    );
  });
});

it('a link to an entry from elsewhere does no harm', async () => {
  const { cache, home } = await cacheIn(temporary());
  await cache.put(KEY, file('content'), NEVER);
  linkSync(join(home, KEY), join(temporary(), 'other-name'));
  expect(await contentOf(cache, KEY)).toBe('content');
});
