/** Scenarios of the mutants only: each brings about what a sound operator has to be careful with, and no more. */
import { type Attributes, deleteItem, edit, flipWeights, foreignRule, pasteBack } from '../world/people.ts';
import { actualOf, hostFor, shareOf } from '../world/actual.ts';
import { CLUSTER, SUBNET } from '../world/aws.ts';
import { INSTALLATION_KEY } from '../../../src/model/installation.ts';
import { startedBy } from '../../../src/model/names.ts';
import { INSTALLATION } from '../world/config.ts';
import type { World } from '../world/world.ts';
import { act, type Scenario, SECOND } from '../scenarios/scenario.ts';

const ONE = 'tt-one';
const ALPHA = ['alpha'];

const label = act(10, 'ada', 'opens #1 from "one" and labels it uat', ({ github }) => {
  github.label(github.openPull('one'), 'uat');
});

const slowListing: Scenario = {
  name: 'slow-listing',
  about: 'A new task is not listed for a while.',
  replicas: ALPHA,
  options: { ecs: { visibilityLagMs: () => 10 * SECOND } },
  acts: [label],
};

const verySlowListing: Scenario = {
  ...slowListing,
  name: 'very-slow-listing',
  options: { ecs: { visibilityLagMs: () => 30 * SECOND } },
};

const clonedTask: Scenario = {
  name: 'cloned-task',
  about: 'A person runs two more tasks like the one that is there.',
  replicas: ALPHA,
  acts: [
    label,
    act(150, 'eve', 'runs the task of "one" once more', cloneTask),
    act(151, 'eve', 'and once more', cloneTask),
  ],
};

async function cloneTask(world: World): Promise<void> {
  const [task] = shareOf(actualOf(world), ONE).tasks;
  if (!task) throw new Error(`${ONE} has no task to clone`);
  await runTask(world, startedBy(INSTALLATION), task.overrides);
}

async function runTask(world: World, owner: string, overrides: object): Promise<readonly string[]> {
  const answer = (await world.aws.call('ecs', 'RunTask', {
    cluster: CLUSTER,
    taskDefinition: 'web',
    launchType: 'FARGATE',
    startedBy: owner,
    group: ONE,
    networkConfiguration: { awsvpcConfiguration: { subnets: [SUBNET] } },
    overrides,
  })) as { tasks: { taskArn: string }[] };
  world.touch();
  return answer.tasks.map(({ taskArn }) => taskArn);
}

const neighbour: Scenario = {
  name: 'neighbour',
  about: 'Another installation runs a task of the same session in the same cluster.',
  replicas: ALPHA,
  async before(world) {
    const environment = [{ name: 'SESSION_ID', value: ONE }];
    const arns = await runTask(world, startedBy('other'), { containerOverrides: [{ name: 'web', environment }] });
    for (const arn of arns) world.foreign.add(arn);
  },
  acts: [label],
};

const manyAtOnce: Scenario = {
  name: 'many-at-once',
  about: 'Sixteen pull requests are labelled within a second.',
  replicas: ALPHA,
  acts: [
    act(10, 'everybody', 'labels sixteen pull requests', ({ github }) => {
      for (let number = 1; number <= 16; number += 1) github.label(github.openPull(`b${number}`), 'uat');
    }),
  ],
};

const lateAndUnlabelled: Scenario = {
  name: 'late-and-unlabelled',
  about: 'RunTask is applied long after its caller was told that nothing is known, and the label is gone by then.',
  replicas: ALPHA,
  options: {
    weather: {
      faultOf: ({ operation }) => (operation === 'ecs:RunTask' ? { kind: 'late', ms: 20 * SECOND } : undefined),
    },
  },
  acts: [label, act(12, 'ada', 'takes the label off #1', ({ github }) => void github.unlabel(1, 'uat'))],
};

const weightsFlipped: Scenario = {
  name: 'weights-flipped',
  about: 'A person sends everybody to the front door.',
  replicas: ALPHA,
  acts: [label, act(200, 'eve', 'flips the weights of "one"', (world) => flipWeights(world, ONE))],
};

const awsAway: Scenario = {
  name: 'aws-away',
  about: 'For two minutes no RunTask arrives at AWS.',
  replicas: ALPHA,
  options: {
    weather: {
      faultOf: ({ operation, at }) => (operation === 'ecs:RunTask' && at < 130 * SECOND ? { kind: 'lost' } : undefined),
    },
  },
  acts: [label],
};

