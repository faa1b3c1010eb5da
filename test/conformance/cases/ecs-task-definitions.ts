/** Task definitions: families of numbered revisions. */
import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { present, refused } from '../steps.ts';
import { callRunTask, definition, described, reaches, register, run } from '../tasks.ts';

const revisionOf = (arn: string): number => Number(arn.slice(arn.lastIndexOf(':') + 1));

const deregister = (arena: Arena, taskDefinition: string) =>
  arena.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));

async function read(arena: Arena, taskDefinition: string): Promise<TaskDefinition> {
  const answer = await arena.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  return present(answer.taskDefinition, 'taskDefinition');
}

const refusedRegister = (arena: Arena, change: Partial<RegisterTaskDefinitionCommandInput>) =>
  refused(register(arena, change), /^(Client|InvalidParameter)$/);

const containers = (arena: Arena, names: readonly string[]) =>
  names.map((name) => ({ name, image: arena.image, essential: true }));

const MINUTE = 60_000;

export const ECS_TASK_DEFINITION_CASES: readonly Case[] = [
  {
    facts: ['ecs.definition.revision', 'ecs.definition.arn'],
    name: 'the same definition registered twice is revision 1 and revision 2',
    async run(arena) {
      const family = arena.name('family');
      const first = await register(arena, { family });
      const second = await register(arena, { family });
      assert.match(first, new RegExp(`^arn:aws[a-z-]*:ecs:[a-z0-9-]+:\\d{12}:task-definition/${family}:1$`));
      assert.equal(second, `${first.slice(0, -1)}2`);
    },
  },
  {
    facts: ['ecs.definition.family'],
    name: 'a family of 255 characters can be registered; of 256, or with a dot, cannot',
    async run(arena) {
      const longest = arena.name('F_').padEnd(255, 'x');
      await register(arena, { family: longest });
      await refusedRegister(arena, { family: `${longest}x` });
      await refusedRegister(arena, { family: 'a.b' });
    },
  },
  {
    facts: ['ecs.definition.containers'],
    name: 'ten containers can be registered, eleven and none cannot',
    async run(arena) {
      const named = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);
      await register(arena, { containerDefinitions: containers(arena, named(10)) });
      await refusedRegister(arena, { containerDefinitions: containers(arena, named(11)) });
      await refusedRegister(arena, { containerDefinitions: [] });
    },
  },
  {
    facts: ['ecs.definition.names'],
    name: 'two containers of one name are refused',
    run: async (arena) =>
      void (await refusedRegister(arena, { containerDefinitions: containers(arena, ['app', 'app']) })),
  },
  {
    facts: ['ecs.definition.never-reused', 'ecs.definition.inactive'],
    name: 'a deregistered revision is INACTIVE, and the next one has the next number',
    async run(arena) {
      const family = arena.name('family');
      const first = await register(arena, { family });
      await deregister(arena, first);
      assert.equal((await read(arena, first)).status, 'INACTIVE');
      assert.equal(revisionOf(await register(arena, { family })), 2);
    },
  },
  {
    facts: ['ecs.definition.newest'],
    name: 'a family means its newest revision that is not deregistered',
    async run(arena) {
      const family = arena.name('family');
      const first = await register(arena, { family });
      const second = await register(arena, { family });
      assert.equal((await read(arena, family)).taskDefinitionArn, second);
      await deregister(arena, second);
      assert.equal((await read(arena, family)).taskDefinitionArn, first);
      const task = await run(arena, { taskDefinition: family });
      assert.equal((await arena.eventually(() => described(arena, task))).taskDefinitionArn, first);
    },
  },
  {
    facts: ['ecs.definition.newest', 'ecs.definition.unknown'],
    name: 'a family whose revisions are all deregistered is as unknown as one that never was',
    async run(arena) {
      const family = arena.name('family');
      await deregister(arena, await register(arena, { family }));
      await refused(read(arena, family), 'Client', /Unable to describe task definition/);
      await refused(read(arena, arena.name('none')), 'Client', /Unable to describe task definition/);
      await refused(read(arena, `${family}:99`), 'Client', /Unable to describe task definition/);
    },
  },
  {
    facts: ['ecs.definition.inactive-runs-on'],
    name: 'a task runs on when its definition is deregistered',
    async run(arena) {
      const taskDefinition = await register(arena);
      const task = await run(arena, { taskDefinition });
      await deregister(arena, taskDefinition);
      assert.equal((await reaches(arena, task, 'RUNNING')).taskDefinitionArn, taskDefinition);
    },
  },
  {
    facts: ['ecs.definition.window'],
    name: 'ten minutes after deregistration, a revision can no longer be run',
    needs: ['time'],
    async run(arena) {
      const taskDefinition = await register(arena);
      await deregister(arena, taskDefinition);
      await arena.passTime(10 * MINUTE + 1_000);
      await refused(callRunTask(arena, { taskDefinition }), /^(Client|InvalidParameter)$/, /inactive/i);
    },
  },
  {
    facts: ['ecs.definition.as-given'],
    name: 'a revision is read as it was registered',
    async run(arena) {
      const options = { 'awslogs-group': '/apps', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'pr' };
      const container = {
        name: 'web',
        image: arena.image,
        essential: true,
        environment: [{ name: 'A', value: 'b' }],
        portMappings: [{ containerPort: 3001, protocol: 'tcp' as const }],
        logConfiguration: { logDriver: 'awslogs' as const, options },
        stopTimeout: 7,
      };
      const role = arena.executionRole ?? 'arn:aws:iam::000000000000:role/tasks';
      const given = { executionRoleArn: role, containerDefinitions: [container] };
      const found = await read(arena, await register(arena, given));
      assert.equal(found.executionRoleArn, role);
      assert.deepEqual([found.cpu, found.memory, found.networkMode], ['256', '512', 'awsvpc']);
      const { name, image, essential, environment, logConfiguration, stopTimeout } = present(
        found.containerDefinitions?.[0],
        'the container',
      );
      const { portMappings: _ports, ...expected } = container;
      assert.deepEqual(
        {
          name,
          image,
          essential,
          environment,
          logConfiguration: { logDriver: logConfiguration?.logDriver, options: logConfiguration?.options },
          stopTimeout,
        },
        expected,
      );
      assert.equal(found.containerDefinitions?.[0]?.portMappings?.[0]?.containerPort, 3001);
    },
  },
  {
    facts: ['ecs.definition.tags'],
    name: 'tags of a revision are read when asked for',
    async run(arena) {
      const tags = [{ key: 'mayfly:installation', value: 'test' }];
      const taskDefinition = await register(arena, { tags });
      const { ecs } = arena;
      const asked = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }));
      assert.deepEqual(asked.tags, tags);
      const bare = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      assert.deepEqual(bare.tags ?? [], []);
    },
  },
  {
    facts: ['ecs.fargate.sizes'],
    name: 'sizes that Fargate has can be registered, others cannot',
    async run(arena) {
      await register(arena, { cpu: '1024', memory: '3072' });
      await refusedRegister(arena, { cpu: '256', memory: '4096' });
      await refusedRegister(arena, { cpu: '300', memory: '512' });
      const { memory: _memory, ...without } = definition(arena);
      await refused(arena.ecs.send(new RegisterTaskDefinitionCommand(without)), /^(Client|InvalidParameter)$/);
    },
  },
  {
    facts: ['ecs.fargate.network'],
    name: 'a definition for Fargate with another network mode is refused',
    run: async (arena) => void (await refusedRegister(arena, { networkMode: 'bridge' })),
  },
];
