/**
 * What a look at a whole fleet costs when there is nothing to do: the real loop with its workers, the real AWS and
 * DynamoDB clients over loopback, and every environment settled. AWS is another process, so that CPU and event loop are
 * the operator's alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turnOfTheLoop, setTimeout as pause } from 'node:timers/promises';
import { makeApplier } from '../../src/apply/applier.ts';
import { makeAws } from '../../src/aws/make-aws.ts';
import { OPERATIONS } from '../../src/aws/operations.ts';
import type { ControlPort } from '../../src/control/port.ts';
import { makeEnvironmentReconcile } from '../../src/controllers/environment.ts';
import { countEnvironments } from '../../src/controllers/fleet.ts';
import { makeFreshness } from '../../src/controllers/freshness.ts';
import { GitHubError, type GitHubPort } from '../../src/github/port.ts';
import { startChild } from '../../src/local/demo/child.ts';
import { makeAwsClients } from '../../src/local/demo/provision.ts';
import { makeObserver } from '../../src/observe/environment.ts';
import { makeLogTail } from '../../src/observe/log-tail.ts';
import { makeSnapshots } from '../../src/observe/snapshot.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startController } from '../../src/runtime/controller.ts';
import { watchStore } from '../../src/store/changes.ts';
import { makeDynamoClient, makeDynamoStore } from '../../src/store/dynamodb.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Bench, type BenchContext, type BenchResult, verdict } from './bench.ts';
import { COMMIT, type Fleet, INSTALLATION, makeFleet, PUBLIC_KEY } from './fleet.ts';
import { PRETEND_AWS, type PretendAwsReady } from './pretend-aws-wire.ts';
import { summarise } from './statistics.ts';

const SIZES = [
  { environments: 100, listeners: 1 },
  { environments: 1_000, listeners: 11 },
] as const;
const PASSES = 5;
/** AWS's buckets fill up again, and nothing of the last pass is left to do. */
const BETWEEN_MS = 1_500;
const BLOCK_AIM_MS = 50;
const LOGGER = makeLogger('silent', false);

export const pass: Bench = {
  name: 'pass',
  about: 'calls, CPU and event loop of a look at 100 and 1,000 settled environments',
  run: measure,
};

type Size = (typeof SIZES)[number];

/** One look at the fleet. */
interface Cost {
  /** By `service:operation`. */
  readonly calls: ReadonlyMap<string, number>;
  readonly records: { readonly reads: number; readonly writes: number };
  readonly cpuMs: number;
  readonly blockMs: number;
  readonly wallMs: number;
}

interface Column {
  readonly size: Size;
  readonly store: string;
  readonly first: Cost;
  readonly passes: readonly Cost[];
}

async function measure(context: BenchContext): Promise<BenchResult> {
  const columns: Column[] = [];
  for (const size of SIZES) columns.push(...(await measureFleet(size, context)));
  return resultOf(columns);
}

