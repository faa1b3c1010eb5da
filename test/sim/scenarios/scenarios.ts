/** The scenarios of the exhaustive plans, by name. */
import { firstPriority } from '../../../src/model/names.ts';
import { act, type Scenario } from './scenario.ts';
import { CLUSTER, SUBNET } from '../world/aws.ts';
import { INSTALLATION } from '../world/config.ts';
import {
  deleteGroup,
  deleteItem,
  deleteRules,
  deregisterTargets,
  edit,
  foreignRule,
  interruptTasks,
  otherInstallation,
  stopTasks,
} from '../world/people.ts';
import type { World } from '../world/world.ts';

const ONE = 'tt-one';

const open = act(8, 'ada', 'opens #1 from "one"', ({ github }) => void github.openPull('one'));
const label = act(10, 'ada', 'labels #1 uat', ({ github }) => void github.label(1, 'uat'));

const start: Scenario = {
  name: 'start',
  about: 'A pull request is labelled, and its environment comes up.',
  replicas: ['alpha'],
  acts: [open, label],
};

const push: Scenario = {
  name: 'push',
  options: { alwaysServed: [ONE] },
  about: 'A push goes live in place.',
  replicas: ['alpha'],
  acts: [open, label, act(300, 'ada', 'pushes to "one"', ({ github }) => void github.push('one'))],
};

const relabel: Scenario = {
  name: 'relabel',
  options: { alwaysServed: [ONE] },
  about: 'Another label asks for another image: a successor replaces the task.',
  replicas: ['alpha'],
  acts: [
    open,
    label,
    act(300, 'ada', 'labels #1 uat-staging too', ({ github }) => void github.label(1, 'uat-staging')),
    act(400, 'ada', 'takes uat off #1', ({ github }) => void github.unlabel(1, 'uat')),
  ],
};

const unlabel: Scenario = {
  name: 'unlabel',
  about: 'The label is taken off, and nothing is left.',
  replicas: ['alpha'],
  acts: [open, label, act(300, 'ada', 'takes the label off #1', ({ github }) => void github.unlabel(1, 'uat'))],
};

const reopen: Scenario = {
  name: 'close-reopen',
  about: 'A pull request is closed in the middle of its start, reopened, closed when it serves, and reopened again.',
  replicas: ['alpha'],
  hasty: true,
  acts: [
    open,
    label,
    act(40, 'ada', 'closes #1', ({ github }) => void github.close(1)),
    act(50, 'ada', 'reopens #1', ({ github }) => void github.reopen(1)),
    act(300, 'ada', 'closes #1', ({ github }) => void github.close(1)),
    act(330, 'ada', 'reopens #1', ({ github }) => void github.reopen(1)),
  ],
};

const failingBuild: Scenario = {
  name: 'failing-build',
  options: { alwaysServed: [ONE] },
  about: 'A push does not build and the old version goes on serving; the fix goes live.',
  replicas: ['alpha'],
  acts: [
    open,
    label,
    act(300, 'ada', 'pushes a commit that does not build', ({ github, supervisors }) => {
      const commit = github.push('one');
      supervisors.plans.set(commit, { outcome: { kind: 'fails', phase: 'build' } });
    }),
    act(500, 'ada', 'pushes the fix', ({ github }) => void github.push('one')),
  ],
};

const handEdits: Scenario = {
  name: 'hand-edits',
  about: 'A person sets the image by hand, makes a mistake, corrects it, and stops it for a while by an override.',
  replicas: ['alpha'],
  hasty: true,
  acts: [
    open,
    label,
    act(300, 'eve', 'sets image_tag to staging', (world) => edit(world, ONE, { image_tag: 'staging' })),
    act(305, 'ada', 'edits the title of #1', ({ github }) => void github.edit(1, 'another title')),
    act(500, 'eve', 'sets wanted to "yes"', (world) => edit(world, ONE, { wanted: 'yes' })),
    act(560, 'eve', 'sets wanted to true, and an override that stops it for two minutes', (world) =>
      edit(world, ONE, { wanted: true, override: { wanted: false, by: 'eve', until: soon(world, 120_000) } }),
    ),
    act(620, 'ada', 'edits the title of #1 again', ({ github }) => void github.edit(1, 'a third title')),
    act(685, 'the world', 'the override has run out', () => undefined),
  ],
  check({ store }) {
    const { override, image_tag: tag } = store.peek(ONE) ?? {};
    const lost = [
      ...(override ? [] : ['the override is gone']),
      ...(tag === 'staging' ? [] : [`image_tag is ${String(tag)}`]),
    ];
    return lost;
  },
};

function soon({ time }: World, ms: number): string {
  return new Date(time.now() + ms).toISOString();
}

const outOfBand: Scenario = {
  name: 'out-of-band',
  about: 'A person deletes the rule, then the group with it, then the target.',
  replicas: ['alpha'],
  hasty: true,
  acts: [
    open,
    label,
    act(300, 'eve', 'deletes the rule of "one"', (world) => deleteRules(world, ONE)),
    act(420, 'eve', 'deletes rule and target group of "one"', (world) => deleteGroup(world, ONE)),
    act(600, 'eve', 'deregisters the target of "one"', (world) => deregisterTargets(world, ONE)),
  ],
};

