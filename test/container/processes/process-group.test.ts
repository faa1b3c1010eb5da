import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Command, runGroup, spawnGroup } from '../../../container/src/processes/process-group.ts';
import { temporary, until } from '../stage.ts';
import { isAlive, shell } from './daemons.ts';

const options = { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } };
const isRoot = process.getuid?.() === 0;

function node(script: string): Command {
  return { file: process.execPath, args: ['-e', script], title: 'node' };
}

/** Starts it and waits for its first line. */
async function started(command: Command) {
  const lines: string[] = [];
  const group = spawnGroup(command, { ...options, onLine: (line) => lines.push(line) });
  await until(
    () => lines.length,
    (count) => count > 0,
  );
  return { group, lines };
}

describe('a process group', () => {
  test('ends with its leader: forks that stay behind are killed', async () => {
    const lines: string[] = [];
    const group = spawnGroup(shell('sleep 300 & echo $!; exit 3'), { ...options, onLine: (line) => lines.push(line) });
    expect(await group.exited).toEqual({ code: 3, description: 'exited with code 3' });
    expect(isAlive(Number(lines[0]))).toBe(false);
  });

  test('that ignores SIGTERM is killed after its grace', async () => {
    const { group } = await started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
    await group.stop(50);
    expect((await group.exited).description).toBe('was ended by SIGKILL');
  });

  test('is killed at once when it is stopped again with less grace', async () => {
    const { group } = await started(shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
    const patient = group.stop(600_000);
    await group.stop(20);
    await patient;
    expect((await group.exited).description).toBe('was ended by SIGKILL');
  });

  test('may say goodbye also when its leader, a shell, does not wait for it', async () => {
    const polite = "process.on('SIGTERM', () => setTimeout(() => { console.log('bye'); process.exit() }, 200));";
    const script = `${polite} setInterval(() => undefined, 1e3); console.log('ready')`;
    const { group, lines } = await started(shell(`'${process.execPath}' -e "${script}"; echo never`));
    await group.stop(10_000);
    expect(lines).toEqual(['ready', 'bye']);
  });

  test('gets SIGTERM once, however often it is stopped', async () => {
    const count = "process.on('SIGTERM', () => { console.log('asked'); setTimeout(process.exit, 200) });";
    const { group, lines } = await started(node(`${count} setInterval(() => undefined, 1e3); console.log('ready')`));
    await Promise.all([group.stop(10_000), group.stop(10_000)]);
    expect(lines).toEqual(['ready', 'asked']);
  });

  test('whose command does not exist says so', async () => {
    const command = { file: 'no-such-command', args: [], title: 'x' };
    const group = spawnGroup(command, { ...options, onLine: () => undefined });
    expect((await group.exited).description).toMatch(/^could not be started: .*ENOENT/);
    await group.stop(10);
  });

  test('is stopped when its signal aborts, and is not begun when it already did', async () => {
    const abort = new AbortController();
    const begun: string[] = [];
    const run = { ...options, onLine: (line: string) => begun.push(line), signal: abort.signal, cancelAfterMs: 50 };
    const running = runGroup(shell('echo ready; sleep 300'), run);
    await until(
      () => begun.length,
      (count) => count > 0,
    );
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(runGroup(shell('echo again'), run)).rejects.toThrow('enough');
    expect(begun).toEqual(['ready']);
  });
});

describe.runIf(isRoot && process.platform === 'linux')('as another user', () => {
  const runAs = { uid: 65_534, gid: 65_534 };

  async function outputOf(command: Command, cwd: string, env: Record<string, string> = options.env) {
    const lines: string[] = [];
    const exit = await spawnGroup(command, { cwd, env, runAs, onLine: (line) => lines.push(line) }).exited;
    return { lines, exit };
  }

  test('runs as that user with no other groups, and with its environment as it is', async () => {
    const { lines } = await outputOf(shell('id -u; id -G; env'), '/', { ...options.env, 'odd-name': 'kept' });
    expect(lines.slice(0, 2)).toEqual(['65534', '65534']);
    const { lines: variables } = await outputOf({ file: 'env', args: [], title: 'env' }, '/', { 'odd-name': 'kept' });
    expect(variables.filter((line) => !line.startsWith('MAYFLY_RUN='))).toEqual(['odd-name=kept']);
  });

  test('is not led by a link where that user may not go', async () => {
    const dir = temporary();
    const secret = join(dir, 'secret', 'open');
    mkdirSync(secret, { recursive: true });
    writeFileSync(join(secret, 'file'), 'the secret');
    chmodSync(dir, 0o755);
    chmodSync(join(dir, 'secret'), 0o700);
    symlinkSync(secret, join(dir, 'work'));
    const { lines, exit } = await outputOf(shell('cat file'), join(dir, 'work'));
    expect(lines.join()).not.toContain('the secret');
    expect(exit.code).toBe(125);
  });
});
