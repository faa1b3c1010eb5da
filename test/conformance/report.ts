/** The outcome of a run: a table for people, JSON for programs. */
import Table from 'cli-table3';
import type { Judged, Verdict } from './judge.ts';

const KINDS = ['passed', 'failed', 'deviating', 'skipped'] as const satisfies readonly Verdict['kind'][];

const countOf = (judged: readonly Judged[], kind: Verdict['kind']): number =>
  judged.filter(({ verdict }) => verdict.kind === kind).length;

/** The first two parts of the first fact: `ecs.client-token`. */
const subjectOf = ({ case: { facts } }: Judged): string => facts[0].split('.').slice(0, 2).join('.');

/** One row a subject, the cases that did not pass below, the sum last. */
export function tableOf(judged: readonly Judged[], stale: readonly string[]): string {
  const table = new Table({ head: ['', ...KINDS], style: { head: [], border: [], compact: true } });
  const subjects = Map.groupBy(judged, subjectOf);
  for (const [subject, group] of subjects) table.push([subject, ...KINDS.map((kind) => countOf(group, kind) || '')]);
  table.push(['all', ...KINDS.map((kind) => countOf(judged, kind))]);
  const others = judged.flatMap((each) => lineOf(each) ?? []);
  const leftovers = judged.flatMap((each) => each.leftovers.map((one) => `not removed: ${one}`));
  const untrue = stale.map((fact) => `stale: ${fact} is listed as a deviation, but its cases pass`);
  return [table.toString(), ...others, ...leftovers, ...untrue].join('\n');
}

function lineOf({ case: { facts, name }, verdict }: Judged): string | undefined {
  const title = `${facts.join(', ')}: ${name}`;
  switch (verdict.kind) {
    case 'passed':
    case 'skipped':
      return undefined;
    case 'failed':
      return `failed: ${title}\n    ${messageOf(verdict.error)}`;
    case 'deviating':
      return `deviating: ${title}\n    ${verdict.why}`;
  }
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n').slice(0, 12).join('\n    ');

export function jsonOf(judged: readonly Judged[], stale: readonly string[]): string {
  const cases = judged.map(({ case: { facts, name }, verdict, leftovers }) => ({
    facts,
    name,
    verdict: verdict.kind,
    ...('why' in verdict && { why: verdict.why }),
    ...('error' in verdict && { error: messageOf(verdict.error) }),
    ...(leftovers.length > 0 && { leftovers }),
  }));
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, countOf(judged, kind)]));
  return JSON.stringify({ counts, staleDeviations: stale, cases }, null, 2);
}
