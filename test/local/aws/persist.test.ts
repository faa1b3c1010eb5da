import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockDirectory } from '../../../src/local/aws/directory-lock.ts';
import { openState } from '../../../src/local/aws/persist.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mayfly-persist-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('openState', () => {
  it('starts with the initial value, and finds what was saved', async () => {
    const file = join(directory, 'deep', 'state.json');
    const first = await openState(file, { count: 0 });
    expect(first.value).toEqual({ count: 0 });
    first.value.count = 5;
    first.save();
    await first.close();
    expect((await openState(file, { count: 0 })).value).toEqual({ count: 5 });
    expect(await readdir(join(directory, 'deep'))).toEqual(['state.json']);
  });

  it('writes soon by itself', async () => {
    const file = join(directory, 'state.json');
    const state = await openState(file, { count: 0 });
    state.value.count = 1;
    state.save();
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('{"count":1}'), { timeout: 10_000 });
    await state.close();
  });

  it('writes the last of many changes, also those made while it writes', async () => {
    const file = join(directory, 'state.json');
    const state = await openState(file, { count: 0 });
    const flushes: Promise<void>[] = [];
    for (let i = 1; i <= 50; i += 1) {
      state.value.count = i;
      state.save();
      flushes.push(state.flush());
    }
    await Promise.all(flushes);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ count: 50 });
    await state.close();
  });

  it('writes nothing that was not saved, nor after it was closed', async () => {
    const file = join(directory, 'state.json');
    const state = await openState(file, { count: 0 });
    await state.close();
    state.save();
    await state.flush();
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps the value in memory without a file', async () => {
    const state = await openState(undefined, { count: 0 });
    state.save();
    await state.flush();
    await state.close();
    expect(state.value).toEqual({ count: 0 });
  });

  it('refuses a file that it cannot read, by name, and leaves it as it is', async () => {
    const file = join(directory, 'state.json');
    await writeFile(file, '{"count":');
    await expect(openState(file, {})).rejects.toThrow(`state file ${file} cannot be read`);
    await writeFile(file, '{"count":"x"}');
    const parse = (): never => {
      throw new Error('count must be a number');
    };
    await expect(openState(file, {}, { parse })).rejects.toThrow('count must be a number');
    expect(await readFile(file, 'utf8')).toBe('{"count":"x"}');
    await expect(openState(directory, {})).rejects.toThrow('EISDIR');
  });

  it('tells when it cannot write, and tries again at the next flush', async () => {
    const file = join(directory, 'sub', 'state.json');
    const errors: unknown[] = [];
    const state = await openState(file, { count: 1 }, { onError: (error) => errors.push(error) });
    await rm(join(directory, 'sub'), { recursive: true });
    state.save();
    await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 10_000 });
    await mkdir(join(directory, 'sub'));
    await state.close();
    expect(await readFile(file, 'utf8')).toBe('{"count":1}');
  });
});

describe('lockDirectory', () => {
  it('lets one in at a time', async () => {
    const release = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow(`${directory} is in use by process ${process.pid}`);
    await release();
    await (await lockDirectory(directory))();
  });

  it.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
    ['another process of the same id', JSON.stringify({ pid: process.pid, startedAt: 'long ago' })],
    ['nothing readable', '{'],
  ])('takes over from %s', async (_what, content) => {
    await writeFile(join(directory, 'lock'), content);
    await (await lockDirectory(directory))();
  });
});
