import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { address, app, ask, makeRepository, taskEnv, temporary, until } from './stage.ts';

const MAIN = fileURLToPath(new URL('../../container/src/main.ts', import.meta.url));

interface Task {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  output(): string;
}

function run(env: Readonly<Record<string, string>>): Task {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  // Not SIGKILL: that would leave the app behind.
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { pid: child.pid ?? 0, ended, output: () => output };
}

test('names every missing and invalid variable at once, and exits with 78', async () => {
  const task = run({ PATH: process.env['PATH'] ?? '', COMMIT: 'main', PORT: 'http' });
  expect(await task.ended).toBe(78);
  for (const name of ['SESSION_ID', 'REPO', 'BRANCH', 'PUBLIC_URL', 'NODE_ENV', 'MAYFLY_PUBLIC_KEY']) {
    expect(task.output()).toContain(`${name} is missing; allowed: `);
  }
  expect(task.output()).toContain('COMMIT is "main"; allowed: 40 or 64 hex digits, or empty');
  expect(task.output()).toContain('PORT is "http"; allowed: a port, 1 to 65535');
});

test('a port that is taken ends it with 70 and the reason', async () => {
  const repository = makeRepository();
  repository.commit(app('v1'));
  const ip = address();
  const env = { ...taskEnv(repository, ip), WORK_DIR: temporary(), CONTROL_PORT: '3001' };
  const task = run(env);
  expect(await task.ended).toBe(70);
  expect(task.output()).toContain('EADDRINUSE');
});

test('a failed first build ends it with 22, the last line saying so', async () => {
  const repository = makeRepository();
  repository.commit(app('v1', { build: 'echo the reason; exit 1' }));
  const task = run({ ...taskEnv(repository, address()), WORK_DIR: temporary() });
  expect(await task.ended).toBe(22);
  const lines = task.output().trimEnd().split('\n');
  expect(lines).toContain('the reason');
  expect(lines.at(-2)).toBe('[mayfly] build failed: `npm run build` exited with code 1');
  expect(lines.at(-1)).toBe('[mayfly] ended with exit code 22');
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('ends it with 0, and no process of the app is left', async () => {
    const repository = makeRepository();
    repository.commit(app('v1', { start: "trap '' TERM; sleep 300 & node server.js" }));
    const ip = address();
    const task = run({ ...taskEnv(repository, ip), WORK_DIR: temporary() });
    await until(
      () => ask({ ip }).catch(() => undefined),
      (reply) => reply?.status === 200,
    );
    const pid = Number((await ask({ ip, path: '/pid' })).body);
    const group = groupOf(pid);
    expect(members(group).length).toBeGreaterThan(1);
    process.kill(task.pid, signal);
    process.kill(task.pid, signal);
    expect(await task.ended).toBe(0);
    expect(members(group)).toEqual([]);
  });
});

test('the token for the repository never shows: not in the log, not at the app, not in a command line', async () => {
  const repository = makeRepository();
  const build = 'echo leaked ghs_verysecret; git config --list; env';
  repository.commit(app('v1', { build }));
  const ip = address();
  const task = run({ ...taskEnv(repository, ip), WORK_DIR: temporary(), GITHUB_TOKEN: 'ghs_verysecret' });
  await until(
    () => ask({ ip }).catch(() => undefined),
    (reply) => reply?.status === 200,
  );
  expect(task.output()).toContain('leaked [redacted]');
  expect(task.output()).not.toContain('ghs_verysecret');
  expect((await ask({ ip, path: '/env' })).body).not.toContain('ghs_verysecret');
  expect(readFileSync(`/proc/${task.pid}/cmdline`, 'utf8')).not.toContain('ghs_verysecret');
});

/** Process group of a process. */
function groupOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }));
}

/** Processes of a group that still run. */
function members(group: number): string[] {
  const listing = execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' });
  return listing
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${group} `) && !/^\d+ +Z/.test(line));
}
