/**
 * The loop that takes away what no record names (DESIGN §6.10): leftovers of records that were deleted, of calls that were
 * applied late, of an operator that died. One key; it lists AWS first and then the table, so that whatever it finds in
 * AWS had time to get its record. What it may delete is decided by `plan/orphans.ts`; this file reads, applies and tells.
 */
import type { Applier } from '../apply/applier.ts';
import { beginPass, type Pass } from '../apply/context.ts';
import { failed } from '../apply/outcome.ts';
import { AwsError } from '../aws/errors.ts';
import type { Aws } from '../aws/ports.ts';
import type { Config } from '../model/config.ts';
import { targetGroupPrefix } from '../model/names.ts';
import type { ObservedTargetGroup } from '../model/observed.ts';
import type { Step, StepKind } from '../model/step.ts';
import { forwardedGroups } from '../observe/share.ts';
import type { FleetSnapshot, Snapshots } from '../observe/snapshot.ts';
import {
  arnsToVerify,
  type Collected,
  HELD_REASONS,
  type Held,
  type Memory,
  type OrphanInput,
  type OrphanPlan,
  type OwnedListing,
  planOrphans,
  type Seen,
} from '../plan/orphans.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Reconcile, ReconcileContext } from '../runtime/controller.ts';
import { TransientError } from '../runtime/errors.ts';
import type { EnvironmentStore } from '../store/port.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface OrphanLoop extends OrphanSight {
  readonly config: Config;
  readonly store: EnvironmentStore;
  readonly applier: Applier;
  readonly metrics: Metrics;
  /** The whole installation is paused: orphans are counted and told, and stay. Throws while that is not known. */
  readonly paused: () => boolean;
}

/** The loop's name and its one key. */
export const ORPHANS = 'orphans';

const KINDS = ['task', 'target-group', 'rule'] as const;
type Kind = (typeof KINDS)[number];

const KIND_OF_STEP: Readonly<Partial<Record<StepKind, Kind>>> = {
  'stop-task': 'task',
  'delete-target-group': 'target-group',
  'delete-rule': 'rule',
};

/** Its memory lives in the returned function: after a restart every orphan is young again. */
export function makeOrphanReconcile(loop: OrphanLoop): Reconcile {
  let memory: Memory = new Map();
  let told = '';
  startAtZero(loop.metrics);

  return async (_key, run) => {
    // Throws until it is known: before that there is nothing to look for.
    loop.paused();
    const plan = await observeAndPlan(loop, memory);
    const seen = new Map(plan.seen);
    memory = seen;
    measure(loop.metrics, plan);
    told = tell(loop, run.logger, plan, told);
    const unrouted = await collectAll({ loop, run, seen }, plan.collect);
    const { policy, intervals } = loop.config;
    const afterMs = plan.settling || unrouted ? Math.min(intervals.resyncMs, policy.settleMs + 1) : intervals.resyncMs;
    return { requeueAfterMs: afterMs, priority: 'low' };
  };
}

async function observeAndPlan(loop: OrphanLoop, memory: Memory): Promise<OrphanPlan> {
  try {
    const seen = await lookForOrphans(loop);
    return planOrphans({ ...seen, memory, paused: loop.paused() });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { reason, message } = failed(error);
    throw new TransientError(reason, message, { cause: error });
  }
}

/** What `lookForOrphans` reads with. */
export interface OrphanSight {
  readonly config: Pick<Config, 'installation' | 'policy' | 'listeners'>;
  readonly aws: { readonly elbv2: Pick<Aws['elbv2'], 'describeTags'> };
  readonly snapshots: Snapshots;
  readonly store: Pick<EnvironmentStore, 'list'>;
  readonly clock: Clock;
}

export interface OrphansSeen extends Omit<OrphanInput, 'memory' | 'paused'> {
  /** Clusters and listeners that could not be read. */
  readonly unread: readonly AwsError[];
}

/** AWS first, then the table; reads only. Rejects with `AwsError` or `StoreError`. */
export async function lookForOrphans(sight: OrphanSight): Promise<OrphansSeen> {
  const { config, aws, snapshots, store, clock } = sight;
  const { installation, policy } = config;
  const snapshot = await snapshots.since(clock.monotonic());
  const listing = listingOf(snapshot, config);
  const sessions = new Set((await store.list()).map(({ sessionId }) => sessionId));
  const tags = await aws.elbv2.describeTags(arnsToVerify({ installation, listing, sessions }));
  const [now, monotonic] = [clock.now(), clock.monotonic()];
  return { installation, listing, sessions, tags, policy, now, monotonic, unread: unreadOf(snapshot) };
}

function listingOf(snapshot: FleetSnapshot, config: OrphanSight['config']): OwnedListing {
  const rules = [...snapshot.rulesByListener.values()];
  return {
    tasks: [...snapshot.tasksByCluster].flatMap(([cluster, read]) =>
      read.ok ? [...read.value.values()].flat().map((task) => ({ cluster, task })) : [],
    ),
    groups: groupsOf(snapshot, config),
    rules: rules.flatMap((read) => (read.ok ? read.value : [])),
    whole: unreadOf(snapshot).length === 0,
  };
}

/**
 * As listed, or known by a rule: a task must not lose its route after its life. A front door's target group may be named
 * as ours are; it is nobody's environment.
 */
