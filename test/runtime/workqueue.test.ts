import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  HIGH_IN_A_ROW,
  makeWorkQueue,
  type Priority,
  type QueueItem,
  type WorkQueue,
} from '../../src/runtime/workqueue.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { type FakeClock, makeFakeClock } from './fake-clock.ts';

let clock: FakeClock;
let metrics: ReturnType<typeof makeMetrics>;
let queue: WorkQueue;

beforeEach(() => {
  clock = makeFakeClock();
  metrics = makeMetrics();
  queue = makeWorkQueue({ name: 'test', clock, metrics });
});

/** Takes and gives back everything that waits now. */
async function drain(from: WorkQueue = queue): Promise<string[]> {
  const keys: string[] = [];
  while (from.size().high + from.size().low > 0) {
    const item = await from.get();
    if (!item) break;
    keys.push(item.key);
    from.done(item.key);
  }
  return keys;
}

async function sample(name: string): Promise<Record<string, number>> {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  return Object.fromEntries(
    (metric?.values ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );
}

describe('order', () => {
  it('serves in the order of arrival, each key once', async () => {
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key, 'low');
    expect(await drain()).toEqual(['a', 'b', 'c']);
  });

  it("serves a person's change before a resync", async () => {
    queue.add('resync', 'low');
    queue.add('person', 'high');
    expect(await drain()).toEqual(['person', 'resync']);
  });

  it('raises a waiting key, and never lowers one', async () => {
    queue.add('a', 'low');
    queue.add('b', 'high');
    queue.add('a', 'high');
    queue.add('b', 'low');
    expect(queue.size()).toMatchObject({ high: 2, low: 0 });
    expect(await drain()).toEqual(['b', 'a']);
  });

  it('gives low keys a turn in a flood of high ones', async () => {
    queue.add('patient', 'low');
    const served: string[] = [];
    for (let turn = 0; turn < HIGH_IN_A_ROW + 1; turn++) {
      queue.add(`urgent-${turn}`, 'high');
      const item = await queue.get();
      served.push(item?.key ?? '');
      queue.done(item?.key ?? '');
    }
    expect(served.at(-1)).toBe('patient');
    expect(served.slice(0, -1)).toEqual(Array.from({ length: HIGH_IN_A_ROW }, (_, index) => `urgent-${index}`));
  });
});

describe('workers', () => {
  it('never hands a held key to a second worker, and hands it out again after done', async () => {
    queue.add('a', 'low');
    const first = await queue.get();
    queue.add('a', 'low');
    queue.add('a', 'high');
    let second: QueueItem | undefined;
    const waiting = queue.get().then((item) => (second = item));
    await clock.settle();
    expect(second).toBeUndefined();
    queue.done(first?.key ?? '');
    await waiting;
    expect(second).toEqual({ key: 'a', priority: 'high' });
  });

  it('does not hand a key out again when nothing was added meanwhile', async () => {
    queue.add('a', 'low');
    await queue.get();
    queue.done('a');
    queue.done('a');
    expect(queue.size()).toEqual({ high: 0, low: 0, delayed: 0, held: 0 });
  });

  it('serves idle workers in the order in which they came', async () => {
    const served: string[] = [];
    const workers = ['one', 'two'].map((name) => queue.get().then((item) => served.push(`${name} ${item?.key}`)));
    queue.add('a', 'low');
    queue.add('b', 'low');
    await Promise.all(workers);
    expect(served).toEqual(['one a', 'two b']);
  });

  it('ends a get whose signal aborts, and loses no key by it', async () => {
    const abort = new AbortController();
    const given = queue.get(abort.signal);
    abort.abort();
    expect(await given).toBeUndefined();
    expect(await queue.get(abort.signal)).toBeUndefined();
    queue.add('a', 'low');
    expect(await drain()).toEqual(['a']);
  });
});

describe('delayed adds', () => {
  it('come at their time', async () => {
    queue.addAfter('a', 100, 'low');
    await clock.advance(99);
    expect(queue.size()).toMatchObject({ low: 0, delayed: 1 });
    await clock.advance(1);
    expect(await drain()).toEqual(['a']);
    expect(clock.pending()).toBe(0);
  });

  it.each([
    ['earlier first', [50, 100]],
    ['later first', [100, 50]],
  ])('keep the earliest time and the highest priority (%s)', async (_name, times) => {
    queue.addAfter('a', times[0] ?? 0, 'high');
    queue.addAfter('a', times[1] ?? 0, 'low');
    await clock.advance(50);
    expect(queue.size()).toMatchObject({ high: 1, delayed: 0 });
    await drain();
    await clock.advance(1000);
    expect(await drain()).toEqual([]);
  });

  it('stand when the key is added at once', async () => {
    queue.addAfter('a', 100, 'low');
    queue.add('a', 'low');
    expect(await drain()).toEqual(['a']);
    await clock.advance(100);
    expect(await drain()).toEqual(['a']);
  });

  it('of a held key wait for done', async () => {
    queue.add('a', 'low');
    await queue.get();
    queue.addAfter('a', 10, 'low');
    await clock.advance(10);
    expect(queue.size()).toMatchObject({ low: 0, held: 1 });
    queue.done('a');
    expect(await drain()).toEqual(['a']);
  });

  it.each([0, -5, Number.NaN])('of %d ms come at once', async (ms) => {
    queue.addAfter('a', ms, 'low');
    expect(await drain()).toEqual(['a']);
  });

  it('survive a time longer than any timer of Node', async () => {
    queue.addAfter('a', 2 ** 40, 'low');
    await clock.advance(1000);
    expect(queue.size()).toMatchObject({ low: 0, delayed: 1 });
  });
});

