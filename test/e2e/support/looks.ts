/** Where a person looks: the page, the conditions, the comments, the metrics. Each look waits until it sees. */
import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs';
import { expect } from 'vitest';
import { CLUSTER } from '../../../src/local/demo/provision.ts';
import type { EnvironmentReport, Stack } from '../../../src/local/demo/stack.ts';
import { until } from '../../../src/local/demo/until.ts';
import { type Visit, visit, watchForFailures } from '../../../src/local/demo/visit.ts';
import { tinyPageText } from './tiny-repo.ts';

/** For what takes a start or a stop; a busy machine needs patience. */
export const LONG_MS = 60_000;

export function visitSession(stack: Stack, session: string, accept?: string): Promise<Visit> {
  const { balancer: port } = stack.ports;
  return visit({ port, host: `${session}.localhost`, ...(accept !== undefined && { accept }) });
}

export async function reportOf(stack: Stack, session: string): Promise<EnvironmentReport | undefined> {
  return (await stack.environments()).find(({ sessionId }) => sessionId === session);
}

/** The session of a branch, once its record is there. */
export function sessionOf(stack: Stack, branch: string): Promise<string> {
  const find = async (): Promise<string | undefined> =>
    (await stack.environments()).find((report) => report.branch === branch)?.sessionId;
  return until(`there is a record of ${branch}`, find, LONG_MS);
}

export async function serves(stack: Stack, session: string, branch: string, text = branch): Promise<void> {
  const wanted = tinyPageText(branch, text);
  const look = async (): Promise<true> => {
    const { status, body } = await visitSession(stack, session);
    if (status === 200 && body.includes(wanted)) return true;
    throw new Error(`${status} ${body.slice(0, 300)}`);
  };
  await until(`${session} shows "${wanted}"`, look, LONG_MS);
}

/** Waits for a condition with this status, and with words that the message must hold. */
export async function conditionSays(
  stack: Stack,
  session: string,
  type: string,
  expected: { readonly status: string; readonly reason?: string; readonly words?: readonly (string | RegExp)[] },
): Promise<void> {
  const { status, reason, words = [] } = expected;
  const look = async (): Promise<true> => {
    const report = await reportOf(stack, session);
    const found = report?.conditions.find((condition) => condition.type === type);
    const said = words.every((word) =>
      typeof word === 'string' ? found?.message.includes(word) : word.test(found?.message ?? ''),
    );
    if (found?.status === status && (reason ?? found.reason) === found.reason && said) return true;
    throw new Error(`${report?.state} ${JSON.stringify(found)}`);
  };
  await until(`${session} says ${type}=${status} ${reason ?? ''} ${words.join(' ')}`, look, LONG_MS);
}

export async function stateBecomes(stack: Stack, session: string, state: string): Promise<void> {
  const look = async (): Promise<true> => {
    const report = await reportOf(stack, session);
    if (report?.state === state) return true;
    throw new Error(JSON.stringify(report));
  };
  await until(`${session} is ${state}`, look, LONG_MS);
}

export async function commentSays(stack: Stack, number: number, words: readonly (string | RegExp)[]): Promise<void> {
  const look = async (): Promise<true> => {
    const bodies = (await stack.github.comments(number)).map(({ body }) => body);
    const says = (body: string): boolean =>
      words.every((word) => (typeof word === 'string' ? body.includes(word) : word.test(body)));
    if (bodies.some(says)) return true;
    throw new Error(bodies.join('\n---\n'));
  };
  await until(`a comment on #${number} says ${words.join(' and ')}`, look, LONG_MS);
}

/** Tasks of the session that have not ended. */
export async function tasksOf(stack: Stack, session: string) {
  const tasks = await describeAll(stack, 'RUNNING');
  return tasks.filter(({ group, lastStatus }) => group === session && lastStatus !== 'STOPPED');
}

/** How many tasks each session was ever given, as far back as ECS tells. */
export async function tasksEverOf(stack: Stack): Promise<ReadonlyMap<string, number>> {
  const tasks = [...(await describeAll(stack, 'RUNNING')), ...(await describeAll(stack, 'STOPPED'))];
  const groups = Map.groupBy(tasks, ({ group }) => group ?? '');
  return new Map([...groups].map(([group, all]) => [group, new Set(all.map(({ taskArn }) => taskArn)).size]));
}

async function describeAll({ aws: { ecs } }: Stack, desiredStatus: 'RUNNING' | 'STOPPED') {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: CLUSTER, desiredStatus }));
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: CLUSTER, tasks: taskArns }));
  return tasks;
}

/** While `change` goes on, whoever asks for the session gets nothing but 200s. */
export async function unharmed<T>(stack: Stack, session: string, change: () => Promise<T>): Promise<T> {
  const watch = watchForFailures({ port: stack.ports.balancer, host: `${session}.localhost` });
  let outcome: Awaited<ReturnType<typeof watch.stop>> | undefined;
  try {
    return await change();
  } finally {
    outcome = await watch.stop();
    expect(outcome.failures, `of ${outcome.requests} requests to ${session}`).toEqual([]);
  }
}

/** The sum of a counter over the series whose labels match, since the operator's start. */
export async function counter(
  stack: Stack,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${stack.ports.admin}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/**
 * Whatever is wrong, the operator soon only waits: over this time it applies no step, writes no comment, and looks at
 * each environment no oftener than it looks at a settled one.
 */
export async function onlyWaits(stack: Stack, forMs: number): Promise<void> {
  let before = await effectsOf(stack);
  const settled = async (): Promise<boolean> => {
    const after = await effectsOf(stack);
    const same = after.steps === before.steps && after.comments === before.comments;
    before = after;
    return same;
  };
  // `until` looks too often for that.
  await until('steps and comments come to an end', () => pause(500).then(settled), LONG_MS);
  await pause(forMs);
  const after = await effectsOf(stack);
  expect({ ...after, reconciles: 0 }).toEqual({ ...before, reconciles: 0 });
  const environments = (await stack.environments()).length;
  // Once a second for the control port, and once every five at a resync.
  expect(after.reconciles - before.reconciles).toBeLessThanOrEqual(environments * ((forMs / 1_000) * 1.2 + 3));
}

async function effectsOf(stack: Stack) {
  return {
    steps: await counter(stack, 'mayfly_steps_total'),
    comments: await counter(stack, 'mayfly_comments_total', { outcome: 'updated' }),
    reconciles: await counter(stack, 'mayfly_reconcile_total', { controller: 'environment' }),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
