import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { app, faultOf, inside, LOCK, recipeOf, steps, type Tree, yml } from './source.ts';

const STATIC = `${process.execPath} ${fileURLToPath(new URL('../../../container/src/static/main.ts', import.meta.url))}`;
const BUILT = `${STATIC} dist build out public _site`;
const CI = 'npm ci --no-audit --no-fund --include=dev';
const VITE_ARGS = '--port "$PORT" --strictPort --host 127.0.0.1';
const PAGE = { 'index.html': '<p>' };
const vite = { devDependencies: { vite: '8' } };

interface Row {
  readonly tree: Tree;
  readonly installs?: readonly string[];
  readonly builds?: readonly string[];
  readonly run: string;
}

/** What a repository holds, and what is made of it. */
const TABLE: Readonly<Record<string, Row>> = {
  'a start script': { tree: app({ start: 'node a.js', dev: 'x' }), run: '.: node a.js' },
  'a start script and a build': {
    tree: app({ start: 'node a.js', build: 'tsc' }),
    builds: ['.: tsc'],
    run: '.: node a.js',
  },
  'a dev script alone': { tree: app({ dev: 'node --watch a.js' }), run: '.: node --watch a.js' },
  'a dev script of Vite, which ignores PORT': { tree: app({ dev: 'vite' }), run: `.: vite ${VITE_ARGS}` },
  'a front end of Vite': {
    tree: { ...app({ dev: 'vite', build: 'vite build', preview: 'vite preview' }, vite), ...PAGE },
    builds: ['.: vite build'],
    run: `.: ${BUILT}`,
  },
  'a front end with its page in public/': {
    tree: {
      ...app({ build: 'react-scripts build' }, { dependencies: { 'react-scripts': '5' } }),
      'public/index.html': '',
    },
    builds: ['.: react-scripts build'],
    run: `.: ${BUILT}`,
  },
  'a front end whose start is a development server': {
    tree: {
      ...app(
        { start: 'react-scripts start', build: 'react-scripts build' },
        { dependencies: { 'react-scripts': '5' } },
      ),
      'public/index.html': '',
    },
    builds: ['.: react-scripts build'],
    run: `.: ${BUILT}`,
  },
  'a development server and no build': {
    tree: { ...app({ start: 'vite' }, vite), ...PAGE },
    run: `.: vite ${VITE_ARGS}`,
  },
  'a server with pages in public/ is no front end': {
    tree: { ...app({ dev: 'tsx a.ts', build: 'tsc' }), 'public/index.html': '' },
    builds: ['.: tsc'],
    run: '.: tsx a.ts',
  },
  'a build and a preview, without a page': {
    tree: app({ dev: 'vite dev', build: 'vite build', preview: 'vite preview' }, vite),
    builds: ['.: vite build'],
    run: `.: vite preview ${VITE_ARGS}`,
  },
  'a build alone': { tree: app({ build: 'hexo generate' }), builds: ['.: hexo generate'], run: `.: ${BUILT}` },
  'a generator of sites': {
    tree: app({ dev: 'astro dev', build: 'astro build' }, { dependencies: { astro: '5' } }),
    builds: ['.: astro build'],
    run: `.: ${BUILT}`,
  },
  'pages alone': { tree: PAGE, installs: [], run: `.: ${STATIC} .` },
  'pages in public/': { tree: { 'public/index.html': '' }, installs: [], run: `.: ${STATIC} public` },
  'pages, and a package.json for tools': {
    tree: { ...app({ test: 'x' }), ...PAGE },
    installs: [],
    run: `.: ${STATIC} .`,
  },
  'a front end and a server': {
    tree: {
      ...app({ dev: 'vite', build: 'vite build' }, vite),
      ...PAGE,
      ...inside('server', app({ build: 'tsc', start: 'node dist' })),
    },
    installs: [`.: ${CI}`, `server: ${CI}`],
    builds: ['.: vite build', 'server: tsc'],
    run: 'server: node dist',
  },
  'a front end with a development server as start, and a server': {
    tree: { ...app({ start: 'vite', build: 'vite build' }, vite), ...inside('server', app({ start: 'node .' })) },
    installs: [`.: ${CI}`, `server: ${CI}`],
    builds: ['.: vite build'],
    run: 'server: node .',
  },
  "a front end with a server, and a start of the root's own": {
    tree: { ...app({ start: 'node run.js', build: 'b' }), ...inside('server', app({ build: 'tsc', start: 'x' })) },
    installs: [`.: ${CI}`, `server: ${CI}`],
    builds: ['.: b', 'server: tsc'],
    run: '.: node run.js',
  },
  'a root that installs and builds the server itself': {
    tree: {
      ...app({
        postinstall: 'npm --prefix server ci',
        build: 'vite build && npm run build:server',
        'build:server': 'cd server && tsc',
      }),
      ...inside('server', app({ build: 'tsc', start: 'node .' })),
    },
    builds: ['.: vite build && npm run build:server'],
    run: 'server: node .',
  },
  'a root with a dev that starts all, and no build': {
    tree: { ...app({ dev: 'concurrently a b' }), ...inside('server', app({ start: 'x' })) },
    run: '.: concurrently a b',
  },
  'pages beside a server': {
    tree: { ...PAGE, ...inside('server', app({ start: 'node .' })) },
    installs: [`server: ${CI}`],
    run: 'server: node .',
  },
  'a directory server/ that is no package of its own': {
    tree: { ...app({ start: 'node server' }), 'server/package.json': { type: 'module' } },
    run: '.: node server',
  },
};

