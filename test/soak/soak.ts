/**
 * The soak: environments start undisturbed; then, for some minutes, people, faults and troubles at once; then quiet, in
 * which everything has to become as it should be, and to stay so.
 */
import { makeRandom, type Random } from '../sim/kernel/random.ts';
import { befall, TROUBLES, type Trouble } from './faults/trouble.ts';
import { SOME_FAULTS } from './faults/proxy.ts';
import { commentsOf } from './judge/comments.ts';
import { judge } from './judge/judge.ts';
import { recordsOf } from './judge/reading.ts';
import { leadersOf } from './judge/leaders.ts';
import { sample, type Sample, verdictOn } from './memory.ts';
import type { Hands } from './people/memory-of-people.ts';
import { makePeople, type People } from './people/people.ts';
import { startVisitors, type Visitors } from './people/visitors.ts';
import type { Progress } from './progress.ts';
import { startWorld, type World } from './world/world.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly environments: number;
  readonly seed: number;
  /** How long the end may take to converge. */
  readonly patienceMinutes: number;
  readonly troubles?: readonly Trouble[] | undefined;
  /** After everything has converged nothing may be done for so long. */
  readonly stillSeconds?: number | undefined;
  readonly keep: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface SoakReport {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

interface Run extends SoakOptions {
  readonly world: World;
  readonly branches: readonly string[];
  readonly random: Random;
  readonly people: People;
  readonly visitors: Visitors;
  readonly troubled: Map<string, number>;
  /** Memory of the replicas before each trouble. */
  readonly lives: Sample[];
}

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { minutes, environments, seed, progress, signal, keep } = options;
  const random = makeRandom(seed);
  const branches = Array.from({ length: environments }, (_one, index) => `b${String(index + 1).padStart(2, '0')}`);
  const world = await startWorld({ branches, random, say: progress.say });
  let report: SoakReport | undefined;
  try {
    signal.throwIfAborted();
    progress.follow(world);
    const people = makePeople(world, branches, random.stream('people'), Math.min(40_000, minutes * 30_000));
    const visitors = startVisitors(world, branches, random.stream('visitors'));
    try {
      report = await live({ ...options, world, branches, random, people, visitors, troubled: new Map(), lives: [] });
    } finally {
      await visitors.stop();
    }
    return report;
  } finally {
    progress.stop();
    await world.close(keep || (report?.ok !== true && !signal.aborted));
  }
}

async function live(run: Run): Promise<SoakReport> {
  const { world, branches, progress, minutes } = run;
  progress.phase(`${branches.length} labels`);
  for (const branch of branches) await world.github.addLabel((await world.github.pull(branch)).number, 'uat');
  const start = await converge(run, new Map());
  progress.say(start.text);
  const before = await sample(world.operators);
  if (!start.ok) return { ok: false, lines: [start.text, ...start.problems] };
  progress.phase(`${minutes} min of people, faults and troubles`);
  await disturb(run);
  progress.phase('quiet: it should all come right');
  await calm(run);
  const end = await converge(run, run.people.hands);
  progress.say(end.text);
  const still = end.ok ? await stays(run) : [];
  const after = await sample(world.operators);
  return await reportOf(run, { start, end, still, before, after });
}

interface Convergence {
  readonly ok: boolean;
  readonly text: string;
  readonly problems: readonly string[];
}

const LOOK_MS = 2_000;
const TELL_EVERY = 5;

/** Looks until nothing is wrong twice in a row. */
async function converge(run: Run, hands: Hands): Promise<Convergence> {
  const { world, branches, progress, patienceMinutes, signal } = run;
  const begun = performance.now();
  let clean = 0;
  let problems: readonly string[] = [];
  for (let look = 1; ; look += 1) {
    signal.throwIfAborted();
    problems = await judge(world, branches, hands).catch((error: unknown) => [`the look failed: ${String(error)}`]);
    clean = problems.length === 0 ? clean + 1 : 0;
    const seconds = (performance.now() - begun) / 1_000;
    if (clean === 2) return { ok: true, text: `converged after ${seconds.toFixed(0)} s`, problems };
    if (seconds > patienceMinutes * 60)
      return { ok: false, text: `NOT CONVERGED after ${seconds.toFixed(0)} s: ${problems.length} problems`, problems };
    if (look % TELL_EVERY === 0) progress.say(`${problems.length} problems, e.g. ${problems[0] ?? ''}`);
    await pauseOf(signal)(LOOK_MS);
  }
}

async function disturb(run: Run): Promise<void> {
  const { world, minutes, environments, people, progress, random, signal } = run;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), minutes * 60_000);
  const either = AbortSignal.any([over.signal, signal]);
  world.proxy.setRates(SOME_FAULTS);
  world.hooks.setUnruly(true);
  const crowd = async (): Promise<void> => {
    const order = random.stream('pace');
    while (!either.aborted) {
      await people
        .act()
        .catch((error: unknown) => progress.say(`nobody could do that now: ${String(error).slice(0, 160)}`));
      // Each environment is touched about once in 45 s; of few environments, each oftener.
      await pauseOf(either)(order() * Math.min(3_000, 90_000 / environments)).catch(() => undefined);
    }
  };
  try {
    await Promise.all([crowd(), troubles(run, either)]);
  } finally {
    clearTimeout(timer);
  }
  signal.throwIfAborted();
}

