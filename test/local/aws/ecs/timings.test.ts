import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { AWS_TIMINGS } from '../../../../src/local/aws/ecs/timings.ts';
import { HOUR, START, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

const SECOND = 1000;

/** When the task came to be in each status, in seconds since its start. */
async function history(world: World, taskArn: string | undefined, seconds: number): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (let at = 0; at <= seconds; at += 1) {
    const { lastStatus = 'MISSING' } = await world.task(taskArn);
    seen[lastStatus] ??= at;
    world.clock.advance(SECOND);
  }
  return seen;
}

describe('AWS’s own times', () => {
  it.each([
    ['shortest', 0, { PROVISIONING: 0, PENDING: 10, RUNNING: 25 }],
    ['longest', 1, { PROVISIONING: 0, PENDING: 20, RUNNING: 50 }],
  ])('at their %s', async (_what, random, expected) => {
    const world = await makeWorld({ timings: () => AWS_TIMINGS(() => random) });
    const { taskArn } = await world.run();
    expect(await history(world, taskArn, 60)).toEqual(expected);
    await stop(world, taskArn);
    const end = await history(world, taskArn, 30);
    expect(end).toEqual(
      random === 0
        ? { DEACTIVATING: 0, DEPROVISIONING: 1, STOPPED: 11 }
        : { DEACTIVATING: 0, DEPROVISIONING: 3, STOPPED: 23 },
    );
  });

  it('differ from task to task', () => {
    const numbers = [0.1, 0.9, 0.3, 0.7, 0.5, 0.2, 0.8, 0.6];
    const random = (): number => numbers.shift() ?? 0;
    expect(AWS_TIMINGS(random)).not.toEqual(AWS_TIMINGS(random));
    expect(numbers).toEqual([]);
  });
});

describe('AWS-FACTS ECS "lifecycle": DELETED', () => {
  const deleted = async (): Promise<{ world: World; arn: string }> => {
    const timings = { ...AWS_TIMINGS(() => 0), deleted: 5 * SECOND };
    const world = await makeWorld({ timings: () => timings });
    const { taskArn: arn = '' } = await world.run({ clientToken: 't' });
    world.clock.advance(60 * SECOND);
    await stop(world, arn);
    world.clock.advance(11 * SECOND + HOUR);
    return { world, arn };
  };

  it('follows the hour of STOPPED, is described but not listed, and ends in MISSING', async () => {
    const { world, arn } = await deleted();
    expect(await world.task(arn)).toMatchObject({ lastStatus: 'DELETED', desiredStatus: 'STOPPED' });
    const listed = await world.client.send(new ListTasksCommand({ desiredStatus: 'STOPPED' }));
    expect(listed.taskArns).toEqual([]);
    world.clock.advance(5 * SECOND);
    const gone = await world.client.send(new DescribeTasksCommand({ tasks: [arn] }));
    expect(gone.failures).toEqual([{ arn, reason: 'MISSING' }]);
    expect(world.ecs.state.tasks).toEqual({});
  });

  it('has no client token any more', async () => {
    const { world, arn } = await deleted();
    expect(world.ecs.state.tokens).toEqual({});
    expect((await world.run({ clientToken: 't' })).taskArn).not.toBe(arn);
  });

  it('is forgotten at a restart', async () => {
    const { world } = await deleted();
    const after = await makeWorld({ state: structuredClone(world.ecs.state) });
    // The clock of the second world begins at START, an hour before the task is to be forgotten.
    after.clock.advance(2 * HOUR);
    expect(after.ecs.state.tasks).toEqual({});
    expect(after.clock.now()).toBe(START + 2 * HOUR);
  });
});