/** Freed addresses are given to the very next task. */
const HOSTILE_ADDRESSES = { reuseAddresses: 'first' } as const;

const addressReused: Scenario = {
  name: 'address-reused',
  about: 'A task dies, and its address goes to the task of another environment.',
  replicas: ['alpha'],
  options: { ecs: HOSTILE_ADDRESSES },
  acts: [
    open,
    label,
    act(300, 'the world', 'a host fails, and with it the task of "one"', (world) =>
      interruptTasks(world, ONE, { code: 'InfrastructureHealth', reason: 'host failed' }),
    ),
    act(301, 'bob', 'opens #2 from "two"', ({ github }) => void github.openPull('two')),
    act(303, 'bob', 'labels #2 uat', ({ github }) => void github.label(2, 'uat')),
    act(600, 'eve', 'stops the task of "two" by the console', (world) => stopTasks(world, 'tt-two')),
    act(601, 'cho', 'opens #3 from "three"', ({ github }) => void github.openPull('three')),
    act(603, 'cho', 'labels #3 uat', ({ github }) => void github.label(3, 'uat')),
  ],
};

const plainReused: Scenario = {
  ...addressReused,
  name: 'address-reused-plain',
  about: 'The same, with images that answer any host.',
  options: { ecs: HOSTILE_ADDRESSES, project: { supervisor: false } },
};

const handover: Scenario = {
  name: 'handover',
  options: { alwaysServed: [ONE] },
  about: 'The leader is stopped in the middle of a start, and later its successor is killed in the middle of a push.',
  replicas: ['alpha', 'beta'],
  acts: [
    open,
    label,
    act(30, 'the world', 'alpha is told to stop', (world) => world.stop('alpha')),
    act(60, 'the world', 'alpha comes back', (world) => void world.boot('alpha')),
    act(300, 'ada', 'pushes to "one"', ({ github }) => void github.push('one')),
    act(302, 'the world', 'beta is killed', (world) => world.kill('beta')),
    act(350, 'the world', 'beta comes back', (world) => void world.boot('beta')),
  ],
};

const boot: Scenario = {
  name: 'boot',
  about: 'An operator starts where orphans, another installation and a foreign rule in the way are already.',
  replicas: ['alpha'],
  options: { policy: { orphanGraceMs: 60_000 } },
  async before(world) {
    await otherInstallation(world);
    await foreignRule(world, 'elsewhere.example.test', firstPriority(ONE));
    edit(world, 'tt-kept', {
      project: 'web',
      repo: 'octo/web',
      branch: 'kept',
      wanted: true,
      commit: world.github.push('kept'),
    });
    await world.aws.call('ecs', 'RunTask', {
      cluster: CLUSTER,
      taskDefinition: 'web',
      launchType: 'FARGATE',
      startedBy: `mayfly/${INSTALLATION}`,
      group: 'tt-orphan',
      networkConfiguration: { awsvpcConfiguration: { subnets: [SUBNET] } },
      tags: [{ key: 'mayfly:installation', value: INSTALLATION }],
      overrides: { containerOverrides: [{ name: 'web', environment: [{ name: 'SESSION_ID', value: 'tt-orphan' }] }] },
    });
  },
  acts: [open, label],
};

const capacity: Scenario = {
  name: 'capacity',
  about: 'AWS has no capacity, and then it has.',
  replicas: ['alpha'],
  acts: [
    act(5, 'the world', 'AWS has no capacity', (world) => {
      const detail = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';
      world.refusal = { reason: 'RESOURCE:FARGATE', detail };
    }),
    open,
    label,
    act(90, 'the world', 'AWS has capacity again', (world) => {
      world.refusal = undefined;
    }),
  ],
};

const itemDeleted: Scenario = {
  name: 'item-deleted',
  forgets: true,
  about: 'A person deletes the item of an environment whose pull request is labelled, and of one that is not.',
  replicas: ['alpha'],
  options: { policy: { orphanGraceMs: 120_000 } },
  acts: [
    open,
    label,
    act(20, 'bob', 'opens #2 from "two"', ({ github }) => void github.openPull('two')),
    act(22, 'bob', 'labels #2 uat', ({ github }) => void github.label(2, 'uat')),
    act(25, 'cho', 'opens #3 from "three"', ({ github }) => void github.openPull('three')),
    act(27, 'cho', 'labels #3 uat', ({ github }) => void github.label(3, 'uat')),
    act(300, 'eve', 'deletes the item of "one"', (world) => deleteItem(world, ONE)),
    act(305, 'ada', 'pushes to "one"', ({ github }) => void github.push('one')),
    act(310, 'eve', 'deletes the item of "two"', (world) => deleteItem(world, 'tt-two')),
  ],
};

export const SCENARIOS: readonly Scenario[] = [
  start,
  push,
  relabel,
  unlabel,
  reopen,
  failingBuild,
  handEdits,
  outOfBand,
  addressReused,
  plainReused,
  handover,
  boot,
  capacity,
  itemDeleted,
];
