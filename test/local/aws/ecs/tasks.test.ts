import { DescribeTasksCommand, ListTasksCommand, RunTaskCommand, TagResourceCommand } from '@aws-sdk/client-ecs';
import type { ListTasksCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { HOUR, IMAGE, RUN, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

describe('StopTask', () => {
  it('asks the containers to end, and ends them when their time is up', async () => {
    const world = await makeWorld({ stopTimeoutSeconds: 30 });
    world.runner.ignoresTerm = true;
    await world.register({
      containerDefinitions: [
        { name: 'web', image: IMAGE },
        { name: 'slow', image: IMAGE, stopTimeout: 60 },
      ],
    });
    const { taskArn } = await world.run();
    world.clock.advance(100);
    await stop(world, taskArn, 'label removed');
    const [web, slow] = world.runner.started;
    world.clock.advance(20);
    expect(web?.signals).toEqual(['SIGTERM']);
    world.clock.advance(29_999);
    expect(web?.signals).toEqual(['SIGTERM']);
    world.clock.advance(1);
    expect(web?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(slow?.signals).toEqual(['SIGTERM']);
    expect((await world.task(taskArn)).lastStatus).toBe('STOPPING');
    world.clock.advance(30_000);
    expect(slow?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(await world.task(taskArn)).toMatchObject({
      lastStatus: 'DEPROVISIONING',
      stopCode: 'UserInitiated',
      stoppedReason: 'label removed',
      containers: [{ exitCode: 137 }, { exitCode: 137 }],
    });
  });

  it('sends no SIGKILL to what has ended', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    world.clock.advance(100);
    await stop(world, taskArn);
    world.clock.advance(HOUR / 2);
    expect(world.runner.started[0]?.signals).toEqual(['SIGTERM']);
    expect((await world.task(taskArn)).containers?.[0]?.exitCode).toBe(143);
  });

  it('deletes the tags, and no others can be added', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run({ tags: [{ key: 'k', value: 'v' }] });
    await stop(world, taskArn);
    expect((await world.task(taskArn)).tags).toEqual([]);
    await expect(
      world.client.send(new TagResourceCommand({ resourceArn: taskArn, tags: [{ key: 'k', value: 'v' }] })),
    ).rejects.toThrow('task is stopped');
  });

  it('is the same a second time, and keeps the first reason', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    world.clock.advance(100);
    await stop(world, taskArn, 'first');
    await stop(world, taskArn, 'second');
    world.clock.advance(100);
    await stop(world, taskArn?.split('/').at(-1), 'third');
    expect(await world.task(taskArn)).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'first' });
    expect(world.runner.started[0]?.signals).toEqual(['SIGTERM']);
  });

  it('stops a task before its containers started', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    await stop(world, taskArn);
    world.clock.advance(HOUR / 2);
    const task = await world.task(taskArn);
    expect(task).toMatchObject({ lastStatus: 'STOPPED', stoppedReason: 'Task stopped by user' });
    expect(task.attachments?.[0]?.status).toBe('PRECREATED');
    expect(world.runner.started).toEqual([]);
  });

  it.each(['0123', 'arn:aws:ecs:eu-west-1:111122223333:task/other/0123'])(
    'refuses the unknown task %s',
    async (task) => {
      const world = await makeWorld();
      await expect(stop(world, task)).rejects.toMatchObject({
        name: 'InvalidParameterException',
        message: 'The referenced task was not found.',
      });
    },
  );

  it.each(['a b', 'arn:aws:ecs:eu-west-1:111122223333:service/x'])('refuses %s, which names no task', async (task) => {
    const world = await makeWorld();
    await expect(stop(world, task)).rejects.toThrow(`found '${task}'`);
  });
});

