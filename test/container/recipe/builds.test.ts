import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../../container/src/recipe/read.ts';
import type { Build } from '../../../container/src/recipe/recipe.ts';
import { parseTsConfig } from '../../../container/src/recipe/tsconfig.ts';
import { app, gitSource, inside, memorySource, recipeOf, SURROUNDINGS, steps, type Tree, yml } from './source.ts';

const APP = app({ start: 'x', build: 'y' });

async function buildOf(tree: Tree): Promise<Build> {
  const { builds } = await recipeOf(tree);
  const [build] = builds;
  if (!build || builds.length > 1) throw new Error(`${builds.length} builds`);
  return build;
}

describe('a build', () => {
  test.each([
    ['{}', ['.: y']],
    ['build: make all', ['.: make all']],
    ['build: [make a, make b]', ['.: (make a\n) &&\n(make b\n)']],
    ['build: false', []],
  ])('with %s: %j', async (text, expected) => {
    expect(steps((await recipeOf({ ...APP, ...yml(text) })).builds)).toEqual(expected);
  });

  test('that is stated leaves the one beside it, unless it goes there itself', async () => {
    const tree = { ...APP, ...inside('server', app({ start: 'x', build: 'tsc' })) };
    expect(steps((await recipeOf({ ...tree, ...yml('build: make') })).builds)).toEqual(['.: make', 'server: tsc']);
    expect(steps((await recipeOf({ ...tree, ...yml('build: make -C server') })).builds)).toEqual(['.: make -C server']);
  });

  test('that is stated needs no package.json', async () => {
    const { builds, processes } = await recipeOf({ ...yml('build: hugo'), 'content/a.md': '' });
    expect(steps(builds)).toEqual(['.: hugo']);
    expect(processes[0]?.command.title).toBe('static files of dist, build, out, public, _site');
  });
});

describe('variables', () => {
  test.each([
    ['const a = process.env.COMMIT', ['COMMIT']],
    ['$COMMIT $BRANCH "${PR_NUMBER}"', ['COMMIT', 'BRANCH', 'PR_NUMBER']],
    ['COMMIT BRANCH', ['COMMIT', 'BRANCH']],
    ['env.SESSION_ID;env.PUBLIC_URL', ['SESSION_ID', 'PUBLIC_URL']],
    ['VITE_COMMIT COMMIT_SHA XBRANCH commit', []],
    ['git rev-parse HEAD', ['COMMIT', 'BRANCH']],
    ["execFileSync('git', ['log'])", ['COMMIT', 'BRANCH']],
    ['git describe --tags', ['COMMIT', 'BRANCH']],
    ["readFile('.git/HEAD')", ['COMMIT', 'BRANCH']],
    ["import git from 'git-rev-sync'", ['COMMIT', 'BRANCH']],
    ['JSON.stringify(process.env)', ['COMMIT', 'BRANCH', 'SESSION_ID', 'PR_NUMBER', 'PUBLIC_URL']],
    ['legit ungit "digit"', []],
  ])('%s: %j', async (text, variables) => {
    const tree = { ...APP, 'src/a.ts': text };
    expect((await buildOf(tree)).variables).toEqual(variables);
    const { builds } = await readRecipe(gitSource(tree), SURROUNDINGS);
    expect(builds).toMatchObject([{ variables }]);
  });

  test('of files that are not among the inputs do not count', async () => {
    const tree = {
      ...APP,
      'src/a.ts': '',
      'scripts/x.ts': 'COMMIT',
      'src/x.test.ts': 'BRANCH',
      ...yml('inputs: [src, "!src/*.test.ts"]'),
    };
    expect((await buildOf(tree)).variables).toEqual([]);
    const globs = { ...tree, ...yml('inputs: ["s*/*.ts"]') };
    expect((await buildOf(globs)).variables).toEqual(['COMMIT', 'BRANCH']);
  });

  test('of documents and lock files do not count', async () => {
    const tree = { ...APP, 'README.md': 'COMMIT', 'yarn.lock': 'simple-git' };
    expect((await buildOf(tree)).variables).toEqual([]);
  });
});

describe('carried to the next build', () => {
  test('is what Next keeps', async () => {
    expect((await buildOf(app({ start: 'x', build: 'next build' }, { dependencies: { next: '16' } }))).carried).toEqual(
      ['.next/cache'],
    );
  });

  test.each([
    [{ noEmit: true, incremental: true }, ['a/tsconfig.tsbuildinfo']],
    [{ noEmit: true, composite: true }, ['a/tsconfig.tsbuildinfo']],
    [{ noEmit: true, tsBuildInfoFile: './node_modules/.tmp/x.tsbuildinfo' }, ['a/node_modules/.tmp/x.tsbuildinfo']],
    [{ noEmit: true }, []],
    [{ incremental: true }, []],
    [{ composite: true, tsBuildInfoFile: 'x' }, []],
    [{ noEmit: true, tsBuildInfoFile: '../x' }, []],
  ])('is the state of a check of types that writes nothing else: %j', async (compilerOptions, carried) => {
    const tree = { ...inside('a', { ...APP, 'tsconfig.json': { compilerOptions } }), ...yml('directory: a') };
    expect((await buildOf(tree)).carried).toEqual(carried);
  });

  test('is what the recipe says, from the directory of the app', async () => {
    const tree = { ...inside('a', APP), ...yml('directory: a\ncache: { build: [./.cache/, x/y] }') };
    expect((await buildOf(tree)).carried).toEqual(['a/.cache', 'a/x/y']);
  });
});

describe('a tsconfig.json', () => {
  test('may have comments and trailing commas, and texts that look like them', () => {
    const text = '{ // a\n "include": ["src/**/*", /* b, ] */ "x//y",], "exclude": ["a,]"], }';
    const config = parseTsConfig(text, 'tsconfig.json');
    expect(config?.includes('src/a.ts')).toBe(true);
    expect(config?.includes('x//y')).toBe(false);
    expect(config?.includes('x/y')).toBe(true);
    expect(config?.includes('lib/a.ts')).toBe(false);
  });

  test.each(['', '[]', '{', '{"a": /* }', 'null'])('that is %j is none', (text) => {
    expect(parseTsConfig(text, 'tsconfig.json')).toBeUndefined();
  });

  test('takes in nothing but its files when it names them', () => {
    const config = parseTsConfig('{"files": ["a.ts"]}', 'tsconfig.json');
    expect(['a.ts', 'b.ts'].map((path) => config?.includes(path))).toEqual([true, false]);
  });

  test('that is a link is not followed', async () => {
    const source = memorySource({ ...APP, 'tsconfig.json': { compilerOptions: { noEmit: true, incremental: true } } }, [
      'tsconfig.json',
    ]);
    expect((await readRecipe(source, SURROUNDINGS)).builds).toMatchObject([{ carried: [] }]);
  });
});

test('a package.json that is a link is refused', async () => {
  await expect(readRecipe(memorySource(APP, ['package.json']), SURROUNDINGS)).rejects.toThrow('package.json is a link');
});
