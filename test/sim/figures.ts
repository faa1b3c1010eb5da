/**
 * How long things take with AWS's own times, in virtual time: the promises of the README, measured on the whole operator.
 */
import { AWS_TIMINGS } from '../../src/local/aws/ecs/timings.ts';
import { isTrue } from '../../src/model/conditions.ts';
import { parseItem } from '../../src/model/record.ts';
import { actualOf, shareOf } from './world/actual.ts';
import { makeRandom } from './kernel/random.ts';
import { makeWorld, type World } from './world/world.ts';

export interface Figures {
  /** From the label to the first healthy answer, without the container's own work, in seconds; the slowest of several. */
  readonly labelToUrl: number;
  /** From taking the label off to nothing being left, in seconds; the slowest. */
  readonly unlabelToNothing: number;
  /** From 60 labels at once to all of them serving, without the container's own work, in seconds. */
  readonly sixtyAtOnce: number;
  /** What AWS's buckets alone take for 60: the calls that each needs, through the scarcest bucket. */
  readonly sixtyAtBest: number;
  /** Calls that AWS refused because they came too fast. */
  readonly throttled: number;
}

/** The container's work on one core is not ours to promise: each phase takes this long, in ms. */
const PHASES = { fetch: 1_000, recipe: 0, install: 20_000, build: 30_000, start: 2_000, healthy: 1_000 };
const BUILD_S = Object.values(PHASES).reduce((sum, ms) => sum + ms, 0) / 1_000;
const MANY = 60;

export async function measure(seed: number): Promise<Figures> {
  const single = await one(seed);
  const many = await sixty(seed);
  return { ...single, ...many, sixtyAtBest: bucketSeconds(MANY) };
}

async function one(seed: number): Promise<Pick<Figures, 'labelToUrl' | 'unlabelToNothing'>> {
  let labelToUrl = 0;
  let unlabelToNothing = 0;
  for (let round = 0; round < 5; round += 1) {
    const world = await begin(seed + round);
    const pull = world.github.openPull('one');
    world.github.label(pull, 'uat');
    labelToUrl = Math.max(labelToUrl, await seconds(world, () => serving(world) === 1));
    await world.run(60_000);
    world.github.unlabel(pull, 'uat');
    unlabelToNothing = Math.max(unlabelToNothing, await seconds(world, () => nothingLeft(world)));
    end(world);
  }
  return { labelToUrl: labelToUrl - BUILD_S, unlabelToNothing };
}

async function sixty(seed: number): Promise<Pick<Figures, 'sixtyAtOnce' | 'throttled'>> {
  const world = await begin(seed);
  for (let number = 1; number <= MANY; number += 1)
    world.github.label(world.github.openPull(`branch-${number}`), 'uat');
  const took = await seconds(world, () => serving(world) === MANY);
  const throttled = world.aws.throttled();
  end(world);
  return { sixtyAtOnce: took - BUILD_S, throttled };
}

/** A leader that has had the time to look at everything. */
async function begin(seed: number): Promise<World> {
  const random = makeRandom(seed).stream('timings');
  const world = await makeWorld({
    seed,
    ecs: { timings: () => AWS_TIMINGS(random) },
    supervisorTimings: { phases: PHASES, jitter: 0 },
  });
  world.boot('alpha');
  await world.run(30_000);
  return world;
}

function end({ replicas }: World): void {
  for (const { actor } of replicas.values()) actor.kill();
}

async function seconds(world: World, isSo: () => boolean): Promise<number> {
  const begun = world.time.monotonic();
  const met = await world.until(() => world.changed('figures') && isSo(), 3_600_000);
  if (!met) throw new Error('it was not so within an hour');
  return (world.time.monotonic() - begun) / 1_000;
}

/** Environments that a request reaches, through the load balancer. */
function serving(world: World): number {
  const { rules } = actualOf(world);
  return rules.filter(({ action }) => action.type === 'forward' && isServed(world, action.targetGroups)).length;
}

function isServed(world: World, groups: readonly { readonly arn: string; readonly weight: number }[]): boolean {
  const carrying = groups.find(({ weight, arn }) => weight > 0 && arn !== world.aws.frontDoorArn);
  return carrying !== undefined && [...world.aws.healthOf(carrying.arn).values()].includes('healthy');
}

function nothingLeft(world: World): boolean {
  const { held, groups, rules } = shareOf(actualOf(world), 'tt-one');
  const removed = isTrue(parseItem(world.store.peek('tt-one') ?? {}).status.conditions, 'Removed');
  return held.length + groups.length + rules.length === 0 && removed;
}

/** AWS-FACTS ELBv2 "throttling": 20 mutating calls at once and 3 a second; each environment needs four. */
function bucketSeconds(count: number): number {
  const MUTATING = 4;
  return (count * MUTATING - 20) / 3;
}
