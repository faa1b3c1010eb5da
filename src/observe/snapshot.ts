/**
 * One look at everything the installation owns, shared by all environments (DESIGN §6): with N settled environments it
 * costs 2⌈N/100⌉ + ⌈N/400⌉ calls and one per listener. Reads only.
 */
import { startedBy, targetGroupPrefix } from '../model/names.ts';
import type { ObservedRule, ObservedTargetGroup, ObservedTask } from '../model/observed.ts';
import type { Aws } from '../aws/ports.ts';
import type { Clock } from '../runtime/clock.ts';

export interface FleetSnapshot {
  /** When it was begun: ms since the epoch, for people and ages. */
  readonly at: number;
  /** When it was begun, on the monotonic clock: for "is it newer than my write". */
  readonly startedAt: number;
  /** Owned tasks that ECS lists, by session; a task that stopped a moment ago may be among them. */
  readonly tasksBySession: ReadonlyMap<string, readonly ObservedTask[]>;
  /** Owned target groups, by name. */
  readonly targetGroupsByName: ReadonlyMap<string, ObservedTargetGroup>;
  /** All rules but the default one, foreign ones too, by listener ARN. */
  readonly rulesByListener: ReadonlyMap<string, readonly ObservedRule[]>;
}

export interface Snapshots {
  /**
   * A snapshot that was begun at or after this time of the monotonic clock: the later of the caller's own last write and
   * the oldest view it accepts. Callers share: a finished or running one that is new enough is given to all, else one
   * further is queued for all. Rejects when a call of that very snapshot fails; the next one begins afresh.
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
}

export function makeSnapshots(options: SnapshotsOptions): Snapshots {
  /** The newest run, under way or finished well. */
  let newest: Run | undefined;
  let running = false;
  let queued: Promise<FleetSnapshot> | undefined;

  const start = (): Promise<FleetSnapshot> => {
    const startedAt = options.clock.monotonic();
    const run: Run = { startedAt, result: takeSnapshot(options, startedAt) };
    newest = run;
    running = true;
    run.result.then(
      () => {
        running = false;
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

  return {
    since(monotonicMs) {
      if (newest && newest.startedAt >= monotonicMs) return newest.result;
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
    Promise.all(clusters.map((cluster) => readTasks(aws, cluster, startedBy(installation)))),
    aws.elbv2.describeTargetGroups(),
    Promise.all(listeners.map(async (arn) => [arn, await aws.elbv2.describeRules(arn)] as const)),
  ]);
  const owned = targetGroups.filter(({ name }) => name.startsWith(targetGroupPrefix(installation)));
  return {
    at,
    startedAt,
    tasksBySession: Map.groupBy(tasks.flat(), ({ session }) => session),
    targetGroupsByName: new Map(owned.map((group) => [group.name, group])),
    rulesByListener: new Map(rules),
  };
}

/** A task that is listed and then MISSING has just come or just gone; the next snapshot tells. */
async function readTasks(aws: Aws, cluster: string, owner: string): Promise<readonly ObservedTask[]> {
  const arns = await aws.ecs.listTasks(cluster, owner);
  const { tasks } = await aws.ecs.describeTasks(cluster, arns);
  return tasks;
}
