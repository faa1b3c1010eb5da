import { describe, expect, test } from 'vitest';
import { makeFlood } from '../../../container/src/log/flood.ts';
import { until } from '../stage.ts';

const LIMITS = { burstBytes: 100, bytesPerSecond: 10_000, reopenBytes: 50 };

function stage() {
  const told: string[] = [];
  let time = 0;
  const flood = makeFlood(
    (message) => told.push(message),
    LIMITS,
    () => time,
  );
  return { told, flood, pass: (ms: number) => (time += ms) };
}

describe('what children print', () => {
  test('passes up to the burst, and then at the rate', () => {
    const { flood, pass } = stage();
    expect([60, 40].map((bytes) => flood.admits('build', bytes))).toEqual([true, true]);
    pass(5);
    expect(flood.admits('build', 50)).toBe(true);
  });

  test('is left out above it until the bucket has filled to some part, and one line tells how much', async () => {
    const { told, flood, pass } = stage();
    flood.admits('build', 90);
    expect(flood.admits('build', 20)).toBe(false);
    // There would be room for this one, but every other line would be worse than a gap.
    expect(flood.admits('build', 1)).toBe(false);
    pass(4);
    await until(
      () => told.length,
      (count) => count === 1,
    );
    expect(told).toEqual([
      '2 lines (21 bytes) of build left out here: too much at once; ' +
        'the whole log is at /logs?source=build of the control port',
    ]);
    expect(flood.admits('build', 50)).toBe(true);
  });

  test('of several is told together, also at the end', () => {
    const { told, flood } = stage();
    flood.admits('app/web', 200);
    flood.admits('app/api', 200);
    flood.end();
    flood.end();
    expect(told).toEqual([
      expect.stringMatching(/^2 lines \(400 bytes\) of app\/api, app\/web left out .* \/logs of /),
    ]);
  });

  test('is told as often as it was left out, not for every line', async () => {
    const { told, flood, pass } = stage();
    for (let round = 1; round <= 3; round += 1) {
      for (let i = 0; i < 1_000; i += 1) flood.admits('build', 10);
      pass(10);
      await until(
        () => told.length,
        (count) => count === round,
      );
    }
    expect(told).toHaveLength(3);
  });
});
