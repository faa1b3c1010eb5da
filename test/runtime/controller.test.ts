import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../src/runtime/clock.ts';
import {
  type Controller,
  type ControllerOptions,
  type Reconcile,
  type ReconcileContext,
  startController,
} from '../../src/runtime/controller.ts';
import { TerminalError, TransientError, WaitingError } from '../../src/runtime/errors.ts';
import { makeWorkQueue } from '../../src/runtime/workqueue.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { type FakeClock, makeFakeClock } from './fake-clock.ts';

let clock: FakeClock;
let metrics: ReturnType<typeof makeMetrics>;
let lines: Record<string, unknown>[];
let started: Controller[];

beforeEach(() => {
  clock = makeFakeClock();
  metrics = makeMetrics();
  lines = [];
  started = [];
});

afterEach(async () => {
  const stopped = Promise.all(started.map((controller) => controller.stop({ graceMs: 0 })));
  await clock.advance(3_000);
  await stopped;
  await clock.advance(3_600_000);
  expect(clock.pending()).toBe(0);
});

function start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}): Controller {
  const sink = new PassThrough();
  sink.on('data', (line: Buffer) => lines.push(JSON.parse(line.toString()) as Record<string, unknown>));
  const controller = startController({
    name: 'environment',
    workers: 2,
    reconcile,
    clock,
    random: () => 0.5,
    logger: pino({ level: 'trace' }, sink),
    metrics,
    backoff: { baseMs: 1_000, maxMs: 8_000 },
    ...options,
  });
  started.push(controller);
  return controller;
}

/** A reconcile that plays one turn after the other and notes when each key came; the last turn repeats. */
function script(...turns: Reconcile[]): Reconcile & { readonly times: number[]; readonly keys: string[] } {
  const times: number[] = [];
  const keys: string[] = [];
  const play: Reconcile = (key, context) => {
    times.push(clock.monotonic());
    keys.push(key);
    const turn = turns[Math.min(times.length, turns.length) - 1];
    return turn ? turn(key, context) : Promise.resolve({});
  };
  return Object.assign(play, { times, keys });
}

const succeed: Reconcile = () => Promise.resolve({});
const fail: Reconcile = () => Promise.reject(new Error('AWS is down'));

async function results(): Promise<Record<string, number>> {
  const { values } = await metrics.reconciles.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.result), value]));
}