describe('shut down', () => {
  it('ends idle workers, drops what waits, and ignores later adds', async () => {
    const idle = queue.get();
    queue.shutDown();
    expect(await idle).toBeUndefined();
    queue.add('a', 'high');
    queue.addAfter('a', 10, 'high');
    queue.retryAfter('a', 10, 'high');
    expect(await queue.get()).toBeUndefined();
    expect(queue.size()).toEqual({ high: 0, low: 0, delayed: 0, held: 0 });
  });

  it('leaves no timer, and does not bring back a held key', async () => {
    queue.add('a', 'low');
    queue.add('b', 'low');
    await queue.get();
    queue.add('a', 'low');
    queue.addAfter('c', 10, 'low');
    queue.shutDown();
    queue.done('a');
    expect(clock.pending()).toBe(0);
    expect(queue.size()).toEqual({ high: 0, low: 0, delayed: 0, held: 0 });
    expect(await queue.get()).toBeUndefined();
  });
});

describe('metrics', () => {
  it('start at zero', async () => {
    expect(await sample('mayfly_workqueue_depth')).toEqual({ 'test high': 0, 'test low': 0 });
    expect(await sample('mayfly_workqueue_adds_total')).toEqual({ test: 0 });
    expect(await sample('mayfly_workqueue_retries_total')).toEqual({ test: 0 });
    expect(await metrics.registry.metrics()).toContain('mayfly_workqueue_queue_duration_seconds_count{name="test"} 0');
  });

  it('tell depth, adds, retries and the time in the queue', async () => {
    queue.add('a', 'high');
    queue.add('b', 'low');
    queue.retryAfter('c', 1000, 'low');
    expect(await sample('mayfly_workqueue_depth')).toEqual({ 'test high': 1, 'test low': 1 });
    await clock.advance(2000);
    await drain();
    expect(await sample('mayfly_workqueue_depth')).toEqual({ 'test high': 0, 'test low': 0 });
    expect(await sample('mayfly_workqueue_adds_total')).toEqual({ test: 3 });
    expect(await sample('mayfly_workqueue_retries_total')).toEqual({ test: 1 });
    const text = await metrics.registry.metrics();
    expect(text).toContain('mayfly_workqueue_queue_duration_seconds_sum{name="test"} 5');
    expect(text).toContain('mayfly_workqueue_queue_duration_seconds_count{name="test"} 3');
  });
});

describe('whatever happens', () => {
  type Op =
    | { do: 'add'; key: string; priority: Priority }
    | { do: 'after'; key: string; ms: number }
    | { do: 'work' }
    | { do: 'wait' };
  const key = fc.constantFrom('a', 'b', 'c');
  const op: fc.Arbitrary<Op> = fc.oneof(
    fc.record({ do: fc.constant('add' as const), key, priority: fc.constantFrom('high' as const, 'low' as const) }),
    fc.record({ do: fc.constant('after' as const), key, ms: fc.integer({ min: 1, max: 50 }) }),
    fc.constant({ do: 'work' as const }),
    fc.constant({ do: 'wait' as const }),
  );

  it('every add is followed by a turn that starts after it, and no key is held twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 40 }), async (ops) => {
        const time = makeFakeClock();
        const tested = makeWorkQueue({ name: 'test', clock: time, metrics: makeMetrics() });
        const owed = new Set<string>();
        const held: string[] = [];
        const take = async (): Promise<void> => {
          const { high, low } = tested.size();
          if (high + low === 0) return;
          const item = await tested.get();
          expect(held).not.toContain(item?.key);
          held.push(item?.key ?? '');
          owed.delete(item?.key ?? '');
        };
        for (const each of ops) {
          if (each.do === 'add') tested.add(each.key, each.priority);
          if (each.do === 'after') tested.addAfter(each.key, each.ms, 'low');
          if (each.do === 'add' || each.do === 'after') owed.add(each.key);
          if (each.do === 'wait') await time.advance(10);
          if (each.do === 'work' && held.length < 2) await take();
          else if (each.do === 'work') tested.done(held.shift() ?? '');
        }
        for (let turn = 0; turn < 20; turn++) {
          while (held.length > 0) tested.done(held.shift() ?? '');
          await time.advance(10);
          await take();
        }
        expect([...owed]).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
