import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sampleFacts } from './facts.ts';
import { BRANCH, CHANGES, COMMITS, makeSample, SEED, sampleFiles } from './sample.ts';

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mayfly-sample-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function git(dir: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd: dir, encoding: 'utf8' }).trim();
}

test('is the same repository each time, to the commit id', async () => {
  const [one, other] = [await makeSample(join(temporary(), 'a.git')), await makeSample(join(temporary(), 'b.git'))];
  expect(one.head).toBe(other.head);
  expect(git(one.dir, 'rev-list', '--count', BRANCH)).toBe(String(COMMITS));
  git(one.dir, 'fsck', '--strict');
});

test('another seed makes other files at the same paths', async () => {
  const [one, other] = [await sampleFiles(SEED), await sampleFiles(SEED + 1)];
  expect(Object.keys(other)).toEqual(Object.keys(one));
  expect(other['src/features/berth/components/card.tsx']).not.toBe(one['src/features/berth/components/card.tsx']);
});

test('a push changes what it says upon the commit that it names, and nothing else', async () => {
  const sample = await makeSample(join(temporary(), 'a.git'));
  await sample.push(CHANGES.page('passed over'));
  const commit = await sample.push(CHANGES.server('new'), sample.head);
  expect(git(sample.dir, 'rev-parse', `${commit}^`)).toBe(sample.head);
  expect(git(sample.dir, 'rev-parse', BRANCH)).toBe(commit);
  expect(git(sample.dir, 'diff', '--name-only', sample.head, commit)).toBe('server/src/banner.ts');
});

test('the other lock file agrees with its manifest, and holds the same packages', async () => {
  const [before, after] = [await sampleFiles(SEED), await CHANGES.lock('new')];
  const read = (file: string | Buffer | undefined) =>
    JSON.parse(String(file)) as { dependencies: object; packages: Record<string, { dependencies?: object }> };
  const lock = read(after['package-lock.json']);
  expect(lock.packages['']?.dependencies).toEqual(read(after['package.json']).dependencies);
  const { '': _root, ...packages } = lock.packages;
  const { '': _was, ...were } = read(before['package-lock.json']).packages;
  expect(packages).toEqual(were);
  expect(after['package-lock.json']).not.toBe(before['package-lock.json']);
});

test('tells its size and the versions that decide how fast it is', async () => {
  expect(await sampleFacts()).toMatch(/4\d\d front-end and 6\d server sources; .*vite 8\.3\.8, typescript 7\.0\.2/);
});
