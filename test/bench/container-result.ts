/** The figures of the container's bench as a table: each variant beside its aim, and its parts below it. */
import type { BenchResult } from './bench.ts';
import type { LoadReport } from './container-load-wire.ts';
import { type Figures, partsOf, ratio, type Recorded, type Value } from './container-figures.ts';
import { PER_SECOND } from './container-visitors.ts';
import { median, percentile } from './statistics.ts';

interface Aim {
  readonly variant: string;
  readonly title: string;
  /** Of the serial way in the same run. */
  readonly ratio?: number;
  readonly seconds?: number;
}

const VARIANTS: readonly Aim[] = [
  { variant: 'serial', title: 'serial entrypoint, no cache' },
  { variant: 'alone', title: 'physical parts alone, in a built tree' },
  { variant: 'cold', title: 'first start, no cache', ratio: 0.8 },
  { variant: 'same lock file', title: 'start, same lock files before', ratio: 0.45 },
  { variant: 'same tree', title: 'start, same tree before', ratio: 0.05 },
  { variant: 'same tree, TypeScript', title: 'the same, supervisor from TypeScript' },
  { variant: 'push: front end', title: 'push, front end', ratio: 0.4 },
  { variant: 'push: server', title: 'push, server only', ratio: 0.12 },
  { variant: 'push: lock file', title: 'push, lock file' },
  { variant: 'hot: start', title: 'start, hot, same tree before' },
  { variant: 'hot: push', title: 'push, hot: module served', seconds: 0.5 },
  { variant: 'hot: open page', title: 'push, hot: seen in an open page', seconds: 0.5 },
];
const MEMORY: readonly (readonly [variant: string, title: string, aim: number | undefined])[] = [
  ['same tree', 'RSS as the image runs it', 70],
  ['same tree, TypeScript', 'RSS from TypeScript', undefined],
];

export function resultOf(figures: Figures, method: readonly string[]): BenchResult {
  const visited = VARIANTS.map(({ variant }) => variant);
  const failed = visited.flatMap((variant) => failuresOf(figures, variant));
  return {
    title: 'Container: from a commit to a page',
    method,
    head: ['', 'median', 'spread', 'x serial', 'aim', '', 'n', 'how'],
    rows: [...VARIANTS.flatMap((aim) => rowsOf(figures, aim)), ...memoryRows(figures), visitorsRow(figures, visited)],
    broken: [...failed, ...[...figures.reasons()].map(([variant, why]) => `${variant} was not measured: ${why}`)],
  };
}

function rowsOf(figures: Figures, { variant, title, ...aim }: Aim): readonly (readonly string[])[] {
  const measured = figures.of(variant);
  if (measured.length === 0) return [[title, 'not yet', '', '', aimText(aim), '', '0', '']];
  const base = totals(figures.of('serial'));
  const times = ratio(totals(measured), base);
  const met =
    aim.ratio === undefined ? aim.seconds && median(secondsOf(totals(measured))) <= aim.seconds : times <= aim.ratio;
  const row = (name: string, values: readonly Value[], rest: readonly string[], note: string): readonly string[] => [
    name,
    `${median(secondsOf(values)).toFixed(2)} s`,
    spread(secondsOf(values), 2),
    ratio(values, base).toFixed(3),
    ...rest,
    String(values.length),
    note,
  ];
  return [
    row(title, totals(measured), [aimText(aim), mark(met)], visitorsNote(figures.visits(variant))),
    ...partsOf(measured).map(({ name, values, note }) =>
      row(`  ${name}`, values, ['', ''], note.slice(0, NOTE_LENGTH)),
    ),
  ];
}

const NOTE_LENGTH = 60;

function totals(measured: readonly Recorded[]): readonly Value[] {
  return measured.map(({ run, total }) => ({ run, seconds: total }));
}

function secondsOf(values: readonly Value[]): readonly number[] {
  return values.map(({ seconds }) => seconds);
}

function aimText({ ratio: times, seconds }: Pick<Aim, 'ratio' | 'seconds'>): string {
  if (times !== undefined) return `x ${times}`;
  return seconds === undefined ? '' : `${seconds} s`;
}

/** Undefined: there is no aim. */
function mark(met: boolean | number | undefined): string {
  if (met === undefined) return '';
  return met ? '✓' : '✗';
}

function spread(values: readonly number[], digits: number): string {
  return `${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)}`;
}

function memoryRows(figures: Figures): readonly (readonly string[])[] {
  return MEMORY.flatMap(([variant, title, aim]) => {
    const seen = figures.memory(variant);
    if (seen.length === 0) return [];
    return (['atRest', 'loaded'] as const).map((when) => {
      const rss = seen.map((one) => one[when].rss);
      const anonymous = median(seen.map((one) => one[when].anonymous)).toFixed(0);
      const met = aim === undefined ? undefined : median(rss) <= aim;
      const name = `${title}, ${when === 'atRest' ? 'at rest' : 'after load'}`;
      const aimed = aim === undefined ? '' : `${aim} MB`;
      return [
        name,
        `${median(rss).toFixed(0)} MB`,
        spread(rss, 0),
        '',
        aimed,
        mark(met),
        String(rss.length),
        `anonymous ${anonymous}`,
      ];
    });
  });
}

function visitorsRow(figures: Figures, variants: readonly string[]): readonly string[] {
  const all = variants.flatMap((variant) => figures.visits(variant));
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  const failed = all.reduce((sum, one) => sum + one.failed, 0);
  const title = `failed requests at ${PER_SECOND}/s during pushes`;
  return [title, String(failed), `of ${sent}`, '', '0', mark(failed === 0), String(all.length), visitorsNote(all)];
}

/** How long visitors waited meanwhile. */
function visitorsNote(visits: readonly LoadReport[]): string {
  const took = visits.flatMap((one) => one.took);
  if (took.length === 0) return '';
  const ms = (share: number): string => percentile(took, share).toFixed(0);
  return `visitors: p50 ${ms(0.5)}, p99 ${ms(0.99)}, most ${ms(1)} ms`;
}

function failuresOf(figures: Figures, variant: string): readonly string[] {
  return figures
    .visits(variant)
    .filter(({ failed }) => failed > 0)
    .map(({ failed, sent, failures }) => `${variant}: ${failed} of ${sent} requests failed (${failures.join('; ')})`);
}
