/** What only the leader runs begins as a whole, or not at all. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startLeading } from '../../src/controllers/leading.ts';
import { makeReplicaWorld, type ReplicaWorld } from './replica-world.ts';
import { labelled } from './world.ts';

let world: ReplicaWorld;
beforeEach(async () => {
  world = await makeReplicaWorld();
});
afterEach(() => world.close());

/** Loops and watches run already when `resyncMs` is asked for. */
function unusable() {
  const { intervals } = world.config;
  return {
    ...world.config,
    intervals: {
      ...intervals,
      get resyncMs(): number {
        throw new Error('no such interval');
      },
    },
  };
}

it('stops what was begun when it cannot begin as a whole', async () => {
  const { parts, replica } = world.start('a');
  await replica.stop();
  await world.local.clock.advance(1_000);
  const before = world.local.clock.pending();
  world.edit(labelled());
  expect(() => startLeading({ ...parts, config: unusable() }, () => undefined)).toThrow('no such interval');
  await world.local.clock.advance(3_000);
  expect(world.local.clock.pending()).toBe(before);
  const calls = world.local.calls.length;
  await world.local.clock.advance(600_000);
  expect(world.local.calls.length).toBe(calls);
});

it('that cannot begin is told by the health check, and another replica leads', async () => {
  const a = world.start('a', { config: unusable() });
  await world.local.clock.advance(1_000);
  const b = world.start('b');
  await world.local.clock.advance(1_000);
  expect(a.health.checks()['leadership']).toEqual({
    ok: false,
    detail: 'leading could not begin: no such interval',
  });
  expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([false, true]);
  expect([a.replica.dead(), b.replica.dead()]).toEqual([[], []]);
  await Promise.all([a.replica.stop(), b.replica.stop()]);
});
