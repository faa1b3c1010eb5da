/** Which tasks are listed where, and what they take of the quota: kept beside the state, so that no call walks all tasks. */
import { cpuUnits } from './fargate-sizes.ts';
import type { TaskRecord } from './state.ts';

export interface TaskIndex {
  /** Of a new task, and of each that the state holds at the start; in the order of `seq`. */
  add(task: TaskRecord): void;
  /** From the tasks that are to run to those that are to stop. */
  delist(task: TaskRecord): void;
  /** It takes no more of the quota. */
  release(task: TaskRecord): void;
  remove(task: TaskRecord): void;
  /** Ascending by `seq`. */
  listed(where: Listing): readonly TaskRecord[];
  /** Of all Fargate tasks that are not STOPPED; 1024 a vCPU. */
  cpuUnits(): number;
}

export interface Listing {
  readonly cluster: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** Absent: whoever started them. */
  readonly startedBy?: string | undefined;
}

export function makeTaskIndex(): TaskIndex {
  const sets = new Map<string, Set<TaskRecord>>();
  const paying = new Map<string, number>();
  let units = 0;

  const put = (task: TaskRecord, desiredStatus: Listing['desiredStatus']): void => {
    for (const key of keysOf(task, desiredStatus)) {
      const set = sets.get(key);
      if (set === undefined) {
        sets.set(key, new Set([task]));
      } else {
        set.add(task);
      }
    }
  };
  const take = (task: TaskRecord, desiredStatus: Listing['desiredStatus']): void => {
    for (const key of keysOf(task, desiredStatus)) {
      const set = sets.get(key);
      set?.delete(task);
      if (set?.size === 0) {
        sets.delete(key);
      }
    }
  };
  const release = (task: TaskRecord): void => {
    units -= paying.get(task.id) ?? 0;
    paying.delete(task.id);
  };
  return {
    add(task) {
      put(task, task.desiredStatus);
      if (task.launchType === 'FARGATE' && task.lastStatus !== 'STOPPED') {
        const own = cpuUnits(task.cpu ?? '') ?? 0;
        paying.set(task.id, own);
        units += own;
      }
    },
    delist(task) {
      if (sets.get(keyOf('RUNNING', task.cluster))?.has(task)) {
        take(task, 'RUNNING');
        put(task, 'STOPPED');
      }
    },
    release,
    remove(task) {
      take(task, 'RUNNING');
      take(task, 'STOPPED');
      release(task);
    },
    listed({ cluster, desiredStatus, startedBy }) {
      const tasks = [...(sets.get(keyOf(desiredStatus, cluster, startedBy)) ?? [])];
      // Tasks come to run in the order of `seq`, but stop in any.
      return desiredStatus === 'STOPPED' ? tasks.sort((a, b) => a.seq - b.seq) : tasks;
    },
    cpuUnits: () => units,
  };
}

function keysOf(task: TaskRecord, desiredStatus: string): string[] {
  const all = keyOf(desiredStatus, task.cluster);
  return task.startedBy === undefined ? [all] : [all, keyOf(desiredStatus, task.cluster, task.startedBy)];
}

/** A space is in neither a cluster's name nor a startedBy. */
function keyOf(desiredStatus: string, cluster: string, startedBy?: string): string {
  return startedBy === undefined ? `${desiredStatus} ${cluster}` : `${desiredStatus} ${cluster} ${startedBy}`;
}
