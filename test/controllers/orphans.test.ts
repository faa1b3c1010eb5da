/** What no record names, against the local AWS: found, spared, and taken away in order. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeApplier } from '../../src/apply/applier.ts';
import { makeOrphanReconcile, ORPHANS } from '../../src/controllers/orphans.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import { WaitingError } from '../../src/runtime/errors.ts';
import type { Result } from '../../src/runtime/outcome.ts';
import { StoreError } from '../../src/store/port.ts';
import { type ControllerWorld, labelled, makeControllerWorld, SESSION } from './world.ts';
import { INSTALLATION } from '../aws/local-world.ts';
import { type Left, type Made, makeLeftOver, ruleTo, type Tags, whatIsLeft } from './left-over.ts';

const MINUTE = 60_000;
const GRACE = 15 * MINUTE;

let world: ControllerWorld;
let paused: boolean;
/** Whether it is paused was not read yet. */
let notRead: WaitingError | undefined;
/** Throws to keep the record from being read. */
let onGet: () => void;
let abort: AbortController;
/** Listings lack the target groups. */
let unlisted: boolean;
/** What was logged; `told` has the fields too. */
let lines: string[];
let told: Readonly<Record<string, unknown>>[];
let pass: () => Promise<Result>;

beforeEach(async () => {
  world = await makeControllerWorld();
  paused = false;
  notRead = undefined;
  onGet = () => undefined;
  abort = new AbortController();
  unlisted = false;
  lines = [];
  told = [];
  restart();
  world.store.seed(labelled({ session_id: 'tt-kept', wanted: false }));
});

afterEach(async () => {
  await world.close();
});

/** A new process: what was seen before is forgotten. */
function restart(): void {
  const { local, config, store, supervisors: control } = world;
  const { aws, clock, metrics } = local;
  const reconcile = makeOrphanReconcile({
    config,
    aws,
    snapshots: makeSnapshots({
      aws: {
        ...aws,
        elbv2: {
          ...aws.elbv2,
          describeTargetGroups: async () => (unlisted ? [] : await aws.elbv2.describeTargetGroups()),
        },
      },
      installation: INSTALLATION,
      clusters: ['main'],
      listenerArns: config.listeners.map(({ arn }) => arn),
      clock,
    }),
    store: {
      ...store,
      async get(session) {
        onGet();
        return await store.get(session);
      },
    },
    applier: makeApplier({ aws, control, clock, metrics }),
    clock,
    metrics,
    paused: () => {
      if (notRead) throw notRead;
      return paused;
    },
  });
  const logger = pino(
    { level: 'info' },
    {
      write(line) {
        const { msg, ...fields } = JSON.parse(line) as { msg: string };
        lines.push(msg);
        told.push({ msg, ...fields });
      },
    },
  );
  pass = async () => {
    const result = await reconcile(ORPHANS, { signal: abort.signal, logger, priority: 'low' });
    await clock.advance(1);
    return result;
  };
}

/** Passes at their own pace. */
async function run(ms: number): Promise<void> {
  const { clock } = world.local;
  for (const end = clock.monotonic() + ms; clock.monotonic() < end; ) {
    const { requeueAfterMs = 0 } = await pass();
    await clock.advance(requeueAfterMs);
  }
}

const leftOver = (session: string, tags?: Tags): Promise<Made> => makeLeftOver(world, session, tags);
const left = (): Promise<Left> => whatIsLeft(world);

const ALL = { tasks: 1, groups: 1, rules: 1 };
const NONE = { tasks: 0, groups: 0, rules: 0 };

async function metric(name: string): Promise<Record<string, number>> {
  const found = await world.local.metrics.registry.getSingleMetric(name)?.get();
  return Object.fromEntries((found?.values ?? []).map(({ labels, value }) => [Object.values(labels).join(), value]));
}

