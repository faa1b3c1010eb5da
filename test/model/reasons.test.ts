import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isReason, REASONS } from '../../src/model/reasons.ts';

const SOURCE = join(import.meta.dirname, '../../src');

it('has no reason that nothing ever gives', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const others = files.filter((path) => !path.endsWith('model/reasons.ts'));
  const code = others.map((path) => readFileSync(join(SOURCE, path), 'utf8')).join('\n');
  const idle = Object.keys(REASONS).filter((reason) => !code.includes(`'${reason}'`));
  expect(idle).toEqual([]);
});

it('knows its own names and no other', () => {
  expect(isReason('BuildFailed')).toBe(true);
  expect(isReason('toString')).toBe(false);
});
