/** RELIABILITY P7: the address of a task that died goes to another environment's. AWS-FACTS ECS "ENI attachment". */
import { describe, expect, it } from 'vitest';
import type { EcsSettings } from '../../../../src/local/aws/ecs/service.ts';
import { makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

/** The addresses of tasks that start one after the other, `ms` after the one before was told to stop. */
async function addresses(settings: Partial<EcsSettings>, ms: number): Promise<(string | undefined)[]> {
  const world = await makeWorld(settings);
  for (let i = 0; i < 3; i += 1) {
    const { taskArn } = await world.run();
    world.clock.advance(40);
    await stop(world, taskArn);
    world.clock.advance(ms);
  }
  return world.runner.started.map(({ spec }) => spec.address);
}

const PATIENT = 40;
const HASTY = 20;

describe('a freed address', () => {
  it.each([
    ['comes last by default', {}, PATIENT, ['10.0.0.4', '10.0.0.5', '10.0.0.6']],
    ['comes first if told so', { reuseAddresses: 'first' }, PATIENT, ['10.0.0.4', '10.0.0.4', '10.0.0.4']],
    ['is free when the task is STOPPED', { reuseAddresses: 'first' }, HASTY, ['10.0.0.4', '10.0.0.5', '10.0.0.4']],
    [
      'is free before, if told so',
      { reuseAddresses: 'first', freeAddressesAt: 'DEPROVISIONING' },
      HASTY,
      ['10.0.0.4', '10.0.0.4', '10.0.0.4'],
    ],
  ] as const)('%s', async (_what, settings, ms, expected) => {
    expect(await addresses(settings, ms)).toEqual(expected);
  });

  it('of several is the one that was freed last', async () => {
    const world = await makeWorld({ reuseAddresses: 'first' });
    const tasks = [await world.run(), await world.run()];
    world.clock.advance(40);
    for (const { taskArn } of tasks) {
      await stop(world, taskArn);
    }
    world.clock.advance(40);
    await world.run();
    await world.run();
    world.clock.advance(40);
    expect(world.runner.started.slice(2).map(({ spec }) => spec.address)).toEqual(['10.0.0.5', '10.0.0.4']);
  });

  const shown = async (world: World, arn: string | undefined): Promise<unknown> => {
    const { lastStatus, attachments } = await world.task(arn);
    return [lastStatus, attachments?.[0]?.status];
  };

  it('is still in the description of the task that had it', async () => {
    const world = await makeWorld({ reuseAddresses: 'first', freeAddressesAt: 'DEPROVISIONING' });
    const { taskArn } = await world.run();
    world.clock.advance(40);
    await stop(world, taskArn);
    world.clock.advance(20);
    expect(await shown(world, taskArn)).toEqual(['DEPROVISIONING', 'DELETED']);
    world.clock.advance(20);
    expect(await shown(world, taskArn)).toEqual(['STOPPED', 'DELETED']);
    const details = (await world.task(taskArn)).attachments?.[0]?.details;
    expect(details).toContainEqual({ name: 'privateIPv4Address', value: '10.0.0.4' });
  });

  it('is given back once, however the task ends', async () => {
    const world = await makeWorld({ reuseAddresses: 'first', freeAddressesAt: 'DEPROVISIONING' });
    const { taskArn } = await world.run();
    await stop(world, taskArn);
    world.clock.advance(2 * 3600_000);
    await world.run();
    await world.run();
    world.clock.advance(40);
    expect(world.runner.started.map(({ spec }) => spec.address)).toEqual(['10.0.0.4', '10.0.0.5']);
  });
});
