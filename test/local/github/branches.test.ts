import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { git } from '../../../src/local/github/git.ts';
import {
  base,
  deleteBranch,
  headOf,
  makeBranch,
  octokit,
  push,
  receiver,
  start,
  startWithHook,
  tempDir,
  testRepo,
} from './support.ts';

const NO_COMMIT = '0'.repeat(40);

describe('a push', () => {
  it('is told with the commits before and after, then the pull request follows', async () => {
    const repoPath = await testRepo(['one']);
    const before = await headOf(repoPath, 'one');
    const { github, hook } = await startWithHook({ repoPath });
    await push(repoPath, 'one', 'first');
    const after = await push(repoPath, 'one', 'second');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['push', 'pull_request.synchronize']);
    const [pushed, synchronized] = hook.received;
    expect(pushed?.payload).toMatchObject({
      ref: 'refs/heads/one',
      before,
      after,
      created: false,
      deleted: false,
      forced: false,
      commits: [
        { message: 'Say first', added: ['pushed.txt'] },
        { message: 'Say second', modified: ['pushed.txt'] },
      ],
      head_commit: { id: after },
    });
    expect(synchronized?.payload).toMatchObject({ before, after, pull_request: { head: { sha: after }, commits: 3 } });
  });

  it('is seen without being asked for', async () => {
    const repoPath = await testRepo(['one']);
    const github = await start({ repoPath, pollMs: 5 });
    const after = await push(repoPath, 'one', 'hello');
    await vi.waitFor(async () => expect((await github.pull('one')).commit).toBe(after), 10_000);
  });

  it('that was forced says so, also when the old commit is gone', async () => {
    const repoPath = await testRepo(['one']);
    await push(repoPath, 'one', 'lost');
    const { github, hook } = await startWithHook({ repoPath });
    await git(repoPath, ['update-ref', 'refs/heads/one', await headOf(repoPath, 'one~1')]);
    await git(repoPath, ['reflog', 'expire', '--expire=now', '--all']);
    await git(repoPath, ['prune', '--expire=now']);
    await github.refresh();
    await github.idle();
    expect(hook.received[0]?.payload).toMatchObject({ forced: true, head_commit: { message: 'Add one' } });
    expect(hook.names()).toEqual(['push', 'pull_request.synchronize']);
  });

  it('to the default branch concerns no pull request', async () => {
    const repoPath = await testRepo(['one']);
    const { github, hook } = await startWithHook({ repoPath });
    await push(repoPath, 'main', 'hello');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['push']);
  });

  it('to a closed pull request leaves it where it is, until it is opened again', async () => {
    const repoPath = await testRepo(['one']);
    const { github, hook } = await startWithHook({ repoPath });
    const closedAt = await headOf(repoPath, 'one');
    await github.closePull(1);
    const after = await push(repoPath, 'one', 'later');
    await github.refresh();
    expect((await github.pull('one')).commit).toBe(closedAt);
    await github.reopenPull(1);
    expect((await github.pull('one')).commit).toBe(after);
    await github.idle();
    expect(hook.names()).toEqual(['pull_request.closed', 'push', 'pull_request.reopened']);
  });
});

describe('a new branch', () => {
  it('is a new pull request', async () => {
    const repoPath = await testRepo(['one']);
    const { github, hook } = await startWithHook({ repoPath });
    await makeBranch(repoPath, 'later', 'one');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['push', 'pull_request.opened']);
    expect(hook.received[0]?.payload).toMatchObject({ created: true, before: NO_COMMIT });
    expect((await github.pull('later')).number).toBe(2);
  });

  it('is the first in a repository that had no commit', async () => {
    const repoPath = await tempDir();
    await git(repoPath, ['init', '--quiet', '--initial-branch=trunk']);
    const github = await start({ repoPath });
    expect(await github.pulls()).toEqual([]);
    expect((await octokit(github).rest.repos.get(base)).data.default_branch).toBe('trunk');
  });
});

describe('a deleted branch', () => {
  it('closes its pull request, which cannot be opened again until the branch is back', async () => {
    const repoPath = await testRepo(['one', 'two']);
    const { github, hook } = await startWithHook({ repoPath });
    const sha = await headOf(repoPath, 'one');
    await deleteBranch(repoPath, 'one');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['push', 'delete', 'pull_request.closed']);
    expect(hook.received[0]?.payload).toMatchObject({
      before: sha,
      after: NO_COMMIT,
      deleted: true,
      head_commit: null,
    });
    expect(hook.received[1]?.payload).toMatchObject({ ref: 'one', ref_type: 'branch', pusher_type: 'user' });
    expect(hook.received[2]?.payload).toMatchObject({ pull_request: { state: 'closed', merged: false } });
    await expect(github.reopenPull(1)).rejects.toThrow('The one branch has been deleted');

    await makeBranch(repoPath, 'one', 'two');
    await github.refresh();
    expect(await github.pull('one')).toMatchObject({ number: 1, state: 'open', commit: await headOf(repoPath, 'two') });
  });

  it('that comes back does not open what a person closed', async () => {
    const repoPath = await testRepo(['one']);
    const github = await start({ repoPath });
    await github.closePull(1);
    await deleteBranch(repoPath, 'one');
    await github.refresh();
    await makeBranch(repoPath, 'one');
    await github.refresh();
    expect((await github.pull('one')).state).toBe('closed');
  });
});

