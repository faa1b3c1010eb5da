/**
 * What people get wrong, over real processes: every mistake is told where the person looks, ends when it is corrected,
 * and harms nobody else. One stack serves all; `neighbour` must answer 200 throughout.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { REASONS } from '../../src/model/reasons.ts';
import { label } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { git } from '../../src/local/github/git.ts';
import { until } from '../../src/local/demo/until.ts';
import { visit } from '../../src/local/demo/visit.ts';
import {
  commentSays,
  conditionSays,
  counter,
  LONG_MS,
  onlyWaits,
  reportOf,
  serves,
  sessionOf,
  stateBecomes,
  tasksEverOf,
  tasksOf,
  unharmed,
  visitSession,
} from './support/looks.ts';
import { deleteRecord, editRecord, getRecord, putRecord } from './support/records.ts';
import { openTestStack, type TestStack } from './support/test-stack.ts';
import { commitText, tinyPageText } from './support/tiny-repo.ts';

const LONG_BRANCH = 'feature/Über_long…'.padEnd(240, 'x');
const STARTED = ['neighbour', 'edited', 'doomed', 'a/b', 'a-b', LONG_BRANCH];

let world: TestStack;
let stack: Stack;
let operatorPid: number;

beforeAll(async () => {
  world = await openTestStack({
    addresses: '127.40.1.0/24',
    branches: [...STARTED, 'from-fork'],
    forks: ['from-fork'],
  });
  ({ stack } = world);
  operatorPid = stack.operatorPid();
  for (const branch of STARTED) await label(stack, branch, 'uat');
  await git(world.repo, ['branch', 'by-hand', 'main']);
  await putRecord(stack, byHand('by-hand', { branch: 'by-hand' }));
  for (const branch of STARTED) await serves(stack, await sessionOf(stack, branch), branch);
  await serves(stack, `${stack.prefix}-by-hand`, 'by-hand', 'main');
  // Its head was read from GitHub a moment ago, and is asked for again only later.
  await deleteBranch('by-hand');
}, 3 * LONG_MS);

afterAll(async () => {
  await world?.close();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.error(`the operator's log ends with\n${world.log()}`);
});

function besideNeighbour<T>(change: () => Promise<T>): Promise<T> {
  return unharmed(stack, `${stack.prefix}-neighbour`, change);
}

/** A record as somebody writes it by hand: nothing but what must be there. */
function byHand(name: string, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    session_id: `${stack.prefix}-${name}`,
    project: stack.project,
    repo: `demo/${stack.project}`,
    wanted: true,
    ...more,
  };
}

async function deleteBranch(name: string): Promise<void> {
  await git(world.repo, ['branch', '-D', name]);
  await stack.github.refresh();
}

