/** A project's code against the supervisor that runs it. As another user only where the tests run as root. */
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { app, makeRepository, type Repository, serves, startEnvironment, temporary, until } from './stage.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** The app's home, which its code may write to. */
function homeOf(uid?: number): string {
  const home = temporary();
  if (uid !== undefined) chownSync(home, uid, uid);
  return home;
}

const attempt = (what: string): string =>
  `node -e "try { ${what}; console.log('GOT IN') } catch (e) { console.log('denied', e.code) }"`;

describe('git', () => {
  test('takes no configuration from where a project could write', async () => {
    const repository = makeRepository();
    const commit = repository.commit(app('v1'));
    const home = homeOf();
    const elsewhere = '[url "file:///nowhere/"]\n\tinsteadOf = file://\n';
    writeFileSync(join(home, '.gitconfig'), elsewhere);
    mkdirSync(join(home, 'git'));
    writeFileSync(join(home, 'git', 'config'), elsewhere);
    for (const more of [{}, { GIT_CONFIG_GLOBAL: join(home, '.gitconfig') }, { GIT_CONFIG_GLOBAL: '' }]) {
      const env = { HOME: home, XDG_CONFIG_HOME: home, ...more };
      const environment = await startEnvironment({ repository, env });
      await environment.reported(serves(commit));
    }
  });
});

test('a package.json that is a link out of the repository is not read', async () => {
  const repository = makeRepository();
  const files = { 'server.js': '' };
  repository.commit(files);
  symlinkSync('/proc/self/environ', join(repository.dir, 'package.json'));
  repository.git('add', 'package.json');
  repository.git('commit', '--quiet', '-m', 'a link');
  const environment = await startEnvironment({ repository });
  const { failure } = await environment.reported((report) => report.failure !== undefined);
  expect(failure?.message).toBe('package.json is a link; it must be a file of the repository');
});

describe.runIf(isRoot)('as another user', () => {
  const asNobody = (repository: Repository, work: string) => {
    chmodSync(work, 0o755);
    const env = { APP_UID: String(NOBODY), HOME: homeOf(NOBODY), WORK_DIR: work };
    return startEnvironment({ repository, env });
  };

  test('scripts and app see nothing of the supervisor, cannot signal it, and write in their own place', async () => {
    const scripts = {
      build: [
        'id -u; id -G',
        attempt("require('fs').readFileSync('/proc/' + process.env.SUPERVISOR + '/environ')"),
        attempt('process.kill(Number(process.env.SUPERVISOR), 0)'),
        attempt("require('fs').writeFileSync('../mine', '')"),
        attempt("require('fs').renameSync('.', '../other')"),
        'echo built > built && ln -s /etc/hostname escape',
      ].join('; '),
    };
    const repository = makeRepository();
    const commit = repository.commit(app('v1', scripts));
    const work = temporary();
    chmodSync(work, 0o755);
    const env = { APP_UID: String(NOBODY), HOME: homeOf(NOBODY), WORK_DIR: work, SUPERVISOR: String(process.pid) };
    const environment = await startEnvironment({ repository, env });
    await environment.reported(serves(commit));
    expect(environment.lines).not.toContain('GOT IN');
    expect(environment.lines.filter((line) => line.startsWith('denied'))).toHaveLength(4);
    expect(environment.lines.filter((line) => line === String(NOBODY))).toHaveLength(2);
    const pid = (await environment.get('/pid')).body;
    expect(statSync(`/proc/${pid}`).uid).toBe(NOBODY);
  });

  test('an update takes the modules over, and what served is removed; at the end everything is', async () => {
    const repository = makeRepository();
    const first = repository.commit(app('v1'));
    const work = temporary();
    const environment = await asNobody(repository, work);
    await environment.reported(serves(first));
    const second = repository.commit(app('v2'));
    await environment.sync(second);
    await environment.reported(serves(second));
    const [own = ''] = readdirSync(work);
    await until(
      () => versions(join(work, own)),
      (names) => names.length === 1 && names[0]?.startsWith('2-') === true,
    );
    const { phases = [] } = await environment.report();
    expect(phases.find(({ phase }) => phase === 'install')?.note).toMatch(/taken over|brought up to date/);
    environment.supervisor.stop();
    await environment.supervisor.done;
    expect(readdirSync(work)).toEqual([]);
  });

  test('a checkout that failed is removed whether it was handed over or not', async () => {
    const repository = makeRepository();
    const first = repository.commit(app('v1'));
    const work = temporary();
    const environment = await asNobody(repository, work);
    await environment.reported(serves(first));
    for (const files of [{ 'README.md': 'no package.json' }, app('v2', { build: 'exit 1' })]) {
      const commit = repository.commit(files);
      await environment.sync(commit);
      await environment.reported((report) => report.failure?.commit === commit && report.job === undefined);
      const [own = ''] = readdirSync(work);
      await until(
        () => versions(join(work, own)),
        (names) => names.length === 1,
      );
    }
  });
});

/** What is in the supervisor's directory beside its log. */
function versions(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^\d+-/.test(name));
}
