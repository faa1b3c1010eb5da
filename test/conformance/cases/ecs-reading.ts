/** DescribeTasks, ListTasks and DescribeClusters: how the operator finds out what there is. */
import {
  DescribeClustersCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type ListTasksCommandInput,
} from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { inTurn, present, refused, statusOf } from '../steps.ts';
import { callRunTask, describe, described, reaches, register, run, runAndStop, stop } from '../tasks.ts';

const HOUR = 3600_000;

async function list(arena: Arena, filter: ListTasksCommandInput): Promise<readonly string[]> {
  const { taskArns } = await arena.ecs.send(new ListTasksCommand({ cluster: arena.cluster, ...filter }));
  return [...(taskArns ?? [])].sort();
}

/** Waits until exactly these tasks are listed. */
const lists = (arena: Arena, filter: ListTasksCommandInput, expected: readonly string[]): Promise<void> =>
  arena.eventually(async () => assert.deepEqual(await list(arena, filter), [...expected].sort()));

async function failuresOf(arena: Arena, tasks: string[]): Promise<readonly (readonly [unknown, unknown])[]> {
  const { failures } = await arena.ecs.send(new DescribeTasksCommand({ cluster: arena.cluster, tasks }));
  return (failures ?? []).map(({ arn, reason }) => [arn, reason]);
}

/** The same task under an id that was never given. */
const neverGiven = (task: string): string => `${task.slice(0, task.lastIndexOf('/'))}/${'0'.repeat(32)}`;

