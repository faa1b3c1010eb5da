import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, digest } from '../../src/model/digest.ts';

describe('a digest', () => {
  it('is SHA-256 of the text in UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(digest(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
      }),
    );
  });

  it('is cut to the digits asked for', () => {
    expect(digest('mayfly', 12)).toBe(digest('mayfly').slice(0, 12));
    expect(digest('mayfly')).toHaveLength(64);
  });
});

describe('canonical text', () => {
  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of keys, at any depth', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (value === null || typeof value !== 'object') return value;
      const members = Object.entries(value).toReversed();
      return Object.fromEntries(members.map(([key, member]) => [key, turned(member)]));
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(turned(value))).toBe(canonical(value));
      }),
    );
  });

  it('counts an undefined member and an absent one as the same, and lists in their order', () => {
    expect(canonical({ a: undefined, b: { c: undefined } })).toBe(canonical({ b: {} }));
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
  });

  it('tells values of different types apart', () => {
    expect(canonical({ a: 1 })).not.toBe(canonical({ a: '1' }));
    expect(canonical({ a: null })).not.toBe(canonical({}));
  });
});
