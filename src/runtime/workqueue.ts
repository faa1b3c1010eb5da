/**
 * The queue between everything that notices a change and the workers that reconcile (DESIGN §6), after client-go's
 * workqueue and controller-runtime's priority queue:
 *
 * - a key waits at most once, and no two workers ever hold the same key;
 * - a key added while a worker holds it is taken again after `done`;
 * - a person's change ('high') goes before a resync ('low'); first come, first served within a priority;
 * - low keys get a turn after `HIGH_IN_A_ROW` high ones, so that no flood starves them;
 * - of several delayed adds of a key the earliest counts, and an immediate add goes at once and leaves it standing.
 */
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Timer } from './clock.ts';

export type Priority = 'high' | 'low';

/** A key as handed to a worker, which must give it back with `done`. */
export interface QueueItem {
  readonly key: string;
  readonly priority: Priority;
}

export interface WorkQueue {
  /** Raises the priority of a key that waits already; never lowers it. */
  add(key: string, priority: Priority): void;
  addAfter(key: string, ms: number, priority: Priority): void;
  /** As `addAfter`, after a failure: counted as a retry. */
  retryAfter(key: string, ms: number, priority: Priority): void;
  /** The next key; undefined once the queue is shut down or the signal aborts. */
  get(signal?: AbortSignal): Promise<QueueItem | undefined>;
  /** The worker lets go of the key. Without effect for a key that nobody holds. */
  done(key: string): void;
  size(): { readonly high: number; readonly low: number; readonly delayed: number; readonly held: number };
  /** Drops what waits, ends every `get`, and ignores later adds. Keys that are held stay with their workers. */
  shutDown(): void;
}

export type QueueMetrics = Pick<Metrics, 'queueDepth' | 'queueAdds' | 'queueSeconds' | 'queueRetries'>;

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: QueueMetrics;
}

export const HIGH_IN_A_ROW = 8;

/** The longest that Node can wait in one timer. Waking early does no harm, since a reconcile looks for itself. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Delayed {
  readonly due: number;
  readonly priority: Priority;
  readonly timer: Timer;
}

export function makeWorkQueue({ name, clock, metrics }: WorkQueueOptions): WorkQueue {
  const lanes = makeLanes(clock);
  const delayed = new Map<string, Delayed>();
  /** Keys that workers hold; the value is the priority of an add that came meanwhile. */
  const held = new Map<string, Priority | undefined>();
  const idle = new Set<(item: QueueItem | undefined) => void>();
  let open = true;

  const report = (): void => {
    for (const priority of ['high', 'low'] as const) metrics.queueDepth.set({ name, priority }, lanes.size(priority));
  };
  const take = (): QueueItem | undefined => {
    const next = lanes.take();
    if (!next) return undefined;
    held.set(next.key, undefined);
    metrics.queueSeconds.observe({ name }, next.waitedMs / 1000);
    return { key: next.key, priority: next.priority };
  };
  const dispatch = (): void => {
    for (const resolve of idle) {
      const item = take();
      if (!item) break;
      resolve(item);
    }
    report();
  };
  const add = (key: string, priority: Priority): void => {
    if (!open) return;
    metrics.queueAdds.inc({ name });
    if (held.has(key)) held.set(key, higher(held.get(key), priority));
    else lanes.put(key, priority);
    dispatch();
  };
  const addAfter = (key: string, ms: number, priority: Priority): void => {
    if (!open) return;
    if (!(ms > 0)) return add(key, priority);
    const due = clock.monotonic() + Math.min(ms, MAX_TIMER_MS);
    const before = delayed.get(key);
    before?.timer.cancel();
    const earliest = Math.min(due, before?.due ?? due);
    const highest = higher(before?.priority, priority);
    const timer = clock.after(earliest - clock.monotonic(), () => {
      delayed.delete(key);
      add(key, highest);
    });
    delayed.set(key, { due: earliest, priority: highest, timer });
  };

  metrics.queueAdds.inc({ name }, 0);
  metrics.queueRetries.inc({ name }, 0);
  metrics.queueSeconds.zero({ name });
  report();

  return {
    add,
    addAfter,
    retryAfter(key, ms, priority) {
      if (open) metrics.queueRetries.inc({ name });
      addAfter(key, ms, priority);
    },
    async get(signal) {
      if (!open || signal?.aborted) return undefined;
      const item = take();
      report();
      return item ?? (await nextArrival(idle, signal));
    },
    done(key) {
      const again = held.get(key);
      held.delete(key);
      if (again && open) lanes.put(key, again);
      dispatch();
    },
    size: () => ({ high: lanes.size('high'), low: lanes.size('low'), delayed: delayed.size, held: held.size }),
    shutDown() {
      open = false;
      lanes.clear();
      for (const { timer } of delayed.values()) timer.cancel();
      delayed.clear();
      for (const resolve of idle) resolve(undefined);
      report();
    },
  };
}

/** Joins the line of idle workers, and leaves it when served or aborted. */
function nextArrival(
  idle: Set<(item: QueueItem | undefined) => void>,
  signal: AbortSignal | undefined,
): Promise<QueueItem | undefined> {
  return new Promise((resolve) => {
    const serve = (item: QueueItem | undefined): void => {
      idle.delete(serve);
      signal?.removeEventListener('abort', onAbort);
      resolve(item);
    };
    const onAbort = (): void => serve(undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    idle.add(serve);
  });
}

interface Lanes {
  put(key: string, priority: Priority): void;
  take(): { readonly key: string; readonly priority: Priority; readonly waitedMs: number } | undefined;
  size(priority: Priority): number;
  clear(): void;
}

/** The two lines of waiting keys; a Map keeps the order of arrival, and its values are the times of arrival. */
function makeLanes(clock: Clock): Lanes {
  const lanes = { high: new Map<string, number>(), low: new Map<string, number>() };
  let highInARow = 0;

  const choose = (): Priority => {
    if (lanes.high.size === 0) return 'low';
    return lanes.low.size > 0 && highInARow >= HIGH_IN_A_ROW ? 'low' : 'high';
  };
  return {
    put(key, priority) {
      if (lanes.high.has(key)) return;
      const since = lanes.low.get(key) ?? clock.monotonic();
      if (priority === 'high') lanes.low.delete(key);
      if (!lanes[priority].has(key)) lanes[priority].set(key, since);
    },
    take() {
      const priority = choose();
      const first = lanes[priority].entries().next().value;
      if (!first) return undefined;
      const [key, since] = first;
      lanes[priority].delete(key);
      highInARow = priority === 'high' && lanes.low.size > 0 ? highInARow + 1 : 0;
      return { key, priority, waitedMs: clock.monotonic() - since };
    },
    size: (priority) => lanes[priority].size,
    clear() {
      lanes.high.clear();
      lanes.low.clear();
    },
  };
}

function higher(a: Priority | undefined, b: Priority): Priority {
  return a === 'high' ? a : b;
}
