import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openJournal } from '../../../../src/local/aws/record/journal.ts';

async function makeFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'mayfly-journal-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'below', 'calls.jsonl');
}

describe('a journal', () => {
  it('adds a line a record, also to what an earlier life wrote', async () => {
    const file = await makeFile();
    for (const life of [1, 2]) {
      const journal = await openJournal<object>(file);
      journal.add({ life, record: 1 });
      journal.add({ life, record: 2 });
      await journal.close();
      journal.add({ late: true });
    }
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { life: 1, record: 1 },
      { life: 1, record: 2 },
      { life: 2, record: 1 },
      { life: 2, record: 2 },
    ]);
  });

  it('is set aside when it is full, so that two files are all there is', async () => {
    const file = await makeFile();
    for (const record of ['a', 'b', 'c', 'd']) {
      const journal = await openJournal<string>(file, { maxBytes: 6 });
      journal.add(record);
      await journal.close();
    }
    expect(await readFile(`${file}.1`, 'utf8')).toBe('"a"\n"b"\n');
    expect(await readFile(file, 'utf8')).toBe('"c"\n"d"\n');
  });

  it('tells of what it cannot write', async () => {
    const file = await makeFile();
    const errors: unknown[] = [];
    const journal = await openJournal<string>(file, { onError: (error) => errors.push(error) });
    await rm(join(file, '..'), { recursive: true });
    journal.add('a');
    await journal.close();
    expect(errors).toMatchObject([{ code: 'ENOENT' }]);
  });
});
