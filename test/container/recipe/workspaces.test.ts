import { describe, expect, test } from 'vitest';
import { faultOf, LOCK, recipeOf, steps, type Tree, typed, yml } from './source.ts';

const CI = 'npm ci --no-audit --no-fund --include=dev';

/** A root with these scripts, and members by directory. */
function workspace(
  members: Readonly<Record<string, object>>,
  root: object = {},
  globs = ['apps/*', 'packages/*'],
): Tree {
  return {
    'package.json': { workspaces: globs, ...root },
    'package-lock.json': LOCK,
    ...Object.fromEntries(
      Object.entries(members).map(([directory, manifest]) => [`${directory}/package.json`, manifest]),
    ),
  };
}

const web = { scripts: { start: 'node .', build: 'vite build' } };

describe('one install at the root', () => {
  test('has the manifests of all members among its inputs, and their modules among its outputs', async () => {
    const tree = { ...workspace({ 'apps/web': web, 'packages/ui': {}, 'tools/x': {} }), 'apps/web/.npmrc': '' };
    const { installs } = await recipeOf(tree);
    expect(steps(installs)).toEqual([`.: ${CI}`]);
    expect(installs).toMatchObject([
      {
        inputs: [
          'apps/web/.npmrc',
          'apps/web/package.json',
          'package-lock.json',
          'package.json',
          'packages/ui/package.json',
        ],
        outputs: ['apps/web/node_modules', 'node_modules', 'packages/ui/node_modules'],
        repeatable: true,
      },
    ]);
  });

  test.each([
    [
      ['apps/**', '!apps/old'],
      ['apps/a', 'apps/b/c'],
    ],
    [['./apps/a/'], ['apps/a']],
    [['{apps,libs}/*'], ['apps/a', 'apps/old', 'libs/d']],
    [{ packages: ['libs/*'] }, ['libs/d']],
  ])('members by %j are %j', async (globs, members) => {
    const tree = {
      ...workspace({ 'apps/a': web, 'apps/b/c': {}, 'apps/old': {}, 'libs/d': {}, 'apps/a/node_modules/x': {} }),
      'package.json': { workspaces: globs, scripts: { start: 'node .' } },
    };
    const outputs = ['node_modules', ...members.map((member) => `${member}/node_modules`)].sort();
    expect((await recipeOf(tree)).installs).toMatchObject([{ outputs }]);
  });

  test('follows pnpm-workspace.yaml', async () => {
    const tree = {
      'package.json': { private: true },
      'pnpm-lock.yaml': '',
      'pnpm-workspace.yaml': 'packages:\n  - "apps/*"\n',
      'apps/web/package.json': web,
    };
    const { installs, processes } = await recipeOf(tree);
    expect(steps(installs)).toEqual(['.: pnpm install --frozen-lockfile --prod=false']);
    expect(installs[0]?.inputs).toContain('pnpm-workspace.yaml');
    expect(processes[0]?.directory).toBe('apps/web');
  });

  test('a pnpm-workspace.yaml that cannot be read is a fault', async () => {
    const tree = { 'package.json': {}, 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'packages: [\n' };
    expect(await faultOf(tree)).toMatch(/^pnpm-workspace\.yaml cannot be read: .* \(line \d\)$/);
  });

  test('one that only has settings makes no workspace', async () => {
    const tree = {
      'package.json': { scripts: { start: 'node .' } },
      'pnpm-lock.yaml': '',
      'pnpm-workspace.yaml': 'onlyBuiltDependencies: [esbuild]\n',
      'a/package.json': {},
    };
    expect((await recipeOf(tree)).installs).toMatchObject([{ outputs: ['node_modules'] }]);
  });

  test('is not repeatable with an install script of a member', async () => {
    const tree = workspace({ 'apps/web': { scripts: { ...web.scripts, postinstall: 'x' } } });
    expect((await recipeOf(tree)).installs).toMatchObject([{ repeatable: false }]);
  });
});

