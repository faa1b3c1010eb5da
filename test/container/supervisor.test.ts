import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { app, HOST, makeRepository, serves, SESSION, startEnvironment, temporary, until } from './stage.ts';

describe('a first start', () => {
  test('fetches, installs, builds and serves the wanted commit', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { build: 'node -e "console.log(\'built\', process.env.COMMIT)"' }));
    repository.commit(app('v2'));
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    await environment.reported(serves(commit));
    expect((await environment.get()).body).toBe('v1');
    expect(environment.lines).toContain(`built ${commit}`);
    expect(environment.lines).toContain('app v1 listens');
    expect(environment.lines).not.toContain(commit);
  });

  test('serves the head of the branch when no commit is named', async () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    const head = repository.commit(app('v2'));
    const environment = await startEnvironment({ repository });
    const report = await environment.reported(serves(head));
    expect(report).toMatchObject({ session: SESSION, liveCommit: head, healthy: true, inFlight: 0 });
    expect(report.phases?.map(({ phase, outcome }) => `${phase} ${outcome}`)).toEqual([
      'fetch done',
      'recipe done',
      'install done',
      'build done',
      'start done',
      'healthy done',
    ]);
    expect((await environment.get()).body).toBe('v2');
  });

  test('tells its progress while it is not ready, and answers 503 with Retry-After', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { build: 'sleep 30' }));
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    const report = await environment.reported(({ job }) => job?.phase === 'build');
    expect(report.job?.commit).toBe(commit);
    expect(report.liveCommit).toBeUndefined();
    expect(report.healthy).toBe(false);
    const reply = await environment.get();
    expect(reply.status).toBe(503);
    expect(reply.headers['retry-after']).toBe('2');
    expect((await environment.get('/.mayfly/version')).status).toBe(503);
    expect((await environment.get(`/.mayfly/ready/${SESSION}`)).status).toBe(503);
  });

  test('installs devDependencies, though the app runs in production', async () => {
    const repository = makeRepository();
    const scripts = {
      postinstall:
        'node -e "console.log(\'install sees\', process.env.NODE_ENV, process.env.npm_config_include, process.version)"',
    };
    const commit = repository.commit(app('v1', scripts));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    expect(environment.lines).toContain(`install sees development dev ${process.version}`);
  });

  test('says loudly that a lock file is missing, and installs all the same', async () => {
    const repository = makeRepository();
    const { 'package-lock.json': _, ...files } = app('v1');
    const commit = repository.commit(files);
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    expect(environment.lines.join('\n')).toMatch(/\[mayfly\] WARNING: there is no lock file/);
  });

  test("hands the app its own variables and none of the supervisor's", async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const env = { GITHUB_TOKEN: 'ghs_secret', FLAVOUR: 'lemon' };
    const environment = await startEnvironment({ repository, env });
    await environment.reported(serves(commit));
    const seen = JSON.parse((await environment.get('/env')).body) as Record<string, string>;
    expect(seen).toMatchObject({
      FLAVOUR: 'lemon',
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      COMMIT: commit,
      BRANCH: 'feature',
      SESSION_ID: SESSION,
      PR_NUMBER: '12',
    });
    expect(Number(seen['PORT'])).not.toBe(3_001);
    for (const name of ['MAYFLY_PUBLIC_KEY', 'GITHUB_TOKEN', 'CONTROL_PORT', 'BIND_ADDRESS', 'WORK_DIR', 'GIT_URL']) {
      expect(seen).not.toHaveProperty(name);
    }
    expect(JSON.stringify(seen)).not.toContain('ghs_secret');
  });
});

describe('the outside', () => {
  test('serves its own host only, whatever the case and the port', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    expect((await environment.get('/', { host: `${HOST.toUpperCase()}:8000` })).status).toBe(200);
    const foreign = await environment.get('/', { host: 'tt-other.preview.test' });
    expect(foreign.status).toBe(421);
    expect(foreign.body).not.toContain('v1');
    expect(foreign.headers['x-robots-tag']).toBe('noindex');
    expect((await environment.get('/.mayfly/version', { host: 'tt-other.preview.test' })).status).toBe(421);
  });

  test('says under any host whether this session is ready, and refuses to speak for another', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    const host = { host: `${environment.ip}:3001` };
    expect((await environment.get(`/.mayfly/ready/${SESSION}`, host)).status).toBe(200);
    expect((await environment.get('/.mayfly/ready/tt-other', host)).status).toBe(421);
    expect((await environment.get('/.mayfly/else')).status).toBe(404);
  });

  test('shows its version to anybody, without paths', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    const version = JSON.parse((await environment.get('/.mayfly/version')).body) as object;
    expect(version).toEqual({
      commit,
      shortCommit: commit.slice(0, 7),
      branch: 'feature',
      commitDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      commitMessage: 'a change',
      uptime: expect.any(Number) as number,
    });
  });
});

describe('an end', () => {
  test('stops the app with its forks, frees the ports and leaves nothing on disk', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { start: 'sleep 300 & node server.js' }));
    const workDir = temporary();
    const environment = await startEnvironment({ repository, env: { WORK_DIR: workDir } });
    await environment.reported(serves(commit));
    const pid = Number((await environment.get('/pid')).body);
    expect(readdirSync(join(workDir, readdirSync(workDir)[0] ?? ''))).toContain(`1-${commit.slice(0, 7)}`);
    environment.supervisor.stop();
    expect(await environment.supervisor.done).toBe(0);
    await until(
      () => isAlive(pid),
      (alive) => !alive,
    );
    expect(readdirSync(workDir)).toEqual([]);
    await expect(environment.get()).rejects.toThrow('ECONNREFUSED');
    expect((await environment.client.report(environment.ip, SESSION)).ok).toBe(false);
  });

  test('lets a request in flight finish', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository, timings: { stopDrainMs: 5_000 } });
    await environment.reported(serves(commit));
    const slow = environment.get('/slow');
    await environment.reported((report) => report.inFlight === 1);
    environment.supervisor.stop();
    expect((await slow).body).toBe('slow v1');
    expect(await environment.supervisor.done).toBe(0);
  });

  test('in the middle of a build stops the build', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { build: 'echo building $$; sleep 300' }));
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    await until(
      () => environment.lines.join('\n'),
      (text) => /building \d+/.test(text),
    );
    const pid = Number(/building (\d+)/.exec(environment.lines.join('\n'))?.[1]);
    environment.supervisor.stop();
    expect(await environment.supervisor.done).toBe(0);
    await until(
      () => isAlive(pid),
      (alive) => !alive,
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
