import { expect, test } from 'vitest';
import { makeFigures, ratio } from './container-figures.ts';
import { resultOf } from './container-result.ts';

const visits = (failed: number) => ({ sent: 100, failed, failures: ['/ answered 502'], seconds: 1, took: [1, 2, 3] });

function rowOf(rows: readonly (readonly string[])[], title: string): readonly string[] {
  return rows.find(([name]) => name === title) ?? [];
}

const values = (...seconds: readonly number[]) => seconds.map((each, index) => ({ run: index + 1, seconds: each }));

test('compares run by run, so that a slow hour of the machine counts on both sides', () => {
  expect(ratio(values(5, 50), values(10, 100))).toBe(0.5);
  expect(ratio([{ run: 2, seconds: 50 }], values(10, 100))).toBe(0.5);
});

test('a run whose serial way failed is compared with the median of the others', () => {
  expect(ratio(values(5, 10, 20), [{ run: 2, seconds: 10 }])).toBe(1);
});

test('each variant has its mark by its ratio, and its parts below it', () => {
  const figures = makeFigures();
  figures.add('serial', { total: 10, parts: { 'npm ci': 8 } });
  figures.add('cold', { total: 8.1, parts: { install: 7 }, notes: { install: 'all of it' } });
  figures.add('same lock file', { total: 4.5, parts: {} });
  const { rows, broken } = resultOf(figures, []);
  expect(rowOf(rows, 'first start, no cache')).toContain('✗');
  expect(rowOf(rows, '  install')).toEqual(['  install', '7.00 s', '7.00-7.00', '0.700', '', '', '1', 'all of it']);
  expect(rowOf(rows, 'start, same lock files before')).toContain('✓');
  expect(rowOf(rows, 'start, same tree before')).toContain('not yet');
  expect(broken).toEqual([]);
});

test('an aim in seconds is no ratio', () => {
  const figures = makeFigures();
  figures.add('serial', { total: 1, parts: {} });
  figures.add('hot: push', { total: 0.5, parts: {} });
  figures.add('hot: open page', { total: 0.51, parts: {} });
  const { rows } = resultOf(figures, []);
  expect(rowOf(rows, 'push, hot: module served')).toContain('✓');
  expect(rowOf(rows, 'push, hot: seen in an open page')).toContain('✗');
});

test('one failed request breaks the claim, and so does a variant that could not be measured', () => {
  const figures = makeFigures();
  figures.add('serial', { total: 10, parts: {} });
  figures.visited('push: server', visits(0));
  figures.visited('push: front end', visits(1));
  figures.missing('same tree', 'it ended');
  const { rows, broken } = resultOf(figures, []);
  expect(rowOf(rows, 'failed requests at 200/s during pushes').slice(1, 6)).toEqual(['1', 'of 200', '', '0', '✗']);
  expect(broken).toEqual([
    'push: front end: 1 of 100 requests failed (/ answered 502)',
    'same tree was not measured: it ended',
  ]);
});

test('memory is held against its aim in the form that the image runs only', () => {
  const figures = makeFigures();
  const memory = { atRest: { rss: 60, anonymous: 20 }, loaded: { rss: 71, anonymous: 30 } };
  figures.resident('same tree', memory);
  figures.resident('same tree, TypeScript', { ...memory, loaded: { rss: 110, anonymous: 60 } });
  const { rows } = resultOf(figures, []);
  expect(rowOf(rows, 'RSS as the image runs it, at rest')).toContain('✓');
  expect(rowOf(rows, 'RSS as the image runs it, after load')).toContain('✗');
  expect(rowOf(rows, 'RSS from TypeScript, after load')).not.toContain('✗');
});
