import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachLine, MAX_BYTES } from '../../../container/src/log/lines.ts';
import { spawnGroup } from '../../../container/src/processes/process-group.ts';
import { temporary } from '../stage.ts';

async function linesOf(chunks: readonly Buffer[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  const read = eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await read;
  return lines;
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const piece = fc.string({ unit: fc.constantFrom('a', 'é', '日', ' ', '🌊') });
const sizes = fc.integer({ min: 1, max: 6 });

describe('lines', () => {
  test('come out whole however the bytes are cut, also within a character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1 }), sizes, async (texts, size) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        expect(await linesOf(cut(bytes, size))).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });

  test('that are rewritten are one line in the state that a terminal would show last', async () => {
    const states = fc.array(piece, { minLength: 1, maxLength: 5 });
    const ends = fc.constantFrom('\n', '\r\n', '\r\r\n');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(states, ends), { minLength: 1 }), sizes, async (bars, size) => {
        const bytes = Buffer.from(bars.map(([texts, end]) => texts.join('\r') + end).join(''));
        const lastNonEmpty = bars.map(([texts]) => {
          const shown = texts.findLastIndex((text) => text !== '');
          return texts[shown] ?? '';
        });
        expect(await linesOf(cut(bytes, size))).toEqual(lastNonEmpty);
      }),
      { numRuns: 100 },
    );
  });

  test('without an end are cut, and what follows is still read', async () => {
    const endless = Array.from({ length: 20 }, () => Buffer.alloc(MAX_BYTES, 'x'));
    expect(await linesOf([...endless, Buffer.from('y\nnext\nlast')])).toEqual(['x'.repeat(MAX_BYTES), 'next', 'last']);
  });

  test('that are rewritten without an end keep their last state, and count when the stream ends', async () => {
    const bars = Array.from({ length: 10_000 }, (_, i) => Buffer.from(`${'='.repeat(i % 100)} ${i}\r`));
    expect(await linesOf(bars)).toEqual([`${'='.repeat(99)} 9999`]);
  });

  test('of a rewritten line that was already cut still give way to its next state', async () => {
    const long = Buffer.alloc(2 * MAX_BYTES, 'x');
    expect(await linesOf([long, Buffer.from('\r'), Buffer.from('short\n')])).toEqual(['short']);
  });

  test('in a flood leave the event loop its turns', async () => {
    const stream = new PassThrough();
    let lines = 0;
    const read = eachLine(stream, () => (lines += 1));
    stream.end(Buffer.alloc(100_000, '\n'));
    let most = 0;
    while (lines < 100_000) {
      const before = lines;
      await nextTurn();
      most = Math.max(most, lines - before);
    }
    await read;
    expect(most).toBeLessThanOrEqual(2_000);
  });

  test('of a stream that breaks are those that came before', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const read = eachLine(stream, (line) => lines.push(line));
    stream.write('one\ntwo');
    await nextTurn();
    stream.destroy(new Error('broken pipe'));
    await read;
    expect(lines[0]).toBe('one');
  });
});

test('all lines of a process have been read when its end is told, however many came at last', async () => {
  const script = `process.stdout.write('line\\n'.repeat(200_000) + 'last'); process.stderr.write('w\\n'.repeat(50_000))`;
  const lines: string[] = [];
  const command = { file: process.execPath, args: ['-e', script], title: 'node' };
  const group = spawnGroup(command, { cwd: temporary(), env: {}, onLine: (line) => lines.push(line) });
  expect(await group.exited).toMatchObject({ code: 0 });
  expect(lines.filter((line) => line === 'line')).toHaveLength(200_000);
  expect(lines.filter((line) => line === 'w')).toHaveLength(50_000);
  expect(lines).toContain('last');
});
