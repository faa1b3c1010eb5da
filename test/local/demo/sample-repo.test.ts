import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { commitChange, makeSampleRepo } from '../../../src/local/demo/sample-repo.ts';
import { git } from '../../../src/local/github/git.ts';
import { makeTinyRepo } from '../../e2e/support/tiny-repo.ts';

const run = promisify(execFile);
const EXAMPLE = new URL('../../../container/examples/web/', import.meta.url);

let dir: string;

beforeEach(async () => {
  const parent = await mkdtemp(join(tmpdir(), 'mayfly-sample-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  dir = join(parent, 'repo');
});

const read = async (...args: string[]): Promise<string> => (await git(dir, args)).trim();

describe('the sample repository', () => {
  it('has three branches, each one commit ahead of main, and a clean work tree', async () => {
    await makeSampleRepo(dir);
    expect((await read('for-each-ref', '--format=%(refname:short)')).split('\n')).toEqual([
      'add-greeting',
      'broken-build',
      'dark-theme',
      'main',
    ]);
    for (const branch of ['add-greeting', 'broken-build', 'dark-theme']) {
      expect(await read('rev-list', '--count', `main..${branch}`)).toBe('1');
      expect(await read('diff', '--shortstat', 'main', branch)).toMatch(/^1 file changed/);
    }
    expect(await read('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await read('status', '--porcelain')).toBe('');
    expect(await read('ls-files')).not.toMatch(/node_modules|dist\//);
  });

  it('has the same commits wherever and by whomever it is made', async () => {
    await makeSampleRepo(dir);
    const home = join(dir, '..', 'home');
    await mkdir(home);
    await writeFile(join(home, '.gitconfig'), '[user]\n\tname = Somebody\n[commit]\n\tgpgsign = true\n');
    const previous = process.env['HOME'];
    process.env['HOME'] = home;
    onTestFinished(() => {
      process.env['HOME'] = previous;
    });
    await makeSampleRepo(`${dir}-2`);
    const refs = ['for-each-ref', '--format=%(refname) %(objectname)'];
    expect(await git(`${dir}-2`, refs)).toBe(await git(dir, refs));
  });

  it('is used again as it is', async () => {
    await makeSampleRepo(dir);
    const sha = await commitChange(dir, 'main', { file: 'new.txt', content: 'mine\n' }, 'Mine');
    await makeSampleRepo(dir);
    expect(await read('rev-parse', 'main')).toBe(sha);
  });

  it('goes into an empty directory, but never into somebody’s files, also below another repository', async () => {
    await mkdir(dir);
    await makeSampleRepo(dir);
    const inner = join(dir, 'src');
    await expect(makeSampleRepo(inner)).rejects.toThrow('is not empty and not a git repository');
    expect(await read('status', '--porcelain')).toBe('');
  });
});

describe('a change', () => {
  it('is committed without a look at the work tree, also on the branch that is checked out', async () => {
    await makeTinyRepo(dir);
    await writeFile(join(dir, 'message.txt'), 'being written\n');
    const before = await readFile(join(dir, '.git/index'));
    const other = await commitChange(dir, 'one', { file: 'a/b/new file.txt', content: 'é\n' }, 'Add a file');
    const same = await commitChange(dir, 'main', { file: 'message.txt', content: 'next\n' }, 'Next');
    expect(await read('show', `${other}:a/b/new file.txt`)).toBe('é');
    expect(await read('show', `${other}:message.txt`)).toBe('one');
    expect(await read('rev-parse', 'one', 'main')).toBe(`${other}\n${same}`);
    expect(await readFile(join(dir, 'message.txt'), 'utf8')).toBe('being written\n');
    expect(await readFile(join(dir, '.git/index'))).toEqual(before);
  });

  it('replaces a text literally, and keeps the file’s mode', async () => {
    await makeTinyRepo(dir);
    await git(dir, ['update-index', '--chmod=+x', 'message.txt']);
    await git(dir, ['-c', 'user.name=x', '-c', 'user.email=x@localhost', 'commit', '--quiet', '-m', 'Mode']);
    await commitChange(dir, 'main', { file: 'message.txt', replace: ['main', '$& costs $1'] }, 'Price');
    expect(await read('show', 'main:message.txt')).toBe('$& costs $1');
    expect(await read('ls-tree', 'main', '--', 'message.txt')).toMatch(/^100755/);
  });

  it.each([
    ['main', { file: 'message.txt', replace: ['absent', 'x'] as const }, 'has no "absent" to replace'],
    ['main', { file: 'absent.txt', replace: ['a', 'b'] as const }, 'absent.txt'],
    ['absent', { file: 'message.txt', content: 'x' }, 'absent'],
    ['main', { file: '../outside.txt', content: 'x' }, 'outside.txt'],
  ])('on %s of %j is refused when it cannot be made', async (branch, change, message) => {
    await makeTinyRepo(dir);
    const before = await read('for-each-ref');
    await expect(commitChange(dir, branch, change, 'No')).rejects.toThrow(message);
    expect(await read('for-each-ref')).toBe(before);
  });
});

describe('the tiny application', () => {
  const build = (): Promise<{ stdout: string; stderr: string }> => run(process.execPath, ['build.js'], { cwd: dir });

  it('builds, except on the branch that does not', async () => {
    await makeTinyRepo(dir);
    expect((await build()).stdout).toContain('built dist/message.txt');
    await git(dir, ['checkout', '--quiet', 'broken-build']);
    await expect(build()).rejects.toMatchObject({
      code: 2,
      stderr: "message.txt(1,8): error TINY1005: ')' expected.\n",
    });
  });
});

interface Lock {
  readonly packages: Readonly<Record<string, { version?: string; integrity?: string; resolved?: string }>>;
}

describe('the example’s lock file', () => {
  it('names no registry, checks every package, and fits its package.json', async () => {
    const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(new URL(file, EXAMPLE), 'utf8'));
    const { packages } = (await json('package-lock.json')) as Lock;
    const { '': root, ...rest } = packages;
    const own = (await json('package.json')) as { dependencies: object; devDependencies: object };
    expect(root).toMatchObject({ dependencies: own.dependencies, devDependencies: own.devDependencies });
    for (const [name, entry] of Object.entries(rest)) {
      expect(entry.resolved, name).toBeUndefined();
      expect(entry.integrity, name).toMatch(/^sha512-/);
    }
  });
});