describe('a merge', () => {
  it('closes the pull request as merged, also when the branch is deleted at once', async () => {
    const repoPath = await testRepo(['one', 'two']);
    const { github, hook } = await startWithHook({ repoPath });
    await git(repoPath, ['update-ref', 'refs/heads/main', await headOf(repoPath, 'one')]);
    await deleteBranch(repoPath, 'one');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['push', 'pull_request.closed', 'push', 'delete']);
    expect(hook.received[1]?.payload).toMatchObject({ pull_request: { merged: true, state: 'closed' } });
    expect(await github.pull('one')).toMatchObject({ merged: true });
    expect(await github.pull('two')).toMatchObject({ state: 'open', merged: false });
    await expect(github.reopenPull(1)).rejects.toThrow('merged');
  });
});

describe('a fork', () => {
  const forks = [{ branch: 'theirs', repo: 'alice/web', repoId: 4_711 }];

  it('has its branch in a repository of its own', async () => {
    const repoPath = await testRepo(['ours', 'theirs']);
    const github = await start({ repoPath, forks });
    const api = octokit(github);
    const { number } = await github.pull('theirs');
    const { data } = await api.rest.pulls.get({ ...base, pull_number: number });
    expect(data).toMatchObject({
      user: { login: 'alice' },
      author_association: 'CONTRIBUTOR',
      head: { label: 'alice:theirs', repo: { id: 4_711, full_name: 'alice/web', fork: true } },
    });
    expect(data.base.repo.id).not.toBe(4_711);
    const names = async (owner: string): Promise<string[]> =>
      (await api.rest.repos.listBranches({ owner, repo: 'web' })).data.map((branch) => branch.name);
    expect(await names('demo')).toEqual(['main', 'ours']);
    expect(await names('alice')).toEqual(['main', 'theirs']);
    await expect(api.rest.repos.getBranch({ ...base, branch: 'theirs' })).rejects.toThrow('Branch not found');
    await expect(api.rest.pulls.list({ owner: 'alice', repo: 'web' })).rejects.toThrow('Not Found');
    const fork = await api.rest.repos.get({ owner: 'alice', repo: 'web' });
    expect(fork.data.parent?.full_name).toBe('demo/web');
  });

  it('tells its pushes through the pull request only', async () => {
    const repoPath = await testRepo(['theirs']);
    const { github, hook } = await startWithHook({ repoPath, forks });
    await push(repoPath, 'theirs', 'hello');
    await github.refresh();
    await deleteBranch(repoPath, 'theirs');
    await github.refresh();
    await github.idle();
    expect(hook.names()).toEqual(['pull_request.synchronize', 'pull_request.closed']);
  });

  it('that was deleted leaves a pull request without head repository', async () => {
    const repoPath = await testRepo(['theirs']);
    const github = await start({ repoPath, forks: [{ branch: 'theirs', repo: null, repoId: null }] });
    const { data } = await octokit(github).rest.pulls.get({ ...base, pull_number: 1 });
    expect(data.head.repo).toBeNull();
    expect(data.user.login).toBe('ghost');
  });
});

describe('reading', () => {
  it('never touches the repository', async () => {
    const repoPath = await testRepo(['one']);
    const look = async (): Promise<string> =>
      (await git(repoPath, ['for-each-ref'])) + (await git(repoPath, ['status', '--porcelain', '--branch']));
    const before = await look();
    const github = await start({ repoPath });
    await github.addLabel(1, 'uat');
    await github.comment(1, 'hello');
    await github.closePull(1);
    await github.refresh();
    expect(await look()).toBe(before);
  });

  it('works on a bare repository', async () => {
    const bare = join(await tempDir(), 'bare.git');
    await git(await testRepo(['one']), ['clone', '--quiet', '--bare', '.', bare]);
    const github = await start({ repoPath: bare });
    expect((await github.pulls()).map((pull) => pull.branch)).toEqual(['one']);
  });

  it('takes a repository that cannot be read for no change, says so once, and goes on afterwards', async () => {
    const repoPath = await testRepo(['one']);
    const said: string[] = [];
    const github = await start({ repoPath, pollMs: 5, log: (message) => said.push(message) });
    await git(repoPath, ['config', 'core.repositoryformatversion', '99']);
    await vi.waitFor(() => expect(said.join()).toContain('cannot read the branches'), 10_000);
    await expect(github.refresh()).rejects.toThrow('500');
    expect((await github.pull('one')).state).toBe('open');
    expect(said.filter((line) => line.startsWith('cannot read'))).toHaveLength(1);
    await git('/', ['config', '--file', join(repoPath, '.git/config'), 'core.repositoryformatversion', '0']);
    await makeBranch(repoPath, 'later');
    await vi.waitFor(async () => expect((await github.pulls()).length).toBe(2), 10_000);
  });
});

describe('a restart', () => {
  it('keeps numbers, labels and comments, and tells what happened meanwhile', async () => {
    const repoPath = await testRepo(['one', 'two']);
    const stateDir = await tempDir();
    const first = await start({ repoPath, stateDir });
    await first.addLabel(2, 'uat');
    await first.comment(2, 'hello', 'alice');
    await first.close();

    await makeBranch(repoPath, 'a-new-one');
    const after = await push(repoPath, 'two', 'while away');
    const hook = await receiver();
    const second = await start({ repoPath, stateDir, webhookUrl: hook.url });
    await second.idle();
    expect(hook.names().sort()).toEqual(['pull_request.opened', 'pull_request.synchronize', 'push', 'push']);
    expect(await second.pull('two')).toMatchObject({ number: 2, labels: ['uat'], commit: after });
    expect(await second.pull('a-new-one')).toMatchObject({ number: 3 });
    expect(await second.comments(2)).toMatchObject([{ author: 'alice', body: 'hello' }]);
    expect((await second.comment(2, 'next')).id).toBeGreaterThan((await second.comments(2))[0]?.id ?? Infinity);
  });
});
