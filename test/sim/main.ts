/** `npm run sim`: exhaustive plans and random runs, and the replay of one of them. */
import { execFileSync } from 'node:child_process';
import { Command, InvalidArgumentError } from 'commander';
import { measure } from './figures.ts';
import { explore, runPlan } from './exhaustive/explore.ts';
import { nameOf, type Plan } from './exhaustive/plan.ts';
import { type Done, runJobs, type Work } from './jobs.ts';
import { runSeed } from './random/run-seed.ts';
import { shrinkSeed } from './random/shrink.ts';
import { tellStory } from './random/tell.ts';
import { SCENARIOS } from './scenarios/scenarios.ts';
import { makeTrace, violationLine } from './trace.ts';

interface Flags {
  readonly plans?: boolean;
  readonly scenario?: string;
  readonly share: Share;
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly minutes: number;
  readonly figures?: boolean;
  readonly plan?: string;
  readonly seed?: number;
  readonly trace?: boolean;
  readonly shrink?: boolean;
  readonly everything?: boolean;
}

/** One of `of` parts. */
interface Share {
  readonly part: number;
  readonly of: number;
}

const SEED_OF_PLANS = 1;
const NAMES = SCENARIOS.map(({ name }) => name).join(', ');

const program = new Command('sim')
  .description('Runs whole operators against a simulated AWS, GitHub and time.')
  .option('--plans', 'every way to strike every call of every scenario')
  .option('--scenario <name>', `plans of one scenario: ${NAMES}`)
  .option('--share <part/of>', 'one of so many parts of the plans; "auto/5" rotates with the commit', shareOf, {
    part: 0,
    of: 1,
  })
  .option('--seeds <count>', 'so many random runs', wholeNumber, 0)
  .option('--from <seed>', 'the first of them', wholeNumber, 1)
  .option('--jobs <count>', 'workers', wholeNumber, 2)
  .option('--minutes <count>', 'begin nothing after this long', wholeNumber, 600)
  .option('--figures', "how long people wait, with AWS's own times")
  .option('--plan <name>', 'replay one plan, e.g. start/alpha.1/30/doubled')
  .option('--seed <number>', 'replay one random run', wholeNumber)
  .option('--trace', 'tell it as a story')
  .option('--shrink', 'cut the failing run of --seed down to a short story, as JSON for regressions/')
  .option('--everything', 'with reads and renewals of the lease')
  .addHelpText(
    'after',
    `
Examples:
  npm run sim -- --plans --jobs 2               every plan
  npm run sim -- --plans --scenario push        those of one scenario
  npm run sim -- --seeds 10000 --jobs 2         random runs
  npm run sim -- --seed 4711 --trace            one of them, as a story
  npm run sim -- --seed 4711 --shrink           a short story that fails in the same way
  npm run sim -- --plan push/alpha.1/300/lost --trace`,
  );

async function main(flags: Flags): Promise<number> {
  if (flags.figures) return await tellFigures();
  if (flags.plan !== undefined) return await replay(flags, await planNamed(flags.plan));
  if (flags.seed !== undefined && flags.shrink) return await cutShort(flags.seed);
  if (flags.seed !== undefined) return await replay(flags, flags.seed);
  const begun = performance.now();
  const until = begun + flags.minutes * 60_000;
  const plans = flags.plans || flags.scenario !== undefined ? await makePlans(flags) : [];
  const seeds = Array.from({ length: flags.seeds }, (_, index): Work => ({ kind: 'seed', seed: flags.from + index }));
  const failed: Done[] = [];
  let virtualMs = 0;
  const counts = { plan: 0, seed: 0 };
  const tick = progress(plans.length + seeds.length);
  await runJobs([...seeds, ...plans], {
    jobs: flags.jobs,
    until,
    onDone(done) {
      virtualMs += done.virtualMs;
      counts[done.work.kind] += 1;
      tick(counts.plan + counts.seed);
      if (done.violations.length === 0 && done.broken === undefined) return;
      failed.push(done);
      say(failure(done));
    },
  });
  const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
  say(
    `plans: ${counts.plan} of ${plans.length} run, ${failed.filter(({ work }) => work.kind === 'plan').length} failed`,
  );
  say(
    `seeds: ${counts.seed} of ${seeds.length} run, ${failed.filter(({ work }) => work.kind === 'seed').length} failed`,
  );
  say(
    `${Math.round(virtualMs / 3_600_000)} virtual hours in ${minutes} minutes on ${flags.jobs} workers, commit ${commit()}`,
  );
  const left = plans.length + seeds.length - counts.plan - counts.seed;
  if (left > 0) say(`${left} were not begun within ${flags.minutes} minutes`);
  return failed.length > 0 ? 1 : 0;
}

