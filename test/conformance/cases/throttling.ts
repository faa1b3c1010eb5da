/** AWS's token buckets: how many calls in one moment, and how many more after a second. */
import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { makeGroup } from '../routes.ts';
import { codeOf, inTurn, refused, statusOf } from '../steps.ts';
import { callRunTask, definition, register, runInput } from '../tasks.ts';

type Call = () => Promise<unknown>;

const THROTTLED = /^Throttling$/;

/** How many of the calls, in turn, until one is throttled; other refusals count as calls that came through. */
async function countUntilThrottled(calls: readonly Call[]): Promise<number> {
  for (let count = 0; count < 500; count++) {
    const call = calls[count % calls.length] ?? (async () => undefined);
    const code = await call().then(() => '', codeOf);
    if (THROTTLED.test(code)) return count;
  }
  return assert.fail('500 calls came through');
}

/** The bucket that the calls share holds `burst`, and gains `perSecond`. */
async function hasBucket(arena: Arena, calls: readonly Call[], burst: number, perSecond: number): Promise<void> {
  arena.control.throttle();
  assert.equal(await countUntilThrottled(calls), burst);
  await arena.passTime(5_000);
  assert.equal(await countUntilThrottled(calls), Math.min(burst, perSecond * 5));
}

const NEEDS = ['throttling', 'control', 'time'] as const;

const ECS: readonly Case[] = [
  {
    facts: ['ecs.throttle.error'],
    name: 'a call too many is told so',
    needs: NEEDS,
    async run(arena) {
      const list: Call = () => arena.ecs.send(new ListTasksCommand({ cluster: arena.cluster }));
      arena.control.throttle();
      await countUntilThrottled([list]);
      const error = await refused(list(), 'Throttling', /^Rate exceeded$/);
      assert.deepEqual([error.name, statusOf(error)], ['ThrottlingException', 400]);
    },
  },
  {
    facts: ['ecs.throttle.cluster-read'],
    name: 'DescribeTasks and ListTasks share 100, and 20 a second',
    needs: NEEDS,
    async run(arena) {
      const { ecs, cluster } = arena;
      const describe: Call = () => ecs.send(new DescribeTasksCommand({ cluster, tasks: ['0'.repeat(32)] }));
      await hasBucket(arena, [describe, () => ecs.send(new ListTasksCommand({ cluster }))], 100, 20);
    },
  },
  {
    facts: ['ecs.throttle.cluster-modify'],
    name: 'StopTask has 100, and 40 a second',
    needs: NEEDS,
    async run(arena) {
      const stop = new StopTaskCommand({ cluster: arena.cluster, task: '0'.repeat(32) });
      arena.control.throttle();
      assert.equal(await countUntilThrottled([() => arena.ecs.send(stop)]), 100);
      await arena.passTime(2_000);
      assert.equal(await countUntilThrottled([() => arena.ecs.send(stop)]), 80);
    },
  },
  {
    facts: ['ecs.throttle.cluster-modify', 'ecs.fargate.rate'],
    name: 'RunTask on Fargate has 20, and 20 a second; StopTask has what is left of 100',
    needs: NEEDS,
    async run(arena) {
      const input = runInput(arena, await register(arena));
      arena.control.throttle();
      const run: Call = () => arena.ecs.send(new RunTaskCommand(input));
      assert.equal(await countUntilThrottled([run]), 20);
      const stop = new StopTaskCommand({ cluster: arena.cluster, task: '0'.repeat(32) });
      assert.equal(await countUntilThrottled([() => arena.ecs.send(stop)]), 80);
      await arena.passTime(1_000);
      assert.equal(await countUntilThrottled([run]), 20);
    },
  },
  {
    facts: ['ecs.throttle.definition-modify'],
    name: 'registering and deregistering share 20, and 1 a second',
    needs: NEEDS,
    async run(arena) {
      const family = arena.name('family');
      const registerOne: Call = () => arena.ecs.send(new RegisterTaskDefinitionCommand(definition(arena, family)));
      const removeOne = new DeregisterTaskDefinitionCommand({ taskDefinition: `${family}:1` });
      await hasBucket(arena, [registerOne, () => arena.ecs.send(removeOne)], 20, 1);
    },
  },
  {
    facts: ['ecs.throttle.definition-read'],
    name: 'DescribeTaskDefinition has 50, and 20 a second',
    needs: NEEDS,
    async run(arena) {
      const command = new DescribeTaskDefinitionCommand({ taskDefinition: arena.name('none') });
      await hasBucket(arena, [() => arena.ecs.send(command)], 50, 20);
    },
  },
  {
    facts: ['ecs.failures.vcpu'],
    name: '24 tasks of a quarter vCPU fill the quota of 6, and the next is refused by its name',
    needs: ['quotas'],
    async run(arena) {
      const input = runInput(arena, await register(arena));
      const start = async (count: number): Promise<string> => {
        const call = callRunTask(arena, { ...input, count });
        const { failures } = await call.catch((error: Error) => ({ failures: [{ reason: error.message }] }));
        return failures?.map(({ reason }) => reason).join() ?? '';
      };
      assert.deepEqual(await inTurn(3, () => start(8)), ['', '', '']);
      assert.match(await start(1), /limit on the number of vCPUs/);
    },
  },
];

const ELBV2: readonly Case[] = [
  {
    facts: ['elbv2.throttle.error'],
    name: 'a call too many is told so',
    needs: NEEDS,
    async run(arena) {
      const command = new DescribeTargetGroupsCommand({});
      arena.control.throttle();
      await countUntilThrottled([() => arena.elbv2.send(command)]);
      const error = await refused(arena.elbv2.send(command), THROTTLED, /^Rate exceeded$/);
      assert.equal(statusOf(error), 400);
    },
  },
  {
    facts: ['elbv2.throttle.all'],
    name: 'reading and changing share 40, and 10 a second',
    needs: NEEDS,
    async run(arena) {
      const read: Call = () => arena.elbv2.send(new DescribeTargetGroupsCommand({}));
      const change: Call = () => arena.elbv2.send(new DeleteRuleCommand({ RuleArn: 'arn:none' }));
      arena.control.throttle();
      assert.equal(await countUntilThrottled([read, read, read, change]), 40);
      await arena.passTime(3_000);
      assert.equal(await countUntilThrottled([read]), 30);
    },
  },
  {
    facts: ['elbv2.throttle.mutating'],
    name: 'calls that change something share 20, and 3 a second',
    needs: NEEDS,
    async run(arena) {
      const rule: Call = () => arena.elbv2.send(new DeleteRuleCommand({ RuleArn: 'arn:none' }));
      const group: Call = () => arena.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: 'arn:none' }));
      await hasBucket(arena, [rule, group], 20, 3);
    },
  },
  {
    facts: ['elbv2.throttle.targets'],
    name: 'registering and deregistering targets have 20, and 4 a second',
    needs: NEEDS,
    async run(arena) {
      const TargetGroupArn = await makeGroup(arena);
      const command = new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '10.255.255.1', Port: 3001 }] });
      await hasBucket(arena, [() => arena.elbv2.send(command)], 20, 4);
    },
  },
];

export const THROTTLING_CASES: readonly Case[] = [...ECS, ...ELBV2];
