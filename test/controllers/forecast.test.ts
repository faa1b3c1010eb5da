/** What is told is what is done: over a whole life, each pass does what the forecast right before it said. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Forecast, forecast } from '../../src/controllers/forecast.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import type { StepKind } from '../../src/model/step.ts';
import { makeObserver, type Observer } from '../../src/observe/environment.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import { B, type ControllerWorld, labelled, makeControllerWorld } from './world.ts';

/** The call that each step is known by; steps that are not here ask somebody else than AWS. */
const CALLS: Readonly<Partial<Record<StepKind, string>>> = {
  'register-task-definition': 'RegisterTaskDefinition',
  'run-task': 'RunTask',
  'stop-task': 'StopTask',
  'create-target-group': 'CreateTargetGroup',
  'delete-target-group': 'DeleteTargetGroup',
  'create-rule': 'CreateRule',
  'set-weights': 'ModifyRule',
  'delete-rule': 'DeleteRule',
  'register-target': 'RegisterTargets',
  'deregister-target': 'DeregisterTargets',
};

let world: ControllerWorld;

beforeEach(async () => {
  world = await makeControllerWorld();
  world.store.seed(labelled());
});

afterEach(async () => {
  await world.close();
});

function observerOf({ local, config, supervisors: control, heads }: ControllerWorld): Observer {
  const { aws, clock } = local;
  const notAsked = async (): Promise<never> => {
    throw new GitHubError('unavailable', 'a forecast asks for heads only');
  };
  const github: GitHubPort = {
    async branchHead(repo, branch) {
      const head = heads.get(`${repo} ${branch}`);
      if (head instanceof GitHubError) throw head;
      return head;
    },
    pull: notAsked,
    findComment: notAsked,
    createComment: notAsked,
    updateComment: notAsked,
  };
  const listenerArns = config.listeners.map(({ arn }) => arn);
  const snapshots = makeSnapshots({ aws, installation: INSTALLATION, clusters: ['main'], listenerArns, clock });
  return makeObserver({ snapshots, aws, github, control, installation: INSTALLATION, clock });
}

async function foresee(): Promise<Forecast> {
  const { config, local } = world;
  const { clock } = local;
  const observer = observerOf(world);
  const looking = { config, publicKey: 'PUBLIC KEY', observer, clock, pause: () => world.pause.now };
  return await forecast(looking, await world.record(), clock.monotonic());
}

/** Forecast and pass, again and again for this long; returns what was told. */
async function live(ms: number): Promise<readonly StepKind[]> {
  const { clock } = world.local;
  const told: StepKind[] = [];
  for (const end = clock.monotonic() + ms; clock.monotonic() < end; await clock.advance(2_000)) {
    world.mutations();
    const seen = await foresee();
    expect(world.mutations()).toEqual([]);
    const kinds = seen.kind === 'planned' ? seen.plan.steps.map(({ kind }) => kind) : [];
    await world.pass();
    const made = world.mutations().filter((operation) => Object.values(CALLS).includes(operation));
    expect(made).toEqual(kinds.flatMap((kind) => CALLS[kind] ?? []));
    if (kinds.length === 0) expect((await world.record()).state).toBe(seen.state);
    told.push(...kinds);
  }
  return told;
}

describe('a forecast', () => {
  it('is what the next pass does, from the start to the end of a life', async () => {
    expect(await live(60_000)).toEqual(expect.arrayContaining(['run-task', 'create-rule', 'register-target']));
    expect(await world.condition('Ready')).toBe('True: Ready');
    world.edit({ commit: B });
    expect(await live(30_000)).toContain('sync');
    await world.stopTask((await world.status()).attempt?.taskArn);
    expect(await live(60_000)).toContain('run-task');
    world.edit({ wanted: false });
    expect(await live(60_000)).toEqual(expect.arrayContaining(['delete-rule', 'delete-target-group', 'stop-task']));
    expect(await world.condition('Removed')).toBe('True: Removed');
  });

  it('tells what waits for the end of a pause', async () => {
    world.pause.now = { by: 'ada' };
    const seen = await foresee();
    expect(seen).toMatchObject({ kind: 'planned', paused: 'Mayfly is paused by ada.', plan: { steps: [] } });
    expect(seen.kind === 'planned' && seen.held.map(({ kind }) => kind)).toContain('run-task');
    expect(await live(5_000)).toEqual([]);
  });

  it('of what AWS does not show decides nothing', async () => {
    world.lose('DescribeTargetGroups', 'before');
    expect(await foresee()).toMatchObject({ kind: 'unobserved', problem: { reason: 'AwsUnavailable' } });
  });
});