async function measureFleet(size: Size, { progress, signal }: BenchContext): Promise<readonly Column[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'mayfly-bench-'));
  const script = join(import.meta.dirname, 'pretend-aws.ts');
  const child = startChild({ name: 'the pretended AWS', script, logFile: join(scratch, 'aws.log') });
  try {
    const { endpoint } = (await child.ready) as unknown as PretendAwsReady;
    progress(`making ${size.environments} settled environments`);
    const client = makeDynamoClient({ region: PRETEND_AWS.region, endpoint });
    const metrics = makeMetrics();
    const stores = {
      memory: makeMemoryStore(),
      DynamoDB: makeDynamoStore({ client, table: 'environments', metrics }),
    };
    await stores.DynamoDB.prepare(true);
    const clients = makeAwsClients(endpoint);
    const fleet = await makeFleet(clients, Object.values(stores), size);
    clients.close();
    const columns: Column[] = [];
    for (const [name, store] of Object.entries(stores)) {
      const progressOf = (doing: string): void => progress(`${size.environments} environments, ${name}: ${doing}`);
      columns.push(await measureStore({ size, fleet, endpoint, metrics, store, name, signal, progress: progressOf }));
    }
    client.destroy();
    return columns;
  } finally {
    await child.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

interface StoreRun {
  readonly size: Size;
  readonly fleet: Fleet;
  readonly endpoint: string;
  readonly metrics: Metrics;
  readonly store: EnvironmentStore;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly progress: (doing: string) => void;
}

async function measureStore(run: StoreRun): Promise<Column> {
  const operator = makeOperator(run);
  try {
    run.progress('first look after a start');
    const first = await operator.look();
    // The first look writes conditions, and what was written is looked at once more.
    await operator.look();
    const passes: Cost[] = [];
    for (let turn = 1; turn <= PASSES; turn += 1) {
      run.signal.throwIfAborted();
      run.progress(`look ${turn} of ${PASSES}`);
      await pause(BETWEEN_MS);
      passes.push(await operator.look());
    }
    return { size: run.size, store: run.name, first, passes };
  } finally {
    await operator.stop();
  }
}

/** The parts of the operator that look at the fleet, put together as `operator.ts` does. */
function makeOperator({ fleet, endpoint, metrics, store: whole }: StoreRun) {
  const { config, sessions } = fleet;
  const clock = systemClock;
  const aws = makeAws({ region: PRETEND_AWS.region, endpoint, clock, metrics });
  const { store, records } = counted(whole);
  const snapshots = makeSnapshots({
    aws,
    installation: INSTALLATION,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  const freshness = makeFreshness(clock, config.policy);
  const environments = startController({
    name: 'environment',
    workers: config.workers,
    reconcile: makeEnvironmentReconcile({
      config,
      publicKey: PUBLIC_KEY,
      store,
      observer: makeObserver({ snapshots, aws, github, control, installation: INSTALLATION, clock }),
      applier: makeApplier({ aws, control, clock, metrics }),
      logTail: makeLogTail({ aws, clock, secrets: [] }),
      freshness,
      clock,
      metrics,
      onChanged: () => undefined,
      pause: () => undefined,
    }),
    clock,
    random: Math.random,
    logger: LOGGER,
    metrics,
    backoff: { baseMs: config.policy.transitionMs, maxMs: config.policy.backoffMaxMs },
  });

  const reconcileAll = async (): Promise<void> => {
    freshness.resync();
    for (const session of sessions) environments.enqueue(session, 'low');
    while (!environments.idle()) await pause(1);
  };

  return {
    /** Reads the table as the change source does, then reconciles every environment once. */
    async look(): Promise<Cost> {
      const before = { ...records };
      const callsBefore = await callsOf(metrics);
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const begun = performance.now();
      const cpu = process.cpuUsage();
      await readTable(store, config, metrics);
      await reconcileAll();
      const { user, system } = process.cpuUsage(cpu);
      const wallMs = performance.now() - begun;
      delay.disable();
      return {
        calls: difference(await callsOf(metrics), callsBefore),
        records: { reads: records.reads - before.reads, writes: records.writes - before.writes },
        cpuMs: (user + system) / 1_000,
        blockMs: delay.max / 1e6,
        wallMs,
      };
    },
    async stop(): Promise<void> {
      await environments.stop();
      await aws.close();
    },
  };
}

/** One look of the change source, with all that it does with what it read. */
async function readTable(store: EnvironmentStore, { projects }: Fleet['config'], metrics: Metrics): Promise<void> {
  const read = Promise.withResolvers<void>();
  const watch = watchStore({
    store,
    pollMs: 60_000,
    clock: systemClock,
    logger: LOGGER,
    onRead: (records) => countEnvironments(metrics, projects, records),
    onChange: () => read.resolve(),
    onError: read.reject,
  });
  await read.promise;
  await watch.stop();
}

function counted(store: EnvironmentStore) {
  const records = { reads: 0, writes: 0 };
  const counting: EnvironmentStore = {
    ...store,
    async get(sessionId) {
      records.reads += 1;
      await turnOfTheLoop();
      return await store.get(sessionId);
    },
    putStatus(...change) {
      records.writes += 1;
      return store.putStatus(...change);
    },
  };
  return { store: counting, records };
}

/** Every supervisor is well, and serves what is wanted. As over a network, no answer comes within the same turn. */
const control: ControlPort = {
  async report(_ip, session) {
    await turnOfTheLoop();
    return { ok: true, report: { session, liveCommit: COMMIT, healthy: true, inFlight: 0 } };
  },
  sync: () => Promise.reject(new Error('a settled environment is asked for no update')),
};

const notAsked = (): Promise<never> =>
  Promise.reject(new GitHubError('refused', 'a settled fleet asks GitHub nothing'));
const github: GitHubPort = {
  pull: notAsked,
  branchHead: notAsked,
  findComment: notAsked,
  createComment: notAsked,
  updateComment: notAsked,
};

async function callsOf({ awsCalls }: Metrics): Promise<ReadonlyMap<string, number>> {
  const calls = new Map<string, number>();
  for (const { labels, value } of (await awsCalls.get()).values) {
    const name = `${labels.service}:${labels.operation}`;
    calls.set(name, (calls.get(name) ?? 0) + value);
  }
  return calls;
}

function difference(after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>) {
  const made = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return new Map(made.filter(([, count]) => count > 0));
}

/** DESIGN §6: without the pages of the table's scan. */
function boundOf({ environments, listeners }: Size): number {
  return 2 * Math.ceil(environments / 100) + Math.ceil(environments / 400) + listeners;
}

const SCAN = 'dynamodb:Scan';
const READ = 'dynamodb:GetItem';

function sum(calls: ReadonlyMap<string, number>, counts: (name: string) => boolean): number {
  return [...calls].filter(([name]) => counts(name)).reduce((total, [, count]) => total + count, 0);
}

const HEALTH = 'elasticloadbalancing:DescribeTargetHealth';
/** Kept for 30 and 60 s, one of each an image, whatever the size of the fleet. */
const IMAGE_LOOKUPS = ['ecs:DescribeTaskDefinition', 'ecr:DescribeImages'];

const mutates = (name: string): boolean =>
  Object.entries(OPERATIONS).some(([one, traits]) => one === name && traits.mutates);
const ofSnapshot = (name: string): boolean =>
  !name.startsWith('dynamodb:') && !mutates(name) && name !== HEALTH && !IMAGE_LOOKUPS.includes(name);
const ofAws = (name: string): boolean => !name.startsWith('dynamodb:');

function resultOf(columns: readonly Column[]): BenchResult {
  const most = (column: Column, count: (cost: Cost) => number): number => Math.max(...column.passes.map(count));
  const counts = (what: string, count: (cost: Cost) => number, aim: string): readonly string[] => [
    what,
    ...columns.map((column) => String(most(column, count))),
    aim,
  ];
  const times = (what: string, value: (cost: Cost, column: Column) => number, digits: number, aim?: number) => {
    const summaries = columns.map((column) => summarise(column.passes.map((cost) => value(cost, column))));
    const worst = Math.max(...summaries.map(({ median }) => median));
    return [
      what,
      ...summaries.map(
        ({ median, least, most: top }) => `${median.toFixed(digits)} (${least.toFixed(digits)}-${top.toFixed(digits)})`,
      ),
      aim === undefined ? '-' : `< ${aim}: ${verdict(worst, aim)}`,
    ];
  };
  return {
    title: 'A pass over settled environments',
    method: [
      `One read of the table and one reconcile of every environment, 8 workers, ${PASSES} passes after the first two;`,
      'counts are the most of any pass, times their median (least-most). The local AWS is another process; its tasks are names.',
    ],
    head: ['', ...columns.map(({ size, store }) => `${size.environments} env., ${store}`), 'aim'],
    rows: [
      counts('AWS reads for the snapshot', ({ calls }) => sum(calls, ofSnapshot), '<= bound'),
      ['  bound 2*ceil(N/100) + ceil(N/400) + listeners', ...columns.map(({ size }) => String(boundOf(size))), ''],
      counts('AWS calls that change anything', ({ calls }) => sum(calls, mutates), '0'),
      counts('status writes', ({ records }) => records.writes, '0'),
      counts('looks at health (one in 10 min each)', ({ calls }) => calls.get(HEALTH) ?? 0, '-'),
      counts('image lookups', ({ calls }) => sum(calls, (name) => IMAGE_LOOKUPS.includes(name)), '<= 2'),
      counts('scan pages', ({ calls }) => calls.get(SCAN) ?? 0, '-'),
      counts('reads of single records', ({ records }) => records.reads, '-'),
      times('CPU ms an environment', ({ cpuMs }, { size }) => cpuMs / size.environments, 3),
      times('longest event-loop block, ms', ({ blockMs }) => blockMs, 0, BLOCK_AIM_MS),
      times('wall ms', ({ wallMs }) => wallMs, 0),
      ['first look after a start: AWS calls', ...columns.map(({ first }) => String(sum(first.calls, ofAws))), '-'],
      ['first look after a start: wall ms', ...columns.map(({ first }) => first.wallMs.toFixed(0)), '-'],
    ],
    broken: columns.flatMap(brokenClaims),
  };
}

function brokenClaims({ size, store, passes }: Column): readonly string[] {
  const name = `${size.environments} environments, ${store}`;
  return passes.flatMap(({ calls, records }, index) => {
    const claims: [what: string, found: number, most: number][] = [
      ['AWS reads for the snapshot', sum(calls, ofSnapshot), boundOf(size)],
      ['image lookups', sum(calls, (one) => IMAGE_LOOKUPS.includes(one)), IMAGE_LOOKUPS.length],
      ['AWS calls that change anything', sum(calls, mutates), 0],
      ['status writes', records.writes, 0],
      ['writes of records', sum(calls, (one) => one.startsWith('dynamodb:') && ![SCAN, READ].includes(one)), 0],
    ];
    return claims
      .filter(([, found, most]) => found > most)
      .map(
        ([what, found, most]) =>
          `${name}, pass ${index + 1}: ${found} ${what}, claimed at most ${most} (${told(calls)})`,
      );
  });
}

function told(calls: ReadonlyMap<string, number>): string {
  return [...calls].map(([name, count]) => `${name} ${count}`).join(', ');
}
