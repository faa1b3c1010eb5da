import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileConditions, matchesWildcards } from '../../../../src/local/aws/elbv2/matching.ts';

describe('conditions', () => {
  it.each([
    ['tt-one.localhost', 'tt-one.localhost', true],
    ['tt-one.localhost', 'TT-One.LocalHost:8000', true],
    ['TT-one.localhost', 'tt-one.localhost', true],
    ['tt-one.localhost', 'tt-one.localhost.evil', false],
    ['tt-one.localhost', 'xtt-one.localhost', false],
    ['tt-one.localhost', 'tt-onexlocalhost', false],
    ['*.localhost', 'a.b.localhost', true],
    ['*.localhost', '.localhost', true],
    ['*.localhost', 'localhost', false],
    ['tt-?.localhost', 'tt-1.localhost', true],
    ['tt-?.localhost', 'tt-.localhost', false],
    ['tt-?.localhost', 'tt-12.localhost', false],
    ['*.example.*', 'x.example.org', true],
    ['tt-one.localhost', '', false],
  ])('host-header %s against %s: %s', (value, host, expected) => {
    const matches = compileConditions([{ field: 'host-header', values: [value] }]);
    expect(matches({ host, url: '/' })).toBe(expected);
  });

  it.each([
    ['/img/*', '/img/a/b.png', true],
    ['/img/*', '/img/', true],
    ['/img/*', '/IMG/a', false],
    ['/img/*', '/im', false],
    ['/a?c', '/abc?x=1', true],
    ['/a?c', '/a?c', false],
    ['/a', '/a?b=/x', true],
    ['/a.b', '/axb', false],
    ['*', '/anything', true],
    ['/*/end', '/a/b/end', true],
    ['/*/end', '/a/b/end/', false],
    ['/a**b', '/ab', true],
  ])('path-pattern %s against %s: %s', (value, url, expected) => {
    const matches = compileConditions([{ field: 'path-pattern', values: [value] }]);
    expect(matches({ host: 'x', url })).toBe(expected);
  });

  it('needs one value of each condition, and every condition', () => {
    const matches = compileConditions([
      { field: 'host-header', values: ['a.localhost', 'b.localhost'] },
      { field: 'path-pattern', values: ['/x', '/y'] },
    ]);
    expect(matches({ host: 'b.localhost', url: '/y' })).toBe(true);
    expect(matches({ host: 'b.localhost', url: '/z' })).toBe(false);
    expect(matches({ host: 'c.localhost', url: '/x' })).toBe(false);
  });

  it('matches everything without conditions, as the default rule has none', () => {
    expect(compileConditions([])({ host: 'any', url: '/any' })).toBe(true);
  });
});

describe('wildcards', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });

  it('agree with the regular expression of the same meaning', () => {
    fc.assert(
      fc.property(pattern, text, (wildcards, subject) => {
        const source = wildcards.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesWildcards(wildcards, subject)).toBe(new RegExp(`^${source}$`).test(subject));
      }),
    );
  });

  it('stay fast on a pattern and a path made to be slow', () => {
    expect(matchesWildcards('*a*a*a*a*a*b', 'a'.repeat(10_000))).toBe(false);
  });
});
