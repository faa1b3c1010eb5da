/** A project that means harm, against the whole supervisor: where its code runs as another user. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { daemon, isAlive, pidIn, session } from './processes/daemons.ts';
import { app, type Files, makeRepository, serves, SESSION, temporary, until } from './stage.ts';
import { FLOOD, IS_ROOT, NOBODY, open, SHELL_APP, startTask, surroundings, type Task } from './task.ts';

const shellApp = (text: string, scripts: Readonly<Record<string, string>> = {}, files: Files = {}): Files => ({
  ...app(text, { start: 'node server.cjs', ...scripts }),
  'server.cjs': SHELL_APP(text),
  'flood.cjs': FLOOD,
  ...files,
});

if (!IS_ROOT) console.log('skipped: hostile apps as another user; only root can run code as somebody else');

async function running(env: Files = {}, files = shellApp('v1')) {
  const repository = makeRepository();
  const first = repository.commit(files);
  const around = surroundings();
  const task = startTask(repository, { ...around, ...env });
  await task.reported(serves(first));
  const [own = ''] = readdirSync(around.WORK_DIR);
  return { repository, first, task, work: join(around.WORK_DIR, own) };
}

describe.runIf(process.platform === 'linux')('an app that floods the log', () => {
  test('harms nobody: it and the others are answered, memory stays bounded, the end is kept', async () => {
    const { repository, task } = await running();
    const before = task.peak();
    let answer: string | undefined;
    void task.get('/flood').then(({ body }) => {
      answer = body;
    });
    await answeredUntil(task, () => Promise.resolve(answer !== undefined));
    expect(answer).toBe('flooded');
    const next = repository.commit(shellApp('v2', { build: 'node flood.cjs; node flood.cjs >&2' }));
    await task.sync(next);
    await answeredUntil(task, async () => (await task.get()).body === 'v2');
    await task.reported(serves(next));
    expect(task.peak() - before).toBeLessThan(100);
    expect(task.output().length).toBeLessThan(40_000_000);
    expect(task.output()).toMatch(/lines \(\d+ bytes\) of .*left out here/);
  }, 120_000);
});

/** Asks until something is the case; nobody is turned away meanwhile. */
async function answeredUntil(task: Task, done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) expect(await task.get()).toMatchObject({ status: 200 });
}