function groupsOf(
  snapshot: FleetSnapshot,
  { installation, listeners }: OrphanSight['config'],
): readonly ObservedTargetGroup[] {
  const doors = new Set(listeners.map(({ frontDoorTargetGroupArn }) => frontDoorTargetGroupArn));
  const listed = snapshot.targetGroupsByName;
  const prefix = targetGroupPrefix(installation);
  const known = forwardedGroups(snapshot).filter(({ name }) => name.startsWith(prefix) && !listed.has(name));
  return [...listed.values(), ...known].filter(({ arn }) => !doors.has(arn));
}

function unreadOf({ tasksByCluster, rulesByListener }: FleetSnapshot): readonly AwsError[] {
  return [...tasksByCluster.values(), ...rulesByListener.values()].flatMap((read) => (read.ok ? [] : [read.error]));
}

interface Collecting {
  readonly loop: OrphanLoop;
  readonly run: ReconcileContext;
  /** The memory of the next pass: what is done is marked as soon as it is done, and no sooner. */
  readonly seen: Map<string, Seen>;
}

/** Until a person pauses. True when some lost their route, so that their tasks are to be stopped soon. */
async function collectAll(pass: Collecting, orphans: readonly Collected[]): Promise<boolean> {
  const { loop, run } = pass;
  let unrouted = false;
  for (const orphan of orphans) {
    if (loop.paused()) break;
    const lost = await collect(pass, orphan);
    unrouted ||= lost && orphan.tasks.length > 0;
  }
  if (orphans.length > 0 && loop.paused()) {
    run.logger.info('Mayfly was paused meanwhile; what is left of the orphans waits');
  }
  return unrouted;
}

/** One orphan that cannot be taken away does not keep the others. True when its route is gone now. */
async function collect({ loop, run, seen }: Collecting, orphan: Collected): Promise<boolean> {
  const { name, session, steps } = orphan;
  run.signal.throwIfAborted();
  const logger = run.logger.child({ orphan: session });
  if (await loop.store.get(session)) {
    logger.info('a record names it again; it is left to its environment');
    seen.delete(name);
    return false;
  }
  const pass = passFor(orphan, logger);
  let unrouted = false;
  for (const step of steps) {
    run.signal.throwIfAborted();
    if (loop.paused()) break;
    const outcome = await loop.applier.apply(session, step, pass);
    if (!outcome.ok) break;
    count(loop.metrics, step);
    if (step.kind !== 'delete-target-group') continue;
    unrouted = true;
    const unroutedAt = loop.clock.monotonic();
    seen.set(name, { since: seen.get(name)?.since ?? unroutedAt, unroutedAt });
  }
  return unrouted;
}

function passFor({ group }: Collected, logger: Logger): Pass {
  const runsNothing = async (): Promise<never> => {
    throw new Error('an orphan has no record, and no attempt to write into it');
  };
  return beginPass({ targetGroup: group }, runsNothing, logger);
}

function count(metrics: Metrics, { kind }: Step): void {
  const what = KIND_OF_STEP[kind];
  if (what) metrics.orphansDeleted.inc({ kind: what });
}

function startAtZero(metrics: Metrics): void {
  for (const kind of KINDS) {
    metrics.orphans.set({ kind }, 0);
    metrics.orphansDeleted.inc({ kind }, 0);
  }
  for (const reason of HELD_REASONS) metrics.orphansHeld.set({ reason }, 0);
}

function measure(metrics: Metrics, { orphans, held }: OrphanPlan): void {
  const sum = (of: (orphan: OrphanPlan['orphans'][number]) => number): number =>
    orphans.reduce((total, orphan) => total + of(orphan), 0);
  metrics.orphans.set(
    { kind: 'task' },
    sum(({ tasks }) => tasks.length),
  );
  metrics.orphans.set(
    { kind: 'target-group' },
    sum(({ group }) => (group ? 1 : 0)),
  );
  metrics.orphans.set(
    { kind: 'rule' },
    sum(({ rules }) => rules.length),
  );
  for (const reason of HELD_REASONS) metrics.orphansHeld.set({ reason }, held?.reason === reason ? 1 : 0);
}

/**
 * Says what is held, blocked and new when that is not what was said last; returns what was said. How many are young, and
 * since when, is said each time: where leaders change more often than the grace ends, nothing else tells why they stay.
 */
function tell({ clock }: OrphanLoop, logger: Logger, plan: OrphanPlan, told: string): string {
  const { held, blocked, young, seen } = plan;
  const lines = [...(held ? [heldText(held)] : []), ...blocked.map(({ why }) => `an orphan is left alone: ${why}`)];
  const now = JSON.stringify([lines, young.map(({ name }) => name)]);
  const isNew = now !== told;
  if (isNew) for (const line of lines) logger.warn({ reason: held?.reason }, line);
  if (young.length > 0) {
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    const first = Math.min(...young.map(({ name }) => seen.get(name)?.since ?? monotonic));
    const since = new Date(wall - (monotonic - first)).toISOString();
    const orphans = isNew ? young.map(({ name, session }) => session ?? name) : undefined;
    logger.info({ young: young.length, since, orphans }, 'orphans wait for the end of their grace');
  }
  return now;
}

/** In words, with what a person can do. */
export function heldText({ reason, count, allowed }: Held): string {
  switch (reason) {
    case 'limit':
      return `no orphan is deleted: ${count} at once, allowed are ${allowed}. Is this the right table? If they are to go, set policy.orphanLimit to ${count} for a while`;
    case 'empty-table':
      return `no orphan is deleted: the table has no record at all, and ${count} environments have resources. Is this the right table? If they are to go, delete them by hand`;
    case 'incomplete':
      return `no orphan is deleted: a cluster or listener could not be read, so ${count} may not be all there is`;
    case 'paused':
      return `no orphan is deleted: Mayfly is paused; ${count} wait`;
  }
}