describe('an orphan', () => {
  it('is spared for the grace, and then taken away in order', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    expect(await left()).toEqual(ALL);
    expect(world.mutations().filter((operation) => operation.startsWith('Delete'))).toEqual([]);
    await pass();
    expect(world.mutations()).toEqual(['DeleteRule', 'DeleteTargetGroup']);
    expect(await left()).toEqual({ tasks: 1, groups: 0, rules: 0 });
    await run(6_000);
    expect(world.mutations()).toEqual(['StopTask']);
    expect(await left()).toEqual(NONE);
    expect(await metric('mayfly_orphans_deleted_total')).toEqual({ task: 1, 'target-group': 1, rule: 1 });
    await run(MINUTE);
    expect(await metric('mayfly_orphans')).toEqual({ task: 0, 'target-group': 0, rule: 0 });
    expect(world.mutations()).toEqual([]);
  });

  it('is none any more when a record names it, even one that cannot be understood', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    world.store.seed(labelled({ session_id: 'tt-old', wanted: 'perhaps' }));
    await run(2 * GRACE);
    expect(await left()).toEqual(ALL);
  });

  it('loses its route before its task, also where its target group is not listed', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    unlisted = true;
    await pass();
    expect(world.mutations()).toEqual(expect.arrayContaining(['DeleteRule', 'DeleteTargetGroup']));
    expect(await left()).toEqual({ tasks: 1, groups: 0, rules: 0 });
    await run(MINUTE);
    expect(await left()).toEqual(NONE);
  });

  it('is young again after a restart', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    restart();
    await run(GRACE - 1);
    expect(await left()).toEqual(ALL);
  });

  it('is told of in every look while it is young: how many, and since when', async () => {
    const since = new Date(world.local.clock.now()).toISOString();
    await leftOver('tt-old');
    await pass();
    await run(5 * MINUTE);
    await leftOver('tt-new');
    await run(2 * MINUTE);
    const young = told.filter(({ msg }) => msg === 'orphans wait for the end of their grace');
    expect(young.slice(0, 2)).toMatchObject([
      { young: 1, since, orphans: ['tt-old'] },
      { young: 1, since },
    ]);
    expect(young[1]).not.toHaveProperty('orphans');
    expect(young.at(-1)).toMatchObject({ young: 2, since });
    expect(young).toHaveLength(8);
  });

  it('is left to a record that came while its tags were read', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    world.local.fault.now = {
      after: (operation) => {
        if (operation === 'DescribeTags') world.store.seed(labelled({ session_id: 'tt-old' }));
        return undefined;
      },
    };
    await pass();
    expect(await left()).toEqual(ALL);
    expect(lines).toContain('a record names it again; it is left to its environment');
  });

  it('has its grace anew after a record named it, if only for a moment', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    onGet = () => world.store.seed(labelled({ session_id: 'tt-old' }));
    await pass();
    onGet = () => undefined;
    world.store.remove('tt-old');
    await run(GRACE - 1);
    expect(await left()).toEqual(ALL);
    await run(2 * MINUTE);
    expect(await left()).toEqual(NONE);
  });
});

describe('nothing is deleted', () => {
  const later = async (): Promise<void> => run(2 * GRACE);

  it('that somebody else made, and it is said', async () => {
    await leftOver('tt-old', { 'mayfly:installation': 'other', 'mayfly:session': 'tt-old' });
    await later();
    expect(await left()).toEqual(ALL);
    expect(lines.filter((line) => line.includes('do not say that Mayfly test made it'))).toHaveLength(1);
  });

  it('that a person\u2019s rule forwards to', async () => {
    const { group } = await leftOver('tt-old');
    await ruleTo(world, group, 'mine.preview.test', { team: 'qa' });
    await later();
    expect(await left()).toEqual({ ...ALL, rules: 2 });
    expect(lines).toContainEqual(expect.stringContaining("is not Mayfly's; delete it first"));
  });

  it('when the table is empty', async () => {
    await leftOver('tt-old');
    world.store.remove('tt-kept');
    await later();
    expect(await left()).toEqual(ALL);
    expect(await metric('mayfly_orphans_held')).toMatchObject({ 'empty-table': 1, limit: 0 });
    expect(lines).toContainEqual(expect.stringContaining('no record at all'));
  });

  it('when there is too much of it', async () => {
    for (const session of ['tt-1', 'tt-2', 'tt-3', 'tt-4']) await leftOver(session);
    await later();
    expect(await left()).toEqual({ tasks: 4, groups: 4, rules: 4 });
    expect(await metric('mayfly_orphans_held')).toMatchObject({ limit: 1 });
    expect(lines).toContainEqual(expect.stringContaining('set policy.orphanLimit to 4'));
  });

  it('after a listing that is not whole, until one is', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    world.lose('ListTasks', 'before');
    await pass();
    expect(await left()).toEqual(ALL);
    expect(await metric('mayfly_orphans_held')).toMatchObject({ incomplete: 1 });
    await run(2 * MINUTE);
    expect(await left()).toEqual(NONE);
  });

  it('when target groups or tags cannot be read', async () => {
    await leftOver('tt-old');
    await run(GRACE - 1);
    for (const operation of ['DescribeTargetGroups', 'DescribeTags']) {
      world.lose(operation, 'before');
      await expect(pass()).rejects.toMatchObject({ reason: 'AwsUnavailable' });
    }
    expect(await left()).toEqual(ALL);
  });

  it('while Mayfly is paused, and all of it afterwards', async () => {
    await leftOver('tt-old');
    paused = true;
    await later();
    expect(await left()).toEqual(ALL);
    expect(await metric('mayfly_orphans_held')).toMatchObject({ paused: 1 });
    paused = false;
    await run(2 * MINUTE);
    expect(await left()).toEqual(NONE);
  });
});

