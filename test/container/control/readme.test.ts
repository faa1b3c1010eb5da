import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { EXIT } from '../../../container/src/exit-codes.ts';

const CONTAINER = fileURLToPath(new URL('../../../container/', import.meta.url));
const README = readFileSync(`${CONTAINER}README.md`, 'utf8');

function chapter(title: string): string {
  return README.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
}

const sources = readdirSync(`${CONTAINER}src`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(`${CONTAINER}src/${name}`, 'utf8'));

/** Groups of each match of a pattern in the source. */
const found = (pattern: RegExp): string[][] =>
  sources.flatMap((text) => [...text.matchAll(pattern)].map((match) => match.slice(1).map(String)));

test('the README names every error of the control port, and no other', () => {
  const documented = [...chapter('Port 8080').matchAll(/^\| (\d{3}) +\| (.*?) +\|$/gm)].flatMap(([, status, codes]) =>
    [...String(codes).matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`),
  );
  const thrown = found(/new HttpError\(\s*(\d{3}),\s*'(\w+)'/g).map(([status, code]) => `${status} ${code}`);
  const sent = found(/status: '(\d{3}) [\w ]+',\s*code: '(\w+)'/g).map(([status, code]) => `${status} ${code}`);
  const refused = found(/refuseUnless\(\s*[^,]+,\s*'(\w+)'|new Refusal\(\s*'(\w+)'/g)
    .map(([one, other]) => [one, other].find((code) => code !== 'undefined'))
    .map((code) => `${code === 'too_many' ? 429 : 401} ${code}`);
  expect(refused.length).toBeGreaterThan(8);
  expect([...new Set(documented)].sort()).toEqual([...new Set([...thrown, ...sent, ...refused])].sort());
});

test('the README names every exit code, and no other', () => {
  const documented = [...chapter('Exit codes').matchAll(/^\| ([\d, ]+?) +\|/gm)].flatMap(([, codes]) =>
    String(codes).split(', '),
  );
  expect(documented.sort()).toEqual([...new Set(Object.values(EXIT).map(String))].sort());
});
