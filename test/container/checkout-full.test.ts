/** The disk fills while the files of a commit are written. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { app, makeRepository, serves, startEnvironment, temporary } from './stage.ts';

test.runIf(process.getuid?.() === 0)(
  'a checkout that the disk has no room for is told as such',
  async () => {
    const dir = temporary();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir]);
    onTestFinished(() => void execFileSync('umount', ['--lazy', dir]));
    const repository = makeRepository();
    const first = repository.commit(app('v1'));
    const environment = await startEnvironment({ repository, env: { WORK_DIR: dir } });
    await environment.reported(serves(first));
    // 9 MB of files in a pack of some KB.
    const big = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`big${i}.txt`, `${i}`.repeat(2_000_000)]));
    const next = repository.commit({ ...app('v2'), ...big, 'r.bin': randomBytes(10).toString('hex') });
    await environment.sync(next);
    const report = await environment.reported(({ failure }) => failure !== undefined);
    expect(report.failure?.message).toMatch(/the disk \(16 MiB\) is full/);
    expect(report.failure?.phase).toBe('fetch');
    expect(report.liveCommit).toBe(first);
  },
  40_000,
);
