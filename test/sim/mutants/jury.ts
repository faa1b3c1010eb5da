/** Runs mutants in processes of their own, a few at a time, and says of each what became of it. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Report } from './child.ts';
import { howText, type Mutant } from './mutant.ts';

/** `stale`: it could not be made, or nothing of it was run. `unclean`: oracles fire although nothing is broken. */
export interface Verdict {
  readonly mutant: Mutant;
  readonly outcome: 'caught' | 'survived' | 'stale' | 'unclean';
  /** What the oracles said, or what is wrong. */
  readonly words: string;
  /** Oracles that fired, the expected one first. */
  readonly by: readonly string[];
}

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
const LONGEST_MS = 60_000;
/** What was compiled once is not compiled in every process. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/sim-mutants', import.meta.url));

export async function judgeAll(mutants: readonly Mutant[], jobs: number): Promise<readonly Verdict[]> {
  const sound = soundRuns(mutants);
  const waiting = mutants.entries();
  const verdicts: Verdict[] = [];
  const work = async (): Promise<void> => {
    for (const [index, mutant] of waiting) verdicts[index] = await judge(mutant, sound);
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return verdicts;
}

type Sound = Promise<ReadonlyMap<string, Report>>;

/** The same runs with the operator as it is, in one process beside the others. */
async function soundRuns(mutants: readonly Mutant[]): Sound {
  const { reports } = await child(['--sound', ...mutants.map(({ name }) => name)], LONGEST_MS * 5);
  return new Map(reports.map((report) => [report.name, report]));
}

async function judge(mutant: Mutant, sound: Sound): Promise<Verdict> {
  const { reports, failure } = await child([mutant.name], LONGEST_MS);
  const clean = (await sound).get(howText(mutant.how));
  const verdict = (outcome: Verdict['outcome'], words: string, by: readonly string[] = []): Verdict => ({
    mutant,
    outcome,
    words,
    by,
  });
  if (!clean || clean.error !== undefined) return verdict('unclean', clean?.error ?? 'the sound run gave no answer');
  if (clean.fired.length > 0) return verdict('unclean', clean.fired.map(wordsOf).join('; '));
  const [report] = reports;
  if (!report || failure !== undefined) return verdict('stale', failure ?? 'it gave no answer');
  if (report.error !== undefined) return verdict('stale', report.error);
  const fired = report.fired.toSorted((a, b) => rank(mutant, a) - rank(mutant, b));
  const by = fired.map(({ oracle }) => oracle);
  const words = fired.map(wordsOf).join('; ');
  return verdict(by[0] === mutant.caughtBy ? 'caught' : 'survived', words, by);
}

function rank({ caughtBy }: Mutant, { oracle }: Fired): number {
  return oracle === caughtBy ? 0 : 1;
}

type Fired = Report['fired'][number];

function wordsOf({ oracle, text: said }: Fired): string {
  return `${oracle}: ${said}`;
}

interface Answered {
  readonly reports: readonly Report[];
  readonly failure?: string | undefined;
}

async function child(args: readonly string[], longestMs: number): Promise<Answered> {
  const running = spawn(process.execPath, [CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
    timeout: longestMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`));
  });
  const [out, errors, end] = await Promise.all([text(running.stdout), text(running.stderr), ended]);
  const lines = out.split('\n').filter((line) => line !== '');
  const said = errors.split('\n').find((line) => line.startsWith('Error:')) ?? errors.trim().slice(-300);
  return {
    reports: lines.map((line) => JSON.parse(line) as Report),
    failure: end === undefined ? undefined : `${end}: ${said}`,
  };
}
