import { DescribeTasksCommand, ListTasksCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { emptyEcsState, parseEcsState } from '../../../../src/local/aws/ecs/state.ts';
import { HOUR, IMAGE, REGISTRY, RUN, START, makeWorld, stop } from './world.ts';
import type { World } from './world.ts';

const timings = { provisioning: 10, pending: 10, activating: 10, deactivating: 10, deprovisioning: 10 };

describe('the life of a task', () => {
  it('goes through every status in order', async () => {
    const world = await makeWorld({ timings: () => timings });
    const { taskArn } = await world.run();
    const seen: string[] = [];
    const walk = async (steps: number): Promise<void> => {
      for (let i = 0; i < steps; i += 1) {
        const task = await world.task(taskArn);
        seen.push(`${task.lastStatus} ${task.version}`);
        world.clock.advance(10);
      }
    };
    await walk(4);
    world.runner.ignoresTerm = true;
    await stop(world, taskArn);
    await walk(2);
    world.runner.started[0]?.exit({ exitCode: 0 });
    await walk(2);
    expect(seen.map((one) => one.split(' ')[0])).toEqual([
      'PROVISIONING',
      'PENDING',
      'ACTIVATING',
      'RUNNING',
      'DEACTIVATING',
      'STOPPING',
      'DEPROVISIONING',
      'STOPPED',
    ]);
    const versions = seen.map((one) => Number(one.split(' ')[1]));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });

  it('shows the address in both places once the interface is attached', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    world.clock.advance(20);
    const task = await world.task(taskArn);
    const details = Object.fromEntries((task.attachments?.[0]?.details ?? []).map(({ name, value }) => [name, value]));
    expect(task).toMatchObject({ lastStatus: 'PENDING', attachments: [{ status: 'ATTACHED' }] });
    expect(details).toEqual({
      subnetId: 'subnet-a',
      networkInterfaceId: expect.stringMatching(/^eni-[0-9a-f]{17}$/) as string,
      macAddress: expect.stringMatching(/^0a(:[0-9a-f]{2}){5}$/) as string,
      privateDnsName: 'ip-10-0-0-4.ec2.internal',
      privateIPv4Address: '10.0.0.4',
    });
    expect(task.containers?.[0]?.networkInterfaces).toEqual([
      { attachmentId: task.attachments?.[0]?.id, privateIpv4Address: '10.0.0.4' },
    ]);
  });

  it('is stopped by its essential container', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run({ tags: [{ key: 'k', value: 'v' }] });
    world.clock.advance(100);
    world.runner.started[0]?.exit({ exitCode: 3 });
    expect(await world.task(taskArn)).toMatchObject({
      lastStatus: 'DEPROVISIONING',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      containers: [{ lastStatus: 'STOPPED', exitCode: 3 }],
      tags: [{ key: 'k', value: 'v' }],
    });
    world.clock.advance(20);
    expect(await world.task(taskArn)).toMatchObject({
      lastStatus: 'STOPPED',
      stoppedAt: new Date(START + 120),
      attachments: [{ status: 'DELETED' }],
    });
  });

  it('goes on without a container that is not essential, and takes the others along', async () => {
    const world = await makeWorld();
    await world.register({
      containerDefinitions: [
        { name: 'web', image: IMAGE },
        { name: 'helper', image: IMAGE, essential: false },
      ],
    });
    const { taskArn } = await world.run();
    world.clock.advance(100);
    const [web, helper] = world.runner.started;
    expect(web?.spec.address).toBe(helper?.spec.address);
    helper?.exit({ exitCode: 0 });
    expect((await world.task(taskArn)).lastStatus).toBe('RUNNING');
    const second = await world.run();
    world.clock.advance(100);
    const [, , web2, helper2] = world.runner.started;
    web2?.exit({ exitCode: 1 });
    world.clock.advance(20);
    expect(helper2?.signals).toEqual(['SIGTERM']);
    expect(await world.task(second.taskArn)).toMatchObject({
      lastStatus: 'DEPROVISIONING',
      stopCode: 'EssentialContainerExited',
    });
  });

  it('can be followed for an hour after its end', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    world.clock.advance(100);
    world.runner.started[0]?.exit({ exitCode: 0 });
    world.clock.advance(20 + HOUR - 1);
    expect((await world.task(taskArn)).lastStatus).toBe('STOPPED');
    world.clock.advance(1);
    const gone = await world.client.send(new DescribeTasksCommand({ tasks: [taskArn ?? ''] }));
    expect(gone).toMatchObject({ tasks: [], failures: [{ arn: taskArn, reason: 'MISSING' }] });
  });

  it('gives an address again only after all the others', async () => {
    const world = await makeWorld();
    for (let i = 0; i < 12; i += 1) {
      await world.run();
      world.clock.advance(100);
      world.runner.started.at(-1)?.exit({ exitCode: 0 });
      world.clock.advance(100);
    }
    const addresses = world.runner.started.map(({ spec }) => spec.address);
    expect(new Set(addresses.slice(0, 11)).size).toBe(11);
    expect(addresses[10]).toBe('10.0.0.14');
    expect(addresses[11]).toBe('10.0.0.4');
  });
});

