/** Nothing stale is ever served: each of these once was, or could have been. */
import { describe, expect, test } from 'vitest';
import {
  app,
  type Environment,
  type Files,
  makeRepository,
  SERVER,
  serves,
  startEnvironment,
  temporary,
  until,
} from './stage.ts';

const INTEGRITY = {
  '2.1.2': 'sha512-sGkPx+VjMtmA6MX27oA4FBFELFCZZ4S4XqeGOXCv68tT+jb3vk/RyaKWP0PTKyWtmLSM0b+adUTEvbs1PEaH2w==',
  '2.1.3': 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==',
} as const;

/** Prints the version of its one module as it starts. */
function withMs(version: keyof typeof INTEGRITY, files: Files = {}): Files {
  const dependencies = { ms: version };
  const resolved = `https://registry.npmjs.org/ms/-/ms-${version}.tgz`;
  const packages = {
    '': { name: 'app', dependencies },
    'node_modules/ms': { version, resolved, integrity: INTEGRITY[version], license: 'MIT' },
  };
  const { 'package.json': manifest = '', ...rest } = app(
    version,
    files['build'] === undefined ? {} : { build: files['build'] },
  );
  return {
    ...rest,
    'package.json': JSON.stringify({ ...(JSON.parse(manifest) as object), dependencies }),
    'package-lock.json': `${JSON.stringify({ name: 'app', lockfileVersion: 3, requires: true, packages }, null, 2)}\n`,
    'server.js': `import { readFileSync } from 'node:fs';
console.log('runs with ms', JSON.parse(readFileSync('node_modules/ms/package.json', 'utf8')).version);
${SERVER(version)}`,
  };
}

const said = (environment: Environment): string[] =>
  environment.lines.filter((line) => line.startsWith('runs with ms')).map((line) => line.slice('runs with ms '.length));

const stored = (environment: Environment): number =>
  environment.lines.filter((line) => line.includes('cache=stored')).length;

describe('modules', () => {
  test('of a commit after one that failed are those of its lock file', async () => {
    const repository = makeRepository();
    const first = repository.commit(withMs('2.1.2'));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(first));
    const broken = repository.commit(withMs('2.1.3', { build: 'exit 1' }));
    await environment.sync(broken);
    await environment.reported(({ failure }) => failure?.commit === broken);
    const mended = repository.commit(withMs('2.1.3'));
    await environment.sync(mended);
    const report = await environment.reported(serves(mended));
    expect(said(environment)).toEqual(['2.1.2', '2.1.3']);
    expect(report.phases?.find(({ phase }) => phase === 'install')?.note).toBe('brought up to date');
  });
});

describe('output', () => {
  const MEMBER = JSON.stringify({
    name: 'api',
    type: 'module',
    scripts: {
      build: 'mkdir -p ../shared/dist dist; echo made > ../shared/dist/made; echo x > dist/x',
      start: 'node server.js',
    },
  });
  const outside: Files = {
    '.gitignore': 'dist\n',
    '.mayfly.yml': 'directory: apps/api\n',
    'apps/api/package.json': MEMBER,
    'apps/api/server.js': `import { readFileSync } from 'node:fs';\nreadFileSync('../shared/dist/made');\n${SERVER('api')}`,
  };

  test('that lies outside of the directory of its build is built again', async () => {
    const repository = makeRepository();
    const first = repository.commit(outside);
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(first));
    const next = repository.commit({ ...outside, 'README.md': 'words' });
    await environment.sync(next);
    const report = await environment.reported(serves(next));
    expect(report.failure).toBeUndefined();
    expect((await environment.get()).body).toBe('api');
  });

  test('is what the build wrote, and not what the app made of it', async () => {
    const repository = makeRepository();
    const files = {
      ...app('v1', { build: 'mkdir -p dist; echo built > dist/config' }),
      '.gitignore': 'dist\n',
      'server.js': `import { appendFileSync, readFileSync } from 'node:fs';
console.log('config is', JSON.stringify(readFileSync('dist/config', 'utf8')));
appendFileSync('dist/config', 'changed by an app\\n');
${SERVER('v1')}`,
    };
    const commit = repository.commit(files);
    const env = { CACHE_DIR: temporary(), TRUST: 'trusted' };
    const one = await startEnvironment({ repository, env });
    await one.reported(serves(commit));
    await until(
      () => stored(one),
      (count) => count >= 3,
    );
    const other = await startEnvironment({ repository, env });
    await other.reported(serves(commit));
    const again = repository.commit(files);
    await one.sync(again);
    await one.reported(serves(again));
    const configs = [...one.lines, ...other.lines].filter((line) => line.startsWith('config is'));
    expect(configs).toEqual(Array(3).fill('config is "built\\n"'));
  });

  test('that one build writes into the place of another comes back whole', async () => {
    const repository = makeRepository();
    const server = {
      name: 'back',
      type: 'module',
      scripts: { build: 'mkdir -p dist; echo x > dist/x', start: 'node main.js' },
    };
    const front = {
      name: 'front',
      scripts: { build: 'mkdir -p dist server/public; echo page > server/public/page; echo d > dist/d' },
    };
    const files = {
      '.gitignore': 'dist\npublic\n',
      'package.json': JSON.stringify(front),
      'server/package.json': JSON.stringify(server),
      'server/main.js': `import { readFileSync } from 'node:fs';\nreadFileSync('public/page');\n${SERVER('page')}`,
    };
    const first = repository.commit(files);
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(first));
    for (const more of [{ 'server/new.js': '' }, { 'page.txt': '' }, {}]) {
      const next = repository.commit({ ...files, ...more });
      await environment.sync(next);
      const report = await environment.reported((each) => each.liveCommit === next || each.failure !== undefined);
      expect(report.failure).toBeUndefined();
    }
  });
});
