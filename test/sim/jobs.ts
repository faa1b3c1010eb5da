/** Runs on several cores: workers that are given one piece of work after the other until nothing is left, or time is up. */
import { Worker } from 'node:worker_threads';
import type { Plan } from './exhaustive/plan.ts';
import type { Violation } from './oracles/oracle.ts';

export type Work = { readonly kind: 'plan'; readonly plan: Plan } | { readonly kind: 'seed'; readonly seed: number };

export interface Done {
  readonly work: Work;
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  /** The run could not be made at all. */
  readonly broken?: string;
}

export interface JobsOptions {
  readonly jobs: number;
  /** No work begins after this; `performance.now()`. */
  readonly until: number;
  readonly onDone: (done: Done) => void;
}

/** Resolves to how much was done. */
export async function runJobs(work: readonly Work[], { jobs, until, onDone }: JobsOptions): Promise<number> {
  let next = 0;
  let done = 0;
  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
      const give = (): void => {
        const piece = performance.now() < until ? work[next++] : undefined;
        if (piece) worker.postMessage(piece);
        else void worker.terminate().then(() => resolve());
      };
      worker.on('error', reject);
      worker.on('message', (message: Done) => {
        done += 1;
        onDone(message);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, work.length) }, serve));
  return done;
}
