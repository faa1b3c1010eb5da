/** The soak and the flood (`npm run soak`) in small, so that they, and what they watch over, keep working. */
import { describe, expect, it } from 'vitest';
import { flood } from '../soak/flood/flood.ts';
import type { Progress } from '../soak/progress.ts';
import { soak } from '../soak/soak.ts';

const SEED = 11;

/** What was said is told only when it went wrong. */
function quietly(): Progress & { readonly said: string[] } {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  return { said, say, phase: say, follow: () => undefined, stop: () => undefined };
}

const signal = new AbortController().signal;

describe('the soak', () => {
  it('ends as everybody wants it, after people, faults, a handover and a killed replica', async () => {
    const progress = quietly();
    const report = await soak({
      minutes: 0.2,
      environments: 6,
      seed: SEED,
      patienceMinutes: 2,
      // What waits for a lease to run out takes too long here.
      troubles: ['end the leader', 'kill the standby'],
      stillSeconds: 3,
      keep: false,
      progress,
      signal,
    });
    expect(report.ok, [...progress.said, ...report.lines].join('\n')).toBe(true);
  });

  it('takes a flood of webhooks over both replicas, with the store away for a part, and loses none', async () => {
    const progress = quietly();
    const report = await flood({ deliveries: 600, seed: SEED, keep: false, progress, signal });
    expect(report.ok, [...progress.said, ...report.lines].join('\n')).toBe(true);
  });
});
