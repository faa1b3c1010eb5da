/** What goes on too long, fills up, or is pulled away: the version that serves is not harmed, and the next push works. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAlive } from './processes/daemons.ts';
import { lockOf, projectWith, REGISTRY } from './project.ts';
import {
  app,
  type Environment,
  type Files,
  makeRepository,
  serves,
  startEnvironment,
  temporary,
  until,
} from './stage.ts';
import { IS_ROOT } from './task.ts';

async function running(files = app('v1'), env: Readonly<Record<string, string>> = {}) {
  const repository = makeRepository();
  const first = repository.commit(files);
  const environment = await startEnvironment({ repository, env });
  await environment.reported(serves(first));
  return { repository, environment, first };
}

/** Orders a commit that cannot be had; what it says then. The old version serves on. */
async function failing(environment: Environment, commit: string, old: string) {
  await environment.sync(commit);
  const report = await environment.reported(({ failure, job }) => failure?.commit === commit && job === undefined);
  expect(report).toMatchObject({ healthy: true, liveCommit: old });
  return { phase: '', message: '', ...report.failure };
}

async function pidsIn(environment: Environment, pattern: RegExp): Promise<number[]> {
  const text = await until(
    () => environment.lines.join('\n'),
    (lines) => pattern.test(lines),
  );
  return [...text.matchAll(new RegExp(pattern, 'g'))].map(([, pid]) => Number(pid));
}

