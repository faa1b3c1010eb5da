/** What was installed and built once is not done again: in place, and in another task through the cache. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** A front end at the root and a server beside it. Each install and each build leaves a word in a file outside. */
function frontAndServer(text: string, files: Files = {}): Files {
  const note = (word: string): string => `echo ${word} >> $DIARY`;
  const lock = (name: string): string =>
    JSON.stringify({
      name,
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name, dependencies: { ms: '2.1.3' } },
        'node_modules/ms': {
          version: '2.1.3',
          resolved: 'https://registry.npmjs.org/ms/-/ms-2.1.3.tgz',
          integrity: MS,
        },
      },
    });
  const manifest = (name: string, scripts: Readonly<Record<string, string>>): string =>
    JSON.stringify({ name, type: 'module', dependencies: { ms: '2.1.3' }, scripts });
  return {
    '.gitignore': 'node_modules\ndist\n',
    'package.json': manifest('front', { build: `${note('front')}; mkdir -p dist; cp page.txt dist/page.txt` }),
    'package-lock.json': lock('front'),
    'page.txt': text,
    'server/package.json': manifest('back', {
      build: `${note('back')}; mkdir -p dist; cp main.js dist/main.js`,
      start: 'node dist/main.js',
    }),
    'server/package-lock.json': lock('back'),
    'server/main.js': server('back'),
    ...files,
  };
}

/** Reads nothing of Mayfly's variables, so that its build is the same for every commit. */
function server(text: string): string {
  const lines = SERVER(text)
    .split('\n')
    .filter((line) => !line.includes('process.env))'));
  return `import ms from 'ms';\nconsole.log('an hour is', ms('1h'));\n${lines.join('\n')}`;
}

const MS = 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==';

function world() {
  const diary = join(temporary(), 'diary');
  writeFileSync(diary, '');
  return {
    repository: makeRepository(),
    env: { DIARY: diary, CACHE_DIR: temporary(), TRUST: 'trusted' },
    /** Builds since the last look. */
    built(): string[] {
      const words = readFileSync(diary, 'utf8').split('\n').filter(Boolean).toSorted();
      writeFileSync(diary, '');
      return words;
    },
  };
}

/** Until the background has published what a start made. */
async function kept(environment: Environment, keys: number): Promise<void> {
  await until(
    () => environment.lines.filter((line) => /cache=stored/.test(line)).length,
    (count) => count >= keys,
  );
}

const notes = async (environment: Environment): Promise<Record<string, string | undefined>> => {
  const { phases = [] } = await environment.report();
  return Object.fromEntries(phases.map(({ phase, note }) => [phase, note]));
};

describe('a push in place', () => {
  test.each([
    // what changes        files                                                     builds            taken over
    ['the front end', { 'page.txt': 'two' }, ['front'], 'server: taken over'],
    ['the server', { 'server/main.js': server('two') }, ['back'], 'taken over'],
    ['a file that tells nothing', { 'README.md': 'words' }, ['front'], 'server: taken over'],
    ['nothing', {}, [], 'taken over; server: taken over'],
    ['a front end that reads the server', { 'page.ts': "import '../server/main.js'" }, ['back', 'front'], undefined],
  ] as const)('of %s builds only that', async (_what, files, expected, note) => {
    const { repository, env, built } = world();
    const first = repository.commit(frontAndServer('one'));
    const environment = await startEnvironment({ repository, env });
    await environment.reported(serves(first));
    expect(built()).toEqual(['back', 'front']);
    const next = repository.commit(frontAndServer('one', files));
    await environment.sync(next);
    await environment.reported(serves(next));
    expect(built()).toEqual(expected);
    expect((await notes(environment))['build']).toBe(note);
    expect((await environment.get()).body).toBe('server/main.js' in files ? 'two' : 'back');
  });
});

describe('another task', () => {
  test('restores modules and output of the same tree, and builds nothing', async () => {
    const { repository, env, built } = world();
    const commit = repository.commit(frontAndServer('one'));
    const first = await startEnvironment({ repository, env });
    await first.reported(serves(commit));
    await kept(first, 6);
    built();
    const second = await startEnvironment({ repository, env });
    await second.reported(serves(commit));
    expect(built()).toEqual([]);
    expect((await second.get()).body).toBe('back');
    expect(await notes(second)).toMatchObject({
      install: expect.stringContaining('server: restored from the cache') as string,
      build: 'restored from the cache; server: restored from the cache',
    });
    expect(second.lines.join('\n')).not.toMatch(/added \d+ package/);
  });

  test('with the same lock files and other sources restores the modules and builds', async () => {
    const { repository, env, built } = world();
    const commit = repository.commit(frontAndServer('one'));
    const first = await startEnvironment({ repository, env });
    await first.reported(serves(commit));
    await kept(first, 6);
    built();
    const other = repository.commit(frontAndServer('two'));
    const second = await startEnvironment({ repository, env });
    await second.reported(serves(other));
    expect(built()).toEqual(['front']);
    expect((await notes(second))['install']).toBe('restored from the cache; server: restored from the cache');
  });

  test('of another level of trust finds nothing', async () => {
    const { repository, env, built } = world();
    const commit = repository.commit(frontAndServer('one'));
    const first = await startEnvironment({ repository, env });
    await first.reported(serves(commit));
    await kept(first, 6);
    built();
    const fork = await startEnvironment({ repository, env: { ...env, TRUST: 'fork-7' } });
    await fork.reported(serves(commit));
    expect(built()).toEqual(['back', 'front']);
  });

  test('does not keep the output of a build that changes its own sources', async () => {
    const { repository, env } = world();
    const scripts = { build: 'echo changed >> server.js' };
    const commit = repository.commit({ ...app('v1', scripts), 'server.js': `${SERVER('v1')}\n//` });
    const first = await startEnvironment({ repository, env });
    await first.reported(serves(commit));
    await kept(first, 2);
    const second = await startEnvironment({ repository, env });
    await second.reported(serves(commit));
    expect((await notes(second))['build']).toBeUndefined();
  });
});

test('a cache that cannot be used is said, and nothing else changes', async () => {
  const { repository } = world();
  const commit = repository.commit(app('v1'));
  const place = temporary();
  writeFileSync(join(place, 'file'), '');
  chmodSync(place, 0o700);
  const environment = await startEnvironment({ repository, env: { CACHE_DIR: join(place, 'file'), TRUST: 'trusted' } });
  await environment.reported(serves(commit));
  expect(environment.lines.join('\n')).toMatch(/WARNING: .*cache/);
});