describe('ListTasks', () => {
  const list = async (world: World, input: ListTasksCommandInput = {}): Promise<string[]> =>
    (await world.client.send(new ListTasksCommand(input))).taskArns ?? [];

  it('goes by the desired status, which is RUNNING unless asked', async () => {
    const world = await makeWorld();
    const one = await world.run();
    const two = await world.run();
    await stop(world, one.taskArn);
    expect(await list(world)).toEqual([two.taskArn]);
    expect(await list(world, { desiredStatus: 'STOPPED' })).toEqual([one.taskArn]);
    expect(await list(world, { desiredStatus: 'PENDING' })).toEqual([]);
    await expect(list(world, { desiredStatus: 'NONE' as 'STOPPED' })).rejects.toThrow("found 'NONE'");
  });

  it('filters by one of startedBy and the others', async () => {
    const world = await makeWorld();
    await world.register({ family: 'other' });
    const mine = await world.run({ startedBy: 'me' });
    const other = await world.run({ taskDefinition: 'other' });
    expect(await list(world, { startedBy: 'me' })).toEqual([mine.taskArn]);
    expect(await list(world, { family: 'other' })).toEqual([other.taskArn]);
    expect(await list(world, { launchType: 'EC2' })).toEqual([]);
    await expect(list(world, { startedBy: 'me', desiredStatus: 'RUNNING' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('desiredStatus') as string,
    });
    await expect(list(world, { serviceName: 'x' })).rejects.toMatchObject({ name: 'ServiceNotFoundException' });
    await expect(list(world, { cluster: 'x' })).rejects.toMatchObject({ name: 'ClusterNotFoundException' });
  });

  it('pages, and a task that goes between two pages skips no other', async () => {
    const world = await makeWorld();
    const tasks = [await world.run(), await world.run(), await world.run()];
    const first = await world.client.send(new ListTasksCommand({ maxResults: 2 }));
    expect(first.taskArns).toEqual([tasks[0]?.taskArn, tasks[1]?.taskArn]);
    await stop(world, tasks[1]?.taskArn);
    const second = await world.client.send(new ListTasksCommand({ maxResults: 2, nextToken: first.nextToken }));
    expect(second).toMatchObject({ taskArns: [tasks[2]?.taskArn] });
    expect(second.nextToken).toBeUndefined();
    await expect(list(world, { maxResults: 101 })).rejects.toThrow('found 101');
    await expect(list(world, { maxResults: 0 })).rejects.toThrow('found 0');
  });

  it('gives pages of 100 unless asked, and each task once', async () => {
    const world = await makeWorld({ subnets: { 'subnet-a': '10.0.0.0/24' } });
    for (let i = 0; i < 11; i += 1) {
      await world.client.send(new RunTaskCommand({ ...RUN, count: 10, startedBy: 'me' }));
    }
    const first = await world.client.send(new ListTasksCommand({ startedBy: 'me' }));
    const second = await world.client.send(new ListTasksCommand({ startedBy: 'me', nextToken: first.nextToken }));
    expect([first.taskArns?.length, second.taskArns?.length, second.nextToken]).toEqual([100, 10, undefined]);
    expect(new Set([...(first.taskArns ?? []), ...(second.taskArns ?? [])]).size).toBe(110);
  });
});

describe('DescribeTasks', () => {
  it('tells tags only when asked, and takes 1 to 100 tasks', async () => {
    const world = await makeWorld();
    const { taskArn = '' } = await world.run({ tags: [{ key: 'k', value: 'v' }] });
    const plain = await world.client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    expect(plain.tasks?.[0]?.tags).toEqual([]);
    expect((await world.task(taskArn)).tags).toEqual([{ key: 'k', value: 'v' }]);
    for (const count of [0, 101]) {
      const tasks = Array.from({ length: count }, () => taskArn);
      await expect(world.client.send(new DescribeTasksCommand({ tasks }))).rejects.toThrow(`found ${count}`);
    }
  });

  it('does not see a new task until the lag is over', async () => {
    const world = await makeWorld({ visibilityLagMs: () => 5000 });
    const { taskArn = '' } = await world.run({ clientToken: 't' });
    const missing = await world.client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    expect(missing).toMatchObject({ tasks: [], failures: [{ arn: taskArn, reason: 'MISSING' }] });
    expect((await world.client.send(new ListTasksCommand({}))).taskArns).toEqual([]);
    await expect(stop(world, taskArn)).rejects.toThrow('not found');
    expect((await world.run({ clientToken: 't' })).taskArn).toBe(taskArn);
    world.clock.advance(5000);
    expect((await world.task(taskArn)).taskArn).toBe(taskArn);
  });
});
