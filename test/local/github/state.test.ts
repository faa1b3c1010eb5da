import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyState, loadState, makeStateFile } from '../../../src/local/github/state.ts';
import { start, tempDir, testRepo } from './support.ts';

const AT = '2026-01-01T00:00:00Z';

describe('the state file', () => {
  it('is there, whole, as soon as a change was confirmed', async () => {
    const stateDir = join(await tempDir(), 'deep', 'er');
    const github = await start({ repoPath: await testRepo(), stateDir });
    await Promise.all(['a', 'b', 'c', 'd'].map((label) => github.addLabel(1, label)));
    const state = await loadState(join(stateDir, 'github.json'), 'demo/web');
    expect(state?.pulls.find((pull) => pull.number === 1)?.labels.sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(await readdir(stateDir)).toEqual(['github.json']);
  });

  it('holds the last of many changes made at once', async () => {
    const path = join(await tempDir(), 'github.json');
    const state = emptyState('demo/web', 'main', AT);
    const file = makeStateFile(path, () => state);
    const saves = Array.from({ length: 50 }, (_, index) => {
      state.nextNumber = index + 1;
      file.touch();
      return file.saved();
    });
    await Promise.all(saves);
    expect((await loadState(path, 'demo/web'))?.nextNumber).toBe(50);
  });

  it('that could not be written is written with the next change', async () => {
    const path = join(await tempDir(), 'github.json');
    const state = emptyState('demo/web', 'main', AT);
    const file = makeStateFile(path, () => state);
    await mkdir(`${path}.tmp`);
    file.touch();
    await expect(file.saved()).rejects.toThrow('EISDIR');
    await rmdir(`${path}.tmp`);
    state.nextId = 2;
    await file.saved();
    expect((await loadState(path, 'demo/web'))?.nextId).toBe(2);
  });

  it.each([
    ['{"version":1', 'is not JSON'],
    ['{"version":2}', 'is not a state file'],
    [JSON.stringify(emptyState('other/repo', 'main', AT)), 'belongs to other/repo'],
  ])('%s is refused and left alone', async (text, message) => {
    const stateDir = await tempDir();
    const path = join(stateDir, 'github.json');
    await writeFile(path, text);
    await expect(start({ repoPath: await testRepo(), stateDir })).rejects.toThrow(message);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('is no condition', async () => {
    const github = await start({ repoPath: await testRepo() });
    await github.addLabel(1, 'uat');
    await github.close();
    expect(await loadState(join(await tempDir(), 'github.json'), 'demo/web')).toBeUndefined();
  });
});

describe('a request whose change cannot be saved', () => {
  it('is answered with an error, and the server goes on', async () => {
    const stateDir = await tempDir();
    const said: string[] = [];
    const github = await start({ repoPath: await testRepo(), stateDir, log: (line) => said.push(line) });
    const blocked = join(stateDir, 'github.json.tmp');
    await mkdir(blocked);
    await expect(github.addLabel(1, 'uat')).rejects.toThrow('500');
    expect(said.join()).toContain('EISDIR');
    expect((await github.pulls()).length).toBe(2);
    await rmdir(blocked);
    await github.addLabel(2, 'uat');
    expect((await github.pull('one')).labels).toEqual(['uat']);
  });
});
