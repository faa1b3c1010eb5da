/** How many reconciles a controller runs at a time, and how they end when it stops. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../../src/runtime/clock.ts';
import { type ControllerWorld, makeControllerWorld, succeed } from './controller-world.ts';

let world: ControllerWorld;

beforeEach(() => {
  world = makeControllerWorld();
});

afterEach(() => world.close());

describe('concurrency', () => {
  it('runs as many reconciles as workers, and never two of one key', async () => {
    const active = new Map<string, number>();
    let most = 0;
    const controller = world.start(
      async (key) => {
        active.set(key, (active.get(key) ?? 0) + 1);
        expect(active.get(key)).toBe(1);
        most = Math.max(
          most,
          [...active.values()].reduce((sum, count) => sum + count, 0),
        );
        await sleep(world.clock, 100);
        active.set(key, 0);
        return {};
      },
      { workers: 3 },
    );
    for (let turn = 0; turn < 50; turn++) {
      controller.enqueue(`key-${turn % 7}`, turn % 2 ? 'high' : 'low');
      await world.clock.advance(30);
    }
    await world.clock.advance(10_000);
    expect(most).toBe(3);
    expect(controller.idle()).toBe(true);
    expect(await world.results()).toMatchObject({ error: 0 });
  });

  it('takes a key again that changed while it ran', async () => {
    const reconcile = world.script(() => sleep(world.clock, 100).then(() => ({})), succeed);
    const controller = world.start(reconcile);
    controller.enqueue('a', 'low');
    await world.clock.advance(50);
    controller.enqueue('a', 'high');
    await world.clock.advance(49);
    expect(reconcile.times).toEqual([0]);
    await world.clock.advance(1);
    expect(reconcile.times).toEqual([0, 100]);
  });

  it('takes delayed keys at their time', async () => {
    const reconcile = world.script(succeed);
    world.start(reconcile).enqueueAfter('a', 500);
    await world.clock.advance(1_000);
    expect(reconcile.times).toEqual([500]);
  });
});

describe('stop', () => {
  it('takes no more keys and waits for those that run', async () => {
    const ended: string[] = [];
    const controller = world.start(
      async (key) => {
        await sleep(world.clock, 4_000);
        ended.push(key);
        return { requeueAfterMs: 1 };
      },
      { workers: 1 },
    );
    controller.enqueue('a', 'high');
    controller.enqueue('b', 'high');
    await world.clock.advance(1_000);
    let stopped = false;
    const stopping = controller.stop().finally(() => (stopped = true));
    expect(controller.alive()).toBe(false);
    await world.clock.advance(2_999);
    expect(stopped).toBe(false);
    await world.clock.advance(1);
    expect(await stopping).toBe(true);
    controller.enqueue('c', 'high');
    await world.clock.advance(60_000);
    expect(ended).toEqual(['a']);
    expect(world.clock.pending()).toBe(0);
  });

  it('aborts what does not end within the grace, without retrying or crying wolf', async () => {
    const reconcile = world.script((_key, { signal }) => sleep(world.clock, 1e6, signal).then(() => ({})));
    const controller = world.start(reconcile);
    controller.enqueue('a', 'high');
    await world.clock.settle();
    const stopping = controller.stop({ graceMs: 5_000 });
    await world.clock.advance(5_000);
    await stopping;
    expect(reconcile.times).toEqual([0]);
    expect(world.lines.filter((line) => Number(line['level']) >= 40)).toEqual([]);
  });

  it('aborts at once when leadership is lost, also when it is stopping already', async () => {
    let signal: AbortSignal | undefined;
    const controller = world.start((_key, context) => {
      signal = context.signal;
      return sleep(world.clock, 1e6, context.signal).then(() => ({}));
    });
    controller.enqueue('a', 'high');
    await world.clock.settle();
    void controller.stop();
    expect(signal?.aborted).toBe(false);
    const stopping = controller.stop({ graceMs: 0 });
    expect(signal?.aborted).toBe(true);
    await stopping;
  });

  it('is bounded when a reconcile ignores its signal, and names the key', async () => {
    const controller = world.start(() => new Promise(() => {}));
    controller.enqueue('stuck', 'high');
    await world.clock.settle();
    const stopping = controller.stop({ graceMs: 1_000 });
    await world.clock.advance(3_000);
    expect(await stopping).toBe(false);
    expect(world.lines.at(-1)).toMatchObject({ level: 40, keys: ['stuck'] });
  });

  it('does not forget a reconcile whose key was given to others', async () => {
    const controller = world.start(
      world.script(() => new Promise(() => {}), succeed),
      { deadlineMs: 60_000 },
    );
    controller.enqueue('stuck', 'high');
    await world.clock.advance(200_000);
    expect(controller.running()).toEqual([]);
    const stopping = controller.stop({ graceMs: 0 });
    await world.clock.advance(2_000);
    expect(await stopping).toBe(false);
  });

  it('leaves the gauge of active workers to the controller that comes after', async () => {
    const hung = Promise.withResolvers<Record<string, never>>();
    const former = world.start(() => hung.promise);
    former.enqueue('a', 'high');
    await world.clock.settle();
    const active = async () => (await world.metrics.activeWorkers.get()).values.map(({ value }) => value);
    expect(await active()).toEqual([1]);
    const stopping = former.stop({ graceMs: 0 });
    await world.clock.advance(2_000);
    await stopping;
    expect(await active()).toEqual([0]);
    world.start(succeed);
    hung.resolve({});
    await world.clock.settle();
    expect(await active()).toEqual([0]);
  });
});
