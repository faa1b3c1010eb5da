/**
 * How soon Mayfly acts, with every part a process of its own: the operator, the local AWS with real tasks, the local
 * GitHub. One thing is asked for at a time, and the next only when the world is at rest again.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { parse } from 'yaml';
import { FileSchema } from '../../src/config/schema.ts';
import { TABLE } from '../../src/local/demo/provision.ts';
import { rulesOf, tasksOf } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { visit } from '../../src/local/demo/visit.ts';
import { targetGroupName } from '../../src/model/names.ts';
import { openTestStack } from '../e2e/support/test-stack.ts';
import { commitText, tinyPageText } from '../e2e/support/tiny-repo.ts';
import { type Bench, type BenchContext, type BenchResult, verdict } from './bench.ts';
import { summarise } from './statistics.ts';

const BRANCHES = 20;
/** Every so many branches there is also a push, and a start and stop by hand. */
const PUSH_EVERY = 4;
const EDIT_EVERY = 2;
const GIVE_UP_MS = 60_000;

interface Samples {
  readonly runTask: number[];
  readonly waitingPage: number[];
  readonly url: number[];
  readonly gone: number[];
  readonly live: number[];
  readonly edit: number[];
}

interface Run {
  readonly stack: Stack;
  readonly repo: string;
  readonly samples: Samples;
  readonly signal: AbortSignal;
}

export const latency: Bench = {
  name: 'latency',
  about: 'from label, push and hand edit to task, page and URL, with real processes',
  run: measure,
};

async function measure({ progress, signal }: BenchContext): Promise<BenchResult> {
  const branches = Array.from({ length: BRANCHES }, (_, index) => `branch-${String(index + 1).padStart(2, '0')}`);
  progress('starting the local AWS, the local GitHub and the operator');
  const { stack, repo, close } = await openTestStack({ addresses: '127.50.0.0/24', branches });
  const samples: Samples = { runTask: [], waitingPage: [], url: [], gone: [], live: [], edit: [] };
  try {
    for (const [index, branch] of branches.entries()) {
      progress(`${branch}, ${index + 1} of ${branches.length}`);
      await oneBranch({ stack, repo, samples, signal }, branch, index);
    }
    return resultOf(stack, samples);
  } finally {
    await close();
  }
}

async function oneBranch(run: Run, branch: string, index: number): Promise<void> {
  const { stack, repo, samples } = run;
  const { number } = await stack.github.pull(branch);

  const labelled = Date.now();
  const label = stack.github.addLabel(number, 'uat');
  const [created, page, served] = await Promise.all([
    taskCreated(run, branch),
    becomes(run, `the waiting page of ${branch}`, 20, () => answers(stack, branch, 503)),
    becomes(run, `${branch} at its URL`, 50, () => answers(stack, branch, 200)),
    label,
  ]);
  samples.runTask.push(created - labelled);
  samples.waitingPage.push(page - labelled);
  samples.url.push(served - labelled);

  if (index % PUSH_EVERY === 0) {
    await atRest();
    const text = `pushed to ${branch}`;
    await commitText(repo, branch, text);
    const pushed = Date.now();
    const noticed = stack.github.refresh();
    const live = becomes(run, `the push to ${branch} at its URL`, 20, () => answers(stack, branch, 200, text));
    samples.live.push((await live) - pushed);
    await noticed;
  }

  await atRest();
  const unlabelled = Date.now();
  const unlabel = stack.github.removeLabel(number, 'uat');
  samples.gone.push((await nothingLeft(run, branch)) - unlabelled);
  await unlabel;
  await stopped(run, branch);

  if (index % EDIT_EVERY === 0) await editByHand(run, branch);
}

/** Started and stopped by editing the record, at no particular moment between two reads of the table. */
async function editByHand(run: Run, branch: string): Promise<void> {
  const { stack, samples } = run;
  await pause(Math.random() * 1_000);
  const edited = Date.now();
  await setWanted(stack, branch, true);
  samples.edit.push((await taskCreated(run, branch)) - edited);
  await becomes(run, `${branch} at its URL`, 50, () => answers(stack, branch, 200));
  await setWanted(stack, branch, false);
  await nothingLeft(run, branch);
  await stopped(run, branch);
}

