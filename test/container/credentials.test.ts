/** What the operator lends with an order: the credential of a private repository, and a cache. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CacheGrant } from '../../container/src/control/orders.ts';
import { serve, SIGNATURE, startObjectStore } from './cache/object-store.ts';
import { startGitServer } from './git-server.ts';
import { projectWith, REGISTRY } from './project.ts';
import { app, type Environment, makeRepository, serves, SESSION, startEnvironment, until } from './stage.ts';
import { startTask, surroundings } from './task.ts';

const TOKEN = 'ghs_0123456789abcdefVerySecret';
/** As it could hide in other texts. */
const TRACES = [
  TOKEN,
  Buffer.from(TOKEN).toString('base64').slice(0, -3),
  Buffer.from(`x-access-token:${TOKEN}`).toString('base64'),
];

describe('a private repository', () => {
  test('waits for its credential, is served with it, and shows it nowhere', async () => {
    const repository = makeRepository();
    const first = repository.commit(app('v1', { build: 'env; git config --list; ps axe' }));
    const server = await startGitServer(repository, TOKEN);
    const around = surroundings();
    const env = { GIT_URL: server.url, GIT_SSL_NO_VERIFY: 'true' };
    const task = startTask(repository, { ...around, ...env });
    const waiting = await task.reported((report) => report.waitingFor !== undefined);
    expect(waiting).toMatchObject({ waitingFor: 'credential', healthy: false });
    expect(waiting.failure?.message).toMatch(/could not read Username/);
    expect((await task.get(`/.mayfly/ready/${SESSION}`)).status).toBe(503);

    await task.client.sync(task.ip, SESSION, { branch: 'feature', commit: first, credential: TOKEN });
    const report = await task.reported(serves(first));
    expect(report.waitingFor).toBeUndefined();
    // Lent once, it is good for the next order too.
    const next = repository.commit(app('v2'));
    await task.sync(next);
    await task.reported(serves(next));
    expect(server.asked.filter((each) => each !== undefined).length).toBeGreaterThan(1);

    const pid = (await task.get('/pid')).body;
    const shown = {
      printed: task.output(),
      status: JSON.stringify(await task.reported(serves(next))),
      app: readFileSync(`/proc/${pid}/environ`, 'latin1'),
      supervisor: ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${task.pid}/${name}`, 'latin1')).join(''),
      version: (await task.get('/.mayfly/version')).body,
    };
    for (const [where, text] of Object.entries(shown)) {
      for (const trace of TRACES) expect(text.includes(trace), where).toBe(false);
    }
    for (const trace of TRACES) expect(filesWith(trace, around.WORK_DIR)).toBe('');
    expect(filesWith('a change', around.WORK_DIR)).not.toBe('');
  }, 60_000);

  test('whose credential does not come in time ends with 20, and so does one whose credential is wrong', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const { url } = await startGitServer(repository, TOKEN);
    const env = { GIT_URL: url, GIT_SSL_NO_VERIFY: 'true' };
    const alone = await startEnvironment({ repository, env, timings: { orderWaitMs: 300 } });
    expect(await alone.supervisor.done).toBe(20);
    expect(alone.lines.at(-1)).toBe('[mayfly] nothing came over the control port in time');

    const other = await startEnvironment({ repository, env });
    await other.reported(({ waitingFor }) => waitingFor === 'credential');
    await other.client.sync(other.ip, SESSION, { branch: 'feature', commit, credential: 'ghs_ofsomebodyelse' });
    expect(await other.supervisor.done).toBe(20);
    expect(other.lines.join('\n')).toMatch(/fetch failed: .*Authentication failed/);
    expect(other.lines.join('\n')).not.toContain('ghs_ofsomebodyelse');
  });
});

/** The names of files, links and directories left out, that hold a text. */
function filesWith(text: string, dir: string): string {
  try {
    return execFileSync('grep', ['-r', '-l', '-a', '-F', '-e', text, dir], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

describe('AWAIT_SYNC', () => {
  test('fetches nothing before the first order, which may bring the credential at once', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const server = await startGitServer(repository, TOKEN);
    const env = { GIT_URL: server.url, GIT_SSL_NO_VERIFY: 'true', AWAIT_SYNC: 'true' };
    const environment = await startEnvironment({ repository, env });
    const report = await environment.reported(({ waitingFor }) => waitingFor === 'order');
    expect(report).toMatchObject({ healthy: false, phases: [] });
    expect(report.job).toBeUndefined();
    expect(server.asked).toEqual([]);
    await environment.client.sync(environment.ip, SESSION, { branch: 'feature', commit, credential: TOKEN });
    expect((await environment.reported(serves(commit))).waitingFor).toBeUndefined();
  });

  test('ends with 20 when none comes', async () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    const environment = await startEnvironment({
      repository,
      env: { AWAIT_SYNC: 'true' },
      timings: { orderWaitMs: 200 },
    });
    expect(await environment.supervisor.done).toBe(20);
  });
});

describe('a cache that is lent', () => {
  const ignore = { '.gitignore': 'node_modules\ndist\n' };
  const files = projectWith(['ms@2.1.3'], 'v1', { build: 'mkdir -p dist; date +%N > dist/built; echo BUILT' }, ignore);

  test('serves a second task what the first one made, in no log; one that lies changes nothing', async () => {
    const repository = makeRepository();
    const commit = repository.commit(files);
    const lent = async (cache: CacheGrant): Promise<Environment> => {
      const environment = await startEnvironment({ repository, env: { ...REGISTRY, AWAIT_SYNC: 'true' } });
      await environment.client.sync(environment.ip, SESSION, { branch: 'feature', commit, cache });
      await environment.reported(serves(commit));
      return environment;
    };
    const { grant, objects } = await startObjectStore();
    const first = await lent(grant);
    await until(
      () => objects.size,
      (size) => size >= 3,
    );
    const second = await lent(grant);
    expect(await fromCache(second)).toEqual(['install', 'build']);
    expect(second.lines).not.toContain('BUILT');
    expect((await second.get('/modules')).body).toBe('ms@2.1.3');
    expect([...first.lines, ...second.lines].join('\n')).not.toContain(SIGNATURE.split('=')[1]);

    // Good archives, under the names of others.
    const asked = (kind: string): Buffer | undefined => [...objects].find(([key]) => key.startsWith(kind))?.[1];
    const liar = await serve((request, response) =>
      response.end(asked(request.url?.startsWith('/build') ? 'modules' : 'build')),
    );
    const third = await lent({ get: `${liar.origin}/{key}` });
    expect(await fromCache(third)).toEqual([]);
    expect(third.lines.join('\n')).toMatch(/WARNING: cache: modules-\w+ was not restored/);
    expect(third.lines.join('\n')).toMatch(/WARNING: cache: build-\w+ was not restored/);
    expect(third.lines).toContain('BUILT');
    expect((await third.get('/modules')).body).toBe('ms@2.1.3');
  }, 60_000);
});

/** Phases that the cache shortened. */
async function fromCache(environment: Environment): Promise<string[]> {
  const { phases = [] } = await environment.report();
  return phases.filter(({ note }) => note === 'restored from the cache').map(({ phase }) => phase);
}