describe('a task that cannot start', () => {
  const failing = async (world: World): Promise<Awaited<ReturnType<World['task']>>> => {
    const { taskArn } = await world.run();
    world.clock.advance(100);
    return world.task(taskArn);
  };

  it.each([`${REGISTRY}/app:missing`, 'docker.io/library/nginx', `${REGISTRY}/app@sha256:0`])(
    'for want of the image %s says so',
    async (image) => {
      const world = await makeWorld();
      await world.register({ containerDefinitions: [{ name: 'web', image }] });
      const task = await failing(world);
      expect(task).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'TaskFailedToStart' });
      expect(task.stoppedReason).toMatch(/^CannotPullContainerError: .*: not found$/);
      expect(task.containers?.[0]?.reason).toBe(task.stoppedReason);
      expect(world.runner.started).toEqual([]);
    },
  );

  it('for want of its log group says so, unless it may make it', async () => {
    const world = await makeWorld();
    const options = { 'awslogs-group': '/apps', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'ecs' };
    await world.register({
      containerDefinitions: [{ name: 'web', image: IMAGE, logConfiguration: { logDriver: 'awslogs', options } }],
    });
    expect((await failing(world)).stoppedReason).toMatch(/ResourceInitializationError.*log group does not exist/);
    world.logs.createGroup('/apps');
    const { taskArn = '' } = await failing(world);
    world.runner.started[0]?.spec.log('hello', 'stdout');
    const stream = world.logs.group('/apps')?.streams.get(`ecs/web/${taskArn.split('/').at(-1)}`);
    expect(stream?.events).toMatchObject([{ message: 'hello', timestamp: START + 200 }]);
    await world.register({
      containerDefinitions: [
        {
          name: 'web',
          image: IMAGE,
          logConfiguration: {
            logDriver: 'awslogs',
            options: { 'awslogs-group': '/new', 'awslogs-create-group': 'true' },
          },
        },
      ],
    });
    expect((await failing(world)).lastStatus).toBe('RUNNING');
    expect([...(world.logs.group('/new')?.streams.keys() ?? [])]).toHaveLength(1);
  });

  it('for want of secrets is not started without them', async () => {
    const world = await makeWorld();
    await world.register({
      containerDefinitions: [{ name: 'web', image: IMAGE, secrets: [{ name: 'TOKEN', valueFrom: 'arn:aws:x' }] }],
    });
    expect((await failing(world)).stoppedReason).toMatch(/ResourceInitializationError.*TOKEN/);
  });

  it('because its program does not says so', async () => {
    const world = await makeWorld();
    const { taskArn } = await world.run();
    world.clock.advance(100);
    world.runner.started[0]?.exit({ startError: 'CannotStartContainerError: spawn nothing ENOENT' });
    world.clock.advance(100);
    const task = await world.task(taskArn);
    expect(task).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'CannotStartContainerError: spawn nothing ENOENT',
      containers: [{ reason: 'CannotStartContainerError: spawn nothing ENOENT' }],
    });
    expect(task.containers?.[0]?.exitCode).toBeUndefined();
  });
});

