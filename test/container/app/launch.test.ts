import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runGroup } from '../../../container/src/processes/process-group.ts';
import { PhaseError } from '../../../container/src/updates/progress.ts';
import { isAlive, pidIn } from '../processes/daemons.ts';
import { QUICK, until } from '../stage.ts';
import { answer, makePlace, script, server } from './stage.ts';

async function failureOf(work: Promise<unknown>): Promise<PhaseError> {
  const error = await work.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  );
  if (error instanceof PhaseError) return error;
  throw error;
}

const api = server('api', { route: '/api', health: '/api/health' });

describe('an app of several processes', () => {
  test('answers each path by the process that has it', async () => {
    const app = await makePlace().run([server('web'), api]);
    expect(await answer(app, '/page')).toBe('web /page');
    expect(await answer(app, '/api/users')).toBe('api /api/users');
    expect(app.upstream('/apis')).toBe(app.upstream('/'));
    expect(await app.healthy()).toBe(true);
  });

  test('tells each where it is to listen and where the others are', async () => {
    const env = { API_URL: 'http://production.example', PORT: '80', HOST: '0.0.0.0', SHARED: 'yes' };
    const place = makePlace();
    const app = await place.run([server('web'), api, server('job-runner', { route: '/jobs' })], { env: () => env });
    const web = JSON.parse(await answer(app, '/env')) as Record<string, string>;
    const apiPort = app.upstream('/api')?.port;
    expect(web).toMatchObject({
      PORT: String(app.upstream('/')?.port),
      HOST: '127.0.0.1',
      API_URL: `http://127.0.0.1:${apiPort}`,
      JOB_RUNNER_URL: `http://127.0.0.1:${app.upstream('/jobs')?.port}`,
      SHARED: 'yes',
    });
    expect(web).not.toHaveProperty('WEB_URL');
  });

  test('may say itself where a sibling is, but not where it listens', async () => {
    const own = { API_URL: 'http://elsewhere.example', PORT: '80' };
    const app = await makePlace().run([server('web', { env: own }), api]);
    const seen = JSON.parse(await answer(app, '/env')) as Record<string, string>;
    expect(seen).toMatchObject({ API_URL: own.API_URL, PORT: String(app.upstream('/')?.port) });
  });

  test('runs each in its directory, and tells whose line it is', async () => {
    const place = makePlace();
    mkdirSync(join(place.dir, 'jobs'));
    const worker = script('worker', 'pwd; exec sleep 300', { directory: 'jobs' });
    await place.run([server('web'), worker]);
    await until(
      () => place.lines,
      (lines) => lines.includes(`worker: ${join(place.dir, 'jobs')}`) && lines.includes('web: web listens'),
    );
  });

  test('is healthy only while every process that has a check answers it', async () => {
    const place = makePlace();
    const flag = join(place.dir, 'sick');
    const text = `const server = require('node:http').createServer((_, response) => {
      response.statusCode = require('node:fs').existsSync(${JSON.stringify(flag)}) ? 500 : 200;
      response.end();
    });
    server.listen(process.env.PORT, '127.0.0.1');`;
    writeFileSync(join(place.dir, 'sickly.cjs'), text);
    const sickly = script('api', `exec '${process.execPath}' sickly.cjs`, { health: '/' });
    const app = await place.run([server('web'), sickly]);
    expect([await app.healthy(), app.lastHealthy]).toEqual([true, true]);
    writeFileSync(flag, '');
    await until(
      () => app.healthy(),
      (healthy) => !healthy,
    );
    expect(app.lastHealthy).toBe(false);
  });

  test('needs no check for what has none: a worker runs, and what has a route listens', async () => {
    const silent = `require('node:net').createServer().listen(process.env.PORT, '127.0.0.1')`;
    const place = makePlace();
    writeFileSync(join(place.dir, 'silent.cjs'), silent);
    const raw = script('raw', `sleep 0.2; exec '${process.execPath}' silent.cjs`, { route: '/raw' });
    const app = await place.run([server('web'), script('worker', 'exec sleep 300'), raw]);
    expect(app.upstream('/raw')?.port).not.toBe(app.upstream('/')?.port);
    expect(await app.healthy()).toBe(true);
  });

  test('ends when one of its processes ends: the others are stopped', async () => {
    const place = makePlace();
    const pid = join(place.dir, 'pid');
    const worker = script('worker', `echo $$ > ${pid}; exec sleep 300`);
    const app = await place.run([server('web'), server('api', { route: '/api', health: '/' }), worker]);
    await answer(app, '/die').catch(() => undefined);
    expect(await app.exited).toBe('ended since its process web exited with code 7');
    expect([app.upstream('/'), app.upstream('/api'), app.lastHealthy]).toEqual([undefined, undefined, false]);
    expect(await app.healthy()).toBe(false);
    await until(
      () => isAlive(pidIn(pid)),
      (alive) => !alive,
    );
  });

  test.runIf(existsSync('/proc/self/stat'))('uses what its processes use together', async () => {
    const app = await makePlace().run([server('web'), api, script('worker', 'sleep 300; true')]);
    const found = await app.resources();
    expect(found?.processes).toBe(4);
    expect(found?.rssBytes).toBeGreaterThan(40 * 1_024 ** 2);
    await app.stop({ drainMs: 0, killAfterMs: 1_000 });
    expect((await app.resources())?.processes).toBe(0);
  });
});