describe.runIf(IS_ROOT)('an app with a shell', () => {
  test('sees nothing of the supervisor, and changes nothing of it, of its repository or of the cache', async () => {
    const cache = temporary();
    const { repository, first, task, work } = await running({
      CACHE_DIR: cache,
      TRUST: 'trusted',
      GITHUB_TOKEN: 'ghs_verysecret',
    });
    const objects = join(work, 'repository', 'objects');
    expect(await task.sh('id -u')).toBe(`${NOBODY}\n`);
    const attempts = [
      ...['environ', 'mem', 'maps', 'fd/1', 'cwd/', 'root/'].map((name) => `cat /proc/${task.pid}/${name}`),
      `ls /proc/${task.pid}/fd`,
      ...['', 'logs', 'archives'].map((name) => `ls ${join(work, name)}`),
      `cat ${work}/logs/*`,
      `kill -9 ${task.pid}`,
      ...['new', 'logs/new', 'archives/new', 'repository/config', 'repository/shallow'].map(
        (name) => `echo > ${join(work, name)}`,
      ),
      `ln -s / ${work}/2-${first.slice(0, 7)}`,
      `mv ${work}/repository ${work}/other`,
      `mkdir ${objects}/ff`,
      `for each in ${objects}/pack/*.pack ${objects}/??/*; do test -e $each && echo evil > $each; done; false`,
      `rm -rf ${objects}`,
      `git -C ${work}/repository config core.fsmonitor evil`,
      `ls ${cache}`,
      `echo > ${cache}/new`,
      `rm -rf ${cache}`,
      `mv ${cache} ${cache}.old`,
    ];
    for (const attempt of attempts) {
      expect(`${attempt}: ${await task.sh(`${attempt} && echo GOT IN`)}`).toMatch(
        /(?:denied|not permitted|could not lock|not in a git directory)/i,
      );
      expect(await task.sh(`${attempt} && echo GOT IN`)).not.toMatch(/GOT IN|ghs_/);
    }
    const next = repository.commit(shellApp('v2'));
    await task.sync(next);
    await task.reported(serves(next));
    expect(await task.sh('git status --porcelain; git log --format=%H')).toBe(`${next}\n`);
  });

  test('never has the ports of the supervisor, nor says that it is healthy', async () => {
    const proxy = randomInt(10_000, 15_000);
    const control = randomInt(15_000, 20_000);
    const ports = { BIND_ADDRESS: '0.0.0.0', PORT: String(proxy), CONTROL_PORT: String(control) };
    const { task } = await running(ports);
    for (const port of [proxy, control]) {
      for (const options of [
        { host: '0.0.0.0' },
        { host: '127.0.0.1' },
        { host: '127.30.250.250' },
        { host: '::' },
        {},
      ]) {
        for (const reusePort of [false, true]) {
          expect(await task.sh(listen({ ...options, port, reusePort }))).toBe('EADDRINUSE\n');
        }
      }
    }
    expect((await task.get(`/.mayfly/ready/${SESSION}`)).body).toBe('ready\n');
    await task.sh('touch sick');
    const { status, body } = await until(
      () => task.get(`/.mayfly/ready/${SESSION}`),
      (reply) => reply.status !== 200,
    );
    expect([status, body]).not.toContain('forged');
    expect(status).toBe(503);
    expect((await task.get()).status).toBe(500);
    const report = await task.reported(({ healthy }) => !healthy);
    expect(report.healthy).toBe(false);
  });

  test('leaves no process behind: neither at an update nor at the end', async () => {
    const { repository, task } = await running();
    const dir = open();
    const forked = async (name: string): Promise<number[]> => {
      const files = [join(dir, `${name}-session`), join(dir, `${name}-daemon`)] as const;
      await task.sh(`${session(files[0])}${daemon(files[1], "trap '' TERM;")}`);
      return files.map(pidIn);
    };
    const first = await forked('first');
    expect(first.map(isAlive)).toEqual([true, true]);
    const build = `${daemon(join(dir, 'build'))}${session(join(dir, 'session'))}`;
    const next = repository.commit(shellApp('v2', { build: 'sh ./build.sh' }, { 'build.sh': build }));
    await task.sync(next);
    await task.reported(serves(next));
    await until(
      () => first.filter(isAlive),
      (alive) => alive.length === 0,
    );
    expect(['build', 'session'].map((name) => isAlive(pidIn(join(dir, name))))).toEqual([false, false]);
    const second = await forked('second');
    expect(await task.stop()).toBe(0);
    expect(second.filter(isAlive)).toEqual([]);
  });
});

/** A command that prints what came of an attempt to listen. */
function listen(options: object): string {
  const script = `const server = require("node:http").createServer();
    server.on("error", (error) => { console.log(error.code); process.exit() });
    server.listen(${JSON.stringify(options)}, () => { console.log("listens"); process.exit() });`;
  return `node -e '${script}'`;
}

/** Everything in a checkout by which git and the shell can be made to run something, or to write elsewhere. */
const TRAPS = `
CANARY=$1
for hook in post-checkout pre-commit reference-transaction post-index-change; do
  mkdir -p .git/hooks; cp "$CANARY" .git/hooks/$hook
done
git config core.fsmonitor "$CANARY"
git config core.hooksPath "$PWD/.git/hooks"
git config core.sshCommand "$CANARY"
git config core.pager "$CANARY"
git config diff.external "$CANARY"
git config filter.evil.smudge "$CANARY"
git config filter.evil.clean "$CANARY"
git config credential.helper "$CANARY"
mkdir -p .git/info; echo '* filter=evil diff=evil' > .git/info/attributes
`;

