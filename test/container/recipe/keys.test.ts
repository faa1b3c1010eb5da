import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildKey, countingEnv, installKey, type NodeFacts } from '../../../container/src/recipe/keys.ts';
import { makeFilter } from '../../../container/src/recipe/inputs.ts';
import type { Build, Install } from '../../../container/src/recipe/recipe.ts';

const MORE_ENV = { A: '1', B: '2', C: '' };
const NODE: NodeFacts = { version: 'v24.1.0', modules: '137', platform: 'linux', arch: 'x64' };
const command = { file: 'npm', args: ['ci'], title: 'npm ci' };
const INSTALL: Install = { directory: '', command, inputs: ['a', 'b'], outputs: ['node_modules'], repeatable: true };
const BUILD: Build = {
  directory: 'web',
  command,
  inputs: { include: ['web', 'shared/**/*.ts'], exclude: ['web/stories'] },
  variables: [],
  carried: [],
};
const FILES = new Map([
  ['web/a', '1'],
  ['web/stories/b', '2'],
  ['shared/x/c.ts', '3'],
  ['shared/d.md', '4'],
]);
const FACTS = { files: FILES, env: { A: '1', B: '2' }, installKeys: ['k1', 'k2'], node: NODE };

const shuffled = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
  fc.shuffledSubarray([...items], { minLength: items.length });
const path = fc
  .array(fc.constantFrom('a', 'b', 'web', 'x.ts', '.c'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));
const tree = fc.dictionary(path, fc.stringMatching(/^[0-9a-f]{4}$/)).map((files) => new Map(Object.entries(files)));

describe('the key of an install', () => {
  const key = (
    more: Partial<Install> = {},
    files = new Map([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]),
    node = NODE,
  ): string => installKey({ ...INSTALL, ...more }, files, node);

  test('is 64 hex digits, the same for the same', () => {
    expect(key()).toMatch(/^[0-9a-f]{64}$/);
    expect(key()).toBe(key());
    expect(key({ inputs: ['b', 'a'] })).toBe(key());
    expect(key({ command: { ...command, title: 'x' } })).toBe(key());
  });

  test('does not depend on other files', () => {
    expect(
      key(
        {},
        new Map([
          ['a', '1'],
          ['b', '2'],
          ['c', '9'],
          ['d', ''],
        ]),
      ),
    ).toBe(key());
  });

  const differences: Readonly<Record<string, () => string>> = {
    'an input': () =>
      key(
        {},
        new Map([
          ['a', '1'],
          ['b', '3'],
        ]),
      ),
    'the lack of an input': () => key({}, new Map([['a', '1']])),
    'the command': () => key({ command: { ...command, args: ['ci', '--x'] } }),
    'the directory': () => key({ directory: 'x' }),
    'the outputs': () => key({ outputs: ['x/node_modules'] }),
    'the version of Node': () => key({}, undefined, { ...NODE, version: 'v24.1.1' }),
    'the ABI of Node': () => key({}, undefined, { ...NODE, modules: '138' }),
    'the platform': () => key({}, undefined, { ...NODE, platform: 'darwin' }),
    'the architecture': () => key({}, undefined, { ...NODE, arch: 'arm64' }),
    'the C library': () => key({}, undefined, { ...NODE, libc: 'musl' }),
  };
  test.each(Object.entries(differences))('changes with %s', (_, other) => {
    expect(other()).not.toBe(key());
  });

  test('cannot be that of a build', () => {
    expect(buildKey({ ...BUILD, directory: '' }, { ...FACTS, installKeys: [], env: {} })).not.toBe(key());
  });
});

describe('the key of a build', () => {
  const key = (more: Partial<Build> = {}, facts: Partial<typeof FACTS> = {}): string =>
    buildKey({ ...BUILD, ...more }, { ...FACTS, ...facts });

  const differences: Readonly<Record<string, () => string>> = {
    'the command': () => key({ command: { ...command, file: 'pnpm' } }),
    'the directory': () => key({ directory: 'x' }),
    'a variable': () => key({}, { env: { A: '1', B: '3' } }),
    'a variable more': () => key({}, { env: MORE_ENV }),
    'the modules': () => key({}, { installKeys: ['k1', 'k3'] }),
    'the version of Node': () => key({}, { node: { ...NODE, version: 'v25.0.0' } }),
    'the name of a file': () =>
      key({}, { files: new Map([...FILES].map(([name, id]) => [name.replace('web/a', 'web/z'), id])) }),
    'two contents that are swapped': () =>
      key({}, { files: new Map([...FILES, ['web/a', '3'], ['shared/x/c.ts', '1']]) }),
  };
  test.each(Object.entries(differences))('changes with %s', (_, other) => {
    expect(other()).not.toBe(key());
  });

  test('keeps names and values apart', () => {
    const files = new Map<string, string>();
    expect(key({}, { files, env: { A: '1', B: '2' } })).not.toBe(key({}, { files, env: { A: '1","B":"2', B: '' } }));
    expect(key({}, { files: new Map([['web/a\n["web/b"', '1']]) })).not.toBe(
      key(
        {},
        {
          files: new Map([
            ['web/a', '1'],
            ['web/b', '1'],
          ]),
        },
      ),
    );
  });

  test('does not depend on the order of anything', () => {
    fc.assert(
      fc.property(tree, shuffled(['k1', 'k2', 'k3']), (files, installKeys) => {
        const reversed = new Map([...files].reverse());
        const env = { B: '2', A: '1' };
        expect(key({}, { files: reversed, installKeys, env })).toBe(
          key({}, { files, installKeys: ['k1', 'k2', 'k3'] }),
        );
      }),
    );
  });

  test('changes with each file that is included, and with no other', () => {
    fc.assert(
      fc.property(tree, path, (files, changed) => {
        const same = key({}, { files: new Map([...files, [changed, 'other']]) }) === key({}, { files });
        expect(same).toBe(!makeFilter(BUILD.inputs)(changed));
      }),
    );
  });
});

describe('the variables that count', () => {
  const MAYFLY = { COMMIT: 'c', BRANCH: 'b', SESSION_ID: 's', PR_NUMBER: '1', PUBLIC_URL: 'u' };
  const MACHINE = 'HOSTNAME HOME PWD OLDPWD SHLVL _ TERM PATH PORT HOST ECS_AGENT_URI AWS_EXECUTION_ENV npm_config_x';
  const PROJECT = { VITE_API: 'a', NODE_ENV: 'production', AWS_REGION: 'r', COMMIT_STYLE: 'x' };
  const machine = Object.fromEntries([...MACHINE.split(' '), 'AWS_CONTAINER_X'].map((name) => [name, '1']));
  const ALL = { ...MAYFLY, ...machine, ...PROJECT };

  test('are the project’s own', () => {
    expect(countingEnv(ALL, [])).toEqual(PROJECT);
  });

  test('and those of Mayfly that the build reads', () => {
    expect(countingEnv(ALL, ['COMMIT', 'PUBLIC_URL'])).toMatchObject({ COMMIT: 'c', PUBLIC_URL: 'u' });
    expect(countingEnv(ALL, ['COMMIT'])).not.toHaveProperty('BRANCH');
  });
});
