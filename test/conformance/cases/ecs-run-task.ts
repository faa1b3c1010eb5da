/** RunTask: what it takes, what it refuses, what it answers. */
import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type RunTaskCommandInput,
} from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { inTurn, present, refused, statusOf } from '../steps.ts';
import { callRunTask, described, reaches, register, registerCommand, run, stop, stopLater } from '../tasks.ts';

const refusedRun = (arena: Arena, change: Partial<RunTaskCommandInput>, code: string, message?: RegExp) =>
  refused(callRunTask(arena, change), code, message);

const withEnvironment = (value: string): Partial<RunTaskCommandInput> => ({
  overrides: { containerOverrides: [{ name: 'app', environment: [{ name: 'SESSION', value }] }] },
});

const network = (arena: Arena, change: object): Partial<RunTaskCommandInput> => ({
  networkConfiguration: {
    awsvpcConfiguration: { subnets: [...arena.subnets], securityGroups: [arena.securityGroup], ...change },
  },
});

const REQUESTS: readonly Case[] = [
  {
    facts: ['ecs.wire.json'],
    name: 'the SDK speaks JSON 1.1 to a target that is answered',
    async run({ ecs, cluster }) {
      let headers: Record<string, string> = {};
      const command = new DescribeClustersCommand({ clusters: [cluster] });
      command.middlewareStack.add(
        (next) => (args) => {
          headers = (args.request as { headers: Record<string, string> }).headers;
          return next(args);
        },
        { step: 'finalizeRequest', priority: 'low' },
      );
      const answer = await ecs.send(command);
      assert.equal(answer.clusters?.[0]?.clusterName, cluster);
      assert.equal(headers['x-amz-target'], 'AmazonEC2ContainerServiceV20141113.DescribeClusters');
      assert.equal(headers['content-type'], 'application/x-amz-json-1.1');
    },
  },
  {
    facts: ['ecs.run-task.count'],
    name: 'a count of three starts three tasks',
    async run(arena) {
      const { tasks = [], failures } = await callRunTask(arena, { count: 3 });
      assert.equal(new Set(tasks.map(({ taskArn }) => taskArn)).size, 3);
      assert.deepEqual(failures, []);
    },
  },
  {
    facts: ['ecs.run-task.count-over'],
    name: 'a count of eleven is refused',
    run: async (arena) => void (await refusedRun(arena, { count: 11 }, 'InvalidParameter')),
  },
  {
    facts: ['ecs.started-by.format'],
    name: 'startedBy of 128 characters is taken, of 129 or with a space is not',
    async run(arena) {
      const taskDefinition = await register(arena);
      const longest = `mayfly/a_b-${'x'.repeat(117)}`;
      const task = await run(arena, { taskDefinition, startedBy: longest });
      assert.equal((await arena.eventually(() => described(arena, task))).startedBy, longest);
      await refusedRun(arena, { taskDefinition, startedBy: `${longest}x` }, 'InvalidParameter');
      await refusedRun(arena, { taskDefinition, startedBy: 'by me' }, 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.started-by.kept', 'ecs.overrides.shown'],
    name: 'startedBy, group and overrides are there from the first to the last look at a task',
    async run(arena) {
      const wanted = { startedBy: arena.name('by'), group: 'tt-login', ...withEnvironment('tt-login') };
      const task = await run(arena, wanted);
      const check = async () => {
        const { startedBy, group, overrides } = await arena.eventually(() => described(arena, task));
        assert.deepEqual({ startedBy, group }, { startedBy: wanted.startedBy, group: 'tt-login' });
        const environment = overrides?.containerOverrides?.[0]?.environment;
        assert.deepEqual(environment, [{ name: 'SESSION', value: 'tt-login' }]);
      };
      await check();
      await stop(arena, task);
      await reaches(arena, task, 'STOPPED');
      await check();
    },
  },
  {
    facts: ['ecs.group.default'],
    name: 'a task without a group is in that of its family',
    async run(arena) {
      const family = arena.name('family');
      const task = await run(arena, { taskDefinition: await register(arena, { family }) });
      assert.equal((await arena.eventually(() => described(arena, task))).group, `family:${family}`);
    },
  },
  {
    facts: ['ecs.tags.count'],
    name: '50 tags are taken and 51 are not',
    async run(arena) {
      const taskDefinition = await register(arena);
      const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: 'v' }));
      await run(arena, { taskDefinition, tags: tags(50) });
      await refusedRun(arena, { taskDefinition, tags: tags(51) }, 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.tags.length'],
    name: 'a key of 128 and a value of 256 characters are taken, longer ones are not',
    async run(arena) {
      const taskDefinition = await register(arena);
      const tagged = (key: string, value: string) => ({ taskDefinition, tags: [{ key, value }] });
      await run(arena, tagged('k'.repeat(128), 'v'.repeat(256)));
      await refusedRun(arena, tagged('k'.repeat(129), 'v'), 'InvalidParameter');
      await refusedRun(arena, tagged('k', 'v'.repeat(257)), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.tags.reserved'],
    name: 'a key that starts with aws: is refused',
    run: async (arena) =>
      void (await refusedRun(arena, { tags: [{ key: 'aws:mine', value: 'v' }] }, 'InvalidParameter')),
  },
  {
    facts: ['ecs.tags.include'],
    name: 'tags are shown when asked for, and else not',
    async run(arena) {
      const task = await run(arena, { tags: [{ key: 'mayfly:session', value: 'tt-login' }] });
      const { tags } = await arena.eventually(() => described(arena, task));
      assert.deepEqual(tags, [{ key: 'mayfly:session', value: 'tt-login' }]);
      const bare = await arena.ecs.send(new DescribeTasksCommand({ cluster: arena.cluster, tasks: [task] }));
      assert.deepEqual(bare.tasks?.[0]?.tags ?? [], []);
    },
  },
  {
    facts: ['ecs.overrides.size'],
    name: 'overrides of 8,000 characters are taken, of 8,300 are not',
    async run(arena) {
      const taskDefinition = await register(arena);
      await run(arena, { taskDefinition, ...withEnvironment('x'.repeat(7_800)) });
      await refusedRun(arena, { taskDefinition, ...withEnvironment('x'.repeat(8_300)) }, 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.overrides.environment'],
    name: 'a container sees variables of definition and override, and the override wins',
    async run(arena) {
      const script = '[ "$KEPT$CHANGED$ADDED" = "abc" ] && exit 7; exit 8';
      const environment = [
        { name: 'KEPT', value: 'a' },
        { name: 'CHANGED', value: 'x' },
      ];
      const taskDefinition = await registerCommand(arena, ['sh', '-c', script], { environment });
      const overrides = [
        { name: 'CHANGED', value: 'b' },
        { name: 'ADDED', value: 'c' },
      ];
      const containerOverrides = [{ name: 'app', environment: overrides }];
      const task = await run(arena, { taskDefinition, overrides: { containerOverrides } });
      assert.equal((await reaches(arena, task, 'STOPPED')).containers?.[0]?.exitCode, 7);
    },
  },
  {
    facts: ['ecs.overrides.container'],
    name: 'an override of a container that is not there is refused',
    run: async (arena) =>
      void (await refusedRun(arena, { overrides: { containerOverrides: [{ name: 'other' }] } }, 'InvalidParameter')),
  },
];

const ERRORS: readonly Case[] = [
  {
    facts: ['ecs.run-task.cluster-not-found'],
    name: 'an unknown cluster is not found',
    run: async (arena) => void (await refusedRun(arena, { cluster: arena.name('none') }, 'ClusterNotFound')),
  },
  {
    facts: ['ecs.run-task.unknown-definition'],
    name: 'an unknown family is refused',
    run: async (arena) => void (await refusedRun(arena, { taskDefinition: arena.name('none') }, 'Client')),
  },
  {
    facts: ['ecs.run-task.network-required'],
    name: 'a task without a network is refused',
    run: async (arena) => void (await refusedRun(arena, { networkConfiguration: undefined }, 'InvalidParameter')),
  },
  {
    facts: ['ecs.run-task.unknown-subnet'],
    name: 'an unknown subnet is refused by name',
    async run(arena) {
      const change = network(arena, { subnets: ['subnet-00000000000000000'] });
      await refusedRun(arena, change, 'InvalidParameter', /subnet-00000000000000000/);
    },
  },
  {
    facts: ['ecs.awsvpc.subnets'],
    name: '17 subnets are refused',
    async run(arena) {
      const subnets = Array.from({ length: 17 }, (_, index) => `subnet-${String(index).padStart(17, '0')}`);
      await refusedRun(arena, network(arena, { subnets }), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.awsvpc.security-groups'],
    name: 'six security groups are refused',
    async run(arena) {
      const securityGroups = Array.from({ length: 6 }, (_, index) => `sg-${String(index).padStart(17, '0')}`);
      await refusedRun(arena, network(arena, { securityGroups }), 'InvalidParameter');
    },
  },
];

const CAPACITY = 'Capacity is unavailable at this time. Please try again later or in a different availability zone';

const FAILURES: readonly Case[] = [
  {
    facts: ['ecs.failures.ok', 'ecs.failures.capacity'],
    name: 'a lack of capacity is a failure of an answer that succeeds',
    needs: ['control'],
    async run(arena) {
      arena.control.refuseTasks({ reason: CAPACITY });
      const answer = await callRunTask(arena);
      assert.equal(statusOf(answer), 200);
      assert.deepEqual(answer.tasks, []);
      assert.equal(answer.failures?.[0]?.reason, CAPACITY);
    },
  },
  {
    facts: ['ecs.failures.addresses', 'ecs.failures.partial'],
    name: 'a subnet gives what it has, and a failure for each task more',
    needs: ['control'],
    async run(arena) {
      const { id, addresses } = arena.control.smallSubnet;
      const taskDefinition = await register(arena);
      const one = { taskDefinition, ...network(arena, { subnets: [id] }) };
      await inTurn(addresses - 1, () => run(arena, one));
      const { tasks = [], failures = [] } = await callRunTask(arena, { ...one, count: 3 });
      assert.equal(tasks.length, 1);
      assert.deepEqual(
        failures.map(({ reason }) => reason),
        ['RESOURCE:ENI', 'RESOURCE:ENI'],
      );
    },
  },
  {
    facts: ['ecs.failures.unreliable'],
    name: 'a task that was answered as a failure is found by its startedBy',
    needs: ['control'],
    async run(arena) {
      arena.control.refuseTasks({ reason: CAPACITY, startsAnyway: true });
      const startedBy = arena.name('by');
      const { tasks, failures } = await callRunTask(arena, { startedBy });
      assert.deepEqual([tasks?.length, failures?.length], [0, 1]);
      await arena.eventually(async () => {
        const { taskArns } = await arena.ecs.send(new ListTasksCommand({ cluster: arena.cluster, startedBy }));
        const task = present(taskArns?.[0], 'the task');
        stopLater(arena, task);
        assert.equal((await described(arena, task)).lastStatus, 'RUNNING');
      });
    },
  },
];

export const ECS_RUN_TASK_CASES: readonly Case[] = [...REQUESTS, ...ERRORS, ...FAILURES];
