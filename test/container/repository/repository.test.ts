import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeLog } from '../../../container/src/log/log.ts';
import type { PhaseContext } from '../../../container/src/phases/phase.ts';
import { changeTo, checkOut } from '../../../container/src/repository/checkout.ts';
import { makeGit } from '../../../container/src/repository/git.ts';
import { isRefused, makeRepository as makeStore } from '../../../container/src/repository/repository.ts';
import { readSource } from '../../../container/src/repository/source.ts';
import { readSettings } from '../../../container/src/settings.ts';
import { PhaseError } from '../../../container/src/updates/progress.ts';
import { QUICK, makeRepository, type Repository, taskEnv, temporary } from '../stage.ts';

async function store(origin: Repository) {
  const settings = readSettings(taskEnv(origin, '127.0.0.1'), false);
  const repository = await makeStore(
    temporary(),
    makeGit(settings, () => undefined),
  );
  const stash = { restore: () => Promise.resolve(false), keep: () => Promise.resolve() };
  const { signal } = new AbortController();
  const context: PhaseContext = { settings, timings: QUICK, log: makeLog(() => undefined), stash, signal };
  return { repository, context, signal };
}

const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: dir, encoding: 'utf8' }).trim();

describe('a fetch', () => {
  test('brings the commit and nothing before it, and tells who wrote what', async () => {
    const origin = makeRepository();
    origin.commit({ a: '1' });
    const commit = origin.commit({ a: '2' });
    const { repository, context } = await store(origin);
    const fetched = await repository.fetch(context, { branch: 'feature', commit });
    expect(fetched).toEqual({
      branch: 'feature',
      commit,
      commitMessage: 'a change',
      commitDate: expect.stringMatching(/^\d{4}-/),
    });
    expect(git(repository.dir, 'rev-list', '--count', commit)).toBe('1');
  });

  test('of a commit that is here asks the server nothing', async () => {
    const origin = makeRepository();
    const commit = origin.commit({ a: '1' });
    const { repository, context } = await store(origin);
    await repository.fetch(context, { branch: 'feature', commit });
    const offline = { ...context, settings: { ...context.settings, gitUrl: 'file:///nowhere/at/all.git' } };
    expect((await repository.fetch(offline, { branch: 'feature', commit })).commit).toBe(commit);
  });

  test.each([
    ['the head of the branch, when no commit is named', undefined],
    ['a rewritten history', 'amend'],
  ])('follows %s', async (_what, how) => {
    const origin = makeRepository();
    origin.commit({ a: '1' });
    const { repository, context } = await store(origin);
    await repository.fetch(context, { branch: 'feature' });
    if (how === 'amend') origin.git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'rewritten');
    else origin.commit({ a: '2' });
    const head = origin.git('rev-parse', 'feature');
    expect((await repository.fetch(context, { branch: 'feature' })).commit).toBe(head);
  });

  test('leaves neither the address nor a remote in the configuration', async () => {
    const origin = makeRepository();
    const commit = origin.commit({ a: '1' });
    const { repository, context } = await store(origin);
    await repository.fetch(context, { branch: 'feature', commit });
    expect(readFileSync(join(repository.dir, 'config'), 'utf8')).not.toMatch(/remote|url|file:/);
  });

  test.each([
    ['fatal: could not read Username for https://github.com: terminal prompts disabled', true],
    ['remote: Repository not found.', true],
    ['fatal: Authentication failed for https://x', true],
    ["fatal: couldn't find remote ref refs/heads/gone", false],
    ['fatal: unable to access: Could not resolve host', false],
  ])('that ends with "%s": a credential may help: %s', (line, refused) => {
    expect(isRefused(new PhaseError('fetch', '`git fetch` exited with code 128', [line]))).toBe(refused);
  });
});

describe('a checkout', () => {
  test('is a repository of its own whose git knows the commit', async () => {
    const origin = makeRepository();
    origin.commit({ a: '1' });
    const wanted = origin.commit({ a: '2', 'deep/b': 'x' });
    const { repository, context } = await store(origin);
    const commit = await repository.fetch(context, { branch: 'feature', commit: wanted });
    const dir = join(temporary(), 'checkout');
    await checkOut(context, repository, commit, dir);
    expect(readFileSync(join(dir, 'deep/b'), 'utf8')).toBe('x');
    expect(git(dir, 'rev-parse', 'HEAD')).toBe(wanted);
    expect(git(dir, 'status', '--porcelain')).toBe('');
    expect(git(dir, 'log', '--format=%s')).toBe('a change');
  });

  test('changes to another commit by writing only what differs', async () => {
    const origin = makeRepository();
    const first = origin.commit({ a: '1', b: '1', gone: '1' });
    const { repository, context } = await store(origin);
    const dir = join(temporary(), 'checkout');
    await checkOut(context, repository, await repository.fetch(context, { branch: 'feature', commit: first }), dir);
    const inode = git(dir, 'ls-files', '--debug', 'b');
    const second = origin.commit({ a: '2', b: '1' });
    // As a crash in the middle of an earlier change would leave it.
    execFileSync('touch', [join(dir, '.git', 'index.lock')]);
    execFileSync('sh', ['-c', 'echo changed by the app > a'], { cwd: dir });
    const next = await repository.fetch(context, { branch: 'feature', commit: second });
    await changeTo(context, repository, next, dir);
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('2');
    expect(existsSync(join(dir, 'gone'))).toBe(false);
    expect(git(dir, 'rev-parse', 'HEAD')).toBe(second);
    expect(git(dir, 'ls-files', '--debug', 'b')).toBe(inode);
  });
});

describe('the source of a recipe', () => {
  test('lists every file with the id of its content, and reads texts', async () => {
    const origin = makeRepository();
    const commit = origin.commit({ 'package.json': '{}', 'ü n/ü.txt': 'text' });
    const { repository, context, signal } = await store(origin);
    await repository.fetch(context, { branch: 'feature', commit });
    const source = await readSource(repository, commit, signal);
    expect([...source.files.keys()].toSorted()).toEqual(['package.json', 'ü n/ü.txt']);
    expect(source.files.get('ü n/ü.txt')).toBe(origin.git('rev-parse', `${commit}:ü n/ü.txt`));
    expect(await source.text('ü n/ü.txt')).toBe('text');
    expect(await source.text('missing')).toBeUndefined();
  });

  test('follows no link', async () => {
    const origin = makeRepository();
    origin.commit({ 'server.js': '' });
    symlinkSync('/proc/self/environ', join(origin.dir, 'package.json'));
    origin.git('add', 'package.json');
    origin.git('commit', '--quiet', '-m', 'a link');
    const { repository, context, signal } = await store(origin);
    const { commit } = await repository.fetch(context, { branch: 'feature' });
    const source = await readSource(repository, commit, signal);
    await expect(source.text('package.json')).rejects.toThrow('package.json is a link; it must be a file');
  });

  test('finds text by an expression, in some paths only', async () => {
    const origin = makeRepository();
    const commit = origin.commit({
      'src/a b.ts': "import x from '../server/x';\nimport y from '../server/y';\n",
      'server/x.ts': "'../server/z'",
      'logo.png': '\0\0/server/',
    });
    const { repository, context, signal } = await store(origin);
    await repository.fetch(context, { branch: 'feature', commit });
    const source = await readSource(repository, commit, signal);
    const found = await source.grep('/server/.', ['.', ':(exclude)server']);
    expect(found).toEqual([
      { path: 'src/a b.ts', text: '/server/x' },
      { path: 'src/a b.ts', text: '/server/y' },
    ]);
    expect(await source.grep('nowhere', ['.'])).toEqual([]);
  });
});
