/** AWS-FACTS ECS "failures[]", "Fargate", "hidden throttle", "RunTask errors", "Register race", "throttle buckets". */
import { ListTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import {
  FAILURES,
  blocked,
  denied,
  registerRace,
  serverError,
  throttled,
  throttledSubnet,
} from '../../../../src/local/aws/ecs/refusals.ts';
import type { EcsSettings } from '../../../../src/local/aws/ecs/service.ts';
import { RUN, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

const VCPUS = 'You’ve reached the limit on the number of vCPUs you can run concurrently';

describe('failures[]', () => {
  it.each(Object.values(FAILURES))('says $reason with HTTP 200', async (failure) => {
    const world = await makeWorld({ failRunTask: () => failure });
    const answer = await world.client.send(new RunTaskCommand(RUN));
    expect(answer).toMatchObject({ tasks: [], failures: [failure], $metadata: { httpStatusCode: 200 } });
  });

  it('is worded as AWS words it', () => {
    expect(Object.values(FAILURES).map(({ reason }) => reason)).toEqual([
      'RESOURCE:CPU',
      'RESOURCE:MEMORY',
      'RESOURCE:ENI',
      'RESOURCE:GPU',
      'AGENT',
      'LOCATION',
      'ATTRIBUTE',
      'Capacity is unavailable at this time. Please try again later or in a different availability zone',
      VCPUS,
    ]);
  });
});

describe('the vCPU quota', () => {
  const full = async (settings: Partial<EcsSettings> = {}): Promise<{ world: World; arns: string[] }> => {
    const world = await makeWorld({ vcpuQuota: () => 1, ...settings });
    const { tasks } = await world.client.send(new RunTaskCommand({ ...RUN, count: 4 }));
    return { world, arns: tasks?.map(({ taskArn = '' }) => taskArn) ?? [] };
  };
  const run = (world: World, change = {}): Promise<object> =>
    world.client.send(new RunTaskCommand({ ...RUN, ...change }));

  it('counts the vCPUs of tasks until they are STOPPED', async () => {
    const { world, arns } = await full();
    expect(await run(world)).toMatchObject({ tasks: [], failures: [{ reason: VCPUS }] });
    world.clock.advance(40);
    await stop(world, arns[0]);
    world.clock.advance(39);
    expect(await run(world)).toMatchObject({ tasks: [] });
    world.clock.advance(1);
    expect(await run(world)).toMatchObject({ tasks: [{ lastStatus: 'PROVISIONING' }], failures: [] });
    expect(await run(world)).toMatchObject({ tasks: [] });
  });

  it('places as many of a call as fit, each by the size it is to have', async () => {
    const world = await makeWorld({ vcpuQuota: () => 1 });
    const overrides = { cpu: '.5 vCPU', memory: '1024' };
    const answer = await world.client.send(new RunTaskCommand({ ...RUN, overrides, count: 3 }));
    expect([answer.tasks?.length, answer.failures]).toEqual([2, [{ reason: VCPUS }]]);
  });

  it('may be told as an exception, with nothing started', async () => {
    const { world } = await full({ vcpuRefusal: 'exception' });
    await expect(run(world)).rejects.toMatchObject({ name: 'ClientException', message: VCPUS });
    expect(Object.keys(world.ecs.state.tasks)).toHaveLength(4);
  });

  it('can be raised', async () => {
    let quota = 1;
    const { world } = await full({ vcpuQuota: () => quota });
    quota = 2;
    expect(await run(world, { count: 4 })).toMatchObject({ failures: [] });
  });

  it('leaves tasks on hosts of one’s own alone', async () => {
    const { world } = await full();
    expect(await run(world, { launchType: 'EC2' })).toMatchObject({ failures: [] });
  });

  it('is kept over a restart, in which all tasks stop', async () => {
    const { world } = await full();
    const after = await makeWorld({ vcpuQuota: () => 1, state: structuredClone(world.ecs.state) });
    expect(await run(after, { count: 4 })).toMatchObject({ failures: [] });
  });
});

describe('a refused call', () => {
  it.each([
    [
      throttledSubnet('subnet-a'),
      'InvalidParameterException',
      'Error retrieving subnet information for [subnet-a]: Rate exceeded (ErrorCode: Throttling)',
      400,
    ],
    [throttled(), 'ThrottlingException', 'Rate exceeded', 400],
    [blocked(), 'BlockedException', 'blocked', 400],
    [denied('RunTask'), 'AccessDeniedException', 'ecs:RunTask', 400],
    [serverError(), 'ServerException', '', 500],
  ])('says %s and starts nothing', async (error, name, message, httpStatusCode) => {
    const errors = [error];
    const world = await makeWorld({
      refuse: (operation) => (operation === 'RunTask' ? errors.shift() : undefined),
    });
    await expect(world.run()).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message) as string,
      $metadata: { httpStatusCode },
    });
    expect((await world.client.send(new ListTasksCommand({}))).taskArns).toEqual([]);
    expect((await world.run()).lastStatus).toBe('PROVISIONING');
  });
});

describe('two registrations of a family at once', () => {
  it('are a race that one loses', async () => {
    const world = await makeWorld({ registerRaceMs: 200 });
    await expect(world.register()).rejects.toMatchObject({
      name: 'ClientException',
      message: registerRace().message,
    });
    expect(await world.register({ family: 'other' })).toMatch(/other:1$/);
    world.clock.advance(200);
    expect(await world.register()).toMatch(/app:2$/);
  });
});
