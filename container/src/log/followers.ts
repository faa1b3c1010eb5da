/** Those who read a log while it grows. Each has a bounded queue: who is too slow misses lines and is told so. */

export interface Follower<T> {
  /** Everything that came since the last time, at least one; undefined once it has ended. */
  next(): Promise<T[] | undefined>;
  end(): void;
}

export interface Followers<T> {
  /** From now on, what `wants` takes. */
  add(wants: (item: T) => boolean): Follower<T>;
  tell(item: T): void;
  endAll(): void;
}

export interface FollowersOptions<T> {
  /** Of what waits for one follower. */
  readonly limit: number;
  readonly sizeOf: (item: T) => number;
  /** Stands for so many items that a follower missed. */
  readonly missed: (count: number) => T;
}

interface Queue<T> {
  readonly wants: (item: T) => boolean;
  items: T[];
  size: number;
  missed: number;
  ended: boolean;
  wake: () => void;
}

export function makeFollowers<T>({ limit, sizeOf, missed }: FollowersOptions<T>): Followers<T> {
  const queues = new Set<Queue<T>>();

  function push(queue: Queue<T>, item: T): void {
    // After the first that does not fit none does, so that there is one gap.
    if (queue.missed > 0 || queue.size + sizeOf(item) > limit) {
      queue.missed += 1;
    } else {
      queue.items.push(item);
      queue.size += sizeOf(item);
    }
    queue.wake();
  }

  function take(queue: Queue<T>): T[] {
    const items = queue.missed > 0 ? [...queue.items, missed(queue.missed)] : queue.items;
    queue.items = [];
    queue.size = 0;
    queue.missed = 0;
    return items;
  }

  function end(queue: Queue<T>): void {
    queues.delete(queue);
    queue.ended = true;
    queue.wake();
  }

  return {
    add(wants) {
      const queue: Queue<T> = { wants, items: [], size: 0, missed: 0, ended: false, wake: () => undefined };
      queues.add(queue);
      return {
        async next() {
          if (queue.items.length === 0 && !queue.ended) {
            await new Promise<void>((resolve) => {
              queue.wake = resolve;
            });
          }
          const items = take(queue);
          return items.length === 0 ? undefined : items;
        },
        end: () => end(queue),
      };
    },
    tell(item) {
      for (const queue of queues) if (queue.wants(item)) push(queue, item);
    },
    endAll() {
      for (const queue of queues) end(queue);
    },
  };
}
