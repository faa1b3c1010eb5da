import { describe, expect, test } from 'vitest';
import type { ProcessRecipe, Recipe, Source } from '../../../container/src/recipe/recipe.ts';
import { canReload } from '../../../container/src/updates/hot.ts';
import type { Candidate, Version } from '../../../container/src/updates/version.ts';

const shell = (script: string) => ({ file: '/bin/sh', args: ['-c', script], title: script });
const web: ProcessRecipe = { name: 'web', directory: '', command: shell('vite'), route: '/', env: {}, hot: 'vite' };
const api: ProcessRecipe = { name: 'api', directory: 'server', command: shell('node .'), route: '/api', env: {} };

const recipe = (more: Partial<Recipe> = {}): Recipe => ({
  installs: [
    {
      directory: '',
      command: shell('npm ci'),
      inputs: ['package-lock.json'],
      outputs: ['node_modules'],
      repeatable: true,
    },
  ],
  builds: [],
  processes: [web],
  env: {},
  robots: false,
  notes: [],
  ...more,
});

const FILES = { 'package-lock.json': 'lock1', 'src/a.ts': 'a1', 'server/b.ts': 'b1' };

/** From the live commit with FILES to one with these files and recipe. */
function reloads(files: Readonly<Record<string, string>>, after = recipe(), before = recipe()): boolean {
  const live = { recipe: before, files: new Map(Object.entries(FILES)) };
  const next = { recipe: after, source: { files: new Map(Object.entries(files)) } as unknown as Source };
  return canReload(live as unknown as Version, next as Candidate);
}

describe('a commit is reloaded', () => {
  const apiBuild = {
    directory: 'server',
    command: shell('tsc'),
    inputs: { include: ['server', 'shared'], exclude: [] },
    variables: [],
    carried: [],
  };
  const both = recipe({ processes: [web, api], builds: [apiBuild] });
  const unbuilt = recipe({ processes: [web, api] });
  const unlocked = recipe({ installs: recipe().installs.map((each) => ({ ...each, repeatable: false })) });
  test.each([
    // what differs                        files                                   recipe after   before     reloaded
    ['a source file', { ...FILES, 'src/a.ts': 'a2' }, recipe(), recipe(), true],
    ['nothing', FILES, recipe(), recipe(), true],
    ['a new file', { ...FILES, 'src/new.ts': 'n' }, recipe(), recipe(), true],
    ['a note only', FILES, recipe({ notes: ['hello'] }), recipe(), true],
    ['the lock file', { ...FILES, 'package-lock.json': 'lock2' }, recipe(), recipe(), false],
    ['a variable of the recipe', FILES, recipe({ env: { A: '1' } }), recipe(), false],
    ['hot is new', FILES, recipe(), recipe({ processes: [{ ...api, directory: '' }] }), false],
    ['a process that does not reload: not its files', { ...FILES, 'src/a.ts': 'a2' }, both, both, true],
    ['a process that does not reload: its files', { ...FILES, 'server/b.ts': 'b2' }, both, both, false],
    [
      'a process that does not reload: a file gone',
      { 'package-lock.json': 'lock1', 'src/a.ts': 'a1' },
      both,
      both,
      false,
    ],
    ['a process that does not reload: files that it reads', { ...FILES, 'shared/c.ts': 'c1' }, both, both, false],
    ['a process of which nobody knows what it reads', { ...FILES, 'src/a.ts': 'a2' }, unbuilt, unbuilt, false],
    ['modules that are never the same', { ...FILES, 'src/a.ts': 'a2' }, unlocked, unlocked, false],
  ] as const)('%s', (_what, files, after, before, expected) => {
    expect(reloads(files, after, before)).toBe(expected);
  });

  test('not when nothing of it reloads by itself', () => {
    const plain = recipe({ processes: [api] });
    expect(reloads({ ...FILES, 'src/a.ts': 'a2' }, plain, plain)).toBe(false);
  });
});
