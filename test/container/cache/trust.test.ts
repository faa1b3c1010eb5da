/** What one level of trust stores is no other's to read or change, and no app's at all. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectoryCache } from '../../../container/src/cache/directory.ts';
import { makeStash, type Stash } from '../../../container/src/cache/stash.ts';
import { seal, tar, writeArchive } from './by-hand.ts';
import { APP, checkout, IS_ROOT, keyOf, LIMITS, listen, listing, NEVER, temporary } from './ground.ts';

const KEY = keyOf('lock file');
const PATHS = ['node_modules'];

async function supervisorOf(namespace: string, dir: string): Promise<{ stash: Stash; text: () => string }> {
  const { log, text } = listen();
  const cache = await makeDirectoryCache({ dir, namespace, maxBytes: 1e9, log });
  return { stash: makeStash({ caches: [cache], runAs: APP, tempDir: temporary(), log, limits: LIMITS }), text };
}

function modules(content: string): { dir: string; paths: string[] } {
  return { dir: checkout({ 'node_modules/a': content }), paths: PATHS };
}

describe('namespaces', () => {
  it("of a fork neither reads nor overwrites what a trusted supervisor's holds, nor the other way round", async () => {
    const dir = join(temporary(), 'cache');
    const trusted = await supervisorOf('acme/shop/trusted', dir);
    const fork = await supervisorOf('acme/shop/fork-7', dir);
    await trusted.stash.keep(KEY, modules('good'), NEVER);
    const stored = readFileSync(join(dir, 'acme/shop/trusted', KEY));

    const into = { dir: checkout(), paths: PATHS };
    expect(await fork.stash.restore(KEY, into, NEVER)).toBe(false);
    expect(listing(into.dir)).toEqual([]);
    await fork.stash.keep(KEY, modules('evil'), NEVER);
    expect(readFileSync(join(dir, 'acme/shop/trusted', KEY)).equals(stored)).toBe(true);
    expect(existsSync(join(dir, 'acme/shop/fork-7', KEY))).toBe(true);

    const other = await supervisorOf('acme/shop/trusted', dir);
    expect(await other.stash.restore(KEY, into, NEVER)).toBe(true);
    expect(readFileSync(join(into.dir, 'node_modules/a'), 'utf8')).toBe('good');
  });
});

describe.runIf(IS_ROOT)("the app's user", () => {
  /** What a shell of that user says and how it ends. */
  function asApp(command: string): string {
    const { uid, gid } = APP ?? { uid: 0, gid: 0 };
    try {
      return execFileSync('sh', ['-c', `{ ${command}; } 2>&1`], { uid, gid, encoding: 'utf8', cwd: '/' });
    } catch (error) {
      return `failed: ${String((error as { stdout?: unknown }).stdout)}`;
    }
  }

  it('can neither list nor read nor write the directory', async () => {
    const dir = join(temporary(), 'cache');
    const { stash } = await supervisorOf('trusted', dir);
    await stash.keep(KEY, modules('good'), NEVER);
    const entry = join(dir, 'trusted', KEY);
    expect(asApp('echo works')).toBe('works\n');
    for (const command of [
      `ls ${dir}`,
      `ls ${dir}/trusted`,
      `cat ${entry}`,
      `echo evil > ${entry}`,
      `echo evil > ${dir}/trusted/new`,
      `mv ${dir}/trusted ${dir}/other`,
      `rm -rf ${dir}`,
      `ln ${entry} /tmp/mayfly-stolen`,
    ]) {
      expect(asApp(command)).toMatch(/^failed: .*Permission denied/s);
    }
  });

  it('does not see the archive while it is packed', async () => {
    const tempDir = temporary();
    const { log } = listen();
    const cache = await makeDirectoryCache({ dir: temporary(), namespace: 'trusted', maxBytes: 1e9, log });
    let seen = '';
    const spy = {
      ...cache,
      put: async (...args: Parameters<typeof cache.put>) => {
        seen = asApp(`cat ${args[1]}`);
        return await cache.put(...args);
      },
    };
    await makeStash({ caches: [spy], runAs: APP, tempDir, log, limits: LIMITS }).keep(KEY, modules('x'), NEVER);
    expect(seen).toMatch(/^failed: .*Permission denied/s);
  });
});

describe('a poisoned entry is never restored', () => {
  const evil = [
    { name: 'node_modules/', type: '5' as const },
    { name: 'node_modules/a', content: 'evil' },
  ];

  it.each<readonly [string, string, (path: string) => void]>([
    [
      'of a wrong hash',
      'its hash is wrong',
      (path) => {
        writeArchive(path, KEY, ...evil);
        const bytes = readFileSync(path);
        bytes.write('0'.repeat(64), bytes.indexOf('sha256=') + 7);
        writeFileSync(path, bytes);
      },
    ],
    ['of a wrong key', 'it belongs to another key', (path) => writeArchive(path, keyOf('other'), ...evil)],
    [
      'that is cut off',
      'it is shorter than its header says',
      (path) => {
        writeArchive(path, KEY, ...evil);
        writeFileSync(path, readFileSync(path).subarray(0, -5));
      },
    ],
    ['that is no archive', 'it ends within its header', (path) => writeFileSync(path, 'x', { mode: 0o600 })],
    [
      'that is no zstd',
      'Unknown frame descriptor',
      (path) => writeFileSync(path, seal(KEY, tar(...evil)), { mode: 0o600 }),
    ],
    [
      'that is a bomb',
      'it unpacks to more than',
      (path) => writeArchive(path, KEY, ...evil, { name: 'node_modules/b', content: '\0'.repeat(300 * 1_024 ** 2) }),
    ],
    [
      'that is a link',
      'cannot be read: ELOOP',
      (path) => {
        const elsewhere = join(temporary(), 'archive');
        writeArchive(elsewhere, KEY, ...evil);
        symlinkSync(elsewhere, path);
      },
    ],
  ])('%s', async (_name, message, poison) => {
    const dir = join(temporary(), 'cache');
    const { stash, text } = await supervisorOf('trusted', dir);
    poison(join(dir, 'trusted', KEY));
    const into = checkout();
    expect(await stash.restore(KEY, { dir: into, paths: PATHS }, NEVER)).toBe(false);
    expect(text()).toContain('WARNING');
    expect(text()).toContain(message);
    expect(listing(into)).toEqual([]);
    if (!message.includes('ELOOP')) expect(readdirSync(join(dir, 'trusted'))).toEqual([]);
  });
});
