import { Webhooks } from '@octokit/webhooks';
import { describe, expect, it } from 'vitest';
import { parseEvent } from '../../../src/intake/payload.ts';
import { GitHubError } from '../../../src/github/port.ts';
import { makeFakeClock } from '../../runtime/fake-clock.ts';
import { SIM_WEBHOOK_SECRET, type SimDelivery } from './hook.ts';
import { makeSimGitHub } from './sim-github.ts';

const REPO = 'octo/web';
const FORK = { fork: 'eve/web' };

function world() {
  const clock = makeFakeClock();
  const sent: SimDelivery[] = [];
  let turns = 0;
  const github = makeSimGitHub({
    clock,
    random: () => (turns++ % 16) / 16,
    repo: REPO,
    deliver: (delivery) => void sent.push(delivery),
  });
  /** What was sent since it was asked last. */
  const news = (): string[] =>
    sent.splice(0).map(({ event, action }) => (action === undefined ? event : `${event}.${action}`));
  return { clock, sent, news, github };
}

describe('pushes and pull requests', () => {
  it('tells a push, the opening and each label', () => {
    const { github, news } = world();
    const commit = github.push('one');
    const pull = github.openPull('one', { author: 'bo', draft: true });
    github.label(pull, 'uat', 'docs');
    expect(news()).toEqual(['push', 'pull_request.opened', 'pull_request.labeled', 'pull_request.labeled']);
    expect(github.snapshotOf(pull)).toMatchObject({
      repo: REPO,
      number: pull,
      open: true,
      draft: true,
      author: 'bo',
      labels: ['uat', 'docs'],
      head: { repo: REPO, branch: 'one', commit },
    });
  });

  it('gives webhooks that the operator reads as the port tells it', async () => {
    const { github, sent } = world();
    const pull = github.openPull('one', { draft: true });
    github.label(pull, 'uat');
    const last = sent.at(-1);
    const parsed = parseEvent(last?.headers['x-github-event'] ?? '', JSON.parse(last?.body ?? ''));
    expect(parsed).toEqual({ ok: true, event: { kind: 'pull', snapshot: github.snapshotOf(pull) } });
    expect(await github.port.pull(REPO, pull)).toEqual(github.snapshotOf(pull));
    expect(last?.pull).toBe(pull);
    const signature = last?.headers['x-hub-signature-256'] ?? '';
    expect(await new Webhooks({ secret: SIM_WEBHOOK_SECRET }).verify(last?.body ?? '', signature)).toBe(true);
  });

  it('moves open pull requests with their branch, and closed ones when they are reopened', () => {
    const { github, news } = world();
    const pull = github.openPull('one');
    const second = github.push('one');
    expect(github.snapshotOf(pull).head.commit).toBe(second);
    github.close(pull);
    const third = github.push('one');
    expect(github.snapshotOf(pull).head.commit).toBe(second);
    expect(github.reopen(pull)).toBe(true);
    expect(github.snapshotOf(pull)).toMatchObject({ open: true, head: { commit: third } });
    const opened = ['push', 'pull_request.opened'];
    const followed = ['push', 'pull_request.synchronize'];
    const closed = ['pull_request.closed', 'push', 'pull_request.reopened'];
    expect(news()).toEqual(opened.concat(followed, closed));
  });

  it('closes with the branch; reopening takes the branch back at its old commit', () => {
    const { github, news } = world();
    const pull = github.openPull('one');
    news();
    expect(github.deleteBranch('one')).toBe(true);
    expect(news()).toEqual(['push', 'delete', 'pull_request.closed']);
    expect(github.reopen(pull)).toBe(false);
    github.restoreBranch('one');
    expect(github.reopen(pull)).toBe(true);
    github.deleteBranch('one');
    github.push('one');
    expect(github.reopen(pull)).toBe(false);
  });

  it('does not reopen what was merged, or rewritten while it was closed', () => {
    const { github } = world();
    const [merged, rewritten] = [github.openPull('one'), github.openPull('two')];
    const before = github.head('main');
    expect(github.merge(merged)).toBe(true);
    expect(github.head('main')).not.toBe(before);
    github.close(rewritten);
    github.forcePush('two');
    expect([github.reopen(merged), github.reopen(rewritten)]).toEqual([false, false]);
    const next = github.openPull('two');
    expect(next).not.toBe(rewritten);
    expect(github.openPull('two')).toBe(next);
    expect(github.openPull('two', { base: 'release' })).not.toBe(next);
  });

  it('says nothing of what changes nothing', () => {
    const { github, news } = world();
    const pull = github.openPull('one', { title: 'One' });
    news();
    expect([
      github.unlabel(pull, 'uat'),
      github.reopen(pull),
      github.edit(pull, 'One'),
      github.setDraft(pull, false),
    ]).toEqual([false, false, false, false]);
    expect(news()).toEqual([]);
  });

  it('keeps the time of a change in whole seconds', async () => {
    const { github, clock } = world();
    const pull = github.openPull('one');
    const { at } = github.snapshotOf(pull);
    await clock.advance(999);
    github.label(pull, 'uat');
    expect(github.snapshotOf(pull).at).toBe(at);
    await clock.advance(1);
    github.unlabel(pull, 'uat');
    expect(Date.parse(github.snapshotOf(pull).at) - Date.parse(at)).toBe(1_000);
  });
});

