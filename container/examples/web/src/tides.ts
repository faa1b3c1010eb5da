/** A tide that comes in twice a lunar day. */
export interface Tide {
  at: Date;
  kind: 'high' | 'low';
  /** Metres above chart datum. */
  height: number;
}

const HALF_DAY_MS = ((24 * 60 + 50) / 2) * 60_000;
const FIRST_HIGH = Date.UTC(2026, 0, 1, 3, 20);

/** The next `count` tides after `now`. */
export function nextTides(now: number, count: number): Tide[] {
  const first = Math.ceil((now - FIRST_HIGH) / (HALF_DAY_MS / 2));
  return Array.from({ length: count }, (_, index) => {
    const step = first + index;
    const high = step % 2 === 0;
    const swing = 0.4 * Math.sin(step / 9);
    return {
      at: new Date(FIRST_HIGH + step * (HALF_DAY_MS / 2)),
      kind: high ? 'high' : 'low',
      height: high ? 4.1 + swing : 0.9 - swing,
    };
  });
}