describe('the app', () => {
  test('is the only member that can be started, in its own directory', async () => {
    const { processes, builds, notes } = await recipeOf(
      workspace({ 'apps/web': web, 'packages/ui': { scripts: { test: 'x' } } }),
    );
    expect(steps(processes)).toEqual(['apps/web: node .']);
    expect(steps(builds)).toEqual(['apps/web: vite build']);
    expect(notes).toEqual(['apps/web is run: it is the only workspace with a script start or dev']);
  });

  test('is the root, when that can be started', async () => {
    const tree = workspace({ 'apps/web': web }, { scripts: { start: 'npm start -w apps/web' } });
    expect(steps((await recipeOf(tree)).processes)).toEqual(['.: npm start -w apps/web']);
  });

  test.each(['turbo dev', 'turbo run dev', 'pnpm -r dev', 'npm run dev --workspaces', 'nx run-many -t dev'])(
    'is not what `%s` starts, which is all of them',
    async (dev) => {
      const tree = workspace({ 'apps/web': web }, { scripts: { dev } });
      expect(steps((await recipeOf(tree)).processes)).toEqual(['apps/web: node .']);
    },
  );

  test('must be named when there are several, and the message says how', async () => {
    const message = await faultOf(
      workspace({
        'apps/api': { scripts: { start: 'x' } },
        'apps/web': web,
        'apps/2_Admin': { scripts: { dev: 'x' } },
      }),
    );
    expect(
      message,
    ).toBe(`several workspaces can be run: apps/api, apps/web, apps/2_Admin. Say in .mayfly.yml which of them are, and where, e.g.:

processes:
  api: { directory: apps/api, route: /api }
  web: { directory: apps/web, route: / }
  admin: { directory: apps/2_Admin, route: /admin }`);
  });

  test('as the message says it is accepted', async () => {
    const tree = workspace({ 'a/app': { scripts: { start: 'x' } }, 'b/app': { scripts: { start: 'y' } } }, {}, [
      '*/app',
    ]);
    const [, suggestion = ''] = (await faultOf(tree)).split('\n\n');
    const { processes, installs } = await recipeOf({ ...tree, '.mayfly.yml': suggestion });
    expect(steps(processes)).toEqual(['a/app: x', 'b/app: y']);
    expect(processes.map(({ name, route }) => [name, route])).toEqual([
      ['app', '/'],
      ['app-2', '/app-2'],
    ]);
    expect(installs).toHaveLength(1);
  });

  test('can be named by its directory', async () => {
    const tree = {
      ...workspace({ 'apps/web': web, 'apps/api': { scripts: { start: 'x' } } }),
      ...yml('directory: apps/api'),
    };
    const recipe = await recipeOf(tree);
    expect(steps(recipe.processes)).toEqual(['apps/api: x']);
    expect(steps(recipe.installs)).toEqual([`.: ${CI}`]);
    expect(recipe.builds).toEqual([]);
  });
});

describe('a member that needs others built first', () => {
  const members = {
    'apps/web': { scripts: web.scripts, dependencies: { '@x/ui': '*', '@x/types': '*' } },
    'packages/ui': { name: '@x/ui', scripts: { build: 'tsc' } },
    'packages/types': { name: '@x/types' },
  };

  test('is built by the script of the root', async () => {
    const { builds, notes } = await recipeOf(workspace(members, { scripts: { build: 'turbo build' } }));
    expect(steps(builds)).toEqual(['.: turbo build']);
    expect(notes).toContain(
      'apps/web depends on packages/ui, which have builds of their own: the script build of the root is run',
    );
  });

  test('is built alone, with a warning, where the root has none', async () => {
    const { builds, notes } = await recipeOf(workspace(members));
    expect(steps(builds)).toEqual(['apps/web: vite build']);
    expect(notes).toContain(
      'WARNING: apps/web depends on packages/ui, which have builds of their own, and no script build at the root that runs them first',
    );
  });
});

test('scripts of a member run under the manager of the root', async () => {
  const { 'package-lock.json': _, ...tree } = workspace({ 'apps/web': { scripts: { start: 'x', prestart: 'y' } } });
  const { processes } = await recipeOf({ ...tree, 'pnpm-lock.yaml': '' });
  expect(processes.map(typed)).toEqual(['pnpm run start']);
});
