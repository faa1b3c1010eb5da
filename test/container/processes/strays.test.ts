/** Children that leave their process group: what is killed with it, and what is left alone. Linux only. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Identity, spawnGroup } from '../../../container/src/processes/process-group.ts';
import { temporary, until } from '../stage.ts';
import { CLEARED, daemon, isAlive, pidIn, session, shell } from './daemons.ts';

const NOBODY: Identity = { uid: 65_534, gid: 65_534 };
const env = { PATH: process.env['PATH'] ?? '' };
const quiet = { cwd: '/', env, onLine: () => undefined };

/** A place for pids, which everybody may write to. Whoever still runs at the end is killed. */
function place(): (name: string) => string {
  const dir = temporary();
  chmodSync(dir, 0o777);
  const files: string[] = [];
  onTestFinished(() => {
    for (const pid of files.filter((file) => existsSync(file)).map(pidIn)) if (isAlive(pid)) process.kill(pid);
  });
  return (name) => {
    files.push(join(dir, name));
    return join(dir, name);
  };
}

describe.runIf(existsSync('/proc/self/stat'))('what a script left behind', () => {
  test.each([
    ['in a session of its own', session],
    ['after a double fork', daemon],
  ])('%s ends with it', async (_how, script) => {
    const file = place()('stray');
    await spawnGroup(shell(`${script(file)} exit 3`), quiet).exited;
    expect(isAlive(pidIn(file))).toBe(false);
  });

  test('is killed also when it forks again and again', async () => {
    const file = place()('stray');
    const again = `while :; do setsid sleep 0.02 & done`;
    await spawnGroup(shell(daemon(file).replace('exec sleep 300', again)), quiet).exited;
    expect(isAlive(pidIn(file))).toBe(false);
  });

  test('with a cleared environment is known by its descent when the group is stopped', async () => {
    const file = place()('stray');
    const group = spawnGroup(shell(`${session(file, CLEARED)} wait`), quiet);
    await until(() => existsSync(file), Boolean);
    await group.stop(1_000);
    expect(isAlive(pidIn(file))).toBe(false);
  });

  test('in other groups of its session ends with it', async () => {
    const file = place()('stray');
    const script = `set -m; ( ${CLEARED} sh -c 'echo $$ > ${file}; exec sleep 300' & ) ; while [ ! -s ${file} ]; do sleep 0.01; done`;
    await spawnGroup(shell(script), quiet).exited;
    expect(isAlive(pidIn(file))).toBe(false);
  });
});

describe.runIf(existsSync('/proc/self/stat'))('left alone is', () => {
  test('what another group started that still runs', async () => {
    const file = place();
    const [theirs, ours] = [file('theirs'), file('ours')];
    const other = spawnGroup(shell(`${daemon(theirs)} sleep 300`), quiet);
    onTestFinished(() => other.stop(0));
    await until(() => existsSync(theirs), Boolean);
    await spawnGroup(shell(daemon(ours)), quiet).exited;
    expect([isAlive(pidIn(ours)), isAlive(pidIn(theirs))]).toEqual([false, true]);
    await other.stop(100);
    expect(isAlive(pidIn(theirs))).toBe(false);
  });

  test('what cannot be told from what others on this machine started', async () => {
    const file = place()('unmarked');
    await spawnGroup(shell(daemon(file, CLEARED)), quiet).exited;
    expect(isAlive(pidIn(file))).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)('the same, of another user', async () => {
    const file = place()('unmarked');
    await spawnGroup(shell(daemon(file, CLEARED)), { ...quiet, runAs: NOBODY }).exited;
    expect(isAlive(pidIn(file))).toBe(true);
  });
});

/** As in the image: processes of its own, an init that runs nothing but the supervisor, and another user for the code. */
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const hasContainers = process.getuid?.() === 0 && spawnSync('unshare', [...CONTAINER.slice(1), 'true']).status === 0;
/** What root may do in a container of Docker: it may not look into the memory of others (SYS_PTRACE). */
const DOCKER =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+sys_chroot,+setfcap';
const INIT = '"$@"; code=$?; exit $code';

describe.runIf(hasContainers)('in a container', () => {
  test.each([
    ['', []],
    [' without SYS_PTRACE', ['setpriv', '--bounding-set', DOCKER, '--inh-caps', '-all']],
  ])('nothing is left of a run, and nothing of another is touched%s', (_what, limits) => {
    const dir = temporary();
    chmodSync(dir, 0o777);
    const command = [process.execPath, join(import.meta.dirname, 'strays-supervisor.ts'), dir];
    const [file = '', ...args] = [...CONTAINER, ...limits, 'sh', '-c', INIT, 'init', ...command];
    const told = execFileSync(file, args, { encoding: 'utf8', timeout: 15_000, killSignal: 'SIGKILL' });
    expect(JSON.parse(told)).toEqual({
      'a daemon of the only run': false,
      'a daemon of the app after a command has ended': true,
      'a marked daemon of the command': false,
      'an unmarked daemon of the command, while the app could have started it': true,
      "a person's session": true,
      'a daemon of the app after its end': false,
      'an unmarked daemon of the command after the app has ended': false,
    });
  });
});