async function makePlans({ scenario, share }: Flags): Promise<readonly Work[]> {
  const all: Plan[] = [];
  const pruned = new Map<string, number>();
  say('scenario                plans  pruned');
  for (const { name } of SCENARIOS.filter((each) => scenario === undefined || each.name === scenario)) {
    const made = await explore(name, SEED_OF_PLANS);
    for (const [why, count] of made.pruned) pruned.set(why, (pruned.get(why) ?? 0) + count);
    say(`${name.padEnd(22)} ${String(made.plans.length).padStart(6)} ${String(sum(made.pruned)).padStart(7)}`);
    for (const { oracle, text } of made.undisturbed.violations) say(`  undisturbed: ${oracle}: ${text}`);
    all.push(...made.plans);
  }
  if (all.length === 0) throw new Error(`scenario: found "${scenario}", allowed: ${NAMES}`);
  for (const [why, count] of pruned) say(`  pruned ${String(count).padStart(6)}: ${why}`);
  const chosen = all.filter((_, index) => index % share.of === share.part);
  say(`${all.length} plans, of which ${chosen.length} are run (share ${share.part + 1} of ${share.of})`);
  return chosen.map((plan): Work => ({ kind: 'plan', plan }));
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

async function planNamed(name: string): Promise<Plan> {
  const [scenario = ''] = name.split('/');
  const { plans } = await explore(scenario, SEED_OF_PLANS);
  const found = plans.find((plan) => nameOf(plan) === name);
  if (!found) throw new Error(`plan: found "${name}", which is none of the ${plans.length} plans of ${scenario}`);
  return found;
}

async function replay({ trace, everything = false }: Flags, what: Plan | number): Promise<number> {
  const listeners = trace ? makeTrace({ write: say, everything }) : {};
  const { violations } = await (typeof what === 'number' ? runSeed(what, listeners) : runPlan(what, listeners));
  for (const violation of violations) say(violationLine(violation));
  say(violations.length === 0 ? 'clean' : `${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
}

async function tellFigures(): Promise<number> {
  const { labelToUrl, unlabelToNothing, sixtyAtOnce, sixtyAtBest, throttled } = await measure(SEED_OF_PLANS);
  const seconds = (value: number): string => `${Math.round(value)} s`.padStart(6);
  say(`${seconds(labelToUrl)}  from a label to its URL, besides the build (slowest of 5; at most 180 s)`);
  say(`${seconds(unlabelToNothing)}  from taking it off to nothing being left (slowest of 5; at most 300 s)`);
  say(
    `${seconds(sixtyAtOnce)}  for 60 at once, besides the build; AWS's buckets alone take ${Math.round(sixtyAtBest)} s`,
  );
  say(`${String(throttled).padStart(6)}  calls that AWS refused because they came too fast`);
  return 0;
}

const MOST_RUNS = 400;

async function cutShort(seed: number): Promise<number> {
  const shrunk = await shrinkSeed(seed, MOST_RUNS);
  if (!shrunk) return await replay({ ...program.opts(), trace: false }, seed);
  const { story, oracle, runs } = shrunk;
  for (const line of tellStory(story)) say(line);
  say(JSON.stringify({ about: '', oracle, found: { seed, commit: commit() }, story }, null, 2));
  say(`${oracle}, after ${runs} runs`);
  return 1;
}

function failure({ work, violations, broken }: Done): string {
  const name = work.kind === 'plan' ? `--plan ${nameOf(work.plan)}` : `--seed ${work.seed}`;
  const operation = work.kind === 'plan' ? ` (${work.plan.operation})` : '';
  const lines = violations.slice(0, 4).map((violation) => `    ${violationLine(violation)}`);
  return [`✗ npm run sim -- ${name} --trace${operation}`, ...lines, ...(broken === undefined ? [] : [broken])].join(
    '\n',
  );
}

/** On a terminal only. */
function progress(all: number): (done: number) => void {
  let told = 0;
  return (done) => {
    if (!process.stderr.isTTY || performance.now() - told < 500) return;
    told = performance.now();
    process.stderr.write(`\r${done} of ${all} `);
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function shareOf(text: string): Share {
  const [part = '', of = ''] = text.split('/');
  const parts = wholeNumber(of);
  const turn = part === 'auto' ? Number.parseInt(commit().slice(0, 6), 16) || 0 : wholeNumber(part) - 1;
  return { part: turn % parts, of: parts };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('a whole number from 0');
}

program.action(async (flags: Flags) => {
  process.exitCode = await main(flags);
});
await program.parseAsync();
