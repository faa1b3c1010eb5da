/** AWS-FACTS ECS "clientToken", beside what run-task.test.ts tells. */
import { CreateClusterCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import type { RunTaskCommandInput, RunTaskCommandOutput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { HOUR, RUN, makeWorld } from './world.ts';
import type { World } from './world.ts';

const send = (world: World, change: Partial<RunTaskCommandInput> = {}): Promise<RunTaskCommandOutput> =>
  world.client.send(new RunTaskCommand({ ...RUN, clientToken: 't', ...change }));

const end = (world: World, index: number): void => {
  world.runner.started[index]?.exit({ exitCode: 0 });
  world.clock.advance(100);
};

describe('a client token', () => {
  it('is one of its cluster', async () => {
    const world = await makeWorld();
    await world.client.send(new CreateClusterCommand({ clusterName: 'other' }));
    const here = await send(world);
    const there = await send(world, { cluster: 'other' });
    expect(there.tasks?.[0]?.taskArn).toMatch(/task\/other\//);
    expect(there.tasks?.[0]?.taskArn).not.toBe(here.tasks?.[0]?.taskArn);
  });

  it('is made by the SDK when there is none', async () => {
    const world = await makeWorld();
    await send(world, { clientToken: undefined });
    expect(Object.keys(world.ecs.state.tokens)).toEqual([expect.stringMatching(/^default [0-9a-f-]{36}$/) as string]);
  });

  it('of several tasks tells each as it is, and lives as long as the last and an hour', async () => {
    const world = await makeWorld();
    const first = await send(world, { count: 2 });
    const arns = first.tasks?.map((task) => task.taskArn);
    world.clock.advance(100);
    end(world, 0);
    const both = await send(world, { count: 2 });
    expect(both.tasks).toMatchObject([
      { taskArn: arns?.[0], lastStatus: 'STOPPED', desiredStatus: 'STOPPED' },
      { taskArn: arns?.[1], lastStatus: 'RUNNING' },
    ]);
    expect(Object.keys(both.tasks?.[0] ?? {})).toHaveLength(3);
    world.clock.advance(2 * HOUR);
    const one = await send(world, { count: 2 });
    expect(one.tasks?.map((task) => task.taskArn)).toEqual([arns?.[1]]);
    await expect(send(world, { count: 1 })).rejects.toMatchObject({ name: 'ConflictException', resourceIds: arns });
    end(world, 1);
    world.clock.advance(HOUR);
    expect(world.ecs.state.tokens).toEqual({});
  });

  it('counts failures that are over an hour old, and tells the younger', async () => {
    const failures = [{ reason: 'RESOURCE:CPU', detail: 'x' }, { reason: 'AGENT' }];
    const world = await makeWorld({ failRunTask: () => failures.shift() });
    await send(world, { count: 2 });
    world.clock.advance(HOUR);
    const young = await send(world, { count: 2 });
    expect(young.failures).toEqual([{ reason: 'RESOURCE:CPU', detail: 'x' }, { reason: 'AGENT' }]);
    world.clock.advance(1);
    expect((await send(world, { count: 2 })).failures).toEqual([{}, {}]);
  });

  it('does not show a task that its first answer did not, but names it in a conflict', async () => {
    const world = await makeWorld({ failRunTask: () => ({ reason: 'RESOURCE:MEMORY', startsAnyway: true }) });
    await send(world);
    world.clock.advance(100);
    expect(await send(world)).toMatchObject({ tasks: [], failures: [{ reason: 'RESOURCE:MEMORY' }] });
    expect(world.runner.started).toHaveLength(1);
    const [hidden] = Object.values(world.ecs.state.tasks);
    await expect(send(world, { startedBy: 'other' })).rejects.toMatchObject({ resourceIds: [hidden?.arn] });
  });

  it('of a refused request is free', async () => {
    const world = await makeWorld();
    await expect(send(world, { taskDefinition: 'nothing' })).rejects.toThrow('TaskDefinition not found.');
    expect((await send(world)).tasks).toHaveLength(1);
  });

  it('that is over is swept away by the next', async () => {
    const world = await makeWorld({ failRunTask: () => ({ reason: 'AGENT' }) });
    await send(world, { clientToken: 'a' });
    await send(world, { clientToken: 'b' });
    world.clock.advance(24 * HOUR);
    await send(world, { clientToken: 'c' });
    expect(Object.keys(world.ecs.state.tokens)).toEqual(['default c']);
  });
});