describe('what fails', () => {
  /** However slow the machine is, an end within this is one at once. */
  const patient = { timings: { ...QUICK, pollMs: 10_000 } };

  test('to start at once is a failure of the start, with the last lines', async () => {
    const failure = await failureOf(makePlace().start([script('web', 'echo broken; exit 3', { route: '/' })], patient));
    expect(failure).toMatchObject({ phase: 'start', logTail: ['broken'] });
    expect(failure.message).toMatch(/^`npm run web` exited with code 3 before it answered\. .*listen on \$PORT \(\d+ /);
  });

  test('to be a command says so', async () => {
    const missing = { ...script('web', ''), command: { file: 'no-such-command', args: [], title: 'no-such-command' } };
    const failure = await failureOf(makePlace().start([missing], patient));
    expect(failure.phase).toBe('start');
    expect(failure.message).toMatch(/^`no-such-command` could not be started: .*ENOENT.* A process must keep running$/);
  });

  test('to become healthy is named, with what was asked and found, and nothing is left behind', async () => {
    const place = makePlace();
    const pid = join(place.dir, 'pid');
    const worker = script('worker', `echo $$ > ${pid}; exec sleep 300`);
    const deaf = script('api', 'echo waiting; exec sleep 300', { route: '/api', health: '/api/health' });
    const started = await place.start([server('web'), worker, deaf], { deadlineMs: 700 });
    const failure = await failureOf(started.healthy());
    expect(failure).toMatchObject({ phase: 'healthy', logTail: ['waiting'] });
    expect(failure.message).toMatch(
      /^process api: `npm run api` runs but was not healthy within 0\.7 s: GET \/api\/health on port \d+ gives ECONNREFUSED/,
    );
    expect(isAlive(pidIn(pid))).toBe(false);
  });

  test('to go on running until the others are healthy is named', async () => {
    const worker = script('worker', 'sleep 0.4; echo enough; exit 5');
    const slow = script('web', 'exec sleep 300', { route: '/', health: '/' });
    const started = await makePlace().start([slow, worker]);
    const failure = await failureOf(started.healthy());
    expect(failure).toMatchObject({ phase: 'start', logTail: ['enough'] });
    expect(failure.message).toBe('process worker: `npm run worker` exited with code 5. A process must keep running');
  });

  test('after all were healthy, but before anybody asked, is found', async () => {
    const place = makePlace();
    const pid = join(place.dir, 'pid');
    const started = await place.start([server('web'), script('worker', `echo $$ > ${pid}; sleep 0.2; exit 5`)]);
    await until(
      () => existsSync(pid) && isAlive(pidIn(pid)),
      (alive) => !alive,
    );
    // What is told of an end comes after what the group left behind has been looked for, as it does here.
    await runGroup(script('other', 'true').command, {
      cwd: '/',
      env: {},
      onLine: () => undefined,
      signal: new AbortController().signal,
      cancelAfterMs: 0,
    });
    expect((await failureOf(started.healthy())).message).toMatch(/^process worker: .* exited with code 5/);
  });
});

describe('a launch that is cancelled', () => {
  test('before it began starts nothing', async () => {
    const place = makePlace();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(place.start([script('web', `echo > ${place.dir}/begun`)], {}, signal)).rejects.toThrow('enough');
    expect(existsSync(join(place.dir, 'begun'))).toBe(false);
  });

  test('while it waits gives the reason and leaves nothing behind', async () => {
    const place = makePlace();
    const abort = new AbortController();
    const pid = join(place.dir, 'pid');
    const deaf = script('web', `echo $$ > ${pid}; exec sleep 300`, { route: '/', health: '/' });
    const started = await place.start([deaf], {}, abort.signal);
    const healthy = started.healthy();
    await until(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '', Boolean);
    abort.abort(new Error('enough'));
    await expect(healthy).rejects.toThrow('enough');
    expect(isAlive(pidIn(pid))).toBe(false);
  });

  test('by hand leaves nothing behind either', async () => {
    const place = makePlace();
    const started = await place.start([server('web'), server('api', { route: '/api' })]);
    await until(
      () => place.lines,
      (lines) => lines.length === 2,
    );
    await started.stop();
    expect(place.lines.toSorted().filter((line) => line.endsWith('leaves'))).toEqual([
      'api: api leaves',
      'web: web leaves',
    ]);
    await expect(started.healthy()).rejects.toThrow(PhaseError);
  });
});
