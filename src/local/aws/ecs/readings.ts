/** What DescribeTasks reads: each change becomes readable only after a lag, and no reading is older than one before. */
import type { LocalClock } from '../service.ts';
import type { TaskRecord } from './state.ts';

export interface Readings {
  /** After each change of the task. */
  note(task: TaskRecord): void;
  read(task: TaskRecord): TaskRecord;
  forget(task: TaskRecord): void;
}

interface Reading {
  readonly from: number;
  readonly task: TaskRecord;
}

/** Without `lagMs` it keeps nothing, and every reading is fresh. */
export function makeReadings(clock: LocalClock, lagMs: (() => number) | undefined): Readings {
  /** By task id, ascending by `from`. The first note of a task has no lag. */
  const kept = new Map<string, Reading[]>();

  /** The last that is readable, and those to come. */
  const current = (task: TaskRecord): Reading[] => {
    const readings = kept.get(task.id) ?? [];
    const now = clock.now();
    return readings.slice(
      Math.max(
        0,
        readings.findLastIndex(({ from }) => from <= now),
      ),
    );
  };
  if (lagMs === undefined) {
    return { note: () => undefined, read: (task) => task, forget: () => undefined };
  }
  return {
    note(task) {
      const readings = current(task);
      const last = readings.at(-1);
      const from = last === undefined ? clock.now() : Math.max(clock.now() + lagMs(), last.from);
      kept.set(task.id, [...readings, { from, task: structuredClone(task) }]);
    },
    read: (task) => current(task)[0]?.task ?? task,
    forget: (task) => void kept.delete(task.id),
  };
}
