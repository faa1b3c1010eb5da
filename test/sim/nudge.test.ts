/** A webhook that reaches a standby is acted on by the leader at once, not at its next look at the table. */
import { expect, it } from 'vitest';
import type { SimDelivery } from './github/hook.ts';
import type { Call } from './kernel/calls.ts';
import { makeWorld } from './world/world.ts';

it.each([1, 2, 3])("a standby's webhook reaches the leader within 2 seconds (seed %i)", async (seed) => {
  const webhooks: SimDelivery[] = [];
  const world = await makeWorld({
    seed,
    arrivals(delivery) {
      webhooks.push(delivery);
      return [];
    },
  });
  world.boot('alpha');
  await world.run(5_000);
  const standby = world.boot('beta');
  // Right after one of the leader's looks at the table, five seconds before the next.
  const looks: number[] = [];
  const tasks: Call[] = [];
  world.journal.listen({
    begun(call) {
      if (call.operation === 'store:list') looks.push(call.at);
      if (call.operation === 'ecs:RunTask') tasks.push(call);
    },
  });
  await world.until(() => looks.length > 1, 20_000);
  const delivered = world.time.monotonic();
  world.github.label(world.github.openPull('one'), 'uat');
  for (const delivery of webhooks) void standby.webhook(delivery);
  expect(await world.until(() => tasks.length > 0, 20_000)).toBe(true);
  expect(tasks.map(({ actor }) => actor)).toEqual(['alpha']);
  expect((tasks[0]?.at ?? Number.NaN) - delivered).toBeLessThanOrEqual(2_000);
});
