import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../src/runtime/clock.ts';
import type { Reconcile, ReconcileContext } from '../../src/runtime/controller.ts';
import { TerminalError, TransientError, WaitingError } from '../../src/runtime/errors.ts';
import { makeWorkQueue } from '../../src/runtime/workqueue.ts';
import { type ControllerWorld, fail, makeControllerWorld, succeed } from './controller-world.ts';

let world: ControllerWorld;

beforeEach(() => {
  world = makeControllerWorld();
});

afterEach(() => world.close());

describe('the switch', () => {
  it('leaves a key alone after success', async () => {
    const reconcile = world.script(succeed);
    world.start(reconcile).enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0]);
    expect(await world.results()).toEqual({ success: 1, requeue_after: 0, waiting: 0, error: 0, terminal: 0 });
  });

  it('brings a key back after requeueAfterMs', async () => {
    const reconcile = world.script(() => Promise.resolve({ requeueAfterMs: 15_000 }), succeed);
    world.start(reconcile).enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0, 15_000]);
    expect(await world.results()).toMatchObject({ success: 1, requeue_after: 1 });
  });

  it('brings a key back at the time that a WaitingError names, without backoff', async () => {
    const wait: Reconcile = () => Promise.reject(new WaitingError('QuotaExceeded', 'no rule is free', 30_000));
    const reconcile = world.script(wait, wait, succeed);
    world.start(reconcile).enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0, 30_000, 60_000]);
    expect(await world.results()).toMatchObject({ success: 1, waiting: 2, error: 0 });
  });

  it('leaves a key alone after a TerminalError, until it is enqueued again', async () => {
    const reconcile = world.script(() => Promise.reject(new TerminalError('AwsDenied', 'no permission')), succeed);
    const controller = world.start(reconcile);
    controller.enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0]);
    controller.enqueue('a', 'high');
    await world.clock.settle();
    expect(reconcile.times).toEqual([0, 3_600_000]);
    expect(await world.results()).toMatchObject({ success: 1, terminal: 1 });
  });

  it('backs off exponentially after any other error, up to the limit, with jitter', async () => {
    const reconcile = world.script(
      fail,
      () => Promise.reject(new TransientError('AwsError', 'again')),
      fail,
      fail,
      fail,
      succeed,
    );
    world.start(reconcile).enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    const pauses = reconcile.times.slice(1).map((time, index) => time - (reconcile.times[index] ?? 0));
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 6_000]);
    expect(await world.results()).toMatchObject({ success: 1, error: 5 });
    expect(await world.metrics.registry.metrics()).toContain('mayfly_workqueue_retries_total{name="environment"} 5');
  });

  it.each([
    ['success', succeed],
    ['a waiting error', () => Promise.reject(new WaitingError('QuotaExceeded', 'later', 1_000))],
    ['requeueAfter', () => Promise.resolve({ requeueAfterMs: 1_000 })],
  ] as [string, Reconcile][])('starts the backoff anew after %s', async (_name, between) => {
    const reconcile = world.script(fail, fail, between, fail, succeed);
    const controller = world.start(reconcile);
    controller.enqueue('a', 'high');
    await world.clock.advance(2_250);
    controller.enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect((reconcile.times[4] ?? 0) - (reconcile.times[3] ?? 0)).toBe(750);
  });

  it('keeps the priority of a key that comes back, unless the result says otherwise', async () => {
    const priorities: string[] = [];
    const note =
      (result: Awaited<ReturnType<Reconcile>>): Reconcile =>
      (_key, { priority }) => {
        priorities.push(priority);
        return Promise.resolve(result);
      };
    world
      .start(world.script(note({ requeueAfterMs: 1 }), note({ requeueAfterMs: 1, priority: 'low' }), note({})))
      .enqueue('a', 'high');
    await world.clock.advance(10);
    expect(priorities).toEqual(['high', 'high', 'low']);
  });
});

