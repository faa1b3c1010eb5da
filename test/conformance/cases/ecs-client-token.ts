/** Client tokens: the one thing that makes starting a task safe to repeat. */
import { type RunTaskCommandInput, RunTaskCommand } from '@aws-sdk/client-ecs';
import assert from 'node:assert/strict';
import type { Arena, Case } from '../arena.ts';
import { present, refused } from '../steps.ts';
import { callRunTask, described, reaches, register, run, runInput, stop } from '../tasks.ts';

const HOUR = 3600_000;

/** A request with a token, which can be sent again as it is. */
async function tokenRequest(arena: Arena, change: Partial<RunTaskCommandInput> = {}): Promise<RunTaskCommandInput> {
  return { ...runInput(arena, await register(arena)), clientToken: arena.name('Token'), ...change };
}

async function conflictOf(call: Promise<unknown>): Promise<readonly string[]> {
  return ((await refused(call, 'Conflict')) as { resourceIds?: string[] }).resourceIds ?? [];
}

async function stopped(arena: Arena, task: string): Promise<void> {
  await stop(arena, task);
  await reaches(arena, task, 'STOPPED');
}

export const ECS_CLIENT_TOKEN_CASES: readonly Case[] = [
  {
    facts: ['ecs.client-token.same-params'],
    name: 'the same request gives the same task, while it starts and when it runs',
    async run(arena) {
      const request = await tokenRequest(arena, { tags: [{ key: 'a', value: 'b' }] });
      const task = await run(arena, request);
      assert.equal(await run(arena, request), task);
      await reaches(arena, task, 'RUNNING');
      const again = await callRunTask(arena, request);
      assert.equal(again.tasks?.length, 1);
      assert.equal(again.tasks[0]?.taskArn, task);
      assert.equal(again.tasks[0]?.taskDefinitionArn, request.taskDefinition);
    },
  },
  {
    facts: ['ecs.client-token.other-params', 'ecs.client-token.resource-ids'],
    name: 'another request with the same token is a conflict that names the task',
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      const changed = { ...request, startedBy: 'someone-else' };
      assert.deepEqual(await conflictOf(callRunTask(arena, changed)), [task]);
    },
  },
  {
    facts: ['ecs.client-token.other-params'],
    name: 'an environment variable or a tag more is another request',
    async run(arena) {
      const request = await tokenRequest(arena);
      await run(arena, request);
      const containerOverrides = [{ name: 'app', environment: [{ name: 'AT', value: '12:00' }] }];
      await conflictOf(callRunTask(arena, { ...request, overrides: { containerOverrides } }));
      await conflictOf(callRunTask(arena, { ...request, tags: [{ key: 'more', value: '1' }] }));
    },
  },
  {
    facts: ['ecs.client-token.format'],
    name: 'a token of 64 characters is taken; one of 65, or with a space, is not',
    async run(arena) {
      const request = await tokenRequest(arena);
      const longest = arena.name('T').padEnd(64, '~!');
      await run(arena, { ...request, clientToken: longest });
      await refused(callRunTask(arena, { ...request, clientToken: `${longest}x` }), 'InvalidParameter');
      await refused(callRunTask(arena, { ...request, clientToken: 'two words' }), 'InvalidParameter');
    },
  },
  {
    facts: ['ecs.client-token.case'],
    name: 'a token in capitals is another token',
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      const clientToken = present(request.clientToken, 'clientToken').toUpperCase();
      assert.notEqual(await run(arena, { ...request, clientToken }), task);
    },
  },
  {
    facts: ['ecs.client-token.scope'],
    name: 'the same token in another cluster starts another task',
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      assert.notEqual(await run(arena, { ...request, cluster: arena.otherCluster }), task);
    },
  },
  {
    facts: ['ecs.client-token.stopped', 'ecs.client-token.no-revival'],
    name: 'a retry after the task has stopped gives the dead task, in brief',
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      await stopped(arena, task);
      const { tasks } = await callRunTask(arena, request);
      const { taskArn, lastStatus, desiredStatus, taskDefinitionArn } = present(tasks?.[0], 'the task');
      assert.deepEqual(
        { taskArn, lastStatus, desiredStatus, taskDefinitionArn },
        { taskArn: task, lastStatus: 'STOPPED', desiredStatus: 'STOPPED', taskDefinitionArn: undefined },
      );
    },
  },
  {
    facts: ['ecs.client-token.other-params', 'ecs.client-token.no-revival'],
    name: 'another request is still a conflict when the task has stopped',
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      await stopped(arena, task);
      assert.deepEqual(await conflictOf(callRunTask(arena, { ...request, startedBy: 'someone-else' })), [task]);
    },
  },
  {
    facts: ['ecs.client-token.hour'],
    name: 'an hour after the task has stopped, its token starts a new one',
    needs: ['time'],
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      await stopped(arena, task);
      await arena.passTime(HOUR - 60_000);
      assert.equal(await run(arena, request), task);
      await arena.passTime(2 * 60_000);
      assert.notEqual(await run(arena, request), task);
    },
  },
  {
    facts: ['ecs.client-token.day'],
    name: 'after a day, a token starts a second task although the first runs',
    needs: ['time'],
    async run(arena) {
      const request = await tokenRequest(arena);
      const task = await run(arena, request);
      await arena.passTime(24 * HOUR - 60_000);
      assert.equal(await run(arena, request), task);
      await arena.passTime(2 * 60_000);
      assert.notEqual(await run(arena, request), task);
      assert.equal((await described(arena, task)).lastStatus, 'RUNNING');
    },
  },
  {
    facts: ['ecs.client-token.failures'],
    name: 'a failure is answered again, although there is capacity now',
    needs: ['control'],
    async run(arena) {
      const request = await tokenRequest(arena);
      arena.control.refuseTasks({ reason: 'RESOURCE:ENI' });
      const first = await callRunTask(arena, request);
      arena.control.refuseTasks(undefined);
      const again = await callRunTask(arena, request);
      assert.deepEqual([first.failures?.length, first.tasks?.length], [1, 0]);
      assert.deepEqual([again.failures, again.tasks], [first.failures, []]);
    },
  },
  {
    facts: ['ecs.client-token.sdk'],
    name: 'two commands without a token start two tasks, each with a token of the SDK',
    async run(arena) {
      const input = runInput(arena, await register(arena));
      const tokens: string[] = [];
      for (const command of [new RunTaskCommand(input), new RunTaskCommand(input)]) {
        command.middlewareStack.add(
          (next) => (args) => {
            const { body } = args.request as { body: string };
            tokens.push((JSON.parse(body) as { clientToken: string }).clientToken);
            return next(args);
          },
          { step: 'build' },
        );
        const { tasks } = await arena.ecs.send(command);
        const arn = present(tasks?.[0]?.taskArn, 'taskArn');
        arena.cleanup(() => stop(arena, arn));
      }
      assert.equal(
        tokens.every((token) => token.length > 20),
        true,
      );
      assert.notEqual(tokens[0], tokens[1]);
    },
  },
];
