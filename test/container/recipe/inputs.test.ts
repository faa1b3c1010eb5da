import fc from 'fast-check';
import { matchesGlob } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { makeMatcher } from '../../../container/src/recipe/globs.ts';
import { makeFilter } from '../../../container/src/recipe/inputs.ts';
import { app, inside, recipeOf, yml } from './source.ts';

describe('a glob', () => {
  test.each([
    ['src/*.ts', ['src/a.ts', 'src/.ts'], ['src/a/b.ts', 'src/a.js', 'a.ts']],
    ['src/**/*.ts', ['src/a.ts', 'src/a/b/c.ts'], ['src/a.js', 'x/src/a.ts']],
    ['**/*.ts', ['a.ts', 'a/b.ts'], ['a.js']],
    ['**/test/**', ['test/a', 'a/test/b/c', 'test'], ['tests/a']],
    ['a?c', ['abc', 'a.c'], ['ac', 'a/c', 'abbc']],
    ['*', ['a', '.env'], ['a/b']],
    ['{apps,libs}/*/src', ['apps/a/src', 'libs/b/src'], ['x/a/src']],
    ['a.{ts,tsx}', ['a.ts', 'a.tsx'], ['a.t']],
    ['app/[slug]/*', ['app/[slug]/page.tsx'], ['app/s/page.tsx']],
    ['a{b', ['a{b'], ['ab']],
    ['a*b*c', ['abc', 'axbxbxc'], ['acb']],
  ])('%s', (glob, matching, others) => {
    const matches = makeMatcher(glob);
    expect(matching.filter((path) => !matches(path))).toEqual([]);
    expect(others.filter((path) => matches(path))).toEqual([]);
  });

  test('means what Node means by it, where both know it', () => {
    const segment = fc.stringMatching(/^[ab*?]{1,4}$/).filter((text) => !text.includes('**'));
    const glob = fc
      .array(fc.oneof(segment, fc.constant('**')), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'));
    const path = fc
      .array(fc.stringMatching(/^[ab]{1,4}$/), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(glob, path, (pattern, name) => {
        // They differ in whether `a/**` is also a itself.
        fc.pre(!pattern.endsWith('**'));
        expect(makeMatcher(pattern)(name)).toBe(matchesGlob(name, pattern));
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes no time that grows beyond its length, whoever writes it', () => {
    const matches = makeMatcher(`${'*a'.repeat(60)}b`);
    expect(matches('a'.repeat(200))).toBe(false);
    expect(makeMatcher('{a,b}'.repeat(50))('{a,b}'.repeat(50))).toBe(true);
    expect(makeMatcher(`${'**/a/'.repeat(40)}b`)('a/'.repeat(200))).toBe(false);
  });
});

describe('inputs', () => {
  test.each([
    [[''], [], 'any/thing', true],
    [['src'], [], 'src/a/b', true],
    [['src'], [], 'src', true],
    [['src'], [], 'src2/a', false],
    [['src/**'], [], 'src/.env', true],
    [['src/*.ts'], [], 'src/a.ts', true],
    [['packages/*/src'], [], 'packages/a/src/b.ts', true],
    [[''], ['server'], 'server/a', false],
    [['src'], ['src/**/*.test.ts'], 'src/a/b.test.ts', false],
    [['app/[id]'], [], 'app/[id]/page.tsx', true],
  ])('%j without %j: %s %j', (include, exclude, path, expected) => {
    expect(makeFilter({ include, exclude })(path)).toBe(expected);
  });

  test('of the recipe are taken from the directory of the app, with the files that decide how it is built', async () => {
    const tree = {
      ...inside('apps/web', app({ start: 'x', build: 'b' })),
      ...yml('directory: apps/web\ninputs: [src, ./public/, ../../packages/ui, "!src/stories"]'),
    };
    expect((await recipeOf(tree)).builds).toMatchObject([
      {
        inputs: {
          include: [
            'apps/web/src',
            'apps/web/public',
            'packages/ui',
            'apps/web/package.json',
            'apps/web/tsconfig*.json',
            '.mayfly.yml',
            'apps/web/package-lock.json',
          ],
          exclude: ['apps/web/src/stories'],
        },
      },
    ]);
  });

  test('that only leave something out begin with all of the directory', async () => {
    const { builds } = await recipeOf({ ...app({ start: 'x', build: 'b' }), ...yml('inputs: ["!docs"]') });
    expect(builds[0]?.inputs.include[0]).toBe('');
    expect(builds[0]?.inputs.exclude).toEqual(['docs']);
  });
});
