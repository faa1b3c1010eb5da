/** Durations as people write them: `500ms`, `5s`, `10m`, `1h`, `7d`, or a plain number of milliseconds. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const DURATION_ALLOWED = 'a duration such as 500ms, 5s, 10m, 1h, 7d, or a number of milliseconds';

/** Whole milliseconds; undefined when it is not a duration. */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/.exec(value.trim()) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]);
}

/** In the largest unit that needs no fraction: 90000 is `90s`. */
export function formatDuration(ms: number): string {
  const fitting = Object.entries(UNITS).filter(([, size]) => ms % size === 0 && ms >= size);
  const [unit, size] = fitting.at(-1) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
