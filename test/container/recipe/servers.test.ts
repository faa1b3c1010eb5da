import { describe, expect, test } from 'vitest';
import { app, faultOf, inside, recipeOf, steps, type Tree, typed, yml } from './source.ts';

const VITE = '--port "$PORT" --strictPort --host 127.0.0.1';
const NEXT = '-p "$PORT" -H 127.0.0.1';
const HOT = yml('hot: true');

async function runOf(tree: Tree): Promise<string> {
  const { processes } = await recipeOf(tree);
  return processes.map(typed).join('\n');
}

/** Without a build, so that nothing else is shown in place of a development server. */
describe('servers that do not heed PORT or HOST are told', () => {
  test.each([
    ['vite', `vite ${VITE}`],
    ['vite dev', `vite dev ${VITE}`],
    ['vite serve --mode staging', `vite serve --mode staging ${VITE}`],
    ['vite preview', `vite preview ${VITE}`],
    ['npx vite', `npx vite ${VITE}`],
    ['pnpm exec vite', `pnpm exec vite ${VITE}`],
    ['cross-env A=1 B=2 vite --config x.ts', `cross-env A=1 B=2 vite --config x.ts ${VITE}`],
    ['NODE_OPTIONS=--x node_modules/.bin/vite', `NODE_OPTIONS=--x node_modules/.bin/vite ${VITE}`],
    ['vite --port 3000', `vite ${VITE}`],
    ['vite --port=3000 --strictPort --open', `vite --open ${VITE}`],
    ['vite --host', `vite ${VITE}`],
    ['vite --host 0.0.0.0 --open', `vite --open ${VITE}`],
    ['next', `next ${NEXT}`],
    ['next dev --turbopack', `next dev --turbopack ${NEXT}`],
    ['next dev -p 3000', `next dev ${NEXT}`],
    ['next dev --port=3000 -H 0.0.0.0', `next dev ${NEXT}`],
    ['next start -p 3000', 'next start -p "$PORT"'],
  ])('%s', async (script, expected) => {
    expect(await runOf(app({ start: script }))).toBe(expected);
    expect(await runOf({ ...app({}), ...yml(`start: ${JSON.stringify(script)}`) })).toBe(expected);
  });

  test.each([
    'vite --port $PORT',
    'vite --port "${PORT:-3000}"',
    'next dev -p $PORT',
    'next start',
    'vite && node x',
    'vite | tee log',
    'vite; true',
    'vite & node server.js',
    'vite > log',
    'vite $(cat args)',
    'npm exec vite',
    'vite build --watch',
    'next build',
    'next ./web',
    'vitest',
    'nextra',
    'node vite',
    'concurrently "vite" "node api"',
  ])('but `%s` is left alone', async (script) => {
    expect(await runOf(app({ start: script }))).toBe(script);
  });
});

describe('a script that needs its package manager', () => {
  const pnpm = (tree: Tree): Tree => {
    const { 'package-lock.json': _, ...rest } = tree;
    return { ...rest, 'pnpm-lock.yaml': '' };
  };
  test.each([
    ['npm', app({ start: 'x', prestart: 'y' }), 'npm run start'],
    ['npm', app({ start: 'echo $npm_package_version' }), 'npm run start'],
    ['pnpm', pnpm(app({ start: 'x', poststart: 'y' })), 'pnpm run start'],
    ['npm', app({ dev: 'vite', predev: 'y' }), `exec npm run dev -- ${VITE}`],
    ['pnpm', pnpm(app({ dev: 'vite', predev: 'y' })), `exec pnpm run dev ${VITE}`],
  ])('is run by %s', async (manager, tree, expected) => {
    expect(await runOf(tree)).toBe(expected);
    expect((await recipeOf(tree)).processes[0]?.command.title).toMatch(new RegExp(`^${manager} run `));
  });

  test('is any script under yarn, which may keep no node_modules', async () => {
    const { 'package-lock.json': _, ...rest } = app({ start: 'node .', build: 'tsc' });
    const { processes, builds } = await recipeOf({ ...rest, 'yarn.lock': '' });
    expect([...builds, ...processes].map(typed)).toEqual(['yarn run build', 'yarn run start']);
  });
});