describe.runIf(IS_ROOT)('traps in a checkout', () => {
  /** A program that notes who runs it, and a directory of root's that nobody else may enter. */
  function ground() {
    const canary = join(open(), 'canary');
    const diary = `${canary}.diary`;
    writeFileSync(canary, `#!/bin/sh\nid -u >> ${diary}\ncat\n`, { mode: 0o755 });
    writeFileSync(diary, '');
    chmodSync(diary, 0o666);
    const closed = join(temporary(), 'closed');
    mkdirSync(closed, { mode: 0o700 });
    writeFileSync(join(closed, 'secret'), 'of root');
    return { canary, closed, ran: () => [...new Set(readFileSync(diary, 'utf8').split('\n').filter(Boolean))] };
  }

  const built = (text: string, files: Files = {}): Files =>
    shellApp(
      text,
      { build: 'mkdir -p dist && date +%N > dist/built' },
      { '.gitignore': 'dist\nnode_modules\n', ...files },
    );

  test('run nothing with the rights of the supervisor at an update, and lead it nowhere', async () => {
    const { canary, closed, ran } = ground();
    const { repository, task } = await running({}, built('v1'));
    await task.sh(`set -- ${canary}\n${TRAPS}`);
    await task.sh(
      `git status; rm -rf dist node_modules; ln -s ${closed} dist; ln -s ${closed} node_modules; rm package.json; ln -s /proc/1/environ package.json`,
    );
    expect(ran()).toEqual([String(NOBODY)]);
    // The same inputs, so that modules and output are taken over; then others.
    for (const files of [built('v1', { '.mayfly.yml': 'inputs: [dist.txt]\n' }), built('v2')]) {
      const next = repository.commit(files);
      await task.sync(next);
      await task.reported(
        (report) => report.job === undefined && (report.liveCommit === next || report.failure !== undefined),
      );
    }
    expect((await task.get()).body).toBe('v2');
    expect(await task.stop()).toBe(0);
    expect(ran()).toEqual([String(NOBODY)]);
    expect(readdirSync(closed)).toEqual(['secret']);
    expect(existsSync(canary)).toBe(true);
  }, 60_000);

  test('run nothing with the rights of the supervisor at a hot reload', async () => {
    const { canary, closed, ran } = ground();
    const hot = (text: string): Files => ({
      ...shellApp('v1'),
      '.mayfly.yml': 'hot: true\n',
      'page.txt': text,
      'sub/file': text,
    });
    const { repository, task, work } = await running({}, hot('one'));
    await task.sh(`set -- ${canary}\n${TRAPS}`);
    await task.sh(`git status; rm -rf sub; ln -s ${closed} sub`);
    expect(ran()).toEqual([String(NOBODY)]);
    const end = async (commit: string) =>
      await task.reported(
        ({ job, failure, liveCommit }) => job === undefined && (failure !== undefined || liveCommit === commit),
      );
    for (const [text, links] of [
      ['two', `ln -s ${closed}/index .git/index.lock`],
      ['three', `rm -f .git/shallow; ln -s ${work}/repository/config .git/shallow`],
    ] as const) {
      await task.sh(links);
      const next = repository.commit(hot(text));
      await task.sync(next);
      expect((await end(next)).healthy).toBe(true);
    }
    // A new process, or what it takes: the way out of any trap.
    const last = repository.commit(shellApp('v3'));
    await task.sync(last);
    await task.reported(serves(last));
    expect(ran()).toEqual([String(NOBODY)]);
    expect(readdirSync(closed)).toEqual(['secret']);
    expect(readFileSync(join(work, 'repository', 'config'), 'utf8')).toContain('bare = true');
  }, 60_000);
});
