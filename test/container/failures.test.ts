import { describe, expect, test } from 'vitest';
import { isAlive } from './processes/daemons.ts';
import { app, makeRepository, serves, SESSION, startEnvironment, until } from './stage.ts';

describe('a first job that fails', () => {
  const without = (name: string, files: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(files).filter(([file]) => file !== name));

  test.each([
    ['install', 21, app('v1', { preinstall: 'exit 1' }), /`npm ci` exited with code 1/],
    ['recipe', 25, without('package.json', app('v1')), /package\.json/],
    ['recipe', 25, { ...app('v1'), 'package.json': '{"name": ' }, /package\.json .*JSON/],
    [
      'recipe',
      25,
      { ...app('v1'), '.mayfly.yml': 'strat: node server.js' },
      /\.mayfly\.yml: strat: is not known; allowed: .*start/,
    ],
    ['build', 22, app('v1', { build: 'exit 9' }), /`npm run build` exited with code 9/],
    ['build', 22, app('v1', { build: 'kill -9 $$' }), /`npm run build` was ended by SIGKILL/],
    ['start', 23, app('v1', { start: 'true' }), /exited with code 0 before it answered/],
    ['recipe', 25, { ...app('v1'), 'package.json': '{"scripts":{}}' }, /nothing says how .* start or dev/],
  ] as const)('in %s is told for a while, then ends the task with %i', async (phase, code, files, message) => {
    const repository = makeRepository();
    const commit = repository.commit(files);
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report).toMatchObject({ healthy: false, failure: { phase, commit } });
    expect(report.failure?.message).toMatch(message);
    expect(await environment.supervisor.done).toBe(code);
    expect(environment.lines.at(-1)).toMatch(new RegExp(`^\\[mayfly\\] ${phase} failed: `));
  });

  test('in fetch names the branch that is gone', async () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    const environment = await startEnvironment({ repository, env: { BRANCH: 'gone' } });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure?.message).toMatch(/`git fetch` exited with code 128: fatal: .*refs\/heads\/gone/);
    expect(await environment.supervisor.done).toBe(20);
  });

  test('takes no more orders once its end is decided', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { build: 'exit 1' }));
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    await environment.reported(({ failure }) => failure !== undefined);
    await expect(environment.sync(commit)).rejects.toThrow('answered 503 (stopping)');
  });
});

describe('an app that ignores PORT', () => {
  test('and runs into the port of the supervisor is told to listen on $PORT', async () => {
    const repository = makeRepository();
    const server = "require('node:http').createServer(() => {}).listen(3001);";
    const files = { ...app('v1', { start: 'node server.cjs' }), 'server.cjs': server };
    const commit = repository.commit(files);
    const environment = await startEnvironment({ repository, env: { COMMIT: commit } });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure?.message).toMatch(/exited with code 1 before it answered.*must .*listen on \$PORT/);
    expect(report.failure?.logTail.join('\n')).toContain('EADDRINUSE');
    expect(await environment.supervisor.done).toBe(23);
  });

  test('and listens elsewhere is not healthy within its deadline, and is stopped', async () => {
    const repository = makeRepository();
    const server = "console.log('pid', process.pid); require('node:http').createServer().listen(0, '127.0.0.1');";
    const files = { ...app('v1', { start: 'exec node server.cjs' }), 'server.cjs': server };
    repository.commit(files);
    const environment = await startEnvironment({ repository, env: { START_DEADLINE_SECONDS: '1' } });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure?.message).toMatch(
      /not healthy within 1 s: GET \/ on port \d+ gives ECONNREFUSED.*listen on \$PORT/,
    );
    const pid = Number(/pid (\d+)/.exec(environment.lines.join('\n'))?.[1]);
    expect(isAlive(pid)).toBe(false);
  });

  test('one that answers 500 is told which status is needed', async () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    const env = { START_DEADLINE_SECONDS: '1', HEALTH_PATH: '/broken' };
    const environment = await startEnvironment({ repository, env });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure?.message).toMatch(/GET \/broken on port \d+ answers 500; a status below 500 is needed/);
  });
});

describe('a command that hangs', () => {
  test('is stopped at the deadline of its phase', async () => {
    const repository = makeRepository();
    repository.commit(app('v1', { build: 'sleep 300' }));
    const environment = await startEnvironment({ repository, env: { PHASE_DEADLINE_SECONDS: '2' } });
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure).toMatchObject({
      phase: 'build',
      message: '`npm run build` was stopped after 2 s without an end',
    });
  });
});

describe('an app that dies', () => {
  test('is started again, and is not ready meanwhile', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository, timings: { restartDelaysMs: [400, 400] } });
    await environment.reported(serves(commit));
    const pid = (await environment.get('/pid')).body;
    expect((await environment.get('/die')).status).toBe(502);
    const down = await environment.reported(({ healthy }) => !healthy);
    expect(down.liveCommit).toBe(commit);
    // A connection that is refused may be seen before the end of the process is.
    await until(
      () => environment.get(),
      ({ status }) => status === 503,
    );
    expect((await environment.get(`/.mayfly/ready/${SESSION}`)).status).toBe(503);
    await environment.reported(serves(commit));
    expect((await environment.get('/pid')).body).not.toBe(pid);
    expect(environment.lines).toContain(
      '[mayfly] the app exited with code 7 (death 1 of 3 in a row); it is started again in 0.4 s',
    );
  });

  test('again and again ends the task with 24 and the reason', async () => {
    const repository = makeRepository();
    repository.commit(app('v1'));
    const environment = await startEnvironment({ repository });
    let code: number | undefined;
    void environment.supervisor.done.then((value) => {
      code = value;
    });
    await until(
      async () => {
        await environment.get('/die').catch(() => undefined);
        return code;
      },
      (value) => value !== undefined,
    );
    expect(code).toBe(24);
    expect(environment.lines.at(-1)).toBe('[mayfly] the app exited with code 7 (death 5 of 5 in a row); giving up');
  });

  test('one that does not start again counts as dead once more', async () => {
    const repository = makeRepository();
    const start = 'test -e ran && { echo refusing; exit 6; }; touch ran; exec node server.js';
    const commit = repository.commit(app('v1', { start }));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    await environment.get('/die').catch(() => undefined);
    expect(await environment.supervisor.done).toBe(24);
    expect(environment.lines.at(-1)).toMatch(/did not start again: .*exited with code 6.*death 5 of 5.*giving up/);
  });

  test('too often is borne while a newer version is being built', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1', { start: 'test -e ran && exit 6; touch ran; exec node server.js' }));
    const environment = await startEnvironment({ repository });
    await environment.reported(serves(commit));
    const next = repository.commit(app('v2', { build: 'sleep 1' }));
    await environment.sync(next);
    await environment.reported(({ job }) => job?.phase === 'build');
    await environment.get('/die').catch(() => undefined);
    await environment.reported(serves(next));
    expect((await environment.get()).body).toBe('v2');
    expect(environment.lines.join('\n')).toMatch(/death 5 of 5/);
  });
});
