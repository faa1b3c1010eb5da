/** The life of a task, from its first status to its last, and its network interface. */
import { ListTasksCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { inTurn, present, refused } from '../steps.ts';
import {
  callRunTask,
  COMMANDS,
  described,
  reaches,
  register,
  registerCommand,
  run,
  runAndStop,
  stop,
} from '../tasks.ts';

const ORDER = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

/** Looks at the task until it has the status; every look at it, the last included. */
async function watch(arena: Arena, task: string, until: string): Promise<readonly Task[]> {
  const seen: Task[] = [];
  await arena.eventually(async () => {
    const now = await described(arena, task);
    seen.push(now);
    assert.equal(now.lastStatus, until);
  });
  return seen;
}

const statusesOf = (looks: readonly Task[]): readonly string[] => [
  ...new Set(looks.map(({ lastStatus }) => lastStatus ?? '')),
];

/** In the order of a life, without a way back. */
function assertOrder(looks: readonly Task[]): void {
  const places = looks.map(({ lastStatus }) => ORDER.indexOf(lastStatus ?? ''));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    statusesOf(looks).join(' '),
  );
}

const LIVES: readonly Case[] = [
  {
    facts: ['ecs.lifecycle.start', 'ecs.lifecycle.desired', 'ecs.version.increases'],
    name: 'a task starts in order, is to run all the while, and its version grows',
    async run(arena) {
      const { tasks } = await callRunTask(arena);
      const first = present(tasks?.[0], 'the task');
      assert.equal(first.lastStatus, 'PROVISIONING');
      const looks = [first, ...(await watch(arena, present(first.taskArn, 'taskArn'), 'RUNNING'))];
      assertOrder(looks);
      assert.deepEqual([...new Set(looks.map(({ desiredStatus }) => desiredStatus))], ['RUNNING']);
      const versions = looks.map(({ version }) => present(version, 'version'));
      assert.deepEqual(
        versions,
        [...versions].sort((a, b) => a - b),
      );
      assert.ok((versions.at(-1) ?? 0) > (versions[0] ?? 0));
    },
  },
  {
    facts: ['ecs.lifecycle.stop', 'ecs.lifecycle.desired', 'ecs.lifecycle.times'],
    name: 'a task stops in order, and its times tell so',
    async run(arena) {
      const task = await run(arena);
      await reaches(arena, task, 'RUNNING');
      await stop(arena, task);
      const looks = await watch(arena, task, 'STOPPED');
      assertOrder(looks);
      const desired = looks.map(({ desiredStatus }) => desiredStatus);
      assert.deepEqual([...new Set(desired.slice(desired.indexOf('STOPPED')))], ['STOPPED']);
      const { createdAt, startedAt, stoppingAt, stoppedAt } = present(looks.at(-1), 'the task');
      const times = [createdAt, startedAt, stoppingAt, stoppedAt].map((time) => present(time, 'a time').getTime());
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
    },
  },
  {
    facts: ['ecs.lifecycle.start', 'ecs.lifecycle.stop'],
    name: 'with the patience of virtual time, every status is seen',
    needs: ['time'],
    async run(arena) {
      const task = await run(arena);
      const starting = await watch(arena, task, 'RUNNING');
      await stop(arena, task);
      const looks = [...starting, ...(await watch(arena, task, 'STOPPED'))];
      const without = ORDER.filter((status) => status !== 'ACTIVATING');
      assert.deepEqual(
        statusesOf(looks).filter((status) => status !== 'ACTIVATING'),
        without,
      );
    },
  },
  {
    facts: ['ecs.lifecycle.not-replaced', 'ecs.stop-code.essential'],
    name: 'a task whose container ends says so, and has no successor',
    async run(arena) {
      const startedBy = arena.name('by');
      const taskDefinition = await registerCommand(arena, COMMANDS.exit(3));
      const task = await run(arena, { startedBy, taskDefinition });
      const ended = await reaches(arena, task, 'STOPPED');
      assert.equal(ended.stopCode, 'EssentialContainerExited');
      assert.match(ended.stoppedReason ?? '', /Essential container in task exited/);
      assert.equal(ended.containers?.[0]?.exitCode, 3);
      const { taskArns } = await arena.ecs.send(new ListTasksCommand({ cluster: arena.cluster, startedBy }));
      assert.deepEqual(taskArns, []);
    },
  },
  {
    facts: ['ecs.health-status.unknown'],
    name: 'the health of a task without health checks is UNKNOWN',
    async run(arena) {
      assert.equal((await reaches(arena, await run(arena), 'RUNNING')).healthStatus, 'UNKNOWN');
    },
  },
];

