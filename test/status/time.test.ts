import { describe, expect, it } from 'vitest';
import { brief, duration, timeOf, utc } from '../../src/status/time.ts';

describe('times in words', () => {
  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 0 s'],
    [3_599_000, '59 min 59 s'],
    [7_440_000, '2 h 4 min'],
    [266_400_000, '3 d 2 h'],
  ])('%i ms are %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });

  it.each([
    [-5, '< 0.1 s'],
    [49, '< 0.1 s'],
    [50, '0.1 s'],
    [4_120, '4.1 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_600, '1 min 0 s'],
  ])('%i ms are briefly %s', (ms, words) => {
    expect(brief(ms)).toBe(words);
  });

  it.each(['', 'x&#64;octocat', 'May 64', '2026-13-40T99:99:99Z', '2026-01-31'])('takes "%s" for no time', (text) => {
    expect(timeOf(text)).toBeNaN();
    expect(utc(text)).toBe('unknown');
  });

  it('reads ISO times with and without a zone of their own', () => {
    expect(utc('2026-01-31T09:05:59.123Z')).toBe('2026-01-31 09:05 UTC');
    expect(utc('2026-01-31T10:05:00+01:00')).toBe('2026-01-31 09:05 UTC');
  });
});