it('takes away the others when one cannot be', async () => {
  const { rule } = await leftOver('tt-1');
  await leftOver('tt-2');
  await run(GRACE - 1);
  let refused = 0;
  world.local.fault.now = {
    before: (operation) => {
      if (operation !== 'DeleteRule' || refused > 0) return undefined;
      refused += 1;
      return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    },
  };
  await pass();
  expect(rule).not.toBe('');
  expect(await left()).toEqual({ tasks: 2, groups: 1, rules: 1 });
  await run(2 * MINUTE);
  expect(await left()).toEqual(NONE);
});

it('waits without a word, and without a call, until it is known whether Mayfly is paused', async () => {
  await leftOver('tt-old');
  await run(GRACE - 1);
  const { calls } = world.local;
  const before = calls.length;
  notRead = new WaitingError('Unknown', 'not read yet', 5_000);
  lines = [];
  await expect(pass()).rejects.toBe(notRead);
  expect({ made: calls.length - before, lines }).toEqual({ made: 0, lines: [] });
  notRead = undefined;
  await run(2 * MINUTE);
  expect(await left()).toEqual(NONE);
});

describe('while orphans are being taken away', () => {
  /** Called before each deletion of a rule. */
  function onDeleteRule(act: () => void): void {
    world.local.fault.now = {
      before: (operation) => {
        if (operation === 'DeleteRule') act();
        return undefined;
      },
    };
  }

  beforeEach(async () => {
    for (const session of ['tt-1', 'tt-2', 'tt-3']) await leftOver(session);
    await run(GRACE - 1);
    world.mutations();
  });

  it('a pause ends it before the next step', async () => {
    onDeleteRule(() => (paused = true));
    await run(2 * MINUTE);
    expect(world.mutations()).toEqual(['DeleteRule']);
    expect(lines).toContain('Mayfly was paused meanwhile; what is left of the orphans waits');
    paused = false;
    world.local.fault.now = {};
    await run(2 * MINUTE);
    expect(await left()).toEqual(NONE);
  });

  it('an end of the term ends it before the next step', async () => {
    onDeleteRule(() => abort.abort(new Error('the term is over')));
    await expect(pass()).rejects.toThrow('the term is over');
    expect(world.mutations()).toEqual(['DeleteRule']);
  });

  it('a table that cannot be read does not free more than the guard allows', async () => {
    onGet = () => {
      throw new StoreError('unavailable', 'the table is away');
    };
    await expect(pass()).rejects.toThrow('the table is away');
    await world.local.clock.advance(1);
    for (const session of ['tt-4', 'tt-5', 'tt-6']) await leftOver(session);
    onGet = () => undefined;
    await run(GRACE + MINUTE);
    expect(await left()).toEqual({ tasks: 6, groups: 6, rules: 6 });
    expect(await metric('mayfly_orphans_held')).toMatchObject({ limit: 1 });
  });
});

describe('an environment whose record was deleted', () => {
  beforeEach(async () => {
    world.edit(labelled());
    await world.run(2 * MINUTE);
    world.store.remove(SESSION);
    await run(GRACE - 1);
  });

  it('goes on for the grace, and is then taken away', async () => {
    expect(await world.left()).toMatchObject({ tasks: [{}], rules: [{}], targets: [{ state: 'healthy' }] });
    await run(MINUTE);
    expect(await world.left()).toEqual({ tasks: [], rules: [], groups: [], targets: [] });
  });

  it('comes back with the same task when it is wanted again half-way', async () => {
    const before = (await world.left()).tasks[0]?.arn;
    await pass();
    expect(await world.left()).toMatchObject({ rules: [], groups: [], tasks: [{ arn: before }] });
    world.edit(labelled());
    await pass();
    await world.run(2 * MINUTE);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(await world.left()).toMatchObject({ tasks: [{ arn: before }], rules: [{}] });
    await run(2 * GRACE);
    expect((await world.left()).tasks).toHaveLength(1);
  });
});
