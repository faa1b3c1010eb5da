/**
 * What happens around the operator: senders that lie or dawdle, a GitHub and an AWS that go away and come back, a stop
 * in the middle of work. Over real processes, on one stack; the tests build on each other in this order.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { label } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { until } from '../../src/local/demo/until.ts';
import {
  commentSays,
  conditionSays,
  counter,
  LONG_MS,
  onlyWaits,
  reportOf,
  serves,
  sessionOf,
  tasksEverOf,
  tasksOf,
  unharmed,
  visitSession,
} from './support/looks.ts';
import { editRecord, putRecord } from './support/records.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';
import { sendSlowly, sendWebhook } from './support/webhooks.ts';

let world: TestStack;
let stack: Stack;

beforeAll(async () => {
  world = await openTestStack({ addresses: '127.40.2.0/24', branches: ['one', 'two', 'three', 'four', 'five'] });
  ({ stack } = world);
  for (const branch of ['one', 'two']) await label(stack, branch, 'uat');
  for (const branch of ['one', 'two']) await serves(stack, await sessionOf(stack, branch), branch);
}, 2 * LONG_MS);

afterAll(async () => {
  await world?.close();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
});

function bothUnharmed<T>(change: () => Promise<T>): Promise<T> {
  return unharmed(stack, 'tiny-one', () => unharmed(stack, 'tiny-two', change));
}

describe('a GitHub that is gone', () => {
  it('harms no environment; what needs it says so', async () => {
    const { commit } = await stack.github.pull('three');
    await stack.outages.github.begin('SIGKILL');
    await bothUnharmed(async () => {
      // Another image changes what the comment should say.
      await editRecord(stack, 'tiny-two', { image_tag: 'staging' });
      await conditionSays(stack, 'tiny-two', 'Reported', {
        status: 'False',
        reason: 'GitHubUnavailable',
        words: ['cannot be reached'],
      });
      const byHand = { project: stack.project, repo: `demo/${stack.project}`, branch: 'three', wanted: true };
      await putRecord(stack, { session_id: 'tiny-known', ...byHand, commit });
      await putRecord(stack, { session_id: 'tiny-asking', ...byHand });
      await conditionSays(stack, 'tiny-asking', 'Ready', { status: 'False', reason: 'GitHubUnavailable' });
      await serves(stack, 'tiny-known', 'three');
      await until('the old task of two is gone', async () => (await tasksOf(stack, 'tiny-two')).length === 1, LONG_MS);
      await onlyWaits(stack, 1_000);
    });
    expect(await ready()).toMatchObject({ status: 200 });
  });

  it('is made up for when it is back', async () => {
    await stack.outages.github.end();
    await bothUnharmed(() => serves(stack, 'tiny-asking', 'three'));
    for (const session of ['tiny-known', 'tiny-asking']) await editRecord(stack, session, { wanted: false });
  });
});

describe('webhooks over HTTP', () => {
  it('are refused with a reason when they are forged, broken or unknown', async () => {
    const body = '{"zen":"Speak like a human."}';
    const forged = await sendWebhook(stack, { event: 'ping', body, signature: `sha256=${'0'.repeat(64)}` });
    expect(forged).toMatchObject({ status: 401, text: expect.stringContaining('signature') });
    const broken = await sendWebhook(stack, { event: 'pull_request', body: '{"action":' });
    expect(broken).toMatchObject({ status: 400, text: expect.stringContaining('not JSON') });
    const odd = await sendWebhook(stack, { event: 'pull_request', body: '{"pull_request":{"number":"seven"}}' });
    expect(odd).toMatchObject({ status: 400, text: expect.stringContaining('pull_request.number') });
    expect(await sendWebhook(stack, { event: 'watch', body })).toMatchObject({ status: 202 });
    expect(await sendWebhook(stack, { body })).toMatchObject({ status: 400 });
    expect(await sendWebhook(stack, { event: 'ping', body })).toMatchObject({ status: 200 });
  });

  it('that dawdle do not keep the others waiting', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => sendSlowly(stack)));
    await bothUnharmed(async () => {
      await label(stack, 'four', 'uat');
      await stack.github.idle();
      expect((await stack.github.deliveries({ event: 'pull_request', action: 'labeled' }))[0]).toMatchObject({
        status_code: 200,
      });
      await serves(stack, 'tiny-four', 'four');
    });
    expect(slow.filter((socket) => !socket.closed).length).toBeGreaterThan(0);
    for (const socket of slow) socket.destroy();
  });
});

describe('the comment that GitHub missed', () => {
  it('comes when it is back', async () => {
    const { number } = await stack.github.pull('two');
    await commentSays(stack, number, ['staging']);
    await conditionSays(stack, 'tiny-two', 'Reported', { status: 'True' });
  });
});

describe('SIGTERM in the middle of work', () => {
  it('ends the operator in bounded time with code 0; nothing is lost, nothing is doubled', async () => {
    await bothUnharmed(async () => {
      await label(stack, 'five', 'uat');
      await stack.github.idle();
      // It is killed, and has no code, when it takes too long.
      expect(await stack.stopOperator('SIGTERM')).toBe(0);
      await stack.startOperator();
      await serves(stack, 'tiny-five', 'five');
    });
    expect((await tasksEverOf(stack)).get('tiny-five')).toBe(1);
  });
});

describe('an AWS that dies', () => {
  it('leaves the operator alive, not ready, and saying why; everything is back after it', async () => {
    const pid = stack.operatorPid();
    const sessions = ['tiny-one', 'tiny-two', 'tiny-four', 'tiny-five'];
    const before = new Map(
      await Promise.all(sessions.map(async (id) => [id, (await tasksOf(stack, id))[0]?.taskArn] as const)),
    );
    await stack.outages.aws.begin('SIGKILL');
    await until('the operator is not ready', async () => (await ready()).status === 503, LONG_MS);
    expect((await ready()).text).toMatch(/store.*ECONNREFUSED/);
    expect((await fetch(`${admin()}/healthz`)).status).toBe(200);
    // What cannot be written is not acknowledged.
    const { number } = await stack.github.pull('three');
    await stack.github.addLabel(number, 'uat');
    await stack.github.idle();
    expect((await stack.github.deliveries({ event: 'pull_request', action: 'labeled' }))[0]).toMatchObject({
      status_code: 503,
    });

    await stack.outages.aws.end();
    await until('the operator is ready', async () => (await ready()).status === 200, LONG_MS);
    for (const session of sessions) {
      const { branch = '' } = (await reportOf(stack, session)) ?? {};
      await serves(stack, session, branch);
      await until(`${session} has one task, a new one`, () => hasNewTask(session, before.get(session)), LONG_MS);
    }
    expect(stack.operatorPid()).toBe(pid);
    await onlyWaits(stack, 1_000);
    expect(await counter(stack, 'mayfly_steps_total', { kind: 'run-task', outcome: 'ok' })).toBeLessThanOrEqual(
      2 * sessions.length,
    );
  });

  it('a delivery that was not acknowledged can be sent again', async () => {
    await stack.github.redeliver({ event: 'pull_request', action: 'labeled' });
    await serves(stack, 'tiny-three', 'three');
  });
});

async function hasNewTask(session: string, before: string | undefined): Promise<boolean> {
  const [task, ...others] = await tasksOf(stack, session);
  return task !== undefined && task.taskArn !== before && others.length === 0;
}

function admin(): string {
  return `http://127.0.0.1:${stack.ports.admin}`;
}

async function ready(): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${admin()}/readyz`);
  return { status: response.status, text: await response.text() };
}

it('the operator lived through all of it, and the page of nobody still answers', async () => {
  expect(world.log(10_000)).not.toMatch(/"level":60|TypeError|ReferenceError|RangeError|unhandled/i);
  expect((await visitSession(stack, 'tiny-nobody')).status).toBe(404);
});
