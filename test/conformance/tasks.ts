/** Steps with ECS: every task that a case starts is stopped, and every revision deregistered, when it ends. */
import {
  DeregisterTaskDefinitionCommand,
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type RunTaskCommandInput,
  type RunTaskCommandOutput,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena } from './arena.ts';
import { present } from './steps.ts';

/** What a container does: the same commands in every arena. */
export const COMMANDS = {
  stay: ['sleep', '600'],
  exit: (code: number) => ['sh', '-c', `exit ${code}`],
  /** Does not end at SIGTERM. */
  stubborn: ['sh', '-c', "trap '' TERM; sleep 600 & while :; do wait; done"],
} as const;

export const definition = (arena: Arena, family = arena.name('family')): RegisterTaskDefinitionCommandInput => ({
  family,
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  ...(arena.executionRole && { executionRoleArn: arena.executionRole }),
  containerDefinitions: [{ name: 'app', image: arena.image, command: [...COMMANDS.stay], stopTimeout: 2 }],
});

/** Registers a revision; returns its ARN. */
export async function register(
  arena: Arena,
  change: Partial<RegisterTaskDefinitionCommandInput> = {},
): Promise<string> {
  const input = { ...definition(arena, change.family), ...change };
  const { taskDefinition } = await arena.ecs.send(new RegisterTaskDefinitionCommand(input));
  const arn = present(taskDefinition?.taskDefinitionArn, 'taskDefinitionArn');
  arena.cleanup(() => arena.ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn })));
  return arn;
}

/** Registers a revision whose container runs the command. */
export const registerCommand = (arena: Arena, command: readonly string[], change: object = {}): Promise<string> =>
  register(arena, {
    containerDefinitions: [{ name: 'app', image: arena.image, command: [...command], stopTimeout: 2, ...change }],
  });

export const runInput = (arena: Arena, taskDefinition: string): RunTaskCommandInput => ({
  cluster: arena.cluster,
  taskDefinition,
  launchType: 'FARGATE',
  networkConfiguration: {
    awsvpcConfiguration: {
      subnets: [...arena.subnets],
      securityGroups: [arena.securityGroup],
      assignPublicIp: 'ENABLED',
    },
  },
});

/** One call, of a definition of its own unless `taskDefinition` is given. */
export async function callRunTask(
  arena: Arena,
  change: Partial<RunTaskCommandInput> = {},
): Promise<RunTaskCommandOutput> {
  const taskDefinition = change.taskDefinition ?? (await register(arena));
  const answer = await arena.ecs.send(new RunTaskCommand({ ...runInput(arena, taskDefinition), ...change }));
  for (const { taskArn } of answer.tasks ?? []) stopLater(arena, present(taskArn, 'taskArn'), change.cluster);
  return answer;
}

export function stopLater(arena: Arena, task: string, cluster = arena.cluster): void {
  const command = new StopTaskCommand({ cluster, task, reason: 'the case has ended' });
  arena.cleanup(() => arena.eventually(() => arena.ecs.send(command)));
}

/** Starts one task; returns its ARN. */
export async function run(arena: Arena, change: Partial<RunTaskCommandInput> = {}): Promise<string> {
  const { tasks, failures } = await callRunTask(arena, change);
  assert.deepEqual(failures, []);
  return present(tasks?.[0]?.taskArn, 'taskArn');
}

/** Undefined when it is MISSING. */
export async function describe(arena: Arena, task: string): Promise<Task | undefined> {
  const { tasks } = await arena.ecs.send(
    new DescribeTasksCommand({ cluster: arena.cluster, tasks: [task], include: ['TAGS'] }),
  );
  return tasks?.[0];
}

export const described = async (arena: Arena, task: string): Promise<Task> =>
  present(await describe(arena, task), `task ${task}`);

/** Waits until the task has the status. A task that ends instead fails the case. */
export function reaches(arena: Arena, task: string, status: string): Promise<Task> {
  return arena.eventually(async () => {
    const found = await described(arena, task);
    assert.equal(found.lastStatus, status, `${found.stopCode ?? ''} ${found.stoppedReason ?? ''}`.trim());
    return found;
  });
}

/** A task that is too young to be seen cannot be stopped yet. */
export const stop = (arena: Arena, task: string, reason?: string): Promise<unknown> =>
  arena.eventually(() => arena.ecs.send(new StopTaskCommand({ cluster: arena.cluster, task, reason })));

/** Starts a task, stops it and waits until it is STOPPED; returns its ARN. */
export async function runAndStop(arena: Arena, change: Partial<RunTaskCommandInput> = {}): Promise<string> {
  const task = await run(arena, change);
  await reaches(arena, task, 'RUNNING');
  await stop(arena, task);
  await reaches(arena, task, 'STOPPED');
  return task;
}
