import {
  CreateClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-ecs';
import type { ListTaskDefinitionsCommandInput, RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { DEFINITION, IMAGE, START, makeWorld } from './world.ts';

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task-definition/app';

describe('task definitions', () => {
  it('are numbered within their family, and kept as they were given', async () => {
    const world = await makeWorld();
    const answer = await world.client.send(
      new RegisterTaskDefinitionCommand({ ...DEFINITION, tags: [{ key: 'k', value: 'v' }] }),
    );
    expect(answer.taskDefinition).toMatchObject({
      taskDefinitionArn: `${ARN}:2`,
      revision: 2,
      status: 'ACTIVE',
      family: 'app',
      cpu: '256',
      compatibilities: ['EC2', 'FARGATE'],
      registeredAt: new Date(START),
      containerDefinitions: [{ name: 'web', image: IMAGE, essential: true }],
    });
    expect(answer.tags).toEqual([{ key: 'k', value: 'v' }]);
    expect(await world.register({ family: 'other' })).toMatch(/other:1$/);
  });

  it('are found by family, family:revision and ARN', async () => {
    const world = await makeWorld();
    await world.register({ tags: [{ key: 'k', value: 'v' }] });
    for (const [name, revision] of [
      ['app', 2],
      ['app:1', 1],
      [`${ARN}:2`, 2],
    ] as const) {
      const answer = await world.client.send(
        new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ['TAGS'] }),
      );
      expect(answer.taskDefinition?.revision).toBe(revision);
      expect(answer.tags).toEqual(revision === 2 ? [{ key: 'k', value: 'v' }] : []);
    }
    await expect(
      world.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'app:9' })),
    ).rejects.toMatchObject({ name: 'ClientException', message: 'Unable to describe task definition.' });
    await expect(world.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'a b' }))).rejects.toThrow(
      "found 'a b'",
    );
  });

  it('that are inactive are passed over by the family, but still described, and their number is not used again', async () => {
    const world = await makeWorld();
    const second = await world.register();
    const gone = await world.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: second }));
    expect(gone.taskDefinition?.status).toBe('INACTIVE');
    const byFamily = await world.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'app' }));
    expect(byFamily.taskDefinition?.revision).toBe(1);
    const byArn = await world.client.send(new DescribeTaskDefinitionCommand({ taskDefinition: second }));
    expect(byArn.taskDefinition).toMatchObject({ status: 'INACTIVE', deregisteredAt: new Date(START) });
    expect(await world.register()).toBe(`${ARN}:3`);
    await expect(world.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'app' }))).rejects.toThrow(
      'Invalid revision number',
    );
    await expect(world.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'app:99' }))).rejects.toThrow(
      'Unable to describe',
    );
  });

  it('are listed by status, family and order, in pages', async () => {
    const world = await makeWorld();
    await world.register();
    await world.register({ family: 'app-two' });
    const list = async (input: ListTaskDefinitionsCommandInput): Promise<string[]> => {
      const answer = await world.client.send(new ListTaskDefinitionsCommand(input));
      const arns = (answer.taskDefinitionArns ?? []).map((arn) => arn.split('/')[1] ?? '');
      return answer.nextToken ? [...arns, '|', ...(await list({ ...input, nextToken: answer.nextToken }))] : arns;
    };
    expect(await list({})).toEqual(['app:1', 'app:2', 'app-two:1']);
    expect(await list({ familyPrefix: 'app', sort: 'DESC' })).toEqual(['app:2', 'app:1']);
    expect(await list({ maxResults: 2 })).toEqual(['app:1', 'app:2', '|', 'app-two:1']);
    await world.client.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'app:1' }));
    expect(await list({ status: 'INACTIVE' })).toEqual(['app:1']);
    await expect(list({ nextToken: 'rubbish' })).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(list({ maxResults: 101 })).rejects.toThrow('between 1 and 100; found 101');
  });

  const web = { name: 'web', image: IMAGE };
  const refused: [string, Partial<RegisterTaskDefinitionCommandInput>, string | RegExp][] = [
    ['a family with a dot', { family: 'a.b' }, "found 'a.b'"],
    ['no containers', { containerDefinitions: [] }, 'found 0'],
    [
      'eleven containers',
      { containerDefinitions: Array.from({ length: 11 }, (_, i) => ({ ...web, name: `c${i}` })) },
      'found 11',
    ],
    ['two containers of one name', { containerDefinitions: [web, web] }, 'unique'],
    ['no essential container', { containerDefinitions: [{ ...web, essential: false }] }, 'essential'],
    ['a container without a name', { containerDefinitions: [{ image: IMAGE }] }, 'Container.name'],
    ['a container without an image', { containerDefinitions: [{ name: 'web' }] }, 'Container.image'],
    ['a stop timeout over Fargate’s', { containerDefinitions: [{ ...web, stopTimeout: 121 }] }, 'found 121'],
    [
      'awslogs without a group',
      { containerDefinitions: [{ ...web, logConfiguration: { logDriver: 'awslogs' } }] },
      'awslogs-group',
    ],
    ['Fargate on a bridge', { networkMode: 'bridge' }, "network mode 'awsvpc'"],
    ['Fargate without cpu', { cpu: undefined }, 'cpu'],
    ['Fargate without memory', { memory: undefined }, 'memory'],
    ['a size that Fargate has not', { cpu: '256', memory: '4096' }, /No Fargate configuration.*256 CPU, 4096/],
    ['the gap between the small sizes', { cpu: '256', memory: '1536' }, 'No Fargate configuration'],
    ['a size that is none', { cpu: 'lots' }, 'No Fargate configuration'],
    ['a tag of AWS’s', { tags: [{ key: 'aws:x', value: '' }] }, "'aws:x'"],
    ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: '' })) }, 'found 51'],
    ['one tag twice', { tags: [{ key: 'k' }, { key: 'k' }] }, 'Duplicate'],
    ['a tag value over 256', { tags: [{ key: 'k', value: 'v'.repeat(257) }] }, 'found 257'],
  ];
  it.each(refused)('with %s are refused', async (_what, change, message) => {
    const world = await makeWorld();
    await expect(world.register(change)).rejects.toThrow(message);
  });

  it('may name their size in vCPU and GB', async () => {
    const world = await makeWorld();
    expect(await world.register({ cpu: '1 vCPU', memory: '2 GB' })).toMatch(/app:2$/);
  });
});

