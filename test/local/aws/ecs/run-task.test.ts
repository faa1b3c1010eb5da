import { RunTaskCommand } from '@aws-sdk/client-ecs';
import type { ContainerDefinition, RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { IMAGE, RUN, START, makeWorld } from './world.ts';

const HOUR = 3600_000;

describe('RunTask', () => {
  it('answers with a task that is PROVISIONING and has no address yet', async () => {
    const world = await makeWorld();
    const task = await world.run({
      startedBy: 'mayfly/one',
      group: 'session-1',
      tags: [{ key: 'k', value: 'v' }],
      overrides: {
        cpu: '512',
        memory: '1024',
        containerOverrides: [{ name: 'web', environment: [{ name: 'A', value: '1' }] }],
      },
    });
    expect(task).toMatchObject({
      taskArn: expect.stringMatching(/^arn:aws:ecs:eu-west-1:111122223333:task\/default\/[0-9a-f]{32}$/) as string,
      clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/default',
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/app:1',
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      launchType: 'FARGATE',
      startedBy: 'mayfly/one',
      group: 'session-1',
      cpu: '512',
      memory: '1024',
      createdAt: new Date(START),
      tags: [{ key: 'k', value: 'v' }],
      overrides: { containerOverrides: [{ name: 'web', environment: [{ name: 'A', value: '1' }] }] },
      attachments: [
        { type: 'ElasticNetworkInterface', status: 'PRECREATED', details: [{ name: 'subnetId', value: 'subnet-a' }] },
      ],
      containers: [{ name: 'web', image: IMAGE, lastStatus: 'PENDING', networkInterfaces: [] }],
    });
  });

  it('starts as many as asked, each with an address of its own', async () => {
    const world = await makeWorld();
    const { tasks } = await world.client.send(new RunTaskCommand({ ...RUN, count: 3 }));
    expect(new Set(tasks?.map((task) => task.taskArn)).size).toBe(3);
    world.clock.advance(100);
    expect(world.runner.started.map(({ spec }) => spec.address)).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });

  it('defaults the group to the family, and copies tags of the definition when asked', async () => {
    const world = await makeWorld();
    await world.register({
      tags: [
        { key: 'd', value: 'definition' },
        { key: 'k', value: 'definition' },
      ],
    });
    const task = await world.run({ propagateTags: 'TASK_DEFINITION', tags: [{ key: 'k', value: 'task' }] });
    expect(task.group).toBe('family:app');
    expect(task.tags).toEqual([
      { key: 'd', value: 'definition' },
      { key: 'k', value: 'task' },
    ]);
  });

  it('takes the next subnet when one is full, and answers a failure when all are', async () => {
    const world = await makeWorld();
    const both = { awsvpcConfiguration: { subnets: ['subnet-a', 'subnet-b'] } };
    // A /28 has 16 addresses, of which AWS keeps 5.
    const first = await world.client.send(new RunTaskCommand({ ...RUN, count: 10, networkConfiguration: both }));
    const second = await world.client.send(new RunTaskCommand({ ...RUN, count: 10, networkConfiguration: both }));
    const third = await world.client.send(new RunTaskCommand({ ...RUN, count: 3, networkConfiguration: both }));
    expect([first.tasks?.length, second.tasks?.length, third.tasks?.length]).toEqual([10, 10, 2]);
    expect(third.failures).toEqual([{ reason: 'RESOURCE:ENI' }]);
    const subnets = second.tasks?.map((task) => task.attachments?.[0]?.details?.[0]?.value);
    expect(subnets?.slice(0, 2)).toEqual(['subnet-a', 'subnet-b']);
  });

  const network = RUN.networkConfiguration?.awsvpcConfiguration;
  const refused: [string, Partial<RunTaskCommandInput>, string, string][] = [
    ['an unknown cluster', { cluster: 'nowhere' }, 'ClusterNotFoundException', 'Cluster not found.'],
    [
      'another account’s cluster',
      { cluster: 'arn:aws:ecs:eu-west-1:999999999999:cluster/default' },
      'ClusterNotFoundException',
      '',
    ],
    ['an unknown definition', { taskDefinition: 'nothing' }, 'ClientException', 'TaskDefinition not found.'],
    ['eleven tasks', { count: 11 }, 'InvalidParameterException', 'found 11'],
    ['no tasks', { count: 0 }, 'InvalidParameterException', 'found 0'],
    ['a long token', { clientToken: 'x'.repeat(65) }, 'InvalidParameterException', 'clientToken'],
    ['a token with a space', { clientToken: 'a b' }, 'InvalidParameterException', 'clientToken'],
    ['a startedBy with a colon', { startedBy: 'a:b' }, 'InvalidParameterException', "found 'a:b'"],
    ['a startedBy over 128', { startedBy: 'a'.repeat(129) }, 'InvalidParameterException', 'startedBy'],
    [
      'no network',
      { networkConfiguration: undefined },
      'InvalidParameterException',
      'Network Configuration must be provided',
    ],
    [
      'no subnet',
      { networkConfiguration: { awsvpcConfiguration: { ...network, subnets: [] } } },
      'InvalidParameterException',
      'subnets',
    ],
    [
      'an unknown subnet',
      { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-x'] } } },
      'InvalidParameterException',
      "'subnet-x' does not exist",
    ],
    [
      'six security groups',
      { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-a'], securityGroups: 'abcdef'.split('') } } },
      'InvalidParameterException',
      'found 6',
    ],
    [
      'an override of no container',
      { overrides: { containerOverrides: [{ name: 'db' }] } },
      'InvalidParameterException',
      'Override for container named db is not a container in the TaskDefinition.',
    ],
    [
      'overrides over 8192',
      { overrides: { containerOverrides: [{ name: 'web', command: ['x'.repeat(8200)] }] } },
      'InvalidParameterException',
      '8192',
    ],
    [
      'a size that Fargate has not',
      { overrides: { cpu: '512', memory: '512' } },
      'ClientException',
      'No Fargate configuration',
    ],
    [
      '51 tags',
      { tags: Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: '' })) },
      'InvalidParameterException',
      'found 51',
    ],
    ['hosts of one’s own', { launchType: 'EXTERNAL' }, 'UnsupportedFeatureException', 'EXTERNAL'],
  ];
  it.each(refused)('refuses %s', async (_what, change, name, message) => {
    const world = await makeWorld();
    await expect(world.run(change)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message) as string,
    });
    expect(world.ecs.state.tasks).toEqual({});
  });

  it('refuses definitions that are inactive, not for Fargate, or without an address for each task', async () => {
    const world = await makeWorld();
    const ec2 = await world.register({ requiresCompatibilities: ['EC2'] });
    await expect(world.run({ taskDefinition: ec2 })).rejects.toThrow('does not support launch_type FARGATE');
    expect((await world.run({ taskDefinition: ec2, launchType: 'EC2' })).launchType).toBe('EC2');
    const bridge = await world.register({ requiresCompatibilities: ['EC2'], networkMode: 'bridge' });
    await expect(world.run({ taskDefinition: bridge, launchType: 'EC2' })).rejects.toMatchObject({
      name: 'UnsupportedFeatureException',
    });
    world.ecs.state.families['app']?.forEach(({ definition }) => {
      definition.status = 'INACTIVE';
    });
    await expect(world.run({ taskDefinition: 'app:1' })).rejects.toThrow('TaskDefinition is inactive');
  });

  it('answers failures with HTTP 200', async () => {
    const failures = [{ reason: 'Capacity is unavailable at this time.', detail: 'try later' }, undefined];
    const world = await makeWorld({ failRunTask: () => failures.shift() });
    const answer = await world.client.send(new RunTaskCommand({ ...RUN, count: 2 }));
    expect(answer.failures).toEqual([{ reason: 'Capacity is unavailable at this time.', detail: 'try later' }]);
    expect(answer.tasks).toHaveLength(1);
  });

  it('may start a task that it answered as failed', async () => {
    const world = await makeWorld({ failRunTask: () => ({ reason: 'RESOURCE:CPU', startsAnyway: true }) });
    const answer = await world.client.send(new RunTaskCommand(RUN));
    expect(answer).toMatchObject({ tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] });
    world.clock.advance(100);
    expect(world.runner.started).toHaveLength(1);
  });
});