describe('what does not end', () => {
  test('an install from a registry that never answers is stopped at its deadline', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const registry = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const without = { ...app('v1'), '.mayfly.yml': 'install: false\n' };
    const { repository, environment, first } = await running(without, { PHASE_DEADLINE_SECONDS: '3' });
    const lock = lockOf(['ms@2.1.3'])
      .replace('https://registry.npmjs.org/', registry)
      .replace(/"integrity": .*/, '');
    const hung = { 'package-lock.json': lock.replace(/,(\s*"license")/, ',$1'), '.npmrc': `registry=${registry}\n` };
    const { phase, message } = await failing(
      environment,
      repository.commit(projectWith(['ms@2.1.3'], 'x', {}, hung)),
      first,
    );
    expect(phase).toBe('install');
    expect(message).toBe('`npm ci` was stopped after 3 s without an end');
  }, 60_000);

  test('a build that ignores SIGTERM gives way to a newer order, with all that it started', async () => {
    const { repository, environment } = await running();
    const deaf = `trap '' TERM HUP INT; sh -c 'echo deaf $$; while :; do sleep 0.1; done' & echo deaf $$; wait; wait`;
    await environment.sync(repository.commit(app('deaf', { build: 'sh ./build.sh' }, { 'build.sh': deaf })));
    const pids = await until(
      () => pidsIn(environment, /deaf (\d+)/),
      (found) => found.length === 2,
    );
    const next = repository.commit(app('v2'));
    await environment.sync(next);
    await environment.reported(serves(next));
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe('orders', () => {
  test('of which five come quickly, the newest is served, and no other ever was', async () => {
    const { repository, environment } = await running();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const commits = names.map((name) => repository.commit(app(name, { build: `echo building ${name}; sleep 0.3` })));
    const seen = new Set<string>();
    await Promise.all(commits.slice(0, 2).map((commit) => environment.sync(commit)));
    await environment.reported(({ job }) => job?.phase === 'build');
    for (const commit of commits.slice(2)) await environment.sync(commit);
    await until(
      async () => {
        seen.add((await environment.get()).body);
        return await environment.report();
      },
      serves(commits.at(-1) ?? ''),
    );
    seen.add((await environment.get()).body);
    expect([...seen]).toEqual(['v1', 'e']);
    expect(environment.lines.join('\n')).not.toMatch(/app [abcd] listens/);
    expect((await environment.report()).failure).toBeUndefined();
  });

  test('for what is here already are carried out when the branch is gone; others say that it is', async () => {
    const { repository, environment, first } = await running();
    const second = repository.commit(app('v2'));
    await environment.sync(second);
    await environment.reported(serves(second));
    const unknown = repository.commit(app('v3'));
    repository.git('checkout', '--quiet', '--detach', first);
    repository.git('branch', '--delete', '--force', 'feature');
    repository.git('reflog', 'expire', '--expire=now', '--all');
    repository.git('prune');
    await environment.sync(first);
    await environment.reported(serves(first));
    const { phase, message } = await failing(environment, unknown, first);
    expect(phase).toBe('fetch');
    expect(message).toMatch(/refs\/heads\/feature/);
    // It is started again from what is here.
    await environment.get('/die').catch(() => undefined);
    await environment.reported(({ healthy }) => healthy);
  });
});

describe('a lock file', () => {
  test('that changed is followed in place: the new module is there, and the old version saw none of it', async () => {
    const { repository, environment, first } = await running(projectWith(['ms@2.1.2'], 'v1'), REGISTRY);
    const dir = await workDirOf(environment);
    const before = modules(dir);
    expect(before).toContain('/ms/index.js');
    const files = projectWith(['ms@2.1.3', 'is-number@7.0.0'], 'v2', {
      build: 'until test -e $GATE; do sleep 0.05; done',
    });
    const gate = join(temporary(), 'open');
    const next = repository.commit({ ...files, '.mayfly.yml': `env: { GATE: ${gate} }\n` });
    await environment.sync(next);
    await environment.reported(({ job }) => job?.phase === 'build');
    expect(modules(dir)).toBe(before);
    expect((await environment.get('/modules')).body).toBe('ms@2.1.2');
    expect((await environment.report()).liveCommit).toBe(first);
    writeFileSync(gate, '');
    await environment.reported(serves(next));
    expect((await environment.get('/modules')).body).toBe('ms@2.1.3 is-number@7.0.0');
    const { phases = [] } = await environment.report();
    expect(phases.find(({ phase }) => phase === 'install')?.note).toBe('brought up to date');
  }, 60_000);

  test('of a commit that did not build leaves nothing of itself to the next one', async () => {
    const { repository, environment, first } = await running(projectWith(['ms@2.1.2'], 'v1'), REGISTRY);
    const broken = repository.commit(projectWith(['ms@2.1.3'], 'v2', { build: 'exit 1' }));
    expect((await failing(environment, broken, first)).phase).toBe('build');
    const fixed = repository.commit(projectWith(['ms@2.1.3'], 'v3'));
    await environment.sync(fixed);
    await environment.reported(serves(fixed));
    expect((await environment.get('/modules')).body).toBe('ms@2.1.3');
  });

  test('that is broken is told in words', async () => {
    const { repository, environment, first } = await running();
    const { 'package-lock.json': lock = '', ...files } = projectWith(['ms@2.1.3', 'is-number@7.0.0'], 'v2');
    for (const [text, expected] of [
      [lock.slice(0, 200), /^package-lock\.json cannot be used: .*Make it anew/],
      [`<<<<<<< HEAD\n${lock}=======\n>>>>>>> other\n`, /merge conflict/],
    ] as const) {
      const broken = repository.commit({ ...files, 'package-lock.json': text });
      const { phase, message } = await failing(environment, broken, first);
      expect(phase).toBe('recipe');
      expect(message).toMatch(expected);
    }
  });
});

/** Where the version that serves lies. */
async function workDirOf(environment: Environment): Promise<string> {
  return (await environment.get('/cwd')).body;
}

/** Every file below `node_modules`: its inode, times, size, links and content. */
function modules(dir: string): string {
  return execFileSync(
    'sh',
    [
      '-c',
      `cd "$1/node_modules" && find . -printf '%i %T@ %s %y /%P %l\\n' | sort; find . -type f -exec sha256sum {} + | sort`,
      'sh',
      dir,
    ],
    {
      encoding: 'utf8',
    },
  );
}

if (!IS_ROOT) console.log('skipped: a full disk; only root can mount a small one');

describe.runIf(IS_ROOT && process.platform === 'linux')('a full disk', () => {
  /** So many MB, unmounted when the test ends. */
  function disk(megabytes: number) {
    const dir = temporary();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
    onTestFinished(() => void execFileSync('umount', ['--lazy', dir]));
    const ballast = join(dir, 'ballast');
    return {
      dir,
      /** All but so many KB are taken. */
      leave(kilobytes: number): void {
        const free = Number(execFileSync('df', ['--output=avail', '-k', dir], { encoding: 'utf8' }).split('\n')[1]);
        execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1k', `count=${free - kilobytes}`], {
          stdio: 'ignore',
        });
      },
      free: (): void => rmSync(ballast, { force: true }),
    };
  }

  const page = (text: string, files: Files = {}): Files => ({
    ...app(text, { start: 'node server.cjs' }),
    'server.cjs': `
      require('node:http').createServer((request, response) => {
        if (request.url === '/talk') for (let i = 0; i < 20000; i += 1) console.log(i, 'x'.repeat(100));
        response.end('${text}');
      }).listen(process.env.PORT, process.env.HOST);`,
    ...files,
  });

  test('in any phase is told, the old version serves on, and once there is room the next push works', async () => {
    const { dir, leave, free } = disk(32);
    const { repository, environment, first } = await running(page('v1'), { WORK_DIR: dir });
    const large = (): Files => ({ 'large.bin': randomBytes(1_500_000).toString('base64') });
    const fill = 'head -c 64M /dev/zero > large.out';
    const full = /the disk \(32 MiB\) is full/;
    const cases = [
      ['fetch', page('v2', large()), 300],
      ['install', page('v2', { '.mayfly.yml': `install: ${fill}\n` }), undefined],
      ['build', page('v2', { '.mayfly.yml': `build: ${fill}\n` }), undefined],
    ] as const;
    for (const [wanted, files, kilobytes] of cases) {
      if (kilobytes !== undefined) leave(kilobytes);
      const { phase, message } = await failing(environment, repository.commit(files), first);
      expect(phase).toBe(wanted);
      expect(message).toMatch(full);
      expect((await environment.get()).body).toBe('v1');
      free();
    }
    // What is said meanwhile is not kept, and harms nobody.
    leave(50);
    await environment.get('/talk');
    expect((await environment.get()).body).toBe('v1');
    expect((await environment.report()).healthy).toBe(true);
    free();
    const next = repository.commit(page('v3'));
    await environment.sync(next);
    await environment.reported(serves(next));
    expect((await environment.get()).body).toBe('v3');
    expect(environment.lines.join('\n')).toMatch(/ENOSPC|not kept|no space/i);
  }, 60_000);
});
