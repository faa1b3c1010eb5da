/** One worker of `jobs.ts`: a piece of work in, what became of it out. */
import { parentPort } from 'node:worker_threads';
import { runPlan } from './exhaustive/explore.ts';
import type { Done, Work } from './jobs.ts';
import { runSeed } from './random/run-seed.ts';

parentPort?.on('message', (work: Work) => {
  void perform(work).then((done) => parentPort?.postMessage(done));
});

async function perform(work: Work): Promise<Done> {
  try {
    const result = work.kind === 'plan' ? await runPlan(work.plan) : await runSeed(work.seed);
    return { work, violations: result.violations, virtualMs: result.virtualMs };
  } catch (error) {
    const broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { work, violations: [], virtualMs: 0, broken };
  }
}