describe('a reconcile that misbehaves', () => {
  const bad: [string, Reconcile][] = [
    [
      'throws at once',
      () => {
        throw new Error('sync');
      },
    ],
    ['rejects with a text', () => Promise.reject('just words')],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['asks to come back after NaN', () => Promise.resolve({ requeueAfterMs: Number.NaN })],
    ['asks to come back in the past', () => Promise.resolve({ requeueAfterMs: -1 })],
    ['waits for ever', () => Promise.reject(new WaitingError('QuotaExceeded', 'never', Number.POSITIVE_INFINITY))],
  ];

  it.each(bad)('%s: counts as an error, is tried again, and stops no worker', async (_name, turn) => {
    const reconcile = world.script(turn, succeed);
    const controller = world.start(reconcile, { workers: 1 });
    controller.enqueue('a', 'high');
    await world.clock.advance(750);
    expect(reconcile.times).toEqual([0, 750]);
    expect(await world.results()).toMatchObject({ success: 1, error: 1 });
    expect(controller.alive()).toBe(true);
  });

  it('resolves nothing at all: counts as success', async () => {
    const reconcile = world.script(() => Promise.resolve(undefined as unknown as Record<string, never>));
    world.start(reconcile).enqueue('a', 'high');
    await world.clock.advance(3_600_000);
    expect(await world.results()).toMatchObject({ success: 1, error: 0 });
  });

  it('never settles: is told at the deadline, frees its worker, and keeps its key until it ends', async () => {
    const hung = Promise.withResolvers<Record<string, never>>();
    let signal: AbortSignal | undefined;
    const hang: Reconcile = (_key, context) => {
      signal = context.signal;
      return hung.promise;
    };
    const reconcile = world.script(hang, succeed);
    const controller = world.start(reconcile, { workers: 1, deadlineMs: 60_000 });
    controller.enqueue('a', 'high');
    controller.enqueue('b', 'high');
    await world.clock.advance(59_999);
    expect([reconcile.keys, signal?.aborted]).toEqual([['a'], false]);
    await world.clock.advance(1);
    expect([reconcile.keys, signal?.aborted]).toEqual([['a', 'b'], true]);
    await world.clock.advance(30_000);
    expect(controller.running()).toEqual(['a']);
    hung.resolve({});
    await world.clock.settle();
    expect(reconcile.keys).toEqual(['a', 'b', 'a']);
    expect(await world.results()).toMatchObject({ success: 2, error: 1 });
    expect(world.lines.some((line) => JSON.stringify(line).includes('no end after 60 s'))).toBe(true);
  });

  it('ignores its signal for as long again: its key is given to others', async () => {
    const reconcile = world.script(() => new Promise(() => {}), succeed);
    world.start(reconcile, { deadlineMs: 60_000 }).enqueue('a', 'high');
    await world.clock.advance(119_999);
    expect(reconcile.keys).toEqual(['a']);
    await world.clock.advance(1);
    expect(reconcile.keys).toEqual(['a', 'a']);
  });

  it('does not hold up other keys', async () => {
    const reconcile = world.script((key) =>
      key === 'bad' ? fail(key, {} as ReconcileContext) : succeed(key, {} as ReconcileContext),
    );
    const controller = world.start(reconcile, { workers: 1 });
    for (const key of ['bad', 'a', 'b']) controller.enqueue(key, 'low');
    await world.clock.settle();
    expect(reconcile.keys).toEqual(['bad', 'a', 'b']);
  });
});

describe('what it tells', () => {
  it('gives every line of a reconcile its session, controller and id', async () => {
    world
      .start((_key, { logger }) => {
        logger.info('hello');
        return Promise.resolve({});
      })
      .enqueue('tt-a', 'high');
    await world.clock.settle();
    expect(world.lines.find((line) => line['msg'] === 'hello')).toMatchObject({
      controller: 'environment',
      session: 'tt-a',
      reconcileId: expect.stringMatching(/^[0-9a-z]{1,8}$/) as unknown,
    });
  });

  it('starts every series at zero', async () => {
    world.start(succeed);
    const text = await world.metrics.registry.metrics();
    for (const result of ['success', 'requeue_after', 'waiting', 'error', 'terminal']) {
      expect(text).toContain(`mayfly_reconcile_total{controller="environment",result="${result}"} 0`);
    }
    expect(text).toContain('mayfly_reconcile_errors_total{controller="environment"} 0');
    expect(text).toContain('mayfly_active_workers{controller="environment"} 0');
    expect(text).toContain('mayfly_reconcile_time_seconds_count{controller="environment"} 0');
    expect(text).toContain('mayfly_workqueue_work_duration_seconds_count{name="environment"} 0');
    expect(text).toContain('mayfly_workqueue_adds_total{name="environment"} 0');
  });

  it('counts active workers and measures time', async () => {
    world.start(() => sleep(world.clock, 2_000).then(() => ({}))).enqueue('a', 'high');
    await world.clock.advance(1_000);
    expect(await world.metrics.registry.metrics()).toContain('mayfly_active_workers{controller="environment"} 1');
    await world.clock.advance(1_000);
    const text = await world.metrics.registry.metrics();
    expect(text).toContain('mayfly_active_workers{controller="environment"} 0');
    expect(text).toContain('mayfly_reconcile_time_seconds_sum{controller="environment"} 2');
  });

  it('knows when it is idle', async () => {
    const controller = world.start(() => sleep(world.clock, 100).then(() => ({})));
    expect(controller.idle()).toBe(true);
    controller.enqueue('a', 'high');
    expect(controller.idle()).toBe(false);
    await world.clock.advance(50);
    expect([controller.idle(), controller.running()]).toEqual([false, ['a']]);
    await world.clock.advance(50);
    expect([controller.idle(), controller.running()]).toEqual([true, []]);
  });

  it('uses a given queue, and refuses a number of workers that is none', async () => {
    const queue = makeWorkQueue({ name: 'given', clock: world.clock, metrics: world.metrics });
    const reconcile = world.script(succeed);
    world.start(reconcile, { queue });
    queue.add('a', 'low');
    await world.clock.settle();
    expect(reconcile.keys).toEqual(['a']);
    expect(() => world.start(succeed, { workers: 0 })).toThrow('workers: found 0');
  });
});
