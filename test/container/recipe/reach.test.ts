import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../../container/src/recipe/read.ts';
import type { Inputs, Source } from '../../../container/src/recipe/recipe.ts';
import { app, gitSource, inside, memorySource, SURROUNDINGS, type Tree, yml } from './source.ts';

const EVERYTHING: Inputs = { include: [''], exclude: [] };
const WEB: Inputs = { include: [''], exclude: ['server'] };
const SERVER: Inputs = {
  include: ['server', '*.config.*', '*.rc', '*.rc.*', '.env*', 'tsconfig*.json'].map((name) =>
    name.replace('*.rc', '.*rc'),
  ),
  exclude: [],
};
const APART = { '': WEB, server: SERVER };
const ENTANGLED = { '': EVERYTHING, server: EVERYTHING };

/** A front end and a server of its own, both built, that do not know each other. */
const PAIR: Tree = {
  ...app({ dev: 'vite', build: 'tsc -b && vite build' }, { dependencies: { vite: '8', react: '19' } }),
  'index.html': '<script type="module" src="/src/main.tsx"></script>',
  'vite.config.ts': "export default { server: { proxy: { '/api': 'http://localhost:3001' } } };",
  'tsconfig.json': { files: [], references: [{ path: './tsconfig.app.json' }] },
  'tsconfig.app.json': '{ /* the app */ "compilerOptions": { "noEmit": true, }, "include": ["src"] }',
  'src/main.tsx': "import { App } from './app/../app';\nimport './observer/entry-server/x';",
  'src/app.tsx': "import { x } from './deep/x'; fetch('/api/server-time');",
  ...inside('server', {
    ...app({ build: 'tsc', start: 'node dist' }),
    'tsconfig.json': { compilerOptions: { outDir: 'dist' }, include: ['src'] },
    'src/index.ts': "import a from './deep/a.js';\nconst all = [...a, ...[1]];",
    'src/deep/a.ts': "import b from '../b.js'; import '../../data/x.json';",
    'src/b.ts': 'export default [];',
    'data/x.json': '{}',
  }),
};

async function reach(tree: Tree, makeSource: (tree: Tree) => Source = memorySource): Promise<Record<string, Inputs>> {
  const { builds } = await readRecipe(makeSource(tree), SURROUNDINGS);
  return Object.fromEntries(builds.map(({ directory, inputs }) => [directory, inputs]));
}

/** What is added to the pair, or changed in it. */
const KEEPS_APART: Readonly<Record<string, Tree>> = {
  nothing: {},
  'the server shows what was built': { 'server/src/show.ts': "static(join(import.meta.dirname, '../../dist'))" },
  'the same in pieces': { 'server/src/show.ts': 'static(path.resolve(__dirname, "..", "..", "dist", "client"))' },
  'the same in a template': { 'server/src/show.ts': 'static(`${__dirname}/../../dist/index.html`)' },
  'modules of the root': { 'server/src/x.ts': "require('../../node_modules/a/package.json')" },
  'documents that name it': { 'README.md': '`server/`', 'docs/a.md': '[x](../server/x)', 'server/README.md': '../src' },
  'files that no build reads': {
    '.gitignore': 'server/dist\n',
    Dockerfile: 'COPY server/ .',
    '.github/workflows/ci.yml': 'run: cd "server/"',
    'eslint.config.js': "ignores: ['server/**']",
    'yarn.lock': '"server/x"',
  },
  'a module of an installed package': { 'src/ssr.tsx': "import x from 'react/server';" },
  'a script that the build does not run': {
    ...app({ build: 'vite build', dev: 'concurrently vite "cd server && npm run dev"', server: 'node server' }),
  },
  'types that leave it out': {
    'tsconfig.json': { exclude: ['server', 'node_modules'] },
  },
  'types that take in only tests of it': { 'tsconfig.json': { include: ['src', 'server/**/*.spec.tsx'] } },
  'a glob deep inside': { 'src/pages.ts': "import.meta.glob('./**/*.tsx')" },
  'a name that begins alike': { 'src/x.ts': "import './server-side/x'; import '../my-server/y'; 'observer/'" },
};

