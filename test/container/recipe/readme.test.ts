import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Recipe } from '../../../container/src/recipe/recipe.ts';
import { app, inside, LOCK, recipeOf, steps, type Tree } from './source.ts';

const README = readFileSync(new URL('../../../container/README.md', import.meta.url), 'utf8');
const [, chapter = ''] = /^## Recipes\n([^]*?)^## /m.exec(README) ?? [];
const EXAMPLES = [...chapter.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const CI = 'npm ci --no-audit --no-fund --include=dev';

const web = { start: 'node web', build: 'vite build', dev: 'vite' };
const PAIR: Tree = { ...app(web), ...inside('server', app({ start: 'node dist', build: 'tsc' })) };

/** By the example's beginning: a repository that it is for, and what is made of them. */
const MEANT: Readonly<Record<string, { readonly tree: Tree; readonly check: (recipe: Recipe) => void }>> = {
  'env: { API_MODE': {
    tree: inside('apps/web', app(web)),
    check({ env, robots, installs, builds, processes }) {
      expect(env).toEqual({ API_MODE: 'mock', LOG_LEVEL: '2' });
      expect(robots).toBe(true);
      expect(steps(installs)).toEqual(['apps/web: npm ci --ignore-scripts']);
      expect(installs).toMatchObject([{ repeatable: true }]);
      expect(steps(builds)).toEqual(['apps/web: (node tools/codegen.js\n) &&\n(npm run build\n)']);
      expect(steps(processes)).toEqual(['apps/web: node dist/server.js']);
      expect(processes).toMatchObject([{ name: 'web', route: '/', health: '/healthz' }]);
    },
  },
  'build: [npx vite build, rm': {
    tree: { ...PAIR, ...app({ build: 'vite build' }) },
    check({ installs, builds, processes }) {
      expect(steps(installs)).toEqual([`.: ${CI}`, `server: ${CI}`]);
      expect(builds.map(({ directory }) => directory)).toEqual(['', 'server']);
      expect(builds.map(({ inputs }) => inputs.include)).toEqual([[''], ['']]);
      expect(steps(processes)).toEqual(['server: node dist']);
    },
  },
  'directory: apps/web': {
    tree: {
      'package.json': { workspaces: ['apps/*', 'packages/*'], scripts: { build: 'turbo build' } },
      'package-lock.json': LOCK,
      'apps/web/package.json': { scripts: web, dependencies: { ui: '*' } },
      'apps/api/package.json': { scripts: web },
      'packages/ui/package.json': { name: 'ui', scripts: { build: 'tsc' } },
    },
    check({ installs, builds, processes }) {
      expect(steps(installs)).toEqual([`.: ${CI}`]);
      expect(steps(builds)).toEqual(['.: turbo build']);
      expect(steps(processes)).toEqual(['apps/web: node web']);
    },
  },
  'processes:': {
    tree: PAIR,
    check({ processes, builds }) {
      expect(steps(processes)).toEqual(['.: node web', 'server: node dist', 'server: node dist/jobs.js']);
      expect(processes.map(({ route, health }) => [route, health])).toEqual([
        ['/', '/'],
        ['/api', '/api/healthz'],
        [undefined, undefined],
      ]);
      expect(processes[1]?.env).toEqual({ POOL: '5' });
      expect(steps(builds)).toEqual(['.: vite build', 'server: tsc']);
    },
  },
  'hot: true': {
    tree: app(web),
    check({ processes, builds }) {
      expect(builds).toEqual([]);
      expect(processes).toMatchObject([
        { hot: 'vite', env: { NODE_ENV: 'development', __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: 'shop.preview.test' } },
      ]);
    },
  },
  'install: false': {
    tree: { 'tools/hugo': '', 'content/a.md': '', ...app({ lint: 'x' }) },
    check({ installs, builds, processes }) {
      expect(installs).toEqual([]);
      expect(steps(builds)).toEqual(['.: ./tools/hugo --minify']);
      expect(processes[0]?.command.title).toBe('static files of dist, build, out, public, _site');
    },
  },
  'inputs: [src': {
    tree: {
      ...inside('apps/web', app({ ...web, postinstall: 'prisma generate' })),
      'apps/web/prisma/schema.prisma': '',
    },
    check({ installs, builds }) {
      expect(installs).toMatchObject([{ repeatable: true }]);
      expect(installs[0]?.inputs).toContain('apps/web/prisma/schema.prisma');
      expect(builds[0]?.inputs.include).toEqual([
        ...['src', 'public/**', 'index.html', 'vite.config.ts'].map((path) => `apps/web/${path}`),
        'packages/ui',
        ...['package.json', 'tsconfig*.json'].map((path) => `apps/web/${path}`),
        '.mayfly.yml',
        'apps/web/package-lock.json',
      ]);
      expect(builds[0]?.inputs.exclude).toEqual(['apps/web/src/**/*.stories.tsx']);
      expect(builds[0]?.carried).toEqual(['apps/web/.cache']);
    },
  },
};

test('each example is one of these', () => {
  expect(EXAMPLES.map((example) => Object.keys(MEANT).find((beginning) => example.startsWith(beginning)))).toEqual(
    Object.keys(MEANT),
  );
});

test.each(Object.entries(MEANT))(
  'the example that begins with %s means what the text says',
  async (beginning, meant) => {
    const example = EXAMPLES.find((each) => each.startsWith(beginning)) ?? '';
    meant.check(await recipeOf({ ...meant.tree, '.mayfly.yml': example }));
  },
);