describe('the switch', () => {
  it('leaves a key alone after success', async () => {
    const reconcile = script(succeed);
    start(reconcile).enqueue('a', 'high');
    await clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0]);
    expect(await results()).toEqual({ success: 1, requeue_after: 0, waiting: 0, error: 0, terminal: 0 });
  });

  it('brings a key back after requeueAfterMs', async () => {
    const reconcile = script(() => Promise.resolve({ requeueAfterMs: 15_000 }), succeed);
    start(reconcile).enqueue('a', 'high');
    await clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0, 15_000]);
    expect(await results()).toMatchObject({ success: 1, requeue_after: 1 });
  });

  it('brings a key back at the time that a WaitingError names, without backoff', async () => {
    const wait: Reconcile = () => Promise.reject(new WaitingError('QuotaExceeded', 'no rule is free', 30_000));
    const reconcile = script(wait, wait, succeed);
    start(reconcile).enqueue('a', 'high');
    await clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0, 30_000, 60_000]);
    expect(await results()).toMatchObject({ success: 1, waiting: 2, error: 0 });
  });

  it('leaves a key alone after a TerminalError, until it is enqueued again', async () => {
    const reconcile = script(() => Promise.reject(new TerminalError('AwsDenied', 'no permission')), succeed);
    const controller = start(reconcile);
    controller.enqueue('a', 'high');
    await clock.advance(3_600_000);
    expect(reconcile.times).toEqual([0]);
    controller.enqueue('a', 'high');
    await clock.settle();
    expect(reconcile.times).toEqual([0, 3_600_000]);
    expect(await results()).toMatchObject({ success: 1, terminal: 1 });
  });

  it('backs off exponentially after any other error, up to the limit, with jitter', async () => {
    const reconcile = script(
      fail,
      () => Promise.reject(new TransientError('AwsError', 'again')),
      fail,
      fail,
      fail,
      succeed,
    );
    start(reconcile).enqueue('a', 'high');
    await clock.advance(3_600_000);
    const pauses = reconcile.times.slice(1).map((time, index) => time - (reconcile.times[index] ?? 0));
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 6_000]);
    expect(await results()).toMatchObject({ success: 1, error: 5 });
    expect(await metrics.registry.metrics()).toContain('mayfly_workqueue_retries_total{name="environment"} 5');
  });

  it.each([
    ['success', succeed],
    ['a waiting error', () => Promise.reject(new WaitingError('Waiting', 'later', 1_000))],
    ['requeueAfter', () => Promise.resolve({ requeueAfterMs: 1_000 })],
  ] as [string, Reconcile][])('starts the backoff anew after %s', async (_name, between) => {
    const reconcile = script(fail, fail, between, fail, succeed);
    const controller = start(reconcile);
    controller.enqueue('a', 'high');
    await clock.advance(2_250);
    controller.enqueue('a', 'high');
    await clock.advance(3_600_000);
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
    start(script(note({ requeueAfterMs: 1 }), note({ requeueAfterMs: 1, priority: 'low' }), note({}))).enqueue(
      'a',
      'high',
    );
    await clock.advance(10);
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
    ['waits for ever', () => Promise.reject(new WaitingError('Waiting', 'never', Number.POSITIVE_INFINITY))],
  ];

  it.each(bad)('%s: counts as an error, is tried again, and stops no worker', async (_name, turn) => {
    const reconcile = script(turn, succeed);
    const controller = start(reconcile, { workers: 1 });
    controller.enqueue('a', 'high');
    await clock.advance(750);
    expect(reconcile.times).toEqual([0, 750]);
    expect(await results()).toMatchObject({ success: 1, error: 1 });
    expect(controller.alive()).toBe(true);
  });

  it('resolves nothing at all: counts as success', async () => {
    const reconcile = script(() => Promise.resolve(undefined as unknown as Record<string, never>));
    start(reconcile).enqueue('a', 'high');
    await clock.advance(3_600_000);
    expect(await results()).toMatchObject({ success: 1, error: 0 });
  });

  it('never settles: is told at the deadline, frees its worker, and keeps its key until it ends', async () => {
    const hung = Promise.withResolvers<Record<string, never>>();
    let signal: AbortSignal | undefined;
    const hang: Reconcile = (_key, context) => {
      signal = context.signal;
      return hung.promise;
    };
    const reconcile = script(hang, succeed);
    const controller = start(reconcile, { workers: 1, deadlineMs: 60_000 });
    controller.enqueue('a', 'high');
    controller.enqueue('b', 'high');
    await clock.advance(59_999);
    expect([reconcile.keys, signal?.aborted]).toEqual([['a'], false]);
    await clock.advance(1);
    expect([reconcile.keys, signal?.aborted]).toEqual([['a', 'b'], true]);
    await clock.advance(30_000);
    expect(controller.running()).toEqual(['a']);
    hung.resolve({});
    await clock.settle();
    expect(reconcile.keys).toEqual(['a', 'b', 'a']);
    expect(await results()).toMatchObject({ success: 2, error: 1 });
    expect(lines.some((line) => JSON.stringify(line).includes('no end after 60 s'))).toBe(true);
  });

  it('ignores its signal for as long again: its key is given to others', async () => {
    const reconcile = script(() => new Promise(() => {}), succeed);
    start(reconcile, { deadlineMs: 60_000 }).enqueue('a', 'high');
    await clock.advance(119_999);
    expect(reconcile.keys).toEqual(['a']);
    await clock.advance(1);
    expect(reconcile.keys).toEqual(['a', 'a']);
  });

  it('does not hold up other keys', async () => {
    const reconcile = script((key) =>
      key === 'bad' ? fail(key, {} as ReconcileContext) : succeed(key, {} as ReconcileContext),
    );
    const controller = start(reconcile, { workers: 1 });
    for (const key of ['bad', 'a', 'b']) controller.enqueue(key, 'low');
    await clock.settle();
    expect(reconcile.keys).toEqual(['bad', 'a', 'b']);
  });
});

describe('concurrency', () => {
  it('runs as many reconciles as workers, and never two of one key', async () => {
    const active = new Map<string, number>();
    let most = 0;
    const controller = start(
      async (key) => {
        active.set(key, (active.get(key) ?? 0) + 1);
        expect(active.get(key)).toBe(1);
        most = Math.max(
          most,
          [...active.values()].reduce((sum, count) => sum + count, 0),
        );
        await sleep(clock, 100);
        active.set(key, 0);
        return {};
      },
      { workers: 3 },
    );
    for (let turn = 0; turn < 50; turn++) {
      controller.enqueue(`key-${turn % 7}`, turn % 2 ? 'high' : 'low');
      await clock.advance(30);
    }
    await clock.advance(10_000);
    expect(most).toBe(3);
    expect(controller.idle()).toBe(true);
    expect(await results()).toMatchObject({ error: 0 });
  });

  it('takes a key again that changed while it ran', async () => {
    const reconcile = script(() => sleep(clock, 100).then(() => ({})), succeed);
    const controller = start(reconcile);
    controller.enqueue('a', 'low');
    await clock.advance(50);
    controller.enqueue('a', 'high');
    await clock.advance(49);
    expect(reconcile.times).toEqual([0]);
    await clock.advance(1);
    expect(reconcile.times).toEqual([0, 100]);
  });

  it('takes delayed keys at their time', async () => {
    const reconcile = script(succeed);
    start(reconcile).enqueueAfter('a', 500);
    await clock.advance(1_000);
    expect(reconcile.times).toEqual([500]);
  });
});

