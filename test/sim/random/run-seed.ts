/** One random run: a story told to the simulation, watched by all oracles and by the ledger of edits. */
import type { SimDelivery } from '../github/hook.ts';
import type { OracleName, Violation } from '../oracles/oracle.ts';
import { runScenario, type RunOptions, type RunResult } from '../run.ts';
import { MINUTE, type Scenario, SECOND } from '../scenarios/scenario.ts';
import type { World } from '../world/world.ts';
import { actOf } from './act.ts';
import { awsOf, makeDials } from './dials.ts';
import { storyOf } from './generate.ts';
import { healPeople, healWorld, retryFailed } from './heal.ts';
import { watchTable } from './ledger.ts';
import { sessionOf, type Stage, makeStage } from './stage.ts';
import type { Story } from './story.ts';
import { shareOf, stormOf } from './weather.ts';

export type Listeners = Pick<RunOptions, 'onCall' | 'onLine'> & {
  /** Told of each strike of the weather, by its key in `Storm.only`. */
  readonly onStrike?: (key: string) => void;
};

export interface StoryResult extends RunResult {
  readonly story: Story;
}

export async function runSeed(seed: number, listeners: Listeners = {}): Promise<StoryResult> {
  return await runStory(storyOf(seed), listeners);
}

export async function runStory(story: Story, { onStrike, ...listeners }: Listeners = {}): Promise<StoryResult> {
  const dials = makeDials();
  const edits: Violation[] = [];
  let stage: Stage | undefined;
  const onStage = (): Stage => {
    if (!stage) throw new Error('the world is not there yet');
    return stage;
  };
  const { until } = story.storm;
  const scenario: Scenario = {
    name: `seed ${story.seed}`,
    about: 'A random run.',
    replicas: ['alpha', 'beta'].slice(0, story.replicas),
    options: {
      ...awsOf(story, dials),
      project: { supervisor: story.supervisor },
      policy: { orphanGraceMs: 2 * MINUTE },
      weather: stormOf({ story, onStrike }),
      arrivals: (delivery) => arrivalsOf(onStage(), delivery),
    },
    before(world) {
      const report = (oracle: OracleName, text: string): void =>
        void edits.push({ oracle, at: world.time.monotonic(), text });
      stage = makeStage({ story, world, dials, ledger: watchTable(world, report) });
    },
    acts: [
      ...story.acts.map((act) => actOf(onStage, act)),
      { at: until, who: 'the world', text: 'the storm ends', act: () => healWorld(onStage()) },
      { at: until + SECOND, who: 'everybody', text: 'puts things right', act: () => healPeople(onStage()) },
      // What was lost on its way is read again by then.
      { at: until + REREAD_MS + MINUTE, who: 'the world', text: 'all is quiet', act: () => retryFailed(onStage()) },
    ],
    settleMs: 60 * MINUTE,
  };
  const result = await runScenario(scenario, { seed: story.seed, ...listeners });
  const found = result.violations.filter((violation) => counts(violation, story) && !isOnce(violation, result));
  const violations = [...edits, ...found];
  return { ...result, story, violations: violations.toSorted((a, b) => a.at - b.at) };
}

/** Bounds of time hold while the weather is fair and a replica is up; what the storm left has as long again. */
const BOUNDED: ReadonlyMap<OracleName, number> = new Map([
  ['dead-end', 120 * SECOND],
  ['unhealthy', 120 * SECOND],
  ['two-routed', 120 * SECOND],
  ['extra-task', 720 * SECOND],
  ['untrue', 120 * SECOND],
  ['leftover', 120 * SECOND],
]);

/** By then a pause was noticed by whoever had just been frozen, or had a call in flight. */
const PAUSED_MS = 30 * SECOND;

/** What follows a webhook's answer may fail with the store; it is told, and the next re-read makes up for it. */
const STORE_FAILED = /the store did not answer/;

/** Whoever sees for minutes what is not there any more asks for it again and again. */
const STALE_VIEW = /within a minute$/;

function counts({ oracle, at, text }: Violation, { storm, acts }: Story): boolean {
  if (oracle === 'dead') return !STORE_FAILED.test(text);
  // Five seconds of a clock at double speed are too few; what is stale for minutes does not tell who gets requests.
  if (oracle === 'cut-off') return !acts.some(({ kind }) => kind === 'fast-clock') && !('aws:stale' in storm.rates);
  if (oracle === 'throttled' && STALE_VIEW.test(text)) return at > storm.until + MINUTE;
  const bound = BOUNDED.get(oracle);
  if (bound !== undefined) return at > storm.until + bound;
  if (oracle !== 'paused') return true;
  return !acts.some((act) => act.kind === 'pause' && at >= act.at && at < act.at + PAUSED_MS);
}

/** A status that is tidied up ten minutes after the last trouble is no unrest. */
function isOnce({ oracle, text }: Violation, { violations }: RunResult): boolean {
  if (oracle !== 'restless' || !text.includes('store:putStatus')) return false;
  return violations.filter((other) => other.oracle === 'restless' && other.text === text).length === 1;
}

/** As configured for the simulated installation. */
const REREAD_MS = 300 * SECOND;

const ARRIVES_MS = 150;
const LATEST_MS = 60 * SECOND;

/** P4. Dropped only where a re-read finds it out. */
function arrivalsOf({ story, world }: Stage, delivery: SimDelivery): readonly number[] {
  const { storm, seed } = story;
  if (world.time.monotonic() >= storm.until) return [ARRIVES_MS];
  const { delayed = 0, doubled = 0, dropped = 0 } = storm.deliveries;
  const draw = (what: string): number => shareOf(`${seed} ${delivery.id} ${what}`);
  if (draw('dropped') < dropped && isKnown(world, delivery)) return [];
  const first = draw('delayed') < delayed ? Math.round(draw('how late') * LATEST_MS) : ARRIVES_MS;
  return draw('doubled') < doubled ? [first, first + Math.round(draw('again') * LATEST_MS)] : [first];
}

function isKnown(world: World, { pull }: SimDelivery): boolean {
  const known = world.github.pulls().find(({ number }) => number === pull);
  if (!known) return false;
  const { sources } = (world.store.peek(sessionOf(known.branch)) ?? {}) as Readonly<Record<string, unknown>>;
  const source = (sources as Readonly<Record<string, unknown>> | undefined)?.[`pull/${known.number}`];
  return (source as { readonly open?: unknown } | undefined)?.open === true;
}
