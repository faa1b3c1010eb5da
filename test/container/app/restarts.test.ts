import { describe, expect, test } from 'vitest';
import { restartAfter } from '../../../container/src/app/restarts.ts';
import { TIMINGS } from '../../../container/src/timings.ts';

describe('restarts', () => {
  test('wait 1, 2, 4, 8 seconds, and the fifth death in a row is the last', () => {
    const delays: (number | undefined)[] = [];
    let deaths = 0;
    for (let i = 0; i < 5; i += 1) {
      const restart = restartAfter(deaths, 59_999, TIMINGS);
      deaths = restart.deaths;
      delays.push(restart.delayMs);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, undefined]);
  });

  test('begin anew after a minute of health', () => {
    expect(restartAfter(4, 60_000, TIMINGS)).toEqual({ deaths: 1, delayMs: 1_000 });
  });
});