describe('stop', () => {
  it('takes no more keys and waits for those that run', async () => {
    const ended: string[] = [];
    const controller = start(
      async (key) => {
        await sleep(clock, 4_000);
        ended.push(key);
        return { requeueAfterMs: 1 };
      },
      { workers: 1 },
    );
    controller.enqueue('a', 'high');
    controller.enqueue('b', 'high');
    await clock.advance(1_000);
    let stopped = false;
    const stopping = controller.stop().then(() => (stopped = true));
    expect(controller.alive()).toBe(false);
    await clock.advance(2_999);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stopping;
    controller.enqueue('c', 'high');
    await clock.advance(60_000);
    expect(ended).toEqual(['a']);
    expect(clock.pending()).toBe(0);
  });

  it('aborts what does not end within the grace, without retrying or crying wolf', async () => {
    const reconcile = script((_key, { signal }) => sleep(clock, 1e6, signal).then(() => ({})));
    const controller = start(reconcile);
    controller.enqueue('a', 'high');
    await clock.settle();
    const stopping = controller.stop({ graceMs: 5_000 });
    await clock.advance(5_000);
    await stopping;
    expect(reconcile.times).toEqual([0]);
    expect(lines.filter((line) => Number(line['level']) >= 40)).toEqual([]);
  });

  it('aborts at once when leadership is lost, also when it is stopping already', async () => {
    let signal: AbortSignal | undefined;
    const controller = start((_key, context) => {
      signal = context.signal;
      return sleep(clock, 1e6, context.signal).then(() => ({}));
    });
    controller.enqueue('a', 'high');
    await clock.settle();
    void controller.stop();
    expect(signal?.aborted).toBe(false);
    const stopping = controller.stop({ graceMs: 0 });
    expect(signal?.aborted).toBe(true);
    await stopping;
  });

  it('is bounded when a reconcile ignores its signal, and names the key', async () => {
    const controller = start(() => new Promise(() => {}));
    controller.enqueue('stuck', 'high');
    await clock.settle();
    const stopping = controller.stop({ graceMs: 1_000 });
    await clock.advance(3_000);
    await stopping;
    expect(lines.at(-1)).toMatchObject({ level: 40, keys: ['stuck'] });
  });
});

describe('what it tells', () => {
  it('gives every line of a reconcile its session, controller and id', async () => {
    start((_key, { logger }) => {
      logger.info('hello');
      return Promise.resolve({});
    }).enqueue('tt-a', 'high');
    await clock.settle();
    expect(lines.find((line) => line['msg'] === 'hello')).toMatchObject({
      controller: 'environment',
      session: 'tt-a',
      reconcileId: expect.stringMatching(/^[0-9a-z]{1,8}$/) as unknown,
    });
  });

  it('starts every series at zero', async () => {
    start(succeed);
    const text = await metrics.registry.metrics();
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
    start(() => sleep(clock, 2_000).then(() => ({}))).enqueue('a', 'high');
    await clock.advance(1_000);
    expect(await metrics.registry.metrics()).toContain('mayfly_active_workers{controller="environment"} 1');
    await clock.advance(1_000);
    const text = await metrics.registry.metrics();
    expect(text).toContain('mayfly_active_workers{controller="environment"} 0');
    expect(text).toContain('mayfly_reconcile_time_seconds_sum{controller="environment"} 2');
  });

  it('knows when it is idle', async () => {
    const controller = start(() => sleep(clock, 100).then(() => ({})));
    expect(controller.idle()).toBe(true);
    controller.enqueue('a', 'high');
    expect(controller.idle()).toBe(false);
    await clock.advance(50);
    expect([controller.idle(), controller.running()]).toEqual([false, ['a']]);
    await clock.advance(50);
    expect([controller.idle(), controller.running()]).toEqual([true, []]);
  });

  it('uses a given queue, and refuses a number of workers that is none', async () => {
    const queue = makeWorkQueue({ name: 'given', clock, metrics });
    const reconcile = script(succeed);
    start(reconcile, { queue });
    queue.add('a', 'low');
    await clock.settle();
    expect(reconcile.keys).toEqual(['a']);
    expect(() => start(succeed, { workers: 0 })).toThrow('workers: found 0');
  });
});
