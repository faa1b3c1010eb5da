/** A story from a seed alone. */
import { FAILURES } from '../../../src/local/aws/ecs/refusals.ts';
import { makeRandom, type Random } from '../kernel/random.ts';
import { MINUTE, SECOND } from '../scenarios/scenario.ts';
import type { Outcome } from '../supervisors/port.ts';
import { ODD, OVERRIDES, RIGHT, WRONG } from './hand-edits.ts';
import { type Doing, FAULTS, type FaultName, type Label, type Storm, type Story, type Switch } from './story.ts';

const BRANCHES = ['one', 'two', 'feat/Three', 'four'] as const;

export function storyOf(seed: number): Story {
  const random = makeRandom(seed).stream('story');
  const until = random.int(5, 20) * MINUTE;
  const replicas = random.int(1, 2);
  const supervisor = random.chance(0.85);
  const branches = BRANCHES.slice(0, random.int(1, BRANCHES.length));
  const act = actsFor(random.stream('acts'), branches, replicas);
  const count = random.int(5, 30);
  const rest = Array.from({ length: count }, () => ({ at: random.int(20, until / SECOND - 1) * SECOND, ...act() }));
  const opened = branches.map((branch) => ({
    at: random.int(5, random.chance(0.7) ? 60 : until / SECOND - 1) * SECOND,
    ...open(random, branch),
  }));
  return {
    seed,
    replicas,
    supervisor,
    world: switches(random.stream('switches'), supervisor),
    storm: storm(random.stream('storm'), until),
    acts: [...opened, ...rest].toSorted((a, b) => a.at - b.at),
  };
}

function open(random: Random, branch: string): Doing {
  return { kind: 'open', branch, label: label(random) };
}

function label(random: Random): Label {
  return random.chance(0.75) ? 'uat' : 'uat-staging';
}

/** What is asked for most comes up most often. */
function actsFor(random: Random, branches: readonly string[], replicas: number): () => Doing {
  const groups: readonly (readonly [number, () => Doing])[] = [
    [random.int(4, 12), () => onGitHub(random, random.pick(branches))],
    [random.int(0, 5), () => inTheTable(random, random.pick(branches))],
    [random.int(0, 4), () => inAws(random, random.pick(branches))],
    [random.int(0, 3), () => toReplicas(random, replicas)],
  ];
  const total = groups.reduce((sum, [weight]) => sum + weight, 0);
  return () => {
    let left = random.int(1, total);
    const [, make] = groups.find(([weight]) => (left -= weight) <= 0) ?? groups[0] ?? [];
    if (!make) throw new Error('no act');
    return make();
  };
}

function onGitHub(random: Random, branch: string): Doing {
  const make = random.pick<() => Doing>([
    () => ({ kind: 'label', branch, label: label(random) }),
    () => ({ kind: 'label', branch, label: label(random) }),
    () => ({ kind: 'unlabel', branch, label: label(random) }),
    () => ({ kind: 'unlabel', branch, label: label(random) }),
    () => ({ kind: 'close', branch }),
    () => ({ kind: 'reopen', branch }),
    () => ({ kind: 'reopen', branch }),
    () => open(random, branch),
    () => ({ kind: 'open', branch, label: label(random), base: 'develop' }),
    () => ({ kind: 'open', branch, label: 'uat', fork: 'mallory/web' }),
    () => ({ kind: random.pick(['title', 'comment', 'merge']), branch }),
    () => ({ kind: 'push', branch }),
    () => ({ kind: 'push', branch }),
    () => ({ kind: 'push', branch, outcome: badOutcome(random) }),
    () => ({ kind: 'push', branch, forced: true }),
    () => ({ kind: 'delete-branch', branch }),
    () => ({ kind: 'restore-branch', branch }),
  ]);
  return make();
}

function badOutcome(random: Random): Outcome {
  const afterMs = random.int(1, 90) * SECOND;
  const phase = random.pick(['fetch', 'install', 'build', 'start'] as const);
  return random.pick<Outcome>([
    { kind: 'fails', phase },
    { kind: 'fails', phase },
    { kind: 'hangs', phase },
    { kind: 'crashes', afterMs },
    { kind: 'out-of-memory', afterMs },
  ]);
}

function inTheTable(random: Random, branch: string): Doing {
  const forMs = span(random);
  const wrong = (): Doing => ({ kind: 'edit', branch, attributes: random.pick(WRONG), forMs });
  const make = random.pick<() => Doing>([
    wrong,
    wrong,
    () => ({ kind: 'edit', branch, attributes: random.pick(ODD) }),
    () => ({ kind: 'edit', branch, attributes: random.pick(RIGHT) }),
    () => ({ kind: 'edit', branch, attributes: random.pick(RIGHT) }),
    () => ({ kind: 'override', branch, override: random.pick(OVERRIDES), untilMs: forMs }),
    () => ({ kind: 'override', branch, override: random.pick(OVERRIDES) }),
    () => ({ kind: 'drop-override', branch }),
    () => ({ kind: 'paste', branch, agoMs: random.int(1, 10) * MINUTE }),
    () => ({ kind: 'delete-item', branch, orphan: random.chance(0.5) }),
    () => (random.chance(0.2) ? { kind: 'empty-table' } : wrong()),
    () => ({ kind: 'pause', forMs }),
  ]);
  return make();
}