const STOPS: readonly Case[] = [
  {
    facts: ['ecs.stop-code.user', 'ecs.stopped-reason.given'],
    name: 'StopTask gives its reason to the task',
    async run(arena) {
      const task = await run(arena);
      await reaches(arena, task, 'RUNNING');
      await stop(arena, task, 'the pull request was closed');
      const { stopCode, stoppedReason } = await reaches(arena, task, 'STOPPED');
      assert.deepEqual([stopCode, stoppedReason], ['UserInitiated', 'the pull request was closed']);
    },
  },
  {
    facts: ['ecs.stop-task.deletes-tags'],
    name: 'the tags are gone as soon as the task is to stop',
    async run(arena) {
      const task = await run(arena, { tags: [{ key: 'mayfly:session', value: 'tt-login' }] });
      await reaches(arena, task, 'RUNNING');
      await stop(arena, task);
      await reaches(arena, task, 'STOPPED');
      assert.deepEqual((await described(arena, task)).tags ?? [], []);
    },
  },
  {
    facts: ['ecs.stop-task.idempotent'],
    name: 'StopTask succeeds again while the task stops and when it has stopped, and the first reason stays',
    async run(arena) {
      const task = await run(arena);
      await reaches(arena, task, 'RUNNING');
      await stop(arena, task, 'first');
      await stop(arena, task, 'second');
      await reaches(arena, task, 'STOPPED');
      await stop(arena, task, 'third');
      assert.equal((await described(arena, task)).stoppedReason, 'first');
    },
  },
  {
    facts: ['ecs.stop-task.unknown'],
    name: 'StopTask of an unknown task says so',
    async run({ ecs, cluster }) {
      const command = new StopTaskCommand({ cluster, task: '0'.repeat(32) });
      await refused(ecs.send(command), 'InvalidParameter', /referenced task was not found/);
    },
  },
  {
    facts: ['ecs.stop-task.early'],
    name: 'a task that is stopped at once is STOPPED without having run',
    async run(arena) {
      const task = await run(arena);
      await stop(arena, task);
      const looks = await watch(arena, task, 'STOPPED');
      assert.equal(statusesOf(looks).includes('RUNNING'), false);
      assert.equal(looks.at(-1)?.startedAt, undefined);
    },
  },
  {
    facts: ['ecs.stop-task.term'],
    name: 'a container that heeds SIGTERM ends in its own way',
    async run(arena) {
      const script = "trap 'exit 5' TERM; sleep 600 & while :; do wait; done";
      const task = await run(arena, { taskDefinition: await registerCommand(arena, ['sh', '-c', script]) });
      await reaches(arena, task, 'RUNNING');
      await settleIn(arena);
      await stop(arena, task);
      assert.equal((await reaches(arena, task, 'STOPPED')).containers?.[0]?.exitCode, 5);
    },
  },
  {
    facts: ['ecs.stop-task.kill'],
    name: 'one that does not is killed after stopTimeout',
    async run(arena) {
      const task = await run(arena, { taskDefinition: await registerCommand(arena, COMMANDS.stubborn) });
      await reaches(arena, task, 'RUNNING');
      await settleIn(arena);
      await stop(arena, task);
      assert.equal((await reaches(arena, task, 'STOPPED')).containers?.[0]?.exitCode, 137);
    },
  },
  {
    facts: ['ecs.stop-task.default-timeout'],
    name: 'after 30 s, where the definition does not say',
    needs: ['time'],
    async run(arena) {
      const taskDefinition = await registerCommand(arena, COMMANDS.stubborn, { stopTimeout: undefined });
      const task = await run(arena, { taskDefinition });
      await reaches(arena, task, 'RUNNING');
      await stop(arena, task);
      await reaches(arena, task, 'STOPPING');
      await arena.passTime(27_000);
      assert.equal((await described(arena, task)).lastStatus, 'STOPPING');
      await arena.passTime(4_000);
      assert.notEqual((await described(arena, task)).lastStatus, 'STOPPING');
    },
  },
  {
    facts: ['ecs.stop-task.max-timeout'],
    name: 'a stopTimeout of 120 s can be registered, of 121 s cannot',
    async run(arena) {
      await registerCommand(arena, COMMANDS.stay, { stopTimeout: 120 });
      await refused(registerCommand(arena, COMMANDS.stay, { stopTimeout: 121 }), 'Client');
    },
  },
  {
    facts: ['ecs.stop-code.failed-to-start', 'ecs.stopped-reason.pull'],
    name: 'an image that is not there is told by the task',
    async run(arena) {
      const containerDefinitions = [{ name: 'app', image: arena.missingImage }];
      const task = await run(arena, { taskDefinition: await register(arena, { containerDefinitions }) });
      const { stopCode, stoppedReason } = await reaches(arena, task, 'STOPPED');
      assert.equal(stopCode, 'TaskFailedToStart');
      assert.match(stoppedReason ?? '', /^CannotPullContainerError/);
    },
  },
  {
    facts: ['ecs.stop-code.failed-to-start', 'ecs.stopped-reason.resources'],
    name: 'a log group that is not there is told by the task',
    async run(arena) {
      const options = {
        'awslogs-group': `/${arena.name('none')}`,
        'awslogs-region': await arena.ecs.config.region(),
        'awslogs-stream-prefix': 'app',
      };
      const taskDefinition = await registerCommand(arena, COMMANDS.stay, {
        logConfiguration: { logDriver: 'awslogs', options },
      });
      const { stopCode, stoppedReason } = await reaches(arena, await run(arena, { taskDefinition }), 'STOPPED');
      assert.equal(stopCode, 'TaskFailedToStart');
      assert.match(stoppedReason ?? '', /^ResourceInitializationError/);
    },
  },
  {
    facts: ['ecs.stop-code.infrastructure', 'ecs.stopped-reason.maintenance'],
    name: 'a task that AWS stops tells why',
    needs: ['control'],
    async run(arena) {
      const codes = ['SpotInterruption', 'TerminationNotice', 'InfrastructureHealth'] as const;
      const reason = 'ECS is performing maintenance on the underlying infrastructure hosting the task.';
      for (const code of codes) {
        const task = await run(arena);
        await reaches(arena, task, 'RUNNING');
        arena.control.interrupt(task, code, reason);
        const { stopCode, stoppedReason } = await reaches(arena, task, 'STOPPED');
        assert.deepEqual([stopCode, stoppedReason], [code, reason]);
      }
    },
  },
];

