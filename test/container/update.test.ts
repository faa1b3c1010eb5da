import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isAlive } from './processes/daemons.ts';
import {
  ask,
  app,
  type Environment,
  type Files,
  KEY,
  SERVER,
  makeRepository,
  type Repository,
  serves,
  SESSION,
  startEnvironment,
  until,
} from './stage.ts';
import { bodySha256, parseSigningKey, sign } from '../../src/control/signing.ts';

async function running(
  files = app('v1'),
): Promise<{ repository: Repository; environment: Environment; first: string }> {
  const repository = makeRepository();
  const first = repository.commit(files);
  const environment = await startEnvironment({ repository });
  await environment.reported(serves(first));
  return { repository, environment, first };
}

/** Asks every 50 ms until told to stop; returns every answer that was given. */
function poller(environment: Environment): { stop(): Promise<string[]> } {
  const seen: string[] = [];
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      const reply = await environment.get().catch((error: Error) => ({ status: 0, body: error.message }));
      seen.push(reply.status === 200 ? reply.body : `${reply.status} ${reply.body}`);
      await delay(50);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
      return seen;
    },
  };
}

describe('an update in place', () => {
  test('switches without one failed request, and tells the new commit', async () => {
    const { repository, environment } = await running();
    const next = repository.commit(app('v2', { build: 'sleep 0.3' }));
    const polling = poller(environment);
    await environment.sync(next);
    await environment.reported(serves(next));
    await delay(200);
    const seen = await polling.stop();
    const firstNew = seen.indexOf('v2');
    expect(new Set(seen.slice(0, firstNew))).toEqual(new Set(['v1']));
    expect(new Set(seen.slice(firstNew))).toEqual(new Set(['v2']));
  });

  test('lets requests of the old version finish, then stops it and removes its directory', async () => {
    const { repository, environment, first } = await running();
    const oldDir = (await version(environment)).workDir;
    const oldPid = Number((await environment.get('/pid')).body);
    const next = repository.commit(app('v2', { start: 'sleep 0.4; exec node server.js' }));
    await environment.sync(next);
    await environment.reported(({ job }) => job?.phase === 'healthy');
    const slow = environment.get('/slow');
    await environment.reported(serves(next));
    expect((await slow).body).toBe('slow v1');
    await until(
      () => exists(oldDir),
      (there) => !there,
    );
    expect(isAlive(oldPid)).toBe(false);
    expect(next).not.toBe(first);
  });

  test('takes over dependencies when the lock file is unchanged', async () => {
    const { repository, environment } = await running(withDependency('v1'));
    const next = repository.commit(withDependency('v2'));
    await environment.sync(next);
    await environment.reported(serves(next));
    expect(await noteOf(environment, 'install')).toBe('taken over');
    expect(environment.lines).toContain('v2 imported left');
    expect(exists(join((await version(environment)).workDir, 'node_modules', 'left', 'index.js'))).toBe(true);
  });

  test('brings them up to date when something that decides on them changed', async () => {
    const { repository, environment } = await running();
    const files = app('v2');
    const next = repository.commit({ ...files, '.npmrc': 'fund=false\n' });
    await environment.sync(next);
    await environment.reported(serves(next));
    expect(await noteOf(environment, 'install')).toBe('brought up to date');
  });

  test('a commit that is live and healthy is accepted, and nothing is done', async () => {
    const { environment, first } = await running();
    const pid = (await environment.get('/pid')).body;
    await environment.sync(first);
    expect((await environment.report()).job).toBeUndefined();
    expect((await environment.get('/pid')).body).toBe(pid);
  });
});

describe('a failed update', () => {
  test.each([
    ['build', { build: 'echo no such thing; exit 3' }, /^`npm run build` exited with code 3$/, 'no such thing'],
    ['install', { preinstall: 'echo cannot install; exit 4' }, /^`npm ci` exited with code \d+$/, 'cannot install'],
    [
      'start',
      { start: 'echo will not run; exit 5' },
      /exited with code 5 before it answered.*listen on \$PORT/,
      'will not run',
    ],
  ] as const)('in %s leaves the old version serving and says why', async (phase, scripts, message, line) => {
    const { repository, environment, first } = await running();
    const polling = poller(environment);
    const next = repository.commit(app('v2', scripts));
    await environment.sync(next);
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report).toMatchObject({ liveCommit: first, healthy: true, failure: { commit: next, phase } });
    expect(report.failure?.message).toMatch(message);
    expect(report.failure?.logTail.join('\n')).toContain(line);
    expect(report.failure?.logTail.length).toBeLessThanOrEqual(20);
    expect(new Set(await polling.stop())).toEqual(new Set(['v1']));
  });

  test('in fetch names the commit that the repository does not have', async () => {
    const { environment, first } = await running();
    await environment.sync('b'.repeat(40));
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure).toMatchObject({
      phase: 'fetch',
      message: `commit ${'b'.repeat(40)} is not on branch feature`,
    });
    expect(report.liveCommit).toBe(first);
  });

  test('is forgotten when the next one succeeds', async () => {
    const { repository, environment } = await running();
    await environment.sync(repository.commit(app('bad', { build: 'exit 1' })));
    await environment.reported(({ failure }) => failure !== undefined);
    const fixed = repository.commit(app('fixed'));
    await environment.sync(fixed);
    const report = await environment.reported(serves(fixed));
    expect(report.failure).toBeUndefined();
  });
});

