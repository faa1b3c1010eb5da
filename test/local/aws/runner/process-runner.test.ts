import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  ContainerExit,
  ContainerSpec,
  ProcessIdentity,
  RunningProcess,
} from '../../../../src/local/aws/runner/port.ts';
import { isStillOurs, startTimeOf } from '../../../../src/local/aws/runner/process-identity.ts';
import { addressProblem, makeProcessRunner } from '../../../../src/local/aws/runner/process-runner.ts';

let directory = '';
const running: RunningProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mayfly-runner-'));
});
afterEach(async () => {
  running.splice(0).forEach((one) => one.signal('SIGKILL'));
  await vi.waitFor(async () => expect(await readdir(directory)).toEqual([]), { timeout: 10_000 });
  await rm(directory, { recursive: true, force: true });
});

interface Started {
  readonly process: RunningProcess;
  readonly lines: string[];
  readonly exited: Promise<ContainerExit>;
  readonly identity: Promise<ProcessIdentity>;
}

function start(script: string, change: Partial<ContainerSpec> = {}): Started {
  const lines: string[] = [];
  const container = makeProcessRunner({ directory }).start({
    name: 'task-web',
    command: [process.execPath, '-e', script],
    env: { GIVEN: 'yes' },
    address: '127.0.0.1',
    log: (line, stream) => lines.push(`${stream}: ${line}`),
    ...change,
  });
  running.push(container);
  return {
    process: container,
    lines,
    exited: new Promise((resolve) => container.onExit(resolve)),
    identity: new Promise((resolve) => container.onStart(resolve)),
  };
}

const said = (started: Started, line: string): Promise<void> =>
  vi.waitFor(() => expect(started.lines).toContain(`stdout: ${line}`), { timeout: 10_000 });

const isAlive = (pid: number): boolean => startTimeOf(pid) !== undefined;

describe('a container as a process', () => {
  it('gets its own environment and nothing of ours', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const started = start('console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }))');
    expect(await started.exited).toEqual({ exitCode: 0 });
    const scratch = join(directory, 'task-web');
    expect(JSON.parse(started.lines[0]?.slice('stdout: '.length) ?? '')).toEqual({
      PATH: process.env['PATH'],
      HOME: scratch,
      TMPDIR: scratch,
      GIVEN: 'yes',
      cwd: scratch,
    });
    vi.unstubAllEnvs();
  });

  it('is heard line by line on both streams, to the last', async () => {
    const started = start(
      'process.stdout.write("a\\nb\\r\\nlast"); process.stderr.write("wrong\\n"); process.exitCode = 3',
    );
    expect(await started.exited).toEqual({ exitCode: 3 });
    expect(started.lines.filter((line) => line.startsWith('stdout'))).toEqual([
      'stdout: a',
      'stdout: b',
      'stdout: last',
    ]);
    expect(started.lines).toContain('stderr: wrong');
  });

  it('leaves no directory behind', async () => {
    const started = start(
      'require("node:fs").writeFileSync("file", "x"); console.log("ready"); setInterval(() => {}, 1000)',
    );
    await said(started, 'ready');
    expect(existsSync(join(directory, 'task-web', 'file'))).toBe(true);
    started.process.signal('SIGTERM');
    expect(await started.exited).toEqual({ exitCode: 143 });
    expect(existsSync(join(directory, 'task-web'))).toBe(false);
  });

  it('may end gracefully at SIGTERM, which goes to the main process alone', async () => {
    const child =
      'process.on("SIGTERM", () => console.log("child was told")); console.log("child ready"); setInterval(() => {}, 1000)';
    const started = start(`
      require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' });
      process.on('SIGTERM', () => { console.log('told'); setTimeout(() => process.exit(7), 50); });
    `);
    await said(started, 'child ready');
    started.process.signal('SIGTERM');
    expect(await started.exited).toEqual({ exitCode: 7 });
    expect(started.lines).toContain('stdout: told');
    expect(started.lines).not.toContain('stdout: child was told');
  });

  it('takes its whole group along, however it ends', async () => {
    const started = start(`
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      child.once('spawn', () => console.log('pid ' + child.pid));
      process.on('SIGTERM', () => {});
    `);
    await vi.waitFor(() => expect(started.lines[0]).toMatch(/pid \d+/), { timeout: 10_000 });
    const child = Number(started.lines[0]?.split(' ').at(-1));
    started.process.signal('SIGTERM');
    started.process.signal('SIGKILL');
    expect(await started.exited).toEqual({ exitCode: 137 });
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 10_000 });
  });

  it.each(['SIGKILL from outside', 'its own end'])('takes along who went to a group of their own: %s', async (end) => {
    const started = start(`
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true });
      child.once('spawn', () => { console.log('pid ' + child.pid); if (${JSON.stringify(end)} === 'its own end') process.exit(0); });
      setInterval(() => {}, 1000);
    `);
    const { pid } = await started.identity;
    await vi.waitFor(() => expect(started.lines[0]).toMatch(/pid \d+/), { timeout: 10_000 });
    const child = Number(started.lines[0]?.split(' ').at(-1));
    if (end !== 'its own end') process.kill(pid, 'SIGKILL');
    expect(await started.exited).toEqual({ exitCode: end === 'its own end' ? 0 : 137 });
    await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 10_000 });
  });

  it('is not waited for by a process that cannot be recognised and holds its output', async () => {
    const started = start(`
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit', detached: true, env: {} });
      child.once('spawn', () => { console.log('pid ' + child.pid); child.unref(); process.exit(0); });
    `);
    expect(await started.exited).toEqual({ exitCode: 0 });
    process.kill(Number(started.lines[0]?.split(' ').at(-1)), 'SIGKILL');
  });

  it('that does not exist says so', async () => {
    const started = start('', { command: ['/no/such/program'] });
    expect(await started.exited).toEqual({
      startError: expect.stringMatching(/^CannotStartContainerError: .*ENOENT/) as string,
    });
    expect((await start('', { command: [''] }).exited).startError).toMatch(/^CannotStartContainerError/);
  });

  it('without its address says what to do', async () => {
    const started = start('', { address: '192.0.2.1' });
    expect((await started.exited).startError).toMatch(/^ResourceInitializationError: cannot listen on 192.0.2.1/);
    expect(await addressProblem('127.0.0.1')).toBeUndefined();
    expect(await addressProblem('127.0.0.300')).toContain('run: sudo ifconfig lo0 alias 127.0.0.300');
  });

  it('that is told to stop before it began never begins', async () => {
    const started = start('console.log("began")');
    started.process.signal('SIGTERM');
    expect(await started.exited).toEqual({ exitCode: 143 });
    expect(started.lines).toEqual([]);
    const late = await new Promise((resolve) => started.process.onExit(resolve));
    expect(late).toEqual({ exitCode: 143 });
  });
});