describe('clusters', () => {
  it('are created once', async () => {
    const { client, ecs } = await makeWorld();
    const first = await client.send(new CreateClusterCommand({ clusterName: 'one', tags: [{ key: 'k', value: 'v' }] }));
    const again = await client.send(new CreateClusterCommand({ clusterName: 'one' }));
    expect(again.cluster).toEqual(first.cluster);
    expect(Object.keys(ecs.state.clusters)).toEqual(['default', 'one']);
    await expect(client.send(new CreateClusterCommand({ clusterName: 'a b' }))).rejects.toThrow("found 'a b'");
  });

  it('are described with their counts, and MISSING when unknown', async () => {
    const world = await makeWorld();
    await world.run();
    world.clock.advance(100);
    await world.run();
    const described = await world.client.send(
      new DescribeClustersCommand({ clusters: ['default', 'nowhere', 'arn:aws:ecs:us-east-1:999999999999:cluster/x'] }),
    );
    expect(described.clusters).toMatchObject([
      { clusterName: 'default', status: 'ACTIVE', runningTasksCount: 1, pendingTasksCount: 1 },
    ]);
    expect(described.failures).toEqual([
      { arn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/nowhere', reason: 'MISSING' },
      { arn: 'arn:aws:ecs:us-east-1:999999999999:cluster/x', reason: 'MISSING' },
    ]);
    expect((await world.client.send(new DescribeClustersCommand({}))).clusters).toHaveLength(1);
  });
});

describe('tags', () => {
  it('are added and replaced on clusters, definitions and running tasks', async () => {
    const world = await makeWorld();
    const task = await world.run({ tags: [{ key: 'a', value: '1' }] });
    for (const resourceArn of [task.taskArn, `${ARN}:1`, 'arn:aws:ecs:eu-west-1:111122223333:cluster/default']) {
      await world.client.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'b', value: '2' }] }));
      await world.client.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'b', value: '3' }] }));
      const { tags } = await world.client.send(new ListTagsForResourceCommand({ resourceArn }));
      expect(tags?.at(-1)).toEqual({ key: 'b', value: '3' });
      expect(tags).toHaveLength(resourceArn === task.taskArn ? 2 : 1);
    }
    await expect(
      world.client.send(new ListTagsForResourceCommand({ resourceArn: 'arn:aws:ecs:eu-west-1:111122223333:task/x/y' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
