/**
 * Whatever happens in whatever order, once nothing more happens the world is as desired and stays so without a single
 * call that changes anything (RELIABILITY "Stable reconciliation").
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ControllerWorld, labelled, makeControllerWorld } from './world.ts';

/** `CONVERGENCE_RUNS=5000 CONVERGENCE_LENGTH=30 npx vitest run --project unit test/controllers/convergence` looks harder. */
const RUNS = Number(process.env['CONVERGENCE_RUNS'] ?? 40);
const LENGTH = Number(process.env['CONVERGENCE_LENGTH'] ?? 14);
const TIME_LIMIT_MS = 600_000;

const commits = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const OPERATIONS = [
  'RunTask',
  'StopTask',
  'RegisterTaskDefinition',
  'CreateTargetGroup',
  'ModifyTargetGroupAttributes',
  'CreateRule',
  'ModifyRule',
  'DeleteRule',
  'DeleteTargetGroup',
  'RegisterTargets',
  'DeregisterTargets',
  'DescribeTasks',
  'DescribeRules',
];

const event = fc.oneof(
  fc.record({ kind: fc.constantFrom('label' as const, 'unlabel' as const) }),
  fc.record({ kind: fc.constant('push' as const), commit: fc.constantFrom(...commits) }),
  fc.record({ kind: fc.constant('image' as const), tag: fc.constantFrom('latest', 'staging') }),
  fc.record({ kind: fc.constantFrom('delete-rule' as const, 'delete-group' as const, 'restart' as const) }),
  fc.record({ kind: fc.constantFrom('task-dies' as const, 'task-is-stopped' as const, 'host-fails' as const) }),
  fc.record({ kind: fc.constantFrom('app-down' as const, 'app-up' as const, 'port-closed' as const) }),
  fc.record({
    kind: fc.constant('lose' as const),
    operation: fc.constantFrom(...OPERATIONS),
    when: fc.constantFrom('before' as const, 'after' as const),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant('lag' as const), ms: fc.integer({ min: 0, max: 50_000 }) }),
  fc.record({ kind: fc.constant('write-fails' as const), applied: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('pass' as const, 'overlap' as const) }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 100, max: 40_000 }) }),
);
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

async function happen(world: ControllerWorld, what: Event): Promise<void> {
  switch (what.kind) {
    case 'label':
      return world.edit({ wanted: true });
    case 'unlabel':
      return world.edit({ wanted: false });
    case 'push':
      return world.edit({ commit: what.commit });
    case 'image':
      return world.edit({ image_tag: what.tag });
    case 'lose':
      return world.lose(what.operation, what.when, what.times);
    case 'lag':
      world.local.visibility.lagMs = what.ms;
      return;
    case 'write-fails':
      return failNextWrite(world, what.applied);
    case 'restart':
      return world.restart();
    case 'pass':
      return void (await world.pass());
    case 'overlap':
      return await overlap(world);
    case 'time':
      return await world.run(what.ms);
    default:
      return await strike(world, what.kind);
  }
}

/** Two operators at once: a second one looks while the first is at work. */
async function overlap(world: ControllerWorld): Promise<void> {
  const first = world.pass();
  world.restart();
  await Promise.all([first, world.pass()]);
}

function failNextWrite({ onPutStatus }: ControllerWorld, applied: boolean): void {
  onPutStatus.now = () => {
    onPutStatus.now = undefined;
    const fail = (): void => {
      throw new Error('the store did not answer');
    };
    return applied ? fail : fail();
  };
}

/** What the world does to the environment's things. */
async function strike(world: ControllerWorld, kind: Exclude<Event['kind'], 'lose'>): Promise<void> {
  const { local, supervisors } = world;
  const fault = local.fault.now;
  local.fault.now = {};
  const { tasks, rules, groups } = await world.left();
  const task = tasks[0];
  switch (kind) {
    case 'task-dies':
      world.exit(task?.arn, 24);
      break;
    case 'task-is-stopped':
      if (task) await world.stopTask(task.arn);
      break;
    case 'host-fails':
      local.ecs.interrupt(task?.arn ?? '', { code: 'InfrastructureHealth', reason: 'host' });
      break;
    case 'app-down':
      if (task?.ip) supervisors.down.add(task.ip);
      break;
    case 'app-up':
      supervisors.down.clear();
      supervisors.closed = false;
      break;
    case 'port-closed':
      supervisors.closed = true;
      break;
    case 'delete-rule':
    case 'delete-group':
      for (const { arn } of rules) await local.aws.elbv2.deleteRule(arn);
      if (kind === 'delete-group') for (const arn of groups) await local.aws.elbv2.deleteTargetGroup(arn);
  }
  local.fault.now = fault;
  await local.clock.settle();
}