describe('a client token', () => {
  it('starts one task however often the request is sent', async () => {
    const world = await makeWorld();
    const request = { clientToken: 'token-1', tags: [{ key: 'k', value: 'v' }] };
    const first = await world.run(request);
    world.clock.advance(100);
    const again = await world.run(request);
    expect(again).toMatchObject({ taskArn: first.taskArn, lastStatus: 'RUNNING' });
    expect(world.runner.started).toHaveLength(1);
    expect((await world.run({ ...request, clientToken: 'TOKEN-1' })).taskArn).not.toBe(first.taskArn);
  });

  it('of another request is a conflict that names the tasks', async () => {
    const world = await makeWorld();
    const first = await world.run({ clientToken: 'token-1' });
    await expect(world.run({ clientToken: 'token-1', startedBy: 'other' })).rejects.toMatchObject({
      name: 'ConflictException',
      resourceIds: [first.taskArn],
    });
    expect(Object.keys(world.ecs.state.tasks)).toHaveLength(1);
  });

  it('is good for the order of members but not of lists', async () => {
    const world = await makeWorld();
    const first = await world.run({
      clientToken: 't',
      startedBy: 'a',
      group: 'g',
      tags: [
        { key: 'x', value: '' },
        { key: 'y', value: '' },
      ],
    });
    const same = await world.run({
      tags: [
        { value: '', key: 'x' },
        { value: '', key: 'y' },
      ],
      group: 'g',
      startedBy: 'a',
      clientToken: 't',
    });
    expect(same.taskArn).toBe(first.taskArn);
    await expect(
      world.run({
        clientToken: 't',
        startedBy: 'a',
        group: 'g',
        tags: [
          { key: 'y', value: '' },
          { key: 'x', value: '' },
        ],
      }),
    ).rejects.toMatchObject({ name: 'ConflictException' });
  });

  it('answers for a stopped task with little, and is forgotten with it', async () => {
    const world = await makeWorld();
    const first = await world.run({ clientToken: 't' });
    world.clock.advance(100);
    world.runner.started[0]?.exit({ exitCode: 1 });
    world.clock.advance(100);
    const again = await world.run({ clientToken: 't' });
    expect(again).toEqual({ taskArn: first.taskArn, lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    world.clock.advance(HOUR);
    const fresh = await world.run({ clientToken: 't' });
    expect(fresh.taskArn).not.toBe(first.taskArn);
  });

  it('lives a day at most', async () => {
    const world = await makeWorld();
    const first = await world.run({ clientToken: 't' });
    world.clock.advance(24 * HOUR - 1);
    expect((await world.run({ clientToken: 't' })).taskArn).toBe(first.taskArn);
    world.clock.advance(1);
    expect((await world.run({ clientToken: 't' })).taskArn).not.toBe(first.taskArn);
  });

  it('repeats the failures of its first answer', async () => {
    const failures = [{ reason: 'RESOURCE:CPU' }];
    const world = await makeWorld({ failRunTask: () => failures.shift() });
    for (let i = 0; i < 2; i += 1) {
      const answer = await world.client.send(new RunTaskCommand({ ...RUN, clientToken: 't' }));
      expect(answer).toMatchObject({ tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] });
    }
  });
});

describe('a container', () => {
  const withContainer = async (
    definition: Partial<ContainerDefinition>,
    run: Partial<RunTaskCommandInput> = {},
  ): Promise<Awaited<ReturnType<typeof makeWorld>>> => {
    const world = await makeWorld();
    await world.register({ containerDefinitions: [{ name: 'web', image: IMAGE, ...definition }] });
    await world.run(run);
    world.clock.advance(100);
    return world;
  };

  it('gets the environment of image, definition and override, in this order, and its address', async () => {
    const world = await withContainer(
      {
        environment: [
          { name: 'FROM', value: 'definition' },
          { name: 'A', value: 'definition' },
        ],
      },
      {
        overrides: {
          containerOverrides: [
            {
              name: 'web',
              environment: [
                { name: 'A', value: 'override' },
                { name: 'BIND_ADDRESS', value: '0.0.0.0' },
              ],
            },
          ],
        },
      },
    );
    expect(world.runner.started[0]?.spec.env).toEqual({
      KEPT: 'image',
      FROM: 'definition',
      A: 'override',
      BIND_ADDRESS: '10.0.0.4',
    });
  });

  it.each([
    ['of the image', {}, {}, ['node', 'app.js']],
    ['of the definition', { command: ['a', 'b'] }, {}, ['a', 'b']],
    ['of the override', { command: ['a'] }, { command: ['c'] }, ['c']],
    ['after an entry point', { entryPoint: ['sh', '-c'], command: ['a'] }, {}, ['sh', '-c', 'a']],
    ['of an entry point alone', { entryPoint: ['init'] }, {}, ['init']],
  ])('runs the command %s', async (_what, definition, override, command) => {
    const world = await withContainer(definition, {
      overrides: { containerOverrides: [{ name: 'web', ...override }] },
    });
    expect(world.runner.started[0]?.spec.command).toEqual(command);
  });
});
