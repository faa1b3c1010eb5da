/**
 * What all sources of a record together ask for (DESIGN §4). Intake writes a field where this answer changes; a field
 * that differs from it is held by a person.
 */
import type { Desired, Source } from './environment.ts';

/** An absent member means that the sources say nothing about the field, so that it is left as it is. */
export interface Answer {
  readonly wanted: boolean;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly imageTag?: string | undefined;
}

/**
 * Wanted while any source wants it. Branch and commit come from the snapshot taken last among those that want it, since
 * every snapshot of a branch told its head; when nobody wants it they still follow, so that a record that a person keeps
 * wanted moves with its branch. The image tag comes from the highest number among those that want it: an order by time
 * would let a mere comment on one of two pull requests change the image.
 */
export function answer(sources: Desired['sources']): Answer {
  const all = Object.entries(sources).flatMap(([key, source]) => (source ? [{ number: numberOf(key), source }] : []));
  const wanting = all.filter(({ source }) => source.wanted);
  const open = all.filter(({ source }) => source.open);
  const candidates = [wanting, open, all].find((list) => list.length > 0) ?? [];
  const newest = candidates.toSorted(byTime).at(-1)?.source;
  return {
    wanted: wanting.length > 0,
    branch: newest?.branch,
    commit: newest?.commit,
    imageTag: wanting.toSorted((a, b) => a.number - b.number).at(-1)?.source.imageTag,
  };
}

interface Numbered {
  readonly number: number;
  readonly source: Source;
}

function byTime(a: Numbered, b: Numbered): number {
  return headTime(a.source) - headTime(b.source) || a.number - b.number;
}

/** As of when its head is known: that of a closed one stands still, whatever is done to it afterwards. */
function headTime({ open, at, closedAt }: Source): number {
  return Date.parse(open ? at : (closedAt ?? at));
}

/** Issues and pull requests of one repository share their numbers. */
function numberOf(key: string): number {
  return Number(key.slice(key.indexOf('/') + 1));
}