const DESCRIBING: readonly Case[] = [
  {
    facts: ['ecs.consistency.settles'],
    name: 'a new task is described and listed in the end',
    async run(arena) {
      const startedBy = arena.name('by');
      const task = await run(arena, { startedBy });
      await arena.eventually(() => described(arena, task));
      await lists(arena, { startedBy }, [task]);
    },
  },
  {
    facts: ['ecs.consistency.missing', 'ecs.consistency.unlisted'],
    name: 'a task that is not visible yet is MISSING and not listed, and then is',
    needs: ['control', 'time'],
    async run(arena) {
      const startedBy = arena.name('by');
      arena.control.hideNewTasks(5_000);
      const task = await run(arena, { startedBy });
      assert.deepEqual(await failuresOf(arena, [task]), [[task, 'MISSING']]);
      assert.deepEqual(await list(arena, { startedBy }), []);
      await lists(arena, { startedBy }, [task]);
      assert.deepEqual(await failuresOf(arena, [task]), []);
    },
  },
  {
    facts: ['ecs.describe-tasks.max'],
    name: '100 tasks can be asked for at once, 101 and none cannot',
    async run(arena) {
      const task = await run(arena);
      const ids = Array.from({ length: 100 }, (_, index) => `${neverGiven(task).slice(0, -3)}${index + 100}`);
      assert.equal((await failuresOf(arena, ids)).length, 100);
      await refused(failuresOf(arena, [...ids, task]), 'InvalidParameter');
      await refused(failuresOf(arena, []), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.describe-tasks.missing'],
    name: 'an unknown task is MISSING beside one that is known',
    async run(arena) {
      const task = await run(arena);
      await arena.eventually(() => described(arena, task));
      const unknown = neverGiven(task);
      const answer = await arena.ecs.send(new DescribeTasksCommand({ cluster: arena.cluster, tasks: [unknown, task] }));
      assert.deepEqual([answer.tasks?.length, answer.tasks?.[0]?.taskArn], [1, task]);
      assert.deepEqual(
        answer.failures?.map(({ arn, reason }) => [arn, reason]),
        [[unknown, 'MISSING']],
      );
      assert.equal(statusOf(answer), 200);
    },
  },
  {
    facts: ['ecs.describe-tasks.wrong-cluster'],
    name: 'a task is MISSING in another cluster',
    async run(arena) {
      const { cluster, otherCluster } = arena;
      const task = await run(arena);
      await arena.eventually(() => described(arena, task));
      const id = task.slice(task.lastIndexOf('/') + 1);
      const answer = await arena.ecs.send(new DescribeTasksCommand({ cluster: otherCluster, tasks: [id] }));
      const where = present(answer.failures?.[0]?.arn, 'the failure').replace(otherCluster, cluster);
      assert.deepEqual([where, answer.failures?.[0]?.reason], [task, 'MISSING']);
    },
  },
  {
    facts: ['ecs.describe-tasks.stopped'],
    name: 'a STOPPED task can be described',
    run: async (arena) => void (await described(arena, await runAndStop(arena))),
  },
  {
    facts: ['ecs.describe-tasks.stopped', 'ecs.describe-tasks.forgotten'],
    name: 'for an hour, and then it is MISSING',
    needs: ['time'],
    async run(arena) {
      const task = await runAndStop(arena);
      await arena.passTime(HOUR - 60_000);
      assert.equal((await described(arena, task)).lastStatus, 'STOPPED');
      await arena.passTime(2 * 60_000);
      assert.equal(await describe(arena, task), undefined);
      assert.deepEqual(await failuresOf(arena, [task]), [[task, 'MISSING']]);
    },
  },
];

const LISTING: readonly Case[] = [
  {
    facts: ['ecs.list-tasks.page-size'],
    name: 'a page of 1 or 100 can be asked for, of 0 or 101 cannot',
    async run(arena) {
      for (const maxResults of [1, 100]) await list(arena, { maxResults });
      for (const maxResults of [0, 101]) await refused(list(arena, { maxResults }), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.list-tasks.paging', 'ecs.list-tasks.started-by'],
    name: 'pages of two lead through five tasks, each once',
    async run(arena) {
      const startedBy = arena.name('by');
      const { tasks = [] } = await callRunTask(arena, { startedBy, count: 5 });
      const started = tasks.map(({ taskArn }) => present(taskArn, 'taskArn'));
      await lists(arena, { startedBy }, started);
      const seen: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await arena.ecs.send(
          new ListTasksCommand({ cluster: arena.cluster, startedBy, maxResults: 2, nextToken }),
        );
        assert.ok((page.taskArns?.length ?? 0) <= 2);
        seen.push(...(page.taskArns ?? []));
        nextToken = page.nextToken;
      } while (nextToken);
      assert.deepEqual(seen.sort(), started.sort());
    },
  },
  {
    facts: ['ecs.list-tasks.default-status', 'ecs.list-tasks.stopped', 'ecs.list-tasks.family'],
    name: 'a task leaves the list when it is to stop, and is in that of stopped tasks',
    async run(arena) {
      const family = arena.name('family');
      const taskDefinition = await register(arena, { family });
      const [stays, goes] = await inTurn(2, () => run(arena, { taskDefinition }));
      await lists(arena, { family }, [stays ?? '', goes ?? '']);
      await stop(arena, goes ?? '');
      await lists(arena, { family }, [stays ?? '']);
      await lists(arena, { family, desiredStatus: 'RUNNING' }, [stays ?? '']);
      await lists(arena, { family, desiredStatus: 'STOPPED' }, [goes ?? '']);
      await reaches(arena, goes ?? '', 'STOPPED');
      await lists(arena, { family, desiredStatus: 'STOPPED' }, [goes ?? '']);
    },
  },
  {
    facts: ['ecs.list-tasks.pending'],
    name: 'PENDING finds nothing, not even a task that is PENDING',
    async run(arena) {
      const family = arena.name('family');
      const task = await run(arena, { taskDefinition: await register(arena, { family }) });
      await lists(arena, { family }, [task]);
      assert.deepEqual(await list(arena, { family, desiredStatus: 'PENDING' }), []);
    },
  },
  {
    facts: ['ecs.list-tasks.started-by-only'],
    name: 'startedBy beside another filter is refused',
    async run(arena) {
      const startedBy = arena.name('by');
      await refused(list(arena, { startedBy, desiredStatus: 'STOPPED' }), 'InvalidParameter');
      await refused(list(arena, { startedBy, family: 'app' }), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.list-tasks.cluster'],
    name: 'another cluster has other tasks, and an unknown one is not found',
    async run(arena) {
      const startedBy = arena.name('by');
      const task = await run(arena, { startedBy });
      await lists(arena, { startedBy }, [task]);
      assert.deepEqual(await list(arena, { startedBy, cluster: arena.otherCluster }), []);
      await refused(list(arena, { cluster: arena.name('none') }), 'ClusterNotFound');
    },
  },
  {
    facts: ['ecs.describe-clusters.missing', 'ecs.describe-clusters.active'],
    name: 'a cluster is ACTIVE, and an unknown one MISSING beside it',
    async run({ ecs, cluster, name }) {
      const none = name('none');
      const answer = await ecs.send(new DescribeClustersCommand({ clusters: [cluster, none] }));
      assert.deepEqual(
        answer.clusters?.map((one) => [one.clusterName, one.status]),
        [[cluster, 'ACTIVE']],
      );
      assert.equal(answer.failures?.[0]?.reason, 'MISSING');
      assert.match(answer.failures[0].arn ?? '', new RegExp(`:cluster/${none}$`));
    },
  },
];

export const ECS_READING_CASES: readonly Case[] = [...DESCRIBING, ...LISTING];