const ENTANGLES: Readonly<Record<string, Tree>> = {
  'the front end imports the server’s types': { 'src/x.ts': "import type { Api } from '../server/src/api';" },
  'the same by an alias': { 'vite.config.ts': "alias: { '@api': resolve('server/src') }" },
  'the same by a name alone': { 'vite.config.ts': "alias: { '@api': resolve(root, 'server') }" },
  'the same by paths of tsconfig': {
    'tsconfig.app.json': { compilerOptions: { paths: { '@api/*': ['./server/src/*'] } }, include: ['src'] },
  },
  'the same by a reference': { 'tsconfig.json': { files: [], references: [{ path: './server' }] } },
  'the same by a subpath': app({ build: 'vite build' }, { imports: { '#api/*': './server/src/*' } }),
  'types that take in everything': { 'tsconfig.json': {} },
  'types that take in all below': { 'tsconfig.json': { include: ['**/*.ts'] } },
  'a tsconfig.json that cannot be understood': { 'tsconfig.json': '{ "include": [src] }' },
  'a build that goes into it': app({ build: 'vite build && cp -r dist server' }),
  'a build that does so by another script': app({
    build: 'npm run all',
    all: 'run-p build:*',
    'build:x': 'cp dist server/public',
  }),
  'a build of the recipe that does': yml('build: [npx vite build, cp -r dist server/public]'),
  'a build of the recipe that runs a script that does': {
    ...app({ all: 'vite build && cp -r dist server/public' }),
    ...yml('build: npm run all\nstart: x'),
  },
  'a hook of the build that does': app({ build: 'vite build', postbuild: 'mv dist server/dist' }),
  'a configuration that takes in all below': { 'tailwind.config.js': "content: ['./**/*.html']" },
  'classes that are looked for in templates': {
    ...app({ build: 'vite build' }, { dependencies: { tailwindcss: '^4.1.0' } }),
    'server/views/mail.ejs': '',
  },
  'the server reads what is around it': { 'server/src/x.ts': "import '../../shared/x.js';", 'shared/x.ts': '' },
  'the same without its ending': { 'server/src/x.ts': "import '../../shared/x';", 'shared/x.ts': '' },
  'the same in pieces': { 'server/src/x.ts': "join(here, '..', '..', 'shared')", 'shared/x.ts': '' },
  'a whole directory around it': { 'server/src/x.ts': "const root = resolve(__dirname, '../..');" },
  'something outside of the repository': { 'server/src/x.ts': "'../../../other'" },
  'a configuration that it extends': { 'server/tsconfig.json': { extends: '../tsconfig.json' } },
  'a package beside it': {
    ...inside('server', app({ build: 'tsc', start: 'node .' }, { dependencies: { src: 'file:../src' } })),
  },
  'its build climbs': inside('server', app({ build: 'tsc && cp -r ../dist .', start: 'x' })),
  'its build climbs in a shell': inside('server', app({ build: 'cd .. && npm run gen', start: 'x' })),
};

describe('a front end and a server beside it', () => {
  test.each(Object.entries(KEEPS_APART))('are apart: %s', async (_, more) => {
    expect(await reach({ ...PAIR, ...more })).toEqual(APART);
  });

  test.each(Object.entries(ENTANGLES))('are not: %s', async (_, more) => {
    expect(await reach({ ...PAIR, ...more })).toEqual(ENTANGLED);
  });

  test.each([
    ...Object.entries(KEEPS_APART).map(([name, more]) => [name, more, APART] as const),
    ...Object.entries(ENTANGLES).map(([name, more]) => [name, more, ENTANGLED] as const),
  ])('git answers the same: %s', async (_, more, expected) => {
    expect(await reach({ ...PAIR, ...more }, gitSource)).toEqual(expected);
  });

  test('the front end does not read a server that is not built', async () => {
    const tree = { ...PAIR, ...inside('server', app({ start: 'node .' })) };
    expect(await reach(tree)).toEqual({ '': WEB });
  });

  test('what the recipe states is taken as it is, whatever else there is', async () => {
    const tree = { ...PAIR, ...ENTANGLES['types that take in everything'], ...yml('inputs: [src]') };
    const inputs = await reach(tree);
    expect(inputs['']?.include).toEqual(['src', 'package.json', 'tsconfig*.json', '.mayfly.yml', 'package-lock.json']);
    expect(inputs['server']).toEqual(SERVER);
  });
});

describe('other shapes', () => {
  test('an app at the root reads everything', async () => {
    expect(await reach(app({ start: 'x', build: 'y' }))).toEqual({ '': EVERYTHING });
  });

  test('an app in a directory reads that, when it keeps to it', async () => {
    const tree = { ...inside('apps/web', app({ start: 'x', build: 'y' })), ...yml('directory: apps/web') };
    expect((await reach(tree))['apps/web']?.include).toContain('apps/.*rc');
    expect((await reach(tree))['apps/web']?.include.slice(0, 2)).toEqual(['apps/web', 'apps/*.config.*']);
    const climbing = { ...tree, 'apps/web/a.ts': "import '../shared/x'", 'apps/shared/x.ts': '' };
    expect(await reach(climbing)).toEqual({ 'apps/web': EVERYTHING });
  });

  test('members of a workspace read everything', async () => {
    const tree = {
      'package.json': { workspaces: ['apps/*'] },
      ...inside('apps/web', { 'package.json': { scripts: { start: 'x', build: 'y' } } }),
    };
    expect(await reach(tree)).toEqual({ 'apps/web': EVERYTHING });
  });

  test('processes side by side read their own', async () => {
    const both = {
      ...inside('web', app({ start: 'x', build: 'y' })),
      ...inside('api', app({ start: 'x', build: 'y' })),
    };
    const tree = { ...both, ...yml('processes: { web: { directory: web }, api: { directory: api, route: /api } }') };
    expect(Object.values(await reach(tree)).map(({ include }) => include[0])).toEqual(['web', 'api']);
    const entangled = { ...tree, 'web/a.ts': "import type x from '../api/x'", 'api/x.ts': '' };
    expect(await reach(entangled)).toEqual({ web: EVERYTHING, api: EVERYTHING });
  });
});