describe('what an earlier life left', () => {
  const others: ChildProcess[] = [];
  afterEach(() => {
    others.splice(0).forEach((one) => one.kill('SIGKILL'));
  });

  it('is ended by its identity', async () => {
    const started = start('setInterval(() => {}, 1000)');
    const identity = await started.identity;
    expect(isStillOurs(identity)).toBe(true);
    makeProcessRunner({ directory }).reap(identity);
    expect(await started.exited).toEqual({ exitCode: 137 });
    expect(isStillOurs(identity)).toBe(false);
  });

  it('is ended with who went to a group of their own', async () => {
    const scratch = join(directory, 'far');
    const leader = spawn(
      process.execPath,
      [
        '-e',
        `const c = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true }); c.once('spawn', () => console.log(c.pid)); setInterval(() => {}, 1000);`,
      ],
      { detached: true, env: { TMPDIR: scratch }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    others.push(leader);
    const pid = await new Promise<number>((resolve) => leader.stdout.once('data', (data) => resolve(Number(data))));
    const own = leader.pid ?? 0;
    makeProcessRunner({ directory }).reap({ pid: own, startedAt: startTimeOf(own), directory: scratch });
    await vi.waitFor(() => expect([isAlive(own), isAlive(pid)]).toEqual([false, false]), { timeout: 10_000 });
  });

  it.runIf(process.platform === 'linux')('is ended also when only its children are left', async () => {
    // Not by this runner, which would end the children itself.
    const scratch = join(directory, 'left');
    const child = 'setInterval(() => {}, 1000)';
    const leader = spawn(
      process.execPath,
      [
        '-e',
        `const c = require('node:child_process').spawn(process.execPath, ['-e', '${child}'], { stdio: 'ignore' }); c.once('spawn', () => { console.log(c.pid); process.exit(0); });`,
      ],
      { detached: true, env: { TMPDIR: scratch }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const pid = await new Promise<number>((resolve) => leader.stdout.once('data', (data) => resolve(Number(data))));
    await new Promise((resolve) => leader.once('close', resolve));
    const identity = { pid: leader.pid ?? 0, startedAt: 'then', directory: scratch };
    expect(isStillOurs({ ...identity, directory: '/another' })).toBe(false);
    expect(isAlive(pid)).toBe(true);
    makeProcessRunner({ directory }).reap(identity);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  });

  it('is left alone when it is another process by now', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    others.push(other);
    const pid = other.pid ?? 0;
    makeProcessRunner({ directory }).reap({ pid, startedAt: 'another time', directory: join(directory, 'x') });
    makeProcessRunner({ directory }).reap({ pid, directory: join(directory, 'x') });
    expect(isAlive(pid)).toBe(true);
  });
});
