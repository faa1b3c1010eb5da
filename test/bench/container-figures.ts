/** What was measured: for each variant the seconds of every run, their parts, and what was said of these. */
import type { LoadReport } from './container-load-wire.ts';
import type { Resident } from './container-memory.ts';
import { median } from './statistics.ts';

export interface Measured {
  readonly total: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly notes?: Readonly<Record<string, string>>;
}

export interface Recorded extends Measured {
  readonly run: number;
}

/** Seconds, and the run that they are of. */
export interface Value {
  readonly run: number;
  readonly seconds: number;
}

export interface Memory {
  readonly atRest: Resident;
  readonly loaded: Resident;
}

export interface Figures {
  /** What is added from now on is of this run. */
  begin(run: number): void;
  add(variant: string, measured: Measured): void;
  /** It could not be measured, and why. */
  missing(variant: string, why: string): void;
  of(variant: string): readonly Recorded[];
  /** What visitors saw during it. */
  visited(variant: string, visits: LoadReport): void;
  visits(variant: string): readonly LoadReport[];
  resident(variant: string, memory: Memory): void;
  memory(variant: string): readonly Memory[];
  /** Every reason, the first of each variant. */
  reasons(): ReadonlyMap<string, string>;
}

export function makeFigures(): Figures {
  let current = 0;
  const measured = lists<Recorded>();
  const visits = lists<LoadReport>();
  const memories = lists<Memory>();
  const reasons = new Map<string, string>();
  return {
    begin: (run) => {
      current = run;
    },
    add: (variant, one) => measured.add(variant, { ...one, run: current }),
    of: measured.of,
    visited: visits.add,
    visits: visits.of,
    resident: memories.add,
    memory: memories.of,
    missing(variant, why) {
      if (!reasons.has(variant)) reasons.set(variant, why);
    },
    reasons: () => reasons,
  };
}

interface Lists<T> {
  add(name: string, one: T): void;
  of(name: string): readonly T[];
}

function lists<T>(): Lists<T> {
  const all = new Map<string, T[]>();
  return {
    add: (name, one) => void all.set(name, [...(all.get(name) ?? []), one]),
    of: (name) => all.get(name) ?? [],
  };
}

export interface Part {
  readonly name: string;
  readonly values: readonly Value[];
  /** Of the last run that said something. */
  readonly note: string;
}

/** In the order in which they first came. */
export function partsOf(measured: readonly Recorded[]): readonly Part[] {
  const names = [...new Set(measured.flatMap(({ parts }) => Object.keys(parts)))];
  return names.map((name) => ({
    name,
    values: measured.flatMap(({ run, parts: { [name]: seconds } }) =>
      seconds === undefined ? [] : [{ run, seconds }],
    ),
    note: measured.findLast(({ notes }) => notes?.[name] !== undefined)?.notes?.[name] ?? '',
  }));
}

/**
 * Run by run against the same run of the base, since what else the machine does changes from one to the next; where that
 * run of the base failed, against the median of the others.
 */
export function ratio(values: readonly Value[], base: readonly Value[]): number {
  const usual = median(base.map(({ seconds }) => seconds));
  const ofRun = (run: number): number => base.find((one) => one.run === run)?.seconds ?? usual;
  return median(values.map(({ run, seconds }) => seconds / ofRun(run)));
}
