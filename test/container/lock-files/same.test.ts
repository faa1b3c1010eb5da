import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporary } from '../stage.ts';

const MAIN = join(import.meta.dirname, '../../../container/src/lock-files/same-main.ts');

type Package = Readonly<Record<string, unknown>>;
const LEFT = { version: '1.0.0', integrity: 'sha512-a', resolved: 'https://registry.npmjs.org/left/-/left-1.0.0.tgz' };

function same(one: Readonly<Record<string, Package>>, other: Readonly<Record<string, Package>>): boolean {
  const dir = temporary();
  const files = [one, other].map((packages, index) => {
    const file = join(dir, `${index}.json`);
    writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }, null, index));
    return file;
  });
  return spawnSync(process.execPath, [MAIN, ...files]).status === 0;
}

test.each([
  ['the same text', { '': {}, 'node_modules/left': LEFT }, true],
  ['without where it comes from', { '': {}, 'node_modules/left': { ...LEFT, resolved: undefined } }, true],
  ['with another name of the project', { '': { name: 'shop' }, 'node_modules/left': LEFT }, true],
  [
    'without what nothing asks for',
    { '': {}, 'node_modules/left': LEFT, 'node_modules/old': { extraneous: true } },
    true,
  ],
  ['another version', { '': {}, 'node_modules/left': { ...LEFT, version: '1.0.1' } }, false],
  ['other content', { '': {}, 'node_modules/left': { ...LEFT, integrity: 'sha512-b' } }, false],
  ['one module more', { '': {}, 'node_modules/left': LEFT, 'node_modules/right': LEFT }, false],
  ['one module less', { '': {} }, false],
  ['in another place', { '': {}, 'packages/a/node_modules/left': LEFT }, false],
])('%s', (_what, other, expected) => {
  expect(same({ '': {}, 'node_modules/left': LEFT }, other)).toBe(expected);
});
