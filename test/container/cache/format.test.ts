import fc from 'fast-check';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HEADER_BYTES, readHeader, writeHeader } from '../../../container/src/cache/format.ts';
import { isPlain } from '../../../container/src/cache/place.ts';
import { isCacheKey } from '../../../container/src/cache/port.ts';
import { keyOf } from './ground.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);

it('a header is read as it was written, and always as long', () => {
  const headers = fc.record({
    key: fc
      .tuple(fc.constantFrom('modules' as const, 'build' as const), hex)
      .map(([kind, hash]) => `${kind}-${hash}` as const),
    sha256: hex,
    length: fc.nat({ max: 10 ** 14 }),
  });
  fc.assert(
    fc.property(headers, (header) => {
      const bytes = writeHeader(header);
      expect(bytes).toHaveLength(HEADER_BYTES);
      expect(readHeader(bytes)).toEqual(header);
      expect(isCacheKey(header.key)).toBe(true);
    }),
  );
});

it('a header of anything else is none', () => {
  const good = writeHeader({ key: keyOf('x'), sha256: '0'.repeat(64), length: 1 }).toString('latin1');
  const others = [
    good.replace('archive 1', 'archive 2'),
    good.replace('length=1', 'length=-1'),
    good.replace('length=1', 'length=1e9'),
    good.replace('sha256=0', 'sha256=g'),
    good.slice(1),
    `${good.slice(0, -2)}x\n`,
    '\0'.repeat(HEADER_BYTES),
    '',
  ];
  for (const text of others) expect(readHeader(Buffer.from(text, 'latin1'))).toBeUndefined();
});

it('a path that is plain stays inside, as it is written', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', '.', '..', '/', '\\', '-', ' ', '\0', 'é') });
  fc.assert(
    fc.property(texts, (path) => {
      if (isPlain(path)) expect(join('/dir', path)).toBe(`/dir/${path}`);
      if (path.includes('..') && path.split('/').includes('..')) expect(isPlain(path)).toBe(false);
    }),
    { numRuns: 500 },
  );
});