describe('hot: true', () => {
  test.each([
    ['vite', 'vite', `vite ${VITE}`],
    ['next dev', 'next', `next dev ${NEXT}`],
    ['tsx watch a.ts', 'other', 'tsx watch a.ts'],
    ['concurrently vite "tsx api"', 'other', 'concurrently vite "tsx api"'],
    ['vite preview', 'other', `vite preview ${VITE}`],
  ])('with dev: %s is of the kind %s, without a build', async (dev, hot, expected) => {
    const { processes, builds, installs } = await recipeOf({ ...app({ start: 'x', dev, build: 'b' }), ...HOT });
    expect(processes).toMatchObject([{ hot, env: { NODE_ENV: 'development' } }]);
    expect(processes.map(typed)).toEqual([expected]);
    expect(builds).toEqual([]);
    expect(installs).toHaveLength(1);
  });

  test('tells Vite the public host', async () => {
    const { processes } = await recipeOf({ ...app({ dev: 'vite' }), ...HOT }, { publicHost: 'a.example' });
    expect(processes[0]?.env).toMatchObject({ __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: 'a.example' });
  });

  test('says what Next has to be told by its own configuration', async () => {
    const told = [
      "WARNING: the development server of Next refuses requests from shop.preview.test, so pages stay dead; say allowedDevOrigins: ['*.preview.test'] in next.config",
    ];
    const tree = { ...app({ dev: 'next dev' }), ...HOT };
    expect((await recipeOf(tree)).notes).toEqual(told);
    expect((await recipeOf({ ...app({}), ...yml('hot: true\nstart: next') })).notes).toEqual(told);
    expect((await recipeOf({ ...tree, 'next.config.ts': 'export default { allowedDevOrigins: [] }' })).notes).toEqual(
      [],
    );
    expect((await recipeOf({ ...tree, 'next.config.mjs': '' })).notes).toEqual(told);
    expect((await recipeOf(tree, { publicHost: 'shop.localhost' })).notes).toEqual([]);
    expect((await recipeOf({ ...tree, ...app({ start: 'next start' }), ...yml('{}') })).notes).toEqual([]);
  });

  test('runs start where there is no dev', async () => {
    expect(await runOf({ ...app({ start: 'node --watch .' }), ...HOT })).toBe('node --watch .');
  });

  test('runs what the recipe says', async () => {
    const tree = { ...app({ dev: 'x' }), ...yml('hot: true\nstart: npx vite web') };
    expect((await recipeOf(tree)).processes).toMatchObject([{ hot: 'vite' }]);
    expect(await runOf(tree)).toBe(`npx vite web ${VITE}`);
  });

  test('gives way to the project’s own variables', async () => {
    const stated = { ...app({ dev: 'vite' }), ...yml('hot: true\nenv: { NODE_ENV: test }') };
    const { env, processes } = await recipeOf(stated);
    expect({ ...env, ...processes[0]?.env }).toMatchObject({ NODE_ENV: 'test' });
    const own = { ...app({ dev: 'vite' }), ...yml('processes: { web: { hot: true, env: { NODE_ENV: test } } }') };
    expect((await recipeOf(own)).processes[0]?.env).toMatchObject({ NODE_ENV: 'test' });
  });

  test('goes to the only member of a workspace', async () => {
    const tree = {
      'package.json': { workspaces: ['a'], scripts: { dev: 'turbo dev' } },
      ...inside('a', app({ dev: 'vite' })),
      ...HOT,
    };
    expect(steps((await recipeOf(tree)).processes)).toEqual([`a: vite ${VITE}`]);
  });

  test('installs a server beside the front end, and says that it is not started', async () => {
    const tree = { ...app({ dev: 'vite', build: 'b' }), ...inside('server', app({ start: 'x', build: 'c' })), ...HOT };
    const { processes, installs, builds, notes } = await recipeOf(tree);
    expect(steps(processes)).toEqual([`.: vite ${VITE}`]);
    expect(installs.map(({ directory }) => directory)).toEqual(['', 'server']);
    expect(builds).toEqual([]);
    expect(notes).toEqual([
      'hot: true runs the script dev alone; list server among the processes of .mayfly.yml if that does not start it',
    ]);
  });

  test('needs something to run', async () => {
    const message =
      'hot: true needs a script dev (or start) in package.json of the root of the repository, or a start in .mayfly.yml';
    expect(await faultOf({ ...app({ build: 'b' }), 'index.html': '', ...HOT })).toBe(message);
  });
});
