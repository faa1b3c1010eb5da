import { describe, expect, test } from 'vitest';
import { app, faultOf, inside, recipeOf, steps, type Tree, yml } from './source.ts';

const TWO: Tree = {
  ...app({ start: 'node web', build: 'vite build' }),
  ...inside('server', app({ start: 'node api', build: 'tsc' })),
};
const CI = 'npm ci --no-audit --no-fund --include=dev';

describe('several processes', () => {
  test('each have their directory, install, build, variables and health', async () => {
    const recipe = await recipeOf({
      ...TWO,
      ...yml(`
        env: { A: 1 }
        processes:
          web: { build: npm run build:web, env: { B: 2 } }
          api: { directory: server, route: /api/, health: /api/healthz, install: npm i, env: { A: 3 } }
          jobs: { directory: server, start: node jobs }
      `),
    });
    expect(recipe.processes).toMatchObject([
      { name: 'web', directory: '', route: '/', health: '/', env: { B: '2' } },
      { name: 'api', directory: 'server', route: '/api', health: '/api/healthz', env: { A: '3' } },
      { name: 'jobs', directory: 'server', env: {} },
    ]);
    expect(recipe.processes[2]).not.toHaveProperty('route');
    expect(recipe.processes[2]).not.toHaveProperty('health');
    expect(recipe.env).toEqual({ A: '1' });
    expect(steps(recipe.processes)).toEqual(['.: node web', 'server: node api', 'server: node jobs']);
    expect(steps(recipe.installs)).toEqual([`.: ${CI}`, 'server: npm i']);
    expect(steps(recipe.builds)).toEqual(['.: npm run build:web', 'server: tsc']);
  });

  test.each([
    ['{ api: { start: x } }', { api: '/' }],
    ['{ api: { start: x }, web: { start: y } }', { api: undefined, web: '/' }],
    ['{ api: { start: x }, jobs: { start: y } }', { api: '/', jobs: undefined }],
    ['{ api: { start: x, route: /api }, web: { start: y } }', { api: '/api', web: '/' }],
    ['{ api: { start: x, route: /api }, jobs: { start: y } }', { api: '/api', jobs: undefined }],
    ['{ web: { start: x, route: /web }, site: { start: y, route: / } }', { web: '/web', site: '/' }],
  ])('of %s lead: %j', async (processes, routes) => {
    const recipe = await recipeOf({ ...TWO, ...yml(`processes: ${processes}`) });
    expect(Object.fromEntries(recipe.processes.map(({ name, route }) => [name, route]))).toEqual(routes);
  });

  test('need not wait for health when they are workers, unless the recipe says so', async () => {
    const { processes } = await recipeOf({
      ...TWO,
      ...yml('processes: { web: {}, jobs: { start: x, health: /up }, api: { start: y, route: /a, health: false } }'),
    });
    expect(processes.map(({ health }) => health)).toEqual(['/', '/up', undefined]);
  });

  test('share what one of them says of their directory', async () => {
    const { installs, builds, processes } = await recipeOf({
      ...app({ start: 'node web', build: 'vite build' }),
      ...yml(`
        processes:
          a: { start: x, cache: { install: [gen], build: [.cache] } }
          b: { start: y, install: npm ci, build: make, inputs: [src], cache: { build: [.tmp] } }
      `),
      'gen/a': '',
    });
    expect(steps(installs)).toEqual(['.: npm ci']);
    expect(installs[0]?.inputs).toContain('gen/a');
    expect(steps(builds)).toEqual(['.: make']);
    expect(builds).toMatchObject([
      { carried: ['.cache', '.tmp'], inputs: { include: expect.arrayContaining(['src']) as string[] } },
    ]);
    expect(processes).toHaveLength(2);
  });

  test('of which one is hot are built for the others only', async () => {
    const { builds } = await recipeOf({
      ...TWO,
      ...yml('processes: { web: { hot: true }, api: { directory: server, route: /api } }'),
    });
    expect(steps(builds)).toEqual(['server: tsc']);
  });

  test('do not count a directory twice: a server beside a front end is a process of its own', async () => {
    const tree = {
      ...app({ build: 'vite build', dev: 'vite' }, { dependencies: { vite: '8' } }),
      'index.html': '',
      ...inside('server', app({ start: 'node api' })),
    };
    const { processes, notes } = await recipeOf({
      ...tree,
      ...yml('processes: { web: {}, api: { directory: server, route: /api } }'),
    });
    expect(processes.map(({ directory, command }) => [directory, command.title])).toEqual([
      ['', 'static files of dist, build, out, public, _site'],
      ['server', 'npm run start'],
    ]);
    expect(notes).toEqual([]);
  });
});

describe('faults between them', () => {
  test.each([
    [
      '{ a: { start: x, route: /a }, b: { start: y, route: /a/ } }',
      'processes.b.route: /a leads to a already (line 1)',
    ],
    [
      '{ a: { start: x, build: m }, b: { start: y, build: n } }',
      'processes.b.build: differs from that of a, which has the same directory; write it once (line 1)',
    ],
    [
      '{ a: { start: x, install: false }, b: { start: y, install: npm ci } }',
      'processes.b.install: differs from that of a, which has the same directory; write it once (line 1)',
    ],
    [
      '{ a: { start: x, directory: ./server/, inputs: [a] }, b: { start: y, directory: server, inputs: [b] } }',
      'processes.b.inputs: differs from that of a, which has the same directory; write it once (line 1)',
    ],
  ])('%s', async (processes, message) => {
    expect(await faultOf({ ...TWO, ...yml(`processes: ${processes}`) })).toBe(`.mayfly.yml: ${message}`);
  });

  test('what several lack is told together', async () => {
    const tree = { ...yml('processes: { web: { directory: a }, api: { directory: b } }'), 'a/x': '', 'b/x': '' };
    const message = await faultOf(tree);
    expect(message).toMatch(/^nothing says how a is run/);
    expect(message).toMatch(/^nothing says how b is run/m);
  });
});