/** Each kind once, in a seeded order, and then on, with pauses in which the operator may get somewhere. */
async function troubles(run: Run, over: AbortSignal): Promise<void> {
  const { world, random, progress, minutes, troubled } = run;
  const kinds = run.troubles ?? TROUBLES;
  const own = random.stream('troubles');
  const gapMs = Math.min(20_000, (minutes * 60_000) / (kinds.length * 2));
  const pause = pauseOf(over);
  for (let left: Trouble[] = []; !over.aborted; ) {
    if (left.length === 0) left = shuffled(kinds, own);
    await pause(gapMs * (0.5 + own())).catch(() => undefined);
    const next = left.pop();
    if (over.aborted || next === undefined) return;
    run.lives.push(...(await sample(world.operators).catch(() => [])));
    troubled.set(next, (troubled.get(next) ?? 0) + 1);
    // What was begun is ended: whoever was held goes on, whoever was killed is started again.
    const patient = (ms: number): Promise<void> => pause(ms).catch(() => undefined);
    await befall(next, { world, random: own, pause: patient, say: progress.say });
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function calm({ world, people, progress }: Run): Promise<void> {
  world.proxy.setRates(undefined);
  world.hooks.setUnruly(false);
  for (const operator of world.operators) if (!operator.isUp()) await operator.start();
  for (const operator of world.operators) await operator.ready();
  await people.unpause();
  const { lost, redelivered } = world.hooks.counts;
  progress.say(`webhooks that no replica took: ${lost} lost for good, ${redelivered} delivered again`);
}

const STILL_SECONDS = 15;

/** Once it has converged nothing is to be done any more. Comments may still follow: GitHub limits how many. */
async function stays({ world, signal, stillSeconds = STILL_SECONDS }: Run): Promise<readonly string[]> {
  const steps = async (): Promise<number> => {
    const all = await Promise.all(world.operators.map((operator) => operator.metric('mayfly_steps_total')));
    return all.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  };
  const before = await steps();
  await pauseOf(signal)(stillSeconds * 1_000);
  const more = (await steps()) - before;
  return more === 0 ? [] : [`${more} steps were applied within ${stillSeconds} s after everything had converged`];
}

interface Ending {
  readonly start: Convergence;
  readonly end: Convergence;
  readonly still: readonly string[];
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

async function reportOf(run: Run, { start, end, still, before, after }: Ending): Promise<SoakReport> {
  const { world, branches, people, visitors, troubled, seed, minutes, environments } = run;
  const leaders = await leadersOf(world.operators);
  const comments = await commentsOf(world, branches);
  const silent = (await recordsOf(world)).filter(({ status }) => status.conditions.Reported?.status !== 'True').length;
  const cutOff = [...troubled].filter(([name]) => name !== 'restart AWS').reduce((sum, [, count]) => sum + count, 0);
  const memory = verdictOn({ before, during: run.lives, after });
  const wrong = [
    ...(end.ok ? [] : [end.text, ...end.problems]),
    ...still,
    ...(leaders.length === 1 ? [] : [`${leaders.length} replicas lead`]),
    ...(comments.doubled.length <= cutOff ? [] : comments.doubled),
    ...visitors.strangers,
    ...(memory.ok ? [] : ['memory is not flat']),
  ];
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  const counted = (counts: Readonly<Record<string, number>>): string => list(new Map(Object.entries(counts)));
  return {
    ok: wrong.length === 0,
    lines: [
      `Soak: seed ${seed}, ${environments} environments, ${minutes} min of disturbance`,
      `start    ${start.text}, undisturbed`,
      `people   ${list(people.counts)}`,
      `visitors ${list(visitors.counts)}; answered by another environment: ${visitors.strangers.length}`,
      `AWS      ${counted(world.proxy.counts)}`,
      `webhooks ${counted(world.hooks.counts)}`,
      `troubles ${list(troubled)}; starts: ${world.operators.map((one) => `${one.name} ${one.starts()}`).join(', ')}`,
      `end      ${end.text}; ${still.length === 0 ? 'nothing was done after it' : still.join('; ')}`,
      `leaders  ${leaders.map(({ name }) => name).join(' and ') || 'none'}`,
      `comments ${silent} records wait for GitHub's limit of comments`,
      `         ${comments.total} on ${branches.length} pull requests, ${comments.doubled.length} with more than one (at most ${cutOff} are explained by replicas that were cut off)`,
      'memory',
      ...memory.lines,
      wrong.length === 0 ? 'PASS' : `FAIL\n${wrong.map((line) => `  ${line}`).join('\n')}`,
    ],
  };
}

function pauseOf(signal: AbortSignal): (ms: number) => Promise<void> {
  return (ms) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal.addEventListener('abort', stop, { once: true });
    });
}