describe('several updates at once', () => {
  test('the newest wins, and a build for an older one is cancelled with everything it forked', async () => {
    const { repository, environment } = await running();
    const slow = repository.commit(app('slow', { build: 'echo forked $$; sleep 300' }));
    const middle = repository.commit(app('middle', { build: 'sleep 300' }));
    const newest = repository.commit(app('newest'));
    await environment.sync(slow);
    await until(
      () => environment.lines.join('\n'),
      (text) => /forked \d+/.test(text),
    );
    const forked = Number(/forked (\d+)/.exec(environment.lines.join('\n'))?.[1]);
    await Promise.all([environment.sync(middle), environment.sync(newest)]);
    const report = await environment.reported(serves(newest));
    expect(report.failure).toBeUndefined();
    expect((await environment.get()).body).toBe('newest');
    expect(isAlive(forked)).toBe(false);
    expect(environment.lines).not.toContain('app middle listens');
  });

  test('going back to the live commit cancels what is being built', async () => {
    const { repository, environment, first } = await running();
    const slow = repository.commit(app('slow', { build: 'sleep 300' }));
    await environment.sync(slow);
    await environment.reported(({ job }) => job?.phase === 'build');
    await environment.sync(first);
    const report = await environment.reported(({ job }) => job === undefined);
    expect(report).toMatchObject({ session: SESSION, liveCommit: first, healthy: true, inFlight: 0 });
    expect(report.failure).toBeUndefined();
    expect(report.phases?.at(-1)).toMatchObject({ phase: 'build', outcome: 'cancelled' });
  });

  test('asking again for the commit that is being built does not begin it anew', async () => {
    const { repository, environment } = await running();
    const next = repository.commit(app('v2', { build: 'echo building; sleep 0.5' }));
    await environment.sync(next);
    await environment.reported(({ job }) => job?.phase === 'build');
    await environment.sync(next);
    await environment.reported(serves(next));
    expect(environment.lines.filter((line) => line === 'building')).toHaveLength(1);
  });

  test('a commit that replaces a failing first one is served; the first does not end the task', async () => {
    const repository = makeRepository();
    const stuck = repository.commit(app('stuck', { build: 'sleep 300' }));
    const environment = await startEnvironment({ repository, env: { COMMIT: stuck } });
    await environment.reported(({ job }) => job?.phase === 'build');
    const fixed = repository.commit(app('fixed'));
    await environment.sync(fixed);
    await environment.reported(serves(fixed));
    expect((await environment.get()).body).toBe('fixed');
  });
});

describe('rewritten history', () => {
  test('a force-pushed branch is followed, and so is a rewound one', async () => {
    const { repository, environment, first } = await running();
    const second = repository.commit(app('v2'));
    await environment.sync(second);
    await environment.reported(serves(second));
    repository.git('checkout', '--quiet', '--orphan', 'rewritten');
    const rewritten = repository.commit(app('rewritten'), 'rewritten');
    repository.git('branch', '--force', 'feature', rewritten);
    await environment.sync(rewritten);
    await environment.reported(serves(rewritten));
    repository.git('branch', '--force', 'feature', first);
    await environment.sync(first);
    await environment.reported(serves(first));
    expect((await environment.get()).body).toBe('v1');
  });

  test('a server that gives out branches only is asked for the branch', async () => {
    const { repository, environment } = await running();
    const next = repository.commit(app('v2'));
    repository.commit(app('v3'));
    // Protocol 0 keeps to what refs point at, as some servers do.
    const old = await startEnvironment({ repository, env: { COMMIT: next, ...protocolZero } });
    await old.reported(serves(next));
    expect(old.lines.join('\n')).toContain('does not give out commit');
    expect(environment.ip).not.toBe(old.ip);
  });
});

/** A project with one dependency, which lies beside it. */
function withDependency(text: string): Files {
  const dependencies = { left: 'file:left' };
  const lock = {
    name: 'app',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'app', dependencies },
      left: { version: '1.0.0' },
      'node_modules/left': { resolved: 'left', link: true },
    },
  };
  return {
    'package.json': JSON.stringify({ name: 'app', type: 'module', dependencies, scripts: { start: 'node server.js' } }),
    'package-lock.json': JSON.stringify(lock),
    'left/package.json': JSON.stringify({ name: 'left', version: '1.0.0', type: 'module', main: 'index.js' }),
    'left/index.js': "export default 'left';",
    'server.js': `import left from 'left';\nconsole.log('${text} imported', left);\n${SERVER(text)}`,
  };
}

const protocolZero = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.version', GIT_CONFIG_VALUE_0: '0' };

async function version(environment: Environment): Promise<{ workDir: string; commit: string; nodeVersion: string }> {
  const iat = Math.floor(Date.now() / 1_000);
  const call = { session: SESSION, method: 'GET', path: '/version', bodySha256: bodySha256('') } as const;
  const claims = { ...call, iat, exp: iat + 60, nonce: crypto.randomUUID() };
  const authorization = sign(claims, parseSigningKey(KEY));
  const reply = await ask({ ip: environment.ip, port: 8_080, path: '/version', headers: { authorization } });
  return JSON.parse(reply.body) as { workDir: string; commit: string; nodeVersion: string };
}

async function noteOf(environment: Environment, phase: string): Promise<string | undefined> {
  const { phases = [] } = await environment.report();
  return phases.find((each) => each.phase === phase)?.note;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
