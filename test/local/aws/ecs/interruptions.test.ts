/** AWS-FACTS ECS "stopCode", "stoppedReason samples", "standalone retirement", "ENI late"; EventBridge, last row. */
import { DescribeTasksCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { INTERRUPTIONS } from '../../../../src/local/aws/ecs/interruptions.ts';
import type { EcsSettings } from '../../../../src/local/aws/ecs/service.ts';
import { HOUR, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

async function running(settings: Partial<EcsSettings> = {}): Promise<{ world: World; arn: string }> {
  const world = await makeWorld(settings);
  const { taskArn: arn = '' } = await world.run({ tags: [{ key: 'k', value: 'v' }] });
  world.clock.advance(100);
  return { world, arn };
}

describe('an interruption', () => {
  it.each([
    ['of Spot', INTERRUPTIONS.spot, ['SIGTERM']],
    ['by retirement', INTERRUPTIONS.retirement, ['SIGTERM']],
    ['by the failure of its host', INTERRUPTIONS.hostFailure, ['SIGKILL']],
    ['for want of memory', INTERRUPTIONS.outOfMemory, ['SIGKILL']],
  ])(
    '%s is told with its code and reason, keeps the tags, and nothing takes its place',
    async (_what, why, signals) => {
      const { world, arn } = await running();
      expect(world.ecs.interrupt(arn, why)).toBe(true);
      world.clock.advance(100);
      expect(await world.task(arn)).toMatchObject({
        lastStatus: 'STOPPED',
        stopCode: why.code,
        stoppedReason: why.reason,
        tags: [{ key: 'k', value: 'v' }],
      });
      expect(world.runner.started[0]?.signals).toEqual(signals);
      world.clock.advance(HOUR / 2);
      expect(world.runner.started).toHaveLength(1);
    },
  );

  it('for want of memory is told by the container', async () => {
    const { world, arn } = await running();
    world.ecs.interrupt(arn, INTERRUPTIONS.outOfMemory);
    expect((await world.task(arn)).containers).toMatchObject([
      { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
    ]);
  });

  it('of a task that is stopping in peace leaves it in peace, unless it is without notice', async () => {
    const { world, arn } = await running();
    world.runner.ignoresTerm = true;
    await stop(world, arn, 'mine');
    world.clock.advance(1000);
    expect(world.ecs.interrupt(arn, INTERRUPTIONS.spot)).toBe(false);
    expect((await world.task(arn)).lastStatus).toBe('STOPPING');
    expect(world.ecs.interrupt(arn, INTERRUPTIONS.hostFailure)).toBe(true);
    expect(world.ecs.interrupt(arn, INTERRUPTIONS.hostFailure)).toBe(false);
    world.clock.advance(20);
    expect(await world.task(arn)).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'UserInitiated',
      stoppedReason: 'mine',
      containers: [{ exitCode: 137 }],
    });
    expect(world.runner.started[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  it('of what is not there is none', async () => {
    const { world, arn } = await running();
    expect(world.ecs.interrupt(`${arn}0`, INTERRUPTIONS.spot)).toBe(false);
    expect(world.ecs.interrupt(arn.replace('/default/', '/other/'), INTERRUPTIONS.spot)).toBe(false);
  });
});

describe('a task that never reports STOPPED', () => {
  it('stays DEPROVISIONING though its containers have ended, until it thaws', async () => {
    const { world, arn } = await running();
    expect(world.ecs.freeze(arn)).toBe(true);
    expect((await world.task(arn)).lastStatus).toBe('RUNNING');
    await stop(world, arn);
    world.clock.advance(48 * HOUR);
    expect(await world.task(arn)).toMatchObject({
      lastStatus: 'DEPROVISIONING',
      desiredStatus: 'STOPPED',
      containers: [{ lastStatus: 'STOPPED', exitCode: 143 }],
    });
    expect(world.ecs.thaw(arn)).toBe(true);
    expect(world.ecs.thaw(arn)).toBe(false);
    world.clock.advance(20);
    expect((await world.task(arn)).lastStatus).toBe('STOPPED');
    expect(world.ecs.freeze(arn)).toBe(false);
  });

  it('may be one from the start, or from its last moment on', async () => {
    const { world, arn } = await running({ neverStops: () => true });
    await stop(world, arn);
    world.clock.advance(HOUR);
    expect((await world.task(arn)).lastStatus).toBe('DEPROVISIONING');

    const late = await running();
    await stop(late.world, late.arn);
    late.world.clock.advance(30);
    expect(late.world.ecs.freeze(late.arn)).toBe(true);
    late.world.clock.advance(HOUR);
    expect((await late.world.task(late.arn)).lastStatus).toBe('DEPROVISIONING');
  });

  it('does not keep the local AWS from closing, and is STOPPED after a restart', async () => {
    const { world, arn } = await running({ neverStops: () => true });
    const state = structuredClone(world.ecs.state);
    const closed = world.ecs.close();
    world.clock.advance(100);
    await closed;
    expect((await world.task(arn)).lastStatus).toBe('STOPPED');
    const after = await makeWorld({ state });
    expect((await after.task(arn)).lastStatus).toBe('STOPPED');
  });
});

describe('an interface that does not come in time', () => {
  const reason = 'Timeout waiting for network interface provisioning to complete.';

  it('fails the task', async () => {
    const { world, arn } = await running({ interfaceFault: () => 'timeout' });
    const task = await world.task(arn);
    expect(task).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: reason,
      attachments: [{ status: 'FAILED', details: [{ name: 'subnetId' }] }],
      containers: [{ networkInterfaces: [] }],
    });
    expect(world.runner.started).toEqual([]);
  });

  it('may come up afterwards, and holds its address until the task is forgotten', async () => {
    const faults = ['late' as const];
    const subnets = { 'subnet-a': '10.0.0.0/28' };
    const { world, arn } = await running({ interfaceFault: () => faults.shift(), subnets, reuseAddresses: 'first' });
    expect(await world.task(arn)).toMatchObject({
      lastStatus: 'STOPPED',
      stoppedReason: reason,
      attachments: [{ status: 'ATTACHED' }],
    });
    await world.run();
    world.clock.advance(HOUR);
    const { failures } = await world.client.send(new DescribeTasksCommand({ tasks: [arn] }));
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
    await world.run();
    world.clock.advance(100);
    expect(world.runner.started.map(({ spec }) => spec.address)).toEqual(['10.0.0.5', '10.0.0.4']);
  });
});