/** RUNNING says that the container was started, not that its program has set its traps. */
async function settleIn(arena: Arena): Promise<void> {
  let looks = 0;
  await arena.eventually(async () => assert.ok(looks++ >= 3));
}

function addressOf(task: Task): string | undefined {
  return task.attachments?.[0]?.details?.find(({ name }) => name === 'privateIPv4Address')?.value;
}

const NETWORK: readonly Case[] = [
  {
    facts: ['ecs.eni.details', 'ecs.eni.container', 'ecs.eni.type'],
    name: 'a RUNNING task shows its interface, and the same address in two spellings',
    async run(arena) {
      const task = await reaches(arena, await run(arena), 'RUNNING');
      const attachment = present(task.attachments?.[0], 'the attachment');
      assert.match(attachment.type ?? '', /^(ElasticNetworkInterface|eni)$/);
      assert.equal(attachment.status, 'ATTACHED');
      const details = new Map(attachment.details?.map(({ name, value }) => [name, value]));
      assert.ok(arena.subnets.includes(details.get('subnetId') ?? ''));
      assert.match(details.get('networkInterfaceId') ?? '', /^eni-[0-9a-f]+$/);
      assert.match(details.get('macAddress') ?? '', /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      assert.match(details.get('privateIPv4Address') ?? '', /^\d+\.\d+\.\d+\.\d+$/);
      const shown = task.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address;
      assert.equal(shown, details.get('privateIPv4Address'));
    },
  },
  {
    facts: ['ecs.eni.late'],
    name: 'the answer of RunTask has no address yet',
    async run(arena) {
      const { tasks } = await callRunTask(arena);
      const task = present(tasks?.[0], 'the task');
      assert.equal(addressOf(task), undefined);
      assert.deepEqual(task.containers?.[0]?.networkInterfaces ?? [], []);
    },
  },
  {
    facts: ['ecs.eni.unique'],
    name: 'five tasks have five addresses',
    async run(arena) {
      const { tasks = [] } = await callRunTask(arena, { count: 5 });
      const running = await Promise.all(tasks.map(({ taskArn }) => reaches(arena, taskArn ?? '', 'RUNNING')));
      assert.equal(new Set(running.map(addressOf)).size, 5);
      assert.equal(
        running.every((task) => addressOf(task) !== undefined),
        true,
      );
    },
  },
  {
    facts: ['ecs.eni.reuse'],
    name: 'in a full subnet, the address of a task that stopped is the next one',
    needs: ['control'],
    async run(arena) {
      const { id, addresses } = arena.control.smallSubnet;
      const awsvpcConfiguration = { subnets: [id], securityGroups: [arena.securityGroup] };
      const change = { taskDefinition: await register(arena), networkConfiguration: { awsvpcConfiguration } };
      const freed = addressOf(await described(arena, await runAndStop(arena, change)));
      const others = await inTurn(addresses, () => run(arena, change));
      const running = await Promise.all(others.map((task) => reaches(arena, task, 'RUNNING')));
      assert.ok(freed !== undefined && running.map(addressOf).includes(freed), `${freed} was not given again`);
    },
  },
];

export const ECS_LIFE_CYCLE_CASES: readonly Case[] = [...LIVES, ...STOPS, ...NETWORK];