describe('forks', () => {
  it('have a branch of the same name beside that of the base repository', async () => {
    const { github } = world();
    const own = github.push('one');
    const theirs = github.push('one', FORK);
    const [a, b] = [github.openPull('one'), github.openPull('one', FORK)];
    expect(b).toBe(a + 1);
    expect(github.snapshotOf(a).head).toMatchObject({ repo: REPO, commit: own });
    expect(github.snapshotOf(b)).toMatchObject({
      author: 'eve',
      repo: REPO,
      head: { repo: 'eve/web', commit: theirs },
    });
    expect(await github.port.branchHead('eve/web', 'one')).toBe(theirs);
    github.deleteFork('eve/web');
    expect(github.snapshotOf(b)).toMatchObject({ open: false, head: { repo: null, repoId: null, branch: 'one' } });
    await expect(github.port.branchHead('eve/web', 'one')).rejects.toMatchObject({ kind: 'not-found' });
    expect(github.snapshotOf(a).open).toBe(true);
    expect(github.push('one', FORK)).not.toBe(theirs);
    expect(github.reopen(b)).toBe(false);
  });

  it('tell no pushes to the base repository', () => {
    const { github, news } = world();
    github.openPull('one', FORK);
    github.push('one', FORK);
    expect(news()).toEqual(['pull_request.opened', 'pull_request.synchronize']);
  });
});

describe('comments', () => {
  it('are found, changed and counted; a deleted one is gone', async () => {
    const { github, news } = world();
    const pull = github.openPull('one');
    github.comment(pull, 'hello');
    news();
    const { id } = await github.port.createComment(REPO, pull, 'mark: starting');
    await github.port.updateComment(REPO, id, 'mark: ready');
    expect(await github.port.findComment(REPO, pull, 'mark')).toEqual({ id, body: 'mark: ready' });
    expect(news()).toEqual(['issue_comment.created', 'issue_comment.edited']);
    expect(github.deleteComment(id)).toBe(true);
    expect(github.deleteComment(id)).toBe(false);
    expect(github.comments(pull).map(({ body }) => body)).toEqual(['hello']);
    await expect(github.port.updateComment(REPO, id, 'again')).rejects.toThrow(GitHubError);
    await expect(github.port.updateComment(REPO, id, 'again')).rejects.toMatchObject({ kind: 'not-found' });
    expect([github.commentsCreated(pull), github.commentsUpdated(pull)]).toEqual([1, 1]);
  });

  it('are refused without a text, and without a pull request', async () => {
    const { github } = world();
    const pull = github.openPull('one');
    await expect(github.port.createComment(REPO, pull, ' ')).rejects.toMatchObject({ kind: 'refused', status: 422 });
    await expect(github.port.createComment(REPO, 99, 'x')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await github.port.pull(REPO, 99)).toBeUndefined();
    expect(await github.port.branchHead(REPO, 'none')).toBeUndefined();
  });
});

describe('a run', () => {
  it('is the same to the byte with the same people', () => {
    const story = (): readonly SimDelivery[] => {
      const { github, sent } = world();
      const pull = github.openPull('one');
      github.label(pull, 'uat');
      github.push('one');
      github.comment(pull, 'hello');
      return sent;
    };
    expect(story()).toEqual(story());
  });
});
