/** What is said of a handful of measurements. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly least: number;
  readonly most: number;
}

/** Between the two nearest of the sorted values, by their distance; `share` from 0 to 1. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('values: found none, allowed one or more');
  if (!(share >= 0 && share <= 1)) throw new RangeError(`share: found ${share}, allowed 0 to 1`);
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function summarise(values: readonly number[]): Summary {
  return {
    n: values.length,
    median: median(values),
    p90: percentile(values, 0.9),
    p99: percentile(values, 0.99),
    least: percentile(values, 0),
    most: percentile(values, 1),
  };
}