const startInTime: Scenario = {
  name: 'start-in-time',
  about: 'An environment comes up as fast as its build allows, however seldom the load balancer looks.',
  replicas: ALPHA,
  options: { policy: { healthCheckIntervalSeconds: 30 } },
  acts: [label],
  settleMs: 110 * SECOND,
};

const slowPlain: Scenario = {
  name: 'slow-plain',
  about: 'An image without a supervisor takes two minutes to answer.',
  replicas: ALPHA,
  options: { project: { supervisor: false }, supervisorTimings: { plainStart: 120 * SECOND } },
  acts: [label],
};

const ruleInCapitals: Scenario = {
  name: 'rule-in-capitals',
  about: 'A person has a rule of her own for the host, which the load balancer reads without regard to case.',
  replicas: ALPHA,
  before: async (world) => void (await foreignRule(world, hostFor(ONE).toUpperCase(), 40_000)),
  acts: [label],
};

const inOrder: Scenario = {
  name: 'in-order',
  about: 'A push, and then the closing.',
  replicas: ALPHA,
  acts: [
    label,
    act(310, 'ada', 'pushes to "one"', ({ github }) => void github.push('one')),
    act(320, 'ada', 'closes #1', ({ github }) => void github.close(1)),
    act(336, 'the world', 'the webhook of the push has arrived', () => undefined),
  ],
};

const overtaken: Scenario = {
  ...inOrder,
  name: 'overtaken',
  about: 'The webhook of a push arrives after that of the closing.',
  options: { arrivals: ({ action }) => [action === 'synchronize' ? 25 * SECOND : 150] },
};

const paused: Scenario = {
  name: 'paused',
  about: 'A person pauses the installation, others go on, and then it goes on as well.',
  replicas: ALPHA,
  acts: [
    label,
    act(300, 'eve', 'pauses the installation', (world) => {
      edit(world, INSTALLATION_KEY, { paused: true, by: 'eve' });
      world.pausedSince = world.time.monotonic();
    }),
    act(310, 'bob', 'opens #2 from "two" and labels it uat', ({ github }) => {
      github.label(github.openPull('two'), 'uat');
    }),
    act(320, 'ada', 'takes the label off #1', ({ github }) => void github.unlabel(1, 'uat')),
    act(420, 'eve', 'lets it go on', (world) => {
      edit(world, INSTALLATION_KEY, { paused: false });
      world.pausedSince = undefined;
    }),
  ],
};

const FIVE = ['b1', 'b2', 'b3', 'b4', 'b5'];

const five: Scenario = {
  name: 'five',
  about: 'Five environments, and a person who looks at the table for a while.',
  replicas: ALPHA,
  options: { policy: { orphanGraceMs: 120 * SECOND } },
  acts: [
    act(10, 'everybody', 'labels five pull requests', ({ github }) => {
      for (const branch of FIVE) github.label(github.openPull(branch), 'uat');
    }),
    act(700, 'eve', 'goes home', () => undefined),
  ],
};

/** At 330 s, until some seconds later. */
function withoutItems(branches: readonly string[], seconds: number): Scenario['acts'] {
  const sessions = branches.map((branch) => `tt-${branch}`);
  const items = new Map<string, Attributes | undefined>();
  return [
    act(330, 'eve', `deletes the items of ${sessions.join(', ')}`, (world) => {
      for (const session of sessions) {
        items.set(session, world.store.peek(session));
        deleteItem(world, session);
      }
    }),
    act(330 + seconds, 'eve', 'puts them back', (world) => {
      for (const item of items.values()) pasteBack(world, item);
    }),
  ];
}

const tableEmptied: Scenario = {
  ...five,
  name: 'table-emptied',
  about: 'A person empties the table, and restores it five minutes later.',
  acts: [...five.acts, ...withoutItems(FIVE, 300)],
};

const pastedBack: Scenario = {
  ...five,
  name: 'pasted-back',
  about: 'A person deletes an item, and puts it back a minute later.',
  acts: [...five.acts, ...withoutItems(['b1'], 70)],
};

export const OWN_SCENARIOS: readonly Scenario[] = [
  slowListing,
  verySlowListing,
  clonedTask,
  neighbour,
  manyAtOnce,
  lateAndUnlabelled,
  weightsFlipped,
  awsAway,
  startInTime,
  slowPlain,
  ruleInCapitals,
  inOrder,
  overtaken,
  paused,
  five,
  tableEmptied,
  pastedBack,
];
