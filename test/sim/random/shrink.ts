/**
 * Cuts a failing story down to a short one that still fails in the same way: fewer strikes of the weather, fewer acts,
 * one replica, plainer AWS, less time (Zeller's ddmin, bounded by a number of runs).
 */
import type { OracleName } from '../oracles/oracle.ts';
import { MINUTE } from '../scenarios/scenario.ts';
import { storyOf } from './generate.ts';
import { type Listeners, runStory } from './run-seed.ts';
import type { Story, Switch } from './story.ts';

export interface Shrunk {
  readonly story: Story;
  readonly oracle: OracleName;
  readonly runs: number;
}

/** Makes the run of a story. */
export type Run = (
  story: Story,
  listeners?: Listeners,
) => Promise<{ readonly violations: readonly { readonly oracle: OracleName }[] }>;

interface Trial {
  /** Adopts the story when it still fails. */
  fails(story: Story): Promise<boolean>;
  story(): Story;
  left(): number;
}

export async function shrinkSeed(seed: number, budget: number): Promise<Shrunk | undefined> {
  return await shrink(storyOf(seed), budget);
}

/** Undefined when the story does not fail. `budget`: most runs that it may take. */
export async function shrink(story: Story, budget: number, run: Run = runStory): Promise<Shrunk | undefined> {
  const struck: string[] = [];
  const { violations } = await run(story, { onStrike: (key) => void struck.push(key) });
  const oracle = violations[0]?.oracle;
  if (oracle === undefined) return undefined;
  const trial = makeTrial(story, oracle, budget, run);
  await trial.fails({ ...story, storm: { ...story.storm, rates: {} } });
  if (Object.keys(trial.story().storm.rates).length > 0) await shrinkStrikes(trial, [...new Set(struck)]);
  for (let before = ''; before !== JSON.stringify(trial.story()) && trial.left() > 0; ) {
    before = JSON.stringify(trial.story());
    await shrinkActs(trial);
    await simplify(trial);
    await shrinkStrikes(trial, trial.story().storm.only ?? []);
    await shorten(trial);
  }
  return { story: trial.story(), oracle, runs: budget - trial.left() };
}

function makeTrial(first: Story, oracle: OracleName, budget: number, run: Run): Trial {
  let best = first;
  let left = budget;
  return {
    story: () => best,
    left: () => left,
    async fails(story) {
      if (left <= 0) return false;
      left -= 1;
      const { violations } = await run(story);
      const still = violations.some((violation) => violation.oracle === oracle);
      if (still) best = story;
      return still;
    },
  };
}

async function shrinkStrikes(trial: Trial, keys: readonly string[]): Promise<void> {
  const withOnly = (only: readonly string[]): Story => ({
    ...trial.story(),
    storm: { ...trial.story().storm, only },
  });
  if (keys.length === 0 || !(await trial.fails(withOnly(keys)))) return;
  await fewest(keys, (some) => trial.fails(withOnly(some)));
}

async function shrinkActs(trial: Trial): Promise<void> {
  await fewest(trial.story().acts, (acts) => trial.fails({ ...trial.story(), acts }));
}

/** Leaves out ever smaller parts as long as `fails` says that it makes no difference. */
async function fewest<T>(all: readonly T[], fails: (some: readonly T[]) => Promise<boolean>): Promise<void> {
  let kept = all;
  for (let size = Math.ceil(all.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let from = 0; from < kept.length; ) {
      const some = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await fails(some)) kept = some;
      else from += size;
    }
  }
}

async function simplify(trial: Trial): Promise<void> {
  for (const name of Object.keys(trial.story().world) as Switch[]) {
    const { [name]: _gone, ...world } = trial.story().world;
    await trial.fails({ ...trial.story(), world });
  }
  for (const key of Object.keys(trial.story().storm.rates)) {
    const { [key]: _gone, ...rates } = trial.story().storm.rates;
    await trial.fails({ ...trial.story(), storm: { ...trial.story().storm, rates } });
  }
  const { deliveries } = trial.story().storm;
  if (Object.keys(deliveries).length > 0) {
    await trial.fails({ ...trial.story(), storm: { ...trial.story().storm, deliveries: {} } });
  }
  if (trial.story().replicas > 1) await trial.fails({ ...trial.story(), replicas: 1 });
}

/** The storm ends soon after the last act, and pauses between acts are left out. */
async function shorten(trial: Trial): Promise<void> {
  const { storm, acts } = trial.story();
  const last = Math.max(0, ...acts.map(({ at }) => at));
  const until = Math.ceil((last + MINUTE) / MINUTE) * MINUTE;
  if (until < storm.until) await trial.fails({ ...trial.story(), storm: { ...storm, until } });
  for (const share of [0.25, 0.5]) {
    const sooner = trial.story().acts.map((act) => ({ ...act, at: Math.round((act.at * share) / 1_000) * 1_000 }));
    if (sooner.some(({ at }, index) => at !== trial.story().acts[index]?.at)) {
      await trial.fails({ ...trial.story(), acts: sooner });
    }
  }
}