function inAws(random: Random, branch: string): Doing {
  const forMs = span(random);
  const make = random.pick<() => Doing>([
    () => ({ kind: random.pick(['delete-rule', 'delete-group', 'deregister'] as const), branch }),
    () => ({ kind: random.pick(['flip-weights', 'health-check', 'foreign-rule'] as const), branch }),
    () => ({
      kind: 'task',
      branch,
      trouble: random.pick(['crash', 'hang', 'freeze', 'close-control', 'exit', 'never-stops', 'stop'] as const),
      forMs,
    }),
    () => ({
      kind: 'interrupt',
      branch,
      why: random.pick(['spot', 'retirement', 'hostFailure', 'outOfMemory'] as const),
    }),
    () => ({
      kind: 'capacity',
      reason: random.pick(Object.values(FAILURES)).reason,
      startsAnyway: random.chance(0.2),
      forMs,
    }),
    () => ({ kind: 'vcpus', quota: random.pick([0, 0.25, 0.5]), forMs }),
  ]);
  return make();
}

function toReplicas(random: Random, replicas: number): Doing {
  const forMs = random.int(5, 120) * SECOND;
  const replica = replicas > 1 && random.chance(0.5) ? 'beta' : 'alpha';
  return random.pick<Doing>([
    { kind: random.pick(['kill', 'stop', 'freeze'] as const), replica, forMs },
    { kind: random.pick(['kill', 'stop', 'freeze'] as const), replica, forMs },
    { kind: 'fast-clock', replica, forMs: forMs * 2 },
    { kind: 'kill-all', forMs },
  ]);
}

function span(random: Random): number {
  return random.int(5, 300) * SECOND;
}

function switches(random: Random, supervisor: boolean): Story['world'] {
  const all: readonly (readonly [Switch, () => number])[] = [
    ['visibilityLagMs', () => random.int(1, 15) * SECOND],
    ['listLagMs', () => random.int(1, 15) * SECOND],
    ['delistLagMs', () => random.int(1, 15) * SECOND],
    ['statusLagMs', () => random.int(1, 10) * SECOND],
    ['reuseAddresses', () => (supervisor ? 1 : 0)],
    ['freeEarly', () => (supervisor ? 1 : 0)],
    ['bareRunTask', () => 1],
    ['interfaceFault', () => random.int(5, 40) / 100],
    ['neverStops', () => random.int(5, 40) / 100],
    ['registerRaceMs', () => random.int(1, 10) * SECOND],
    ['propagationMs', () => random.int(1, 10) * SECOND],
    ['elbVisibilityMs', () => random.int(1, 10) * SECOND],
    ['releaseMs', () => random.int(1, 30) * SECOND],
    ['comparesTags', () => 1],
    ['refusesDraining', () => 1],
  ];
  const share = random.pick([0, 0.15, 0.4]);
  return Object.fromEntries(all.flatMap(([name, draw]) => (random.chance(share) ? [[name, draw()]] : [])));
}

/** That an edit of a comment may still arrive is known to the replica that made it, and forgotten with it. */
const FORGOTTEN = 'github:late';

function storm(random: Random, until: number): Storm {
  const level = random.pick([0, 0.005, 0.02, 0.05]);
  const share = random.pick([0.1, 0.3, 0.6]);
  const pairs = Object.entries(FAULTS).flatMap(([name, [, ...services]]) =>
    services.map((service) => ({ key: `${service}:${name}`, name: name as FaultName })),
  );
  const drawn = level === 0 ? [] : pairs.filter(() => random.chance(share));
  const struck = drawn.filter(({ key }) => key !== FORGOTTEN);
  const rates = struck.map(({ key, name }) => [key, rateOf(random, name, level)]);
  const deliveries = random.chance(0.5)
    ? { delayed: random.int(0, 5) / 10, doubled: random.int(0, 3) / 10, dropped: random.int(0, 3) / 10 }
    : {};
  return { until, rates: Object.fromEntries(rates), deliveries };
}

/** What ends a replica or blinds it for long is rarer; what strikes few calls strikes them more often. */
function rateOf(random: Random, name: FaultName, level: number): number {
  const factor = { crash: 0.1, frozen: 0.05, stale: 0.2, disguised: 5, quota: 4, 'page-omits': 2, 'page-fails': 2 };
  return Math.round(level * (factor[name as keyof typeof factor] ?? 1) * random.int(5, 15) * 1_000) / 10_000;
}