/** Nothing more happens: within the longest pauses there are, the loop comes to rest. */
async function calm(world: ControllerWorld): Promise<void> {
  world.local.fault.now = {};
  world.onPutStatus.now = undefined;
  world.supervisors.down.clear();
  world.supervisors.closed = false;
  world.mutations();
  let quiet = 0;
  for (let look = 0; look < 100 && quiet < 2; look += 1) {
    world.resync();
    await world.run(16_000);
    const serves = (await world.condition('Ready')) === 'True: Ready' && (await isUpToDate(world));
    const rests = serves || (await world.condition('Removed')) === 'True: Removed';
    quiet = world.mutations().length === 0 && rests ? quiet + 1 : 0;
  }
}

/** Without a supervisor nobody tells which commit is live; a successor on its way would be told. */
async function isUpToDate(world: ControllerWorld): Promise<boolean> {
  return (await world.condition('UpToDate')) === (world.project.supervisor ? 'True: UpToDate' : 'Unknown: Unknown');
}

async function expectWanted(
  world: ControllerWorld,
  wanted: { commit: string | undefined; tag: string },
): Promise<void> {
  expect(await world.condition('Ready')).toBe('True: Ready');
  const { tasks, groups, rules, targets } = await world.left();
  expect(tasks).toHaveLength(1);
  const [task] = tasks;
  const { attempt, liveCommit } = await world.status();
  expect(attempt?.taskArn).toBe(task?.arn);
  expect(liveCommit).toBe(world.project.supervisor ? wanted.commit : undefined);
  expect(await isUpToDate(world)).toBe(true);
  expect(task?.spec.taskDefinitionArn === world.local.baseArn).toBe(wanted.tag === 'latest');
  expect(groups).toHaveLength(1);
  expect(rules.map(({ forward }) => forward)).toEqual([
    [
      { targetGroupArn: groups[0], weight: 1 },
      { targetGroupArn: world.local.frontDoorArn, weight: 0 },
    ],
  ]);
  expect(targets.filter(({ state }) => state === 'healthy').map(({ ip }) => ip)).toEqual([task?.ip]);
}

async function expectGone(world: ControllerWorld): Promise<void> {
  expect(await world.left()).toEqual({ tasks: [], rules: [], groups: [], targets: [] });
  expect(await world.condition('Removed')).toBe('True: Removed');
}

it.each([
  ['with a supervisor', true, RUNS],
  ['without a supervisor', false, Math.ceil(RUNS / 4)],
])(
  'comes to rest as desired: a project %s',
  async (_name, supervisor, numRuns) => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: LENGTH }), async (events) => {
        const world = await makeControllerWorld({ supervisor });
        try {
          world.edit(labelled());
          for (const what of events) await happen(world, what);
          await calm(world);
          const record = await world.record();
          if (!record.ok) throw new Error('the record is not understood');
          const { wanted, commit, imageTag } = record.desired;
          if (wanted) await expectWanted(world, { commit, tag: imageTag ?? 'latest' });
          else await expectGone(world);
          const { rev } = await world.status();
          world.mutations();
          for (let pass = 0; pass < 5; pass += 1) {
            world.resync();
            const { againMs } = await world.pass('low');
            await world.local.clock.advance(againMs ?? 60_000);
          }
          expect(world.mutations()).toEqual([]);
          expect((await world.status()).rev).toBe(rev);
        } finally {
          await world.close();
        }
      }),
      { numRuns, interruptAfterTimeLimit: TIME_LIMIT_MS },
    );
  },
  TIME_LIMIT_MS,
);
