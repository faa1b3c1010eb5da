/** Memory of the replicas, before and after, and whether it is flat. */
import type { Memory, Operator } from './world/operator.ts';

export interface Sample extends Memory {
  readonly operator: string;
  readonly pid: number;
  /** Of the process, in seconds. */
  readonly age: number;
}

/** What the same amount of environments may cost more at the end: heap after a collection, and RSS, which Node gives back late. */
const TOLERANCE = { heap: { times: 1.25, plusMb: 8 }, rss: { times: 1.35, plusMb: 40 } } as const;

/** A younger process may not have loaded what answers. */
const LEAST_AGE_SECONDS = 5;

/** Of those that can answer now. */
export async function sample(operators: readonly Operator[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (const operator of operators) {
    if (!operator.isUp() || operator.isPaused() || operator.ageSeconds() < LEAST_AGE_SECONDS) continue;
    const memory = await operator.memory();
    samples.push({ operator: operator.name, pid: operator.pid(), age: Math.round(operator.ageSeconds()), ...memory });
  }
  return samples;
}

export interface MemoryVerdict {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

export interface Samples {
  readonly before: readonly Sample[];
  /** Of all lives of the replicas, before each trouble. */
  readonly during: readonly Sample[];
  readonly after: readonly Sample[];
}

/** Each replica at the end beside the largest of them at the beginning, when all environments had just started. */
export function verdictOn({ before, during, after }: Samples): MemoryVerdict {
  const most = (of: (one: Sample) => number): number => Math.max(...before.map(of));
  const heap = most(({ heapMb }) => heapMb) * TOLERANCE.heap.times + TOLERANCE.heap.plusMb;
  const rss = most(({ rssMb }) => rssMb) * TOLERANCE.rss.times + TOLERANCE.rss.plusMb;
  const ok = after.every(({ heapMb, rssMb }) => heapMb <= heap && rssMb <= rss);
  const { heap: h, rss: r } = TOLERANCE;
  return {
    ok,
    lines: [
      ...before.map((one) => `  before  ${lineOf(one)}`),
      `  during  ${spanOf(during)}`,
      ...after.map((one) => `  after   ${lineOf(one)}`),
      `  allowed: heap ${heap.toFixed(0)} MB (the most before × ${h.times} + ${h.plusMb}), RSS ${rss.toFixed(0)} MB (× ${r.times} + ${r.plusMb}): ${ok ? 'flat' : 'NOT FLAT'}`,
    ],
  };
}

function spanOf(samples: readonly Sample[]): string {
  if (samples.length === 0) return 'not looked at';
  const span = (of: (one: Sample) => number): string =>
    `${Math.min(...samples.map(of)).toFixed(1)} to ${Math.max(...samples.map(of)).toFixed(1)} MB`;
  const oldest = Math.max(...samples.map(({ age }) => age));
  return `heap ${span(({ heapMb }) => heapMb)}, RSS ${span(({ rssMb }) => rssMb)} in ${samples.length} looks at processes up to ${oldest} s old`;
}

function lineOf({ operator, pid, age, heapMb, rssMb }: Sample): string {
  return `operator ${operator} (pid ${pid}, ${age} s old): heap ${heapMb.toFixed(1)} MB, RSS ${rssMb.toFixed(1)} MB`;
}
