import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ProcessGroup, spawnGroup } from '../../../container/src/processes/process-group.ts';
import { memoryLimit, ownResources, resourcesOf } from '../../../container/src/processes/resources.ts';
import type { Resources } from '../../../container/src/app/running-app.ts';
import { temporary, until } from '../stage.ts';
import { daemon, session, shell } from './daemons.ts';

const MEGABYTE = 1_024 ** 2;
const hasProc = existsSync('/proc/self/stat');

function start(script: string): ProcessGroup {
  const env = { PATH: process.env['PATH'] ?? '' };
  const group = spawnGroup(shell(script), { cwd: '/', env, onLine: () => undefined });
  onTestFinished(() => group.stop(0));
  return group;
}

async function measured(group: ProcessGroup, good: (found: Resources) => boolean): Promise<Resources> {
  const found = await until(
    () => resourcesOf(group.run ? [group.run] : []),
    (value) => value !== undefined && good(value),
  );
  if (!found) throw new Error('nothing was measured');
  return found;
}

describe.runIf(hasProc)('what a group uses', () => {
  test('is that of all its processes, wherever they went', async () => {
    const dir = temporary();
    const group = start(`sleep 300 & ${session(join(dir, 'a'))} ${daemon(join(dir, 'b'))} wait`);
    await until(() => existsSync(join(dir, 'b')), Boolean);
    // The script, and what it left running: its own short ones come and go.
    const { rssBytes } = await measured(group, (found) => found.processes === 4);
    expect(rssBytes).toBeGreaterThan(100_000);
    await group.stop(0);
    expect(await resourcesOf(group.run ? [group.run] : [])).toMatchObject({ processes: 0, rssBytes: 0 });
  });

  test('does not count the pages of a program once for each of its forks', async () => {
    const idle = `'${process.execPath}' -e 'setInterval(() => undefined, 1e3)' &`;
    const one = await measured(start(`${idle} wait`), (found) => found.rssBytes > 40 * MEGABYTE);
    const isUp = (found: Resources): boolean => found.processes === 5 && found.rssBytes > 1.2 * one.rssBytes;
    const four = await measured(start(`${idle.repeat(4)} wait`), isUp);
    expect(four.rssBytes).toBeLessThan(3 * one.rssBytes);
  });

  test('includes the time of children that have ended', async () => {
    const busy = `'${process.execPath}' -e 'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);'`;
    const group = start(`${busy}; sleep 300`);
    const { cpuSeconds } = await measured(group, (found) => found.processes === 2 && found.cpuSeconds >= 0.3);
    expect(cpuSeconds).toBeLessThan(60);
  });

  test('does not include what another group uses', async () => {
    const dir = temporary();
    const group = start('sleep 300; true');
    await measured(start(`${daemon(join(dir, 'a'))} wait; sleep 300; true`), (found) => found.processes === 3);
    expect((await measured(group, () => true)).processes).toBe(2);
  });
});

test('what the supervisor uses is what the system says of it', () => {
  const { processes, rssBytes, cpuSeconds } = ownResources();
  expect(processes).toBe(1);
  expect(rssBytes).toBeGreaterThan(20 * MEGABYTE);
  expect(cpuSeconds).toBeGreaterThan(0);
});

const GROUPS = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'];
const FILES = ['memory.limit_in_bytes', 'memory.max'];

describe('the memory limit', () => {
  test('is a number of bytes, or undefined where there is none', () => {
    const limit = memoryLimit();
    expect(limit === undefined || (Number.isSafeInteger(limit) && limit > 0)).toBe(true);
  });

  test.runIf(process.getuid?.() === 0 && GROUPS.some(canLimit))('is that of the control group', () => {
    const place = join(GROUPS.find(canLimit) ?? '', `mayfly-test-${process.pid}`);
    mkdirSync(place);
    onTestFinished(() => rmdirSync(place));
    const file = FILES.map((name) => join(place, name)).find((path) => existsSync(path)) ?? '';
    writeFileSync(file, String(300 * MEGABYTE));
    const module = join(import.meta.dirname, '../../../container/src/processes/resources.ts');
    const script = `import(${JSON.stringify(module)}).then((found) => console.log(found.memoryLimit()))`;
    const enter = `echo $$ > '${place}/cgroup.procs'; exec "$@"`;
    const told = execFileSync('sh', ['-c', enter, 'sh', process.execPath, '-e', script], { encoding: 'utf8' });
    expect(told).toBe(`${300 * MEGABYTE}\n`);
  });
});

/** A test may make a control group of its own there, with a limit. */
function canLimit(parent: string): boolean {
  const place = join(parent, `mayfly-try-${process.pid}`);
  if (spawnSync('mkdir', [place]).status !== 0) return false;
  const found = FILES.some((name) => existsSync(join(place, name)) && readFileSync(join(place, name)).length > 0);
  rmdirSync(place);
  return found;
}