/** When ECS says that it created the branch's task: both sides read the clock of this machine. */
async function taskCreated(run: Run, branch: string): Promise<number> {
  let createdAt: number | undefined;
  await becomes(run, `a task of ${branch}`, 50, async () => {
    const [task] = await tasksOf(run.stack, branch);
    createdAt = task?.createdAt?.getTime();
    return createdAt !== undefined;
  });
  return createdAt ?? Number.NaN;
}

function nothingLeft(run: Run, branch: string): Promise<number> {
  const { stack } = run;
  return becomes(run, `nothing left of ${branch}`, 20, async () => {
    const [tasks, rules, group] = await Promise.all([
      tasksOf(stack, branch),
      rulesOf(stack, branch),
      hasTargetGroup(stack, branch),
    ]);
    return tasks.length === 0 && rules.length === 0 && !group;
  });
}

async function hasTargetGroup(stack: Stack, branch: string): Promise<boolean> {
  const { TargetGroups = [] } = await stack.aws.elbv2.send(new DescribeTargetGroupsCommand({}));
  const name = targetGroupName('demo', sessionOf(stack, branch));
  return TargetGroups.some(({ TargetGroupName }) => TargetGroupName === name);
}

async function stopped(run: Run, branch: string): Promise<void> {
  await becomes(run, `${branch} said to be stopped`, 50, async () => {
    const reports = await run.stack.environments();
    return reports.find(({ sessionId }) => sessionId === sessionOf(run.stack, branch))?.state === 'STOPPED';
  });
  await atRest();
}

/** A 200 of the app itself, with this text where one is given; a 503 of the front door. */
async function answers(stack: Stack, branch: string, status: 200 | 503, text?: string): Promise<boolean> {
  const host = `${sessionOf(stack, branch)}.localhost`;
  const page = await visit({ port: stack.ports.balancer, host });
  if (page.status !== status) return false;
  if (status === 503) return page.headers['x-mayfly-front-door'] !== undefined;
  return text === undefined || page.body.includes(tinyPageText(branch, text));
}

function sessionOf(stack: Stack, branch: string): string {
  return `${stack.prefix}-${branch}`;
}

async function setWanted(stack: Stack, branch: string, wanted: boolean): Promise<void> {
  await stack.aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: { session_id: { S: sessionOf(stack, branch) } },
      UpdateExpression: 'SET wanted = :wanted',
      ExpressionAttributeValues: { ':wanted': { BOOL: wanted } },
    }),
  );
}

/** Resolves to the time (ms since the epoch) of the first look that sees it. */
async function becomes({ signal }: Run, what: string, everyMs: number, look: () => Promise<boolean>): Promise<number> {
  const deadline = Date.now() + GIVE_UP_MS;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (await look()) return Date.now();
    await pause(everyMs);
  }
  throw new Error(`gave up after ${GIVE_UP_MS / 1_000} s: ${what}`);
}

/** Comments are written and caches have run out. */
function atRest(): Promise<void> {
  return pause(500);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function resultOf({ stateDir }: Stack, samples: Samples): BenchResult {
  const file: unknown = parse(readFileSync(join(stateDir, 'mayfly.yaml'), 'utf8'));
  const { policy, intervals } = FileSchema.parse(file);
  const row = (what: string, values: readonly number[], aim: number | undefined): readonly string[] => {
    const { n, median, p90, least, most } = summarise(values);
    const aimed = aim === undefined ? ['-', ''] : [`<= ${aim} ms`, verdict(median, aim)];
    return [what, ...[median, p90, least, most].map((ms) => ms.toFixed(0)), String(n), ...aimed];
  };
  return {
    title: 'Latency, in ms',
    method: [
      `${BRANCHES} branches one after the other through real processes on one machine; the tiny app stops at once.`,
      `settle ${policy.settle} ms, poll ${intervals.poll} ms; times from just before the call, tasks by their createdAt, pages looked for every 20 to 50 ms.`,
    ],
    head: ['', 'median', 'p90', 'least', 'most', 'n', 'aim (median)', ''],
    rows: [
      row('label -> RunTask', samples.runTask, 100),
      row('label -> waiting page', samples.waitingPage, 1_000),
      row('label -> URL answers 200', samples.url, undefined),
      row('push -> live', samples.live, undefined),
      row('hand edit -> RunTask', samples.edit, intervals.poll + 100),
      row('unlabel -> nothing left', samples.gone, policy.settle + 5_000),
    ],
    broken: [],
  };
}