describe('the infrastructure', () => {
  it('may take a task away', async () => {
    const world = await makeWorld();
    const { taskArn = '' } = await world.run();
    world.clock.advance(100);
    const why = { code: 'InfrastructureHealth', reason: 'host gone' } as const;
    expect(world.ecs.interrupt(taskArn, why)).toBe(true);
    expect(world.ecs.interrupt(taskArn, why)).toBe(false);
    world.clock.advance(100);
    expect(await world.task(taskArn)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'InfrastructureHealth' });
  });

  it('stops everything at close, takes no more, and leaves no timer', async () => {
    const world = await makeWorld();
    world.runner.ignoresTerm = true;
    await world.run();
    world.clock.advance(100);
    const { taskArn } = await world.run();
    const closed = world.ecs.close();
    await expect(world.run()).rejects.toMatchObject({ name: 'ServerException' });
    world.clock.advance(31_000);
    await closed;
    expect(world.runner.started[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(await world.task(taskArn)).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'InfrastructureHealth' });
    expect(world.clock.pending()).toBe(0);
  });

  it('closes at once when nothing runs', async () => {
    const world = await makeWorld();
    await world.ecs.close();
    expect(world.clock.pending()).toBe(0);
  });

  it('is the same in every run', async () => {
    const play = async (): Promise<string> => {
      const world = await makeWorld();
      await world.client.send(new RunTaskCommand({ ...RUN, count: 5, clientToken: 't' }));
      world.clock.advance(100);
      world.runner.started[2]?.exit({ exitCode: 1 });
      world.clock.advance(100);
      return JSON.stringify(world.ecs.state);
    };
    expect(await play()).toBe(await play());
  });
});

describe('the state of an earlier life', () => {
  it('survives as JSON; what ran is STOPPED and its processes are ended', async () => {
    const before = await makeWorld();
    const running = await before.run({ clientToken: 't', tags: [{ key: 'k', value: 'v' }] });
    before.clock.advance(100);
    const ended = await before.run();
    before.clock.advance(100);
    before.runner.started[1]?.exit({ exitCode: 5 });
    before.clock.advance(100);

    const state = parseEcsState(JSON.parse(JSON.stringify(before.ecs.state)));
    const after = await makeWorld({ state });
    after.clock.advance(1000);
    expect(await after.task(running.taskArn)).toMatchObject({
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'InfrastructureHealth',
      stoppedReason: 'The local AWS ended while the task ran',
      containers: [{ lastStatus: 'STOPPED' }],
    });
    expect(await after.task(ended.taskArn)).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ exitCode: 5 }],
    });
    expect(after.runner.reaped).toEqual([
      {
        pid: 1,
        startedAt: 'then',
        directory:
          before.runner.started[0]?.spec.name === undefined ? '' : `/scratch/${before.runner.started[0].spec.name}`,
      },
    ]);
    expect(
      (await after.run({ clientToken: 't', tags: [{ key: 'k', value: 'v' }], taskDefinition: 'app' })).taskArn,
    ).toBe(running.taskArn);
    const listed = await after.client.send(new ListTasksCommand({ desiredStatus: 'STOPPED' }));
    expect(listed.taskArns).toEqual([running.taskArn, ended.taskArn]);
    expect(await after.register()).toMatch(/app:3$/);
    after.clock.advance(2 * HOUR);
    expect(after.ecs.state.tasks).toEqual({});
  });

  it('is refused when it is of another kind', () => {
    expect(() => parseEcsState(null)).toThrow('version must be 1');
    expect(() => parseEcsState({ ...emptyEcsState(), version: 2 })).toThrow('found 2');
    expect(() => parseEcsState({ ...emptyEcsState(), tasks: null })).toThrow('tasks must be an object');
    expect(() => parseEcsState({ ...emptyEcsState(), nextSeq: 'x' })).toThrow('nextSeq');
  });
});
