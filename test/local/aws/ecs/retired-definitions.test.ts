/** AWS-FACTS ECS "task definitions": the window after deregistering, DeleteTaskDefinitions, and the count of revisions. */
import {
  DeleteTaskDefinitionsCommand,
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  ListTaskDefinitionsCommand,
} from '@aws-sdk/client-ecs';
import type { DeleteTaskDefinitionsCommandOutput, TaskDefinitionStatus } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { START, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const deregister = (world: World, taskDefinition: string): Promise<unknown> =>
  world.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
const remove = (world: World, ...taskDefinitions: string[]): Promise<DeleteTaskDefinitionsCommandOutput> =>
  world.client.send(new DeleteTaskDefinitionsCommand({ taskDefinitions }));
const list = async (world: World, status: TaskDefinitionStatus): Promise<unknown> =>
  (await world.client.send(new ListTaskDefinitionsCommand({ status }))).taskDefinitionArns;

describe('an INACTIVE definition', () => {
  it('runs no more', async () => {
    const world = await makeWorld();
    await deregister(world, 'app:1');
    await expect(world.run({ taskDefinition: 'app:1' })).rejects.toThrow('TaskDefinition is inactive');
  });

  it('may still run for up to ten minutes', async () => {
    const world = await makeWorld({ deregistrationWindowMs: 10 * MINUTE });
    await deregister(world, 'app:1');
    world.clock.advance(10 * MINUTE - 1);
    const { taskArn } = await world.run({ taskDefinition: 'app:1' });
    await expect(world.run({ taskDefinition: 'app' })).rejects.toThrow('TaskDefinition not found.');
    world.clock.advance(1);
    await expect(world.run({ taskDefinition: 'app:1' })).rejects.toThrow('TaskDefinition is inactive');
    world.clock.advance(40);
    expect((await world.task(taskArn)).lastStatus).toBe('RUNNING');
  });
});

describe('DeleteTaskDefinitions', () => {
  it('takes INACTIVE ones, and tells the others', async () => {
    const world = await makeWorld();
    const second = await world.register();
    await deregister(world, 'app:1');
    const answer = await remove(world, 'app:1', second, 'app:9');
    expect(answer.taskDefinitions).toMatchObject([
      { revision: 1, status: 'DELETE_IN_PROGRESS', deleteRequestedAt: new Date(START) },
    ]);
    expect(answer.failures).toMatchObject([
      { arn: second, reason: expect.stringContaining('still in ACTIVE status') as string },
      { arn: second.replace(/2$/, '9'), reason: expect.stringContaining('does not exist') as string },
    ]);
    await expect(world.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'app:1' }))).rejects.toThrow(
      'Unable to describe task definition.',
    );
    expect([await list(world, 'INACTIVE'), await list(world, 'DELETE_IN_PROGRESS')]).toEqual([[], []]);
  });

  it('waits for the tasks that run it', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    await deregister(world, 'app:1');
    const { taskDefinitions } = await remove(world, 'app:1');
    world.clock.advance(40);
    expect((await world.task(taskArn)).lastStatus).toBe('RUNNING');
    expect(await list(world, 'DELETE_IN_PROGRESS')).toEqual([taskDefinitions?.[0]?.taskDefinitionArn]);
    await expect(world.run({ taskDefinition: 'app:1' })).rejects.toThrow('TaskDefinition is inactive');
    await stop(world, taskArn);
    world.clock.advance(100);
    expect(await list(world, 'DELETE_IN_PROGRESS')).toEqual([]);
  });

  it('leaves the numbers used', async () => {
    const world = await makeWorld();
    await deregister(world, 'app:1');
    await remove(world, 'app:1');
    expect(await world.register()).toMatch(/app:2$/);
  });

  it('takes 1 to 10, each with its revision', async () => {
    const world = await makeWorld();
    await expect(remove(world)).rejects.toThrow('found 0');
    const many = Array.from({ length: 11 }, () => 'app:1');
    await expect(remove(world, ...many)).rejects.toThrow('found 11');
    await expect(remove(world, 'app')).rejects.toThrow("found 'app'");
  });
});

describe('a family', () => {
  it('has 1,000,000 revisions at most', async () => {
    const world = await makeWorld();
    const last = world.ecs.state.families['app']?.[0];
    if (last !== undefined) {
      last.definition.revision = 999_999;
    }
    expect(await world.register()).toMatch(/app:1000000$/);
    await expect(world.register()).rejects.toMatchObject({ name: 'ClientException' });
  });

  it('has a name of 255 characters at most', async () => {
    const world = await makeWorld();
    expect(await world.register({ family: 'f'.repeat(255) })).toMatch(/f:1$/);
    await expect(world.register({ family: 'f'.repeat(256) })).rejects.toThrow('family must be 1 to 255');
  });
});
