/** One run: a scenario under some weather, watched by every oracle, to its end and a while beyond. */
import type { Call, Finished } from './kernel/calls.ts';
import type { Line } from './kernel/journal.ts';
import { calls } from './oracles/calls.ts';
import { type EndState, endStateOf } from './oracles/end-state.ts';
import { mismatches } from './oracles/judge.ts';
import { intents } from './oracles/intents.ts';
import type { Report, Violation } from './oracles/oracle.ts';
import { orphans } from './oracles/orphans.ts';
import { routes } from './oracles/routes.ts';
import { service } from './oracles/service.ts';
import { stops } from './oracles/stops.ts';
import { tasks } from './oracles/tasks.ts';
import { MINUTE, type Scenario, SECOND } from './scenarios/scenario.ts';
import type { Effects } from './world/effects.ts';
import { makeWorld, type World, type WorldOptions } from './world/world.ts';

export interface RunOptions extends Partial<WorldOptions> {
  readonly seed: number;
  readonly onCall?: (call: Finished) => void;
  readonly onLine?: (line: Line) => void;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly effects: Effects;
  readonly end: EndState;
  /** From the last act to the moment when the world matched, in virtual ms. */
  readonly matchedMs: number;
  /** When that was, since the start. */
  readonly matchedAt: number;
  readonly virtualMs: number;
  readonly calls: number;
  readonly timers: number;
}

const ORACLES = [routes, service, tasks, stops, calls, orphans];
const LOOK_MS = 5 * SECOND;
const SETTLE_MS = 20 * MINUTE;
/** More than two resyncs, and one look at everything by the orphans' loop. */
const REST_MS = 140 * SECOND;

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const world = await makeWorld({ ...scenario.options, ...options });
  const violations: Violation[] = [];
  const report: Report = (oracle, text) => void violations.push({ oracle, at: world.time.monotonic(), text });
  watch(world, report, options);
  await scenario.before?.(world);
  const stopWatching = watchFailures(report);
  try {
    begin(world, scenario);
    await world.run(lastActAt(scenario) + 1);
    const begun = world.time.monotonic();
    const matched = await settle(world, report, scenario.settleMs ?? SETTLE_MS);
    const matchedAt = world.time.monotonic();
    if (matched) await rest(world, report);
    for (const text of (await scenario.check?.(world)) ?? []) report('lost-edit', text);
    for (const text of await intents(world)) report('lost-intent', text);
    partsThatDied(world, report);
    const { effects } = world.aws;
    const figures = { virtualMs: world.time.monotonic(), calls: world.journal.calls(), timers: world.time.fired() };
    return { violations, effects, end: await endStateOf(world), matchedMs: matchedAt - begun, matchedAt, ...figures };
  } finally {
    stopWatching();
    for (const { actor } of world.replicas.values()) actor.kill();
  }
}

function watch(world: World, report: Report, { onCall, onLine }: RunOptions): void {
  for (const oracle of ORACLES) {
    const { moment, begun, finished } = oracle(world, report);
    if (moment) world.eachMoment(moment);
    world.journal.listen({ ...(begun && { begun }), ...(finished && { finished }) });
  }
  world.journal.listen({ ...(onCall && { finished: onCall }), ...(onLine && { line: onLine }) });
}

function lastActAt({ acts }: Scenario): number {
  return Math.max(0, ...acts.map(({ at }) => at));
}

function begin(world: World, { replicas, acts }: Scenario): void {
  replicas.forEach((name, index) => world.time.after(index * 2 * SECOND, () => void world.boot(name)));
  for (const { at, who, text, act } of acts) {
    world.time.after(at, () => {
      world.journal.tell(who, text);
      world.touch();
      void act(world);
    });
  }
}

/** Stable reconciliation, first half: the world comes to match within a bound. */
async function settle(world: World, report: Report, boundMs: number): Promise<boolean> {
  const until = world.time.monotonic() + boundMs;
  let wrong: readonly string[] = [];
  while (world.time.monotonic() < until) {
    await world.run(LOOK_MS);
    wrong = await mismatches(world);
    if (wrong.length === 0) return true;
  }
  for (const text of wrong) report('unsettled', text);
  return false;
}

/** A comment whose write got no answer is written once more later, in case that came through late. */
function saysTheSame({ github }: World, { operation, input }: Call): boolean {
  if (operation !== 'github:updateComment') return false;
  const [, id, body] = input as readonly unknown[];
  return github.pulls().some(({ number }) => github.comments(number).some((one) => one.id === id && one.body === body));
}

/** What was struck at the last moment is made up for within a resync, and told to people. */
const LAST_WORDS_MS = 75 * SECOND;

/** A failure that is long over is forgotten, once an environment. */
const FORGOTTEN = 2;
/** The lease is renewed, and a re-read of GitHub notes the time of what it saw. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['lease:swap', 'store:applyIntent']);

/** Second half: it stays so, and nothing is changed any more. */
async function rest(world: World, report: Report): Promise<void> {
  await world.run(LAST_WORDS_MS);
  let watching = true;
  let written = 0;
  world.journal.listen({
    begun(call) {
      if (!watching || !call.mutates || BOOKKEEPING.has(call.operation) || saysTheSame(world, call)) return;
      written += call.operation === 'store:putStatus' ? 1 : 0;
      if (call.operation === 'store:putStatus' && written <= FORGOTTEN) return;
      report('restless', `${call.actor} calls ${call.operation} (${call.about})`);
    },
  });
  await world.run(REST_MS);
  watching = false;
  for (const text of await mismatches(world)) report('restless', `it matched, and then: ${text}`);
}

function partsThatDied({ replicas }: World, report: Report): void {
  for (const { name, dead, backgroundErrors } of replicas.values()) {
    for (const part of dead()) report('dead', `${name}: the controller ${part} has died`);
    for (const error of backgroundErrors) report('dead', `${name}: ${error.message}`);
  }
}

/** A promise that nobody waits for failed: in production it would end the process. */
function watchFailures(report: Report): () => void {
  const onFailure = (reason: unknown): void =>
    report('dead', `unhandled: ${String((reason as Error)?.stack ?? reason)}`);
  process.on('unhandledRejection', onFailure);
  return () => void process.off('unhandledRejection', onFailure);
}