function plainText(html: string): string {
  return html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** Of the task's network interface. */
function addressOf(task: Awaited<ReturnType<typeof tasksOf>>[number] | undefined): string {
  const details = task?.attachments?.flatMap((attachment) => attachment.details ?? []);
  return details?.find(({ name }) => name === 'privateIPv4Address')?.value ?? 'no address';
}

describe('a record edited by hand', () => {
  const session = 'tiny-edited';

  /** As it was before; what one test leaves behind must not fail the next. */
  beforeEach(async () => {
    await editRecord(stack, session, { wanted: true, project: stack.project, image_tag: 'latest' });
    await conditionSays(stack, session, 'Accepted', { status: 'True' });
    await conditionSays(stack, session, 'UpToDate', { status: 'True' });
  });

  it('wanted as text: named, what runs keeps running, corrected it goes on', () =>
    besideNeighbour(() =>
      unharmed(stack, session, async () => {
        await editRecord(stack, session, { wanted: 'yes' });
        await conditionSays(stack, session, 'Accepted', {
          status: 'False',
          reason: 'InvalidRecord',
          words: ['wanted', 'the text "yes"', 'true or false'],
        });
        expect((await reportOf(stack, session))?.state).toBe('RUNNING');
        await onlyWaits(stack, 1_000);
        // Nobody can be told of a push meanwhile; it is made up for.
        await commitText(world.repo, 'edited', 'pushed meanwhile');
        await stack.github.refresh();
        await stack.github.idle();
        expect((await visitSession(stack, session)).body).toContain(tinyPageText('edited', 'edited'));
        await editRecord(stack, session, { wanted: true });
        await conditionSays(stack, session, 'Accepted', { status: 'True' });
        await serves(stack, session, 'edited', 'pushed meanwhile');
      }),
    ));

  it('an image tag that does not exist: told with repository and tag, what runs keeps running, corrected it goes on', () =>
    besideNeighbour(() =>
      unharmed(stack, session, async () => {
        const before = await tasksOf(stack, session);
        await editRecord(stack, session, { image_tag: 'no-such-tag' });
        await conditionSays(stack, session, 'ImageAvailable', {
          status: 'False',
          reason: 'ImageNotFound',
          words: ['repository mayfly', 'tag no-such-tag'],
        });
        await onlyWaits(stack, 1_000);
        expect(await tasksOf(stack, session)).toHaveLength(1);
        await editRecord(stack, session, { image_tag: 'latest' });
        await conditionSays(stack, session, 'ImageAvailable', { status: 'True' });
        await conditionSays(stack, session, 'UpToDate', { status: 'True' });
        expect((await tasksOf(stack, session)).map(({ taskArn }) => taskArn)).toEqual(
          before.map(({ taskArn }) => taskArn),
        );
      }),
    ));

  it('an unknown project: named beside the known ones, what runs keeps running', () =>
    besideNeighbour(() =>
      unharmed(stack, session, async () => {
        await editRecord(stack, session, { project: 'tyni' });
        await conditionSays(stack, session, 'Accepted', {
          status: 'False',
          reason: 'UnknownProject',
          words: ['"tyni"', 'tiny'],
        });
        await editRecord(stack, session, { project: stack.project });
        await conditionSays(stack, session, 'Accepted', { status: 'True' });
      }),
    ));

  it('deleted while it runs: back after the next webhook, with the same task', () =>
    besideNeighbour(() =>
      unharmed(stack, session, async () => {
        const before = await tasksOf(stack, session);
        const starts = await counter(stack, 'mayfly_steps_total', { kind: 'run-task' });
        await deleteRecord(stack, session);
        const { number } = await stack.github.pull('edited');
        await stack.github.comment(number, 'Where is the record?');
        await stateBecomes(stack, session, 'RUNNING');
        await conditionSays(stack, session, 'UpToDate', { status: 'True' });
        expect((await tasksOf(stack, session)).map(({ taskArn }) => taskArn)).toEqual(
          before.map(({ taskArn }) => taskArn),
        );
        expect(await counter(stack, 'mayfly_steps_total', { kind: 'run-task' })).toBe(starts);
      }),
    ));

  it('edits that race with webhooks: the edits hold, the newest commit is live, one task is left', () =>
    besideNeighbour(async () => {
      let commit = '';
      const pushes = async (): Promise<void> => {
        for (let turn = 1; turn <= 6; turn += 1) {
          commit = await commitText(world.repo, 'edited', `raced ${turn}`);
          await stack.github.refresh();
        }
      };
      const edits = async (): Promise<void> => {
        for (let turn = 1; turn <= 20; turn += 1)
          await editRecord(stack, session, { image_tag: turn % 2 === 0 ? 'staging' : 'latest', note: `turn ${turn}` });
      };
      await Promise.all([pushes(), edits()]);
      await stack.github.idle();
      expect(await getRecord(stack, session)).toMatchObject({
        commit,
        image_tag: 'staging',
        note: 'turn 20',
        wanted: true,
      });
      await serves(stack, session, 'edited', 'raced 6');
      await conditionSays(stack, session, 'UpToDate', { status: 'True' });
      await until('one task is left', async () => (await tasksOf(stack, session)).length === 1, LONG_MS);
      expect(await getRecord(stack, session)).toMatchObject({
        commit,
        image_tag: 'staging',
        note: 'turn 20',
        wanted: true,
      });
    }));
});

it('a pull request of a fork is refused in a comment, and nothing is started', async () => {
  const { number } = await stack.github.pull('from-fork');
  const starts = await counter(stack, 'mayfly_steps_total');
  await besideNeighbour(async () => {
    await stack.github.addLabel(number, 'uat');
    await commentSays(stack, number, [/fork/i]);
  });
  const session = await sessionOf(stack, 'from-fork');
  await conditionSays(stack, session, 'Accepted', { status: 'False', reason: 'ForkRefused' });
  expect(await tasksOf(stack, session)).toEqual([]);
  expect(await counter(stack, 'mayfly_steps_total')).toBe(starts);
  expect((await visitSession(stack, session)).status).toBe(503);
});

/** Records that somebody made by hand, and what is said of them. */
const UNFIT = [
  {
    what: 'no branch',
    name: 'branchless',
    item: {},
    type: 'Accepted',
    reason: 'InvalidRecord',
    words: ['branch', 'nothing', 'git branch'],
  },
  {
    what: 'an unknown project',
    name: 'projectless',
    item: { branch: 'edited', project: 'nowhere' },
    type: 'Accepted',
    reason: 'UnknownProject',
    words: ['"nowhere"', 'tiny'],
  },
  {
    what: 'an image tag that does not exist',
    name: 'imageless',
    item: { branch: 'edited', image_tag: 'no-such-tag' },
    type: 'ImageAvailable',
    reason: 'ImageNotFound',
    words: ['repository mayfly', 'tag no-such-tag'],
  },
  {
    what: 'a branch that does not exist',
    name: 'never-was',
    item: { branch: 'never-was' },
    type: 'Ready',
    reason: 'BranchNotFound',
    words: ['demo/tiny', 'never-was'],
  },
  {
    what: 'a commit that does not exist',
    name: 'commitless',
    item: { branch: 'edited', commit: '0123456789abcdef0123456789abcdef01234567' },
    type: 'Ready',
    reason: 'FetchFailed',
    words: ['0123456'],
  },
] as const;

describe('a record made by hand that cannot run', () => {
  beforeAll(async () => {
    await besideNeighbour(async () => {
      for (const { name, item } of UNFIT) await putRecord(stack, byHand(name, item));
    });
  });

  it.each(UNFIT)('$what: told in its conditions and on its page', async ({ name, type, reason, words }) => {
    const session = `${stack.prefix}-${name}`;
    await besideNeighbour(() => conditionSays(stack, session, type, { status: 'False', reason, words }));
    const page = await visitSession(stack, session);
    expect(page.status).toBe(503);
    // The page is public: it tells what the reason means, the conditions tell the rest.
    expect(plainText(page.body)).toContain(REASONS[reason]);
  });
});

describe('a branch', () => {
  it('of 240 characters has a short session id that is a DNS label, and is served', async () => {
    expect(LONG_BRANCH).toHaveLength(240);
    const session = await sessionOf(stack, LONG_BRANCH);
    expect(session).toMatch(/^tiny-feature-uber-long-x+-[0-9a-f]{8}$/);
    expect(session.length).toBeLessThanOrEqual(50);
    await besideNeighbour(() => serves(stack, session, LONG_BRANCH));
  });

  it('whose name looks like another one is an environment of its own, and answers under its own host only', async () => {
    const [slash, dash] = [await sessionOf(stack, 'a/b'), await sessionOf(stack, 'a-b')];
    expect(dash).toBe('tiny-a-b');
    expect(slash).toMatch(/^tiny-a-b-[0-9a-f]{8}$/);
    await serves(stack, slash, 'a/b');
    await serves(stack, dash, 'a-b');
    // Past the load balancer, at the task itself: the other one's host is refused.
    const address = addressOf((await tasksOf(stack, slash))[0]);
    expect((await visit({ address, port: 3001, host: `${slash}.localhost` })).status).toBe(200);
    const other = await visit({ address, port: 3001, host: `${dash}.localhost` });
    expect(other.status).toBe(421);
    expect(other.body).not.toContain(tinyPageText('a/b', 'a/b'));
  });

  it('deleted while it runs: its environment goes, and the comment says so', async () => {
    const session = await sessionOf(stack, 'doomed');
    await serves(stack, session, 'doomed');
    const { number } = await stack.github.pull('doomed');
    await besideNeighbour(async () => {
      await deleteBranch('doomed');
      await stateBecomes(stack, session, 'STOPPED');
      expect(await tasksOf(stack, session)).toEqual([]);
      await commentSays(stack, number, [/stopped/i]);
      expect((await visitSession(stack, session)).body).toMatch(/stopped/i);
    });
  });

  it('deleted just after the label: nothing is left running', async () => {
    await git(world.repo, ['branch', 'fleeting', 'edited']);
    await stack.github.refresh();
    const { number } = await stack.github.pull('fleeting');
    await besideNeighbour(async () => {
      await stack.github.addLabel(number, 'uat');
      await deleteBranch('fleeting');
      const session = await sessionOf(stack, 'fleeting');
      await stateBecomes(stack, session, 'STOPPED');
      expect(await tasksOf(stack, session)).toEqual([]);
    });
  });
});

describe('in the end', () => {
  it('a branch deleted while a record wants it by hand: what runs keeps running, and it is told', async () => {
    const session = `${stack.prefix}-by-hand`;
    await besideNeighbour(() =>
      conditionSays(stack, session, 'UpToDate', { status: 'False', reason: 'BranchNotFound', words: ['by-hand'] }),
    );
    expect((await visitSession(stack, session)).body).toContain(tinyPageText('by-hand', 'main'));
    expect((await reportOf(stack, session))?.state).toBe('RUNNING');
  });

  it('all that is wrong costs nothing but looks', async () => {
    for (const { name } of UNFIT) await stateBecomes(stack, `${stack.prefix}-${name}`, 'FAILED');
    await besideNeighbour(() => onlyWaits(stack, 2_500));
    for (const { name } of UNFIT) expect(await tasksOf(stack, `${stack.prefix}-${name}`)).toEqual([]);
    // One start and three tries more for the commit that does not exist, none for the others.
    const starts = await tasksEverOf(stack);
    expect(UNFIT.map(({ name }) => starts.get(`${stack.prefix}-${name}`) ?? 0)).toEqual([0, 0, 0, 0, 4]);
  });

  it('the operator lived through all of it', () => {
    expect(stack.operatorPid()).toBe(operatorPid);
    expect(world.log(5_000)).not.toMatch(/"level":60|TypeError|ReferenceError|RangeError|unhandled/i);
  });
});
