/** With AWS's own times and buckets: how long people wait. Virtual time, so that figures are the same on every machine. */
import { expect, it } from 'vitest';
import { measure } from './figures.ts';

it('a label becomes a URL within 3 minutes besides the build, and nothing is left within 5 of taking it off', async () => {
  const { labelToUrl, unlabelToNothing, sixtyAtOnce, sixtyAtBest, throttled } = await measure(7);
  expect(labelToUrl).toBeLessThanOrEqual(180);
  expect(unlabelToNothing).toBeLessThanOrEqual(300);
  expect(sixtyAtOnce).toBeLessThanOrEqual(sixtyAtBest + labelToUrl);
  expect(throttled).toBe(0);
});
