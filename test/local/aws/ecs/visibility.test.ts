/** AWS-FACTS ECS "eventual consistency", "ListTasks", "RunTask response". */
import { DescribeTasksCommand, ListTasksCommand, RunTaskCommand, TagResourceCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { RUN, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

const list = async (world: World): Promise<readonly string[] | undefined> =>
  (await world.client.send(new ListTasksCommand({ startedBy: 'me' }))).taskArns;

const isMissing = async (world: World, arn: string): Promise<boolean> => {
  const { failures } = await world.client.send(new DescribeTasksCommand({ tasks: [arn] }));
  return failures?.some(({ reason }) => reason === 'MISSING') ?? false;
};

describe('a new task', () => {
  it('may be described before it is listed', async () => {
    const world = await makeWorld({ listLagMs: () => 5000 });
    const { taskArn = '' } = await world.run({ startedBy: 'me' });
    expect([await isMissing(world, taskArn), await list(world)]).toEqual([false, []]);
    world.clock.advance(5000);
    expect(await list(world)).toEqual([taskArn]);
  });

  it('may be listed before it is described', async () => {
    const world = await makeWorld({ visibilityLagMs: () => 100, describeLagMs: () => 5000 });
    const { taskArn = '' } = await world.run({ startedBy: 'me' });
    expect(await list(world)).toEqual([]);
    world.clock.advance(100);
    expect([await isMissing(world, taskArn), await list(world)]).toEqual([true, [taskArn]]);
    world.clock.advance(4900);
    expect(await isMissing(world, taskArn)).toBe(false);
  });

  it('is out of sight as long as its own lag says', async () => {
    const lags = [5000, 0];
    const world = await makeWorld({ listLagMs: () => lags.shift() ?? 0 });
    const first = await world.run({ startedBy: 'me' });
    const second = await world.run({ startedBy: 'me' });
    expect(await list(world)).toEqual([second.taskArn]);
    world.clock.advance(5000);
    expect(await list(world)).toEqual([first.taskArn, second.taskArn]);
  });

  it('may be answered without containers and attachments', async () => {
    const world = await makeWorld({ bareRunTask: () => true });
    const { tasks } = await world.client.send(new RunTaskCommand(RUN));
    expect(tasks).toMatchObject([{ lastStatus: 'PROVISIONING', containers: [], attachments: [] }]);
    expect((await world.task(tasks?.[0]?.taskArn)).containers).toHaveLength(1);
  });
});

describe('a task that is to stop', () => {
  it('may be listed as RUNNING for a while', async () => {
    const world = await makeWorld({ delistLagMs: () => 5000 });
    const { taskArn } = await world.run({ startedBy: 'me' });
    await stop(world, taskArn);
    const stopped = (): Promise<{ taskArns?: string[] | undefined }> =>
      world.client.send(new ListTasksCommand({ desiredStatus: 'STOPPED' }));
    expect([await list(world), (await stopped()).taskArns]).toEqual([[taskArn], []]);
    world.clock.advance(20);
    expect([(await world.task(taskArn)).lastStatus, await list(world)]).toEqual(['STOPPED', [taskArn]]);
    world.clock.advance(5000);
    expect([await list(world), (await stopped()).taskArns]).toEqual([[], [taskArn]]);
  });

  it('is listed among the stopped in the order of creation', async () => {
    const world = await makeWorld();
    const first = await world.run();
    const second = await world.run();
    await stop(world, second.taskArn);
    await stop(world, first.taskArn);
    const { taskArns } = await world.client.send(new ListTasksCommand({ desiredStatus: 'STOPPED' }));
    expect(taskArns).toEqual([first.taskArn, second.taskArn]);
  });
});

describe('the status that DescribeTasks tells', () => {
  it('lags behind, each change for itself', async () => {
    const world = await makeWorld({ statusLagMs: () => 1000 });
    const { taskArn } = await world.run();
    const seen: unknown[] = [];
    for (let at = 0; at < 60; at += 20) {
      seen.push((await world.task(taskArn)).lastStatus);
      world.clock.advance(20);
    }
    world.clock.advance(960);
    for (let at = 0; at < 60; at += 20) {
      seen.push((await world.task(taskArn)).lastStatus);
      world.clock.advance(20);
    }
    const before = ['PROVISIONING', 'PROVISIONING', 'PROVISIONING'];
    expect(seen).toEqual([...before, 'PENDING', 'RUNNING', 'RUNNING']);
  });

  it('never goes back, even when a later change shows sooner', async () => {
    const lags = [1000, 0];
    const world = await makeWorld({ statusLagMs: () => lags.shift() ?? 0 });
    const { taskArn } = await world.run();
    world.clock.advance(40);
    expect((await world.task(taskArn)).lastStatus).toBe('PROVISIONING');
    world.clock.advance(980);
    expect((await world.task(taskArn)).lastStatus).toBe('RUNNING');
  });

  it('includes tags', async () => {
    const world = await makeWorld({ statusLagMs: () => 1000 });
    const { taskArn } = await world.run();
    const tags = [{ key: 'k', value: 'v' }];
    await world.client.send(new TagResourceCommand({ resourceArn: taskArn, tags }));
    expect((await world.task(taskArn)).tags).toEqual([]);
    world.clock.advance(1000);
    expect((await world.task(taskArn)).tags).toEqual(tags);
  });
});
