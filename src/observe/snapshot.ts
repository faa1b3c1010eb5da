/**
 * One look at everything the installation owns, shared by all environments (DESIGN §6): with N settled environments it
 * costs 2⌈N/100⌉ + ⌈N/400⌉ calls and one per listener. Reads only.
 */
import { startedBy, targetGroupPrefix } from '../model/names.ts';
import type { ObservedRule, ObservedTargetGroup, ObservedTask } from '../model/observed.ts';
import { AwsError } from '../aws/errors.ts';
import type { Aws } from '../aws/ports.ts';
import type { Clock } from '../runtime/clock.ts';

/** What one cluster or listener answered. One that cannot be read concerns only the projects that are on it. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AwsError };

export type TasksBySession = ReadonlyMap<string, readonly ObservedTask[]>;

export interface FleetSnapshot {
  /** When it was begun: ms since the epoch, for people and ages. */
  readonly at: number;
  /** When it was begun, on the monotonic clock: for "is it newer than my write". */
  readonly startedAt: number;
  /** Owned tasks that ECS lists, by cluster and session; a task that stopped a moment ago may be among them. */
  readonly tasksByCluster: ReadonlyMap<string, Read<TasksBySession>>;
  /** Owned target groups, by name. */
  readonly targetGroupsByName: ReadonlyMap<string, ObservedTargetGroup>;
  /** All rules but the default one, foreign ones too, by listener ARN. */
  readonly rulesByListener: ReadonlyMap<string, Read<readonly ObservedRule[]>>;
}

export interface Snapshots {
  /**
   * A snapshot that was begun at or after this time of the monotonic clock: the later of the caller's own last write and
   * the oldest view it accepts. Callers share: a finished or running one that is new enough is given to all, else one
   * further is queued for all. Rejects when the target groups cannot be read; the next one begins afresh. One in which a
   * cluster or listener failed serves for `PARTIAL_MS` only.
   */
  since(monotonicMs: number): Promise<FleetSnapshot>;
}

export interface SnapshotsOptions {
  readonly aws: Aws;
  readonly installation: string;
  readonly clusters: readonly string[];
  readonly listenerArns: readonly string[];
  readonly clock: Clock;
}

interface Run {
  readonly startedAt: number;
  readonly result: Promise<FleetSnapshot>;
  /** Set when it has ended with a part that failed. */
  partial: boolean;
}

/** So that a part that failed is asked for again soon, and one that keeps failing does not cost a snapshot a reader. */
const PARTIAL_MS = 2_000;

export function makeSnapshots(options: SnapshotsOptions): Snapshots {
  /** The newest run, under way or finished well. */
  let newest: Run | undefined;
  let running = false;
  let queued: Promise<FleetSnapshot> | undefined;

  const start = (): Promise<FleetSnapshot> => {
    const startedAt = options.clock.monotonic();
    const run: Run = { startedAt, result: takeSnapshot(options, startedAt), partial: false };
    newest = run;
    running = true;
    run.result.then(
      (snapshot) => {
        running = false;
        run.partial = !isWhole(snapshot);
      },
      () => {
        running = false;
        newest = undefined;
      },
    );
    return run.result;
  };

  const startAfter = async (previous: Promise<FleetSnapshot>): Promise<FleetSnapshot> => {
    await previous.catch(() => undefined);
    queued = undefined;
    return start();
  };

  const oldest = (): number => (newest?.partial ? options.clock.monotonic() - PARTIAL_MS : -Infinity);

  return {
    since(monotonicMs) {
      if (newest && newest.startedAt >= Math.max(monotonicMs, oldest())) return newest.result;
      if (!queued && newest && running) queued = startAfter(newest.result);
      return queued ?? start();
    },
  };
}

async function takeSnapshot(options: SnapshotsOptions, startedAt: number): Promise<FleetSnapshot> {
  const { aws, installation, clock } = options;
  const at = clock.now();
  const clusters = [...new Set(options.clusters)];
  const listeners = [...new Set(options.listenerArns)];
  const [tasks, targetGroups, rules] = await Promise.all([
    readEach(clusters, (cluster) => readTasks(aws, cluster, startedBy(installation))),
    aws.elbv2.describeTargetGroups(),
    readEach(listeners, (arn) => aws.elbv2.describeRules(arn)),
  ]);
  const owned = targetGroups.filter(({ name }) => name.startsWith(targetGroupPrefix(installation)));
  return {
    at,
    startedAt,
    tasksByCluster: tasks,
    targetGroupsByName: new Map(owned.map((group) => [group.name, group])),
    rulesByListener: rules,
  };
}

async function readEach<T>(keys: readonly string[], read: (key: string) => Promise<T>) {
  const reads = keys.map(async (key) => [key, await outcomeOf(read(key))] as const);
  return new Map(await Promise.all(reads));
}

async function outcomeOf<T>(reading: Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await reading };
  } catch (error) {
    if (error instanceof AwsError) return { ok: false, error };
    throw error;
  }
}

function isWhole({ tasksByCluster, rulesByListener }: FleetSnapshot): boolean {
  return [...tasksByCluster.values(), ...rulesByListener.values()].every(({ ok }) => ok);
}

/** A task that is listed and then MISSING has just come or just gone; the next snapshot tells. */
async function readTasks(aws: Aws, cluster: string, owner: string): Promise<TasksBySession> {
  const arns = await aws.ecs.listTasks(cluster, owner);
  const { tasks } = await aws.ecs.describeTasks(cluster, arns);
  return Map.groupBy(tasks, ({ session }) => session);
}
