import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLineSplitter } from '../../../../src/local/aws/runner/lines.ts';

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = makeLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk));
  }
  splitter.end();
  return lines;
}

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'ü', '😀', '\n') }),
        fc.integer({ min: 1, max: 5 }),
        (text, size) => {
          const bytes = Buffer.from(text);
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.subarray(i * size, (i + 1) * size),
          );
          const expected = text.split('\n');
          expect(split(chunks)).toEqual(expected.at(-1) === '' ? expected.slice(0, -1) : expected);
        },
      ),
    );
  });

  it('that are too long are cut, whether they end or not', () => {
    const long = 'x'.repeat(300 * 1024);
    for (const text of [long, `${long}\nnext`]) {
      const lines = split([Buffer.from(text)]);
      expect(lines[0]).toHaveLength(256 * 1024);
      expect(lines.slice(0, 2).join('')).toBe(long);
    }
  });

  it('do not gather without an end', () => {
    const chunk = Buffer.alloc(100 * 1024, 'x');
    const lines: string[] = [];
    const splitter = makeLineSplitter((line) => lines.push(line));
    for (let i = 0; i < 30; i += 1) {
      splitter.push(chunk);
    }
    expect(lines.length).toBeGreaterThanOrEqual(11);
  });

  it('lose a carriage return before their end', () => {
    expect(split([Buffer.from('a\r\nb\rc\r\n\r\n')])).toEqual(['a', 'b\rc', '']);
  });
});
