/** Times and durations in words. */

/** Milliseconds since the epoch; NaN for what is no ISO time (`Date.parse` alone finds dates in any text). */
export function timeOf(iso: string): number {
  return /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(iso) ? Date.parse(iso) : Number.NaN;
}

/** `2026-01-31 09:05 UTC`. Text that is no time, which only a hand edit leaves in a record, is not repeated. */
export function utc(iso: string): string {
  const ms = timeOf(iso);
  return Number.isFinite(ms) ? `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'unknown';
}

/** `42 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. Nothing is ever shown as negative. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `< 0.1 s`, `0.3 s`, `9.9 s`, and from ten seconds on as `duration`. */
export function brief(ms: number): string {
  if (ms < 50) return '< 0.1 s';
  return ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : duration(Math.round(ms / 1000) * 1000);
}
