/**
 * How long people wait for an environment: the real supervisor on a sample of realistic size, beside the serial way that
 * a hand-written entrypoint goes. Variants are interleaved, since what else the machine does changes with time.
 */
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import type { Bench, BenchContext, BenchResult } from './bench.ts';
import { type Caches, fillCaches } from './container-cache.ts';
import { makeFigures } from './container-figures.ts';
import { compiled, flags, FROM_TYPESCRIPT } from './container-program.ts';
import { resultOf } from './container-result.ts';
import { openStand, type Stand } from './container-stand.ts';
import * as variants from './container-variants.ts';
import { sampleFacts } from './sample/facts.ts';
import { makeSample } from './sample/sample.ts';

const RUNS = 5;

export const container: Bench = {
  name: 'container',
  about: 'from a commit to a page: first start, caches, pushes, hot reload',
  run: measure,
};

async function measure(context: BenchContext): Promise<BenchResult> {
  const { signal, runs = RUNS } = context;
  const tell = teller(context);
  const stand = await openStand(signal);
  const figures = makeFigures();
  try {
    tell('making the sample');
    const dir = join(stand.keep('repository'), 'bench', 'sample.git');
    const sample = await makeSample(dir);
    const url = `file://${dir}`;
    const program = await compiled(stand);
    tell('filling the caches, which also warms the registry');
    const caches = await fillCaches(stand, { url, program, commit: sample.head }).catch((error: unknown) => {
      signal.throwIfAborted();
      figures.missing('caches', reasonOf(error));
      return undefined;
    });
    for (let number = 1; number <= runs; number += 1) {
      figures.begin(number);
      const run = { stand, figures, sample, url, number, program, caches };
      for (const [name, work] of Object.entries(WORKS)) {
        tell(`run ${number} of ${runs}: ${name}`);
        await work(run).catch((error: unknown) => {
          signal.throwIfAborted();
          figures.missing(name, reasonOf(error));
        });
        await stand.sweep();
      }
    }
    return resultOf(figures, await methodOf(stand, caches));
  } finally {
    await stand.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Work = (run: variants.Run) => Promise<void>;

const WORKS: Readonly<Record<string, Work>> = {
  'the serial way': variants.measureSerial,
  'first start and pushes': variants.measureColdAndPushes,
  'same lock files': variants.measureSameLock,
  'same tree': (run) => variants.measureSameTree(run, 'same tree', run.program),
  'same tree, supervisor from TypeScript': (run) =>
    variants.measureSameTree(run, 'same tree, TypeScript', FROM_TYPESCRIPT),
  'hot reload': variants.measureHot,
};

/** Minutes pass: where no terminal shows what goes on, each step is a line. */
function teller({ progress }: BenchContext): (doing: string) => void {
  return (doing) => {
    progress(doing);
    if (!process.stderr.isTTY) process.stderr.write(`container: ${doing}\n`);
  };
}

async function methodOf(stand: Stand, caches: Caches | undefined): Promise<readonly string[]> {
  const sizes = Object.entries(caches?.sizes ?? {}).map(([kind, size]) => `${kind} ${size.toFixed(1)} MB`);
  return [
    `${stand.inMemory ? 'On tmpfs' : 'NOT on tmpfs (there is no /dev/shm): files cost what the disk costs'}, ${availableParallelism()} cores, Node ${process.version}; each run has all variants, ratios are to the serial way of the same run.`,
    `Sample: ${await sampleFacts()}.`,
    "Every variant, serial or ours, begins with an empty npm cache: packages come from the registry, which is warmed before. npm's audit is off for all.",
    `The supervisor runs as in the image: compiled, ${flags().join(' ')}. A start is timed from the process to readiness and a page, a push from POST /sync until it shows, with visitors asking.`,
    `In the caches: ${sizes.join(', ') || 'nothing'}.`,
  ];
}