test.each(Object.entries(TABLE))('%s', async (_, { tree, installs = [`.: ${CI}`], builds = [], run }) => {
  const recipe = await recipeOf(tree);
  expect(steps(recipe.installs)).toEqual(installs);
  expect(steps(recipe.builds)).toEqual(builds);
  expect(steps(recipe.processes)).toEqual([run]);
  expect(recipe.processes).toMatchObject([{ name: 'web', route: '/', health: '/' }]);
  expect(recipe.processes[0]).not.toHaveProperty('hot');
});

describe('what the person who pushed is told', () => {
  test('that a development server is not what is shown', async () => {
    const { notes } = await recipeOf({ ...app({ start: 'vite', build: 'vite build' }, vite), ...PAGE });
    expect(notes).toEqual([
      'the script start is a development server (`vite`): what the script build makes is served in its place. Say start in .mayfly.yml to have it otherwise',
    ]);
  });

  test('what was looked for, and what to write', async () => {
    const message = await faultOf({ 'main.py': '' });
    expect(message).toMatch(
      /^nothing says how the repository is run\. Looked for in the root of the repository: package\.json/,
    );
    expect(message).toContain('install: npm ci\nstart: node server.js');
  });

  test('the same of a directory, with the directory', async () => {
    const message = await faultOf({ ...yml('directory: apps/api'), 'apps/api/main.py': '' });
    expect(message).toMatch(/^nothing says how apps\/api is run/);
    expect(message).toContain('directory: apps/api\ninstall: npm ci');
  });

  test('that a package.json says nothing', async () => {
    expect(await faultOf(app({ test: 'x', toString: 'y' }))).toMatch(/^nothing says/);
  });
});

describe('a development server', () => {
  test('gets the mode it is made for, and the host that it may answer to', async () => {
    const { processes } = await recipeOf(app({ dev: 'vite' }));
    expect(processes[0]?.env).toEqual({
      NODE_ENV: 'development',
      __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: 'shop.preview.test',
    });
  });

  test('among others is told by its dependencies', async () => {
    const { processes } = await recipeOf(app({ dev: 'concurrently vite "node api"' }, vite));
    expect(processes[0]?.env).toHaveProperty('__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS');
    expect((await recipeOf(app({ dev: 'node .' }))).processes[0]?.env).toEqual({ NODE_ENV: 'development' });
  });

  test('leaves a start script alone', async () => {
    expect((await recipeOf(app({ start: 'node .' }, vite))).processes[0]?.env).toEqual({});
  });
});

describe('a package.json', () => {
  test.each([
    ['', 'it is empty'],
    ['<<<<<<< HEAD\n{}\n', 'it holds the markers of a git merge conflict (line 1)'],
    ['{\n "a": x}', 'it is not valid JSON: unexpected "x" (line 2)'],
    ['{"a": 1,}', 'it is not valid JSON: Expected double-quoted property name in JSON at position 8 (line 1 column 9)'],
    ['{"a":', 'it is not valid JSON: Unexpected end of JSON input'],
    ['[]', 'it does not hold a JSON object'],
    ['null', 'it does not hold a JSON object'],
  ])('that holds %j is refused, with the place', async (text, reason) => {
    expect(await faultOf({ 'package.json': text, 'package-lock.json': LOCK })).toBe(
      `package.json cannot be read: ${reason}`,
    );
  });

  test('with odd parts is read as far as it makes sense', async () => {
    const odd = { scripts: { start: 'node .', build: 7 }, dependencies: ['x'], workspaces: 'x', packageManager: 1 };
    const recipe = await recipeOf({ 'package.json': odd, 'package-lock.json': LOCK });
    expect(steps(recipe.processes)).toEqual(['.: node .']);
    expect(recipe.builds).toEqual([]);
  });

  test('may begin with a byte order mark', async () => {
    const recipe = await recipeOf({
      'package.json': '\uFEFF{"scripts":{"start":"node ."}}',
      'package-lock.json': LOCK,
    });
    expect(steps(recipe.processes)).toEqual(['.: node .']);
  });
});
