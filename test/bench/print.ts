/** Results as plain text, and what goes on meanwhile as one line that a terminal shows. */
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import type { BenchResult } from './bench.ts';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function render({ title, method, head, rows, broken }: BenchResult): string {
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_name, column) => (column === 0 ? 'left' : 'right')),
  });
  table.push(
    [...head],
    head.map((name) => '-'.repeat(name.length)),
    ...rows.map((row) => [...row]),
  );
  const claims = broken.map((claim) => `BROKEN: ${claim}`);
  const lines = table.toString().split('\n');
  return [title, ...method, '', ...lines.map((line) => line.trimEnd()), ...claims].join('\n');
}

export interface Progress {
  show(line: string): void;
  /** Leaves nothing of it on the screen. */
  clear(): void;
}

/** On a terminal one line that changes; silent elsewhere. */
export function makeProgress(out: NodeJS.WriteStream): Progress {
  if (!out.isTTY) return { show: () => undefined, clear: () => undefined };
  const update = createLogUpdate(out);
  return { show: (line) => update(line), clear: () => update.clear() };
}
