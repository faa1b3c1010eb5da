/** What the installation's own item says, row by row. */
import { expect, it, test } from 'vitest';
import { parseInstallation, pauseInForce, pauseText } from '../../src/model/installation.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');

type Row = [name: string, item: Record<string, unknown> | undefined, text: string | undefined];

// biome-ignore format: a drawn table reads by rows
const rows: Row[] = [
  ['no item', undefined, undefined],
  ['an empty one', {}, undefined],
  ['not paused', { paused: false, by: 'ada' }, undefined],
  ['paused', { paused: true }, 'Mayfly is paused.'],
  ['paused, with everything', { paused: true, by: 'ada', reason: 'a move.', until: '2026-05-01T14:00:00+01:00' }, 'Mayfly is paused by ada until 2026-05-01T14:00:00+01:00: a move.'],
  ['at its end', { paused: true, until: '2026-05-01T12:00:00Z' }, undefined],
  ['a moment before its end', { paused: true, until: '2026-05-01T12:00:00.001Z' }, 'Mayfly is paused until 2026-05-01T12:00:00.001Z.'],
  ['attributes that nobody knows', { paused: true, note: 3 }, 'Mayfly is paused.'],
  ['a text for a truth', { paused: 'false' }, 'Mayfly is paused: the item @installation cannot be understood (paused: found the text "false", allowed: true or false); correct or delete it.'],
  ['an end that is no time', { paused: true, until: 'tomorrow' }, 'Mayfly is paused: the item @installation cannot be understood (until: found the text "tomorrow", allowed: an ISO time such as 2026-03-01T18:00:00Z); correct or delete it.'],
];

test.each(rows)('%s', (_name, item, text) => {
  const pause = pauseInForce(parseInstallation(item), NOW);
  expect(pause && pauseText(pause)).toBe(text);
});

it('tells all faults at once', () => {
  const stored = parseInstallation({ paused: 1, by: 2 });
  expect(stored.ok ? [] : stored.faults.map(({ path }) => path)).toEqual(['paused', 'by']);
});
