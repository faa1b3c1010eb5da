import { describe, expect, it } from 'vitest';
import { push, headOf, makeBranch, start, testRepo } from '../local/github/support.ts';
import { client, countOf, TOKEN } from './answering-server.ts';

const REPO = 'demo/web';

async function world(branches?: readonly string[]) {
  const repoPath = await testRepo(branches);
  const local = await start({ repoPath, token: TOKEN });
  return { repoPath, local, ...client(local.url) };
}

describe('the GitHub client against the local GitHub', () => {
  it('reads the head of a branch, and the new one after a push', async () => {
    const { github, repoPath, local } = await world();
    expect(await github.branchHead(REPO, 'one')).toBe(await headOf(repoPath, 'one'));
    const pushed = await push(repoPath, 'one', 'more');
    await local.refresh();
    expect(await github.branchHead(REPO, 'one')).toBe(pushed);
  });

  it.each(['feature/cart/v2', 'überschön', '修复/購物車', 'a#b', 'a%2Fb', 'a+b&c=d', "it's-{new}"])(
    'reads the head of the branch %s',
    async (branch) => {
      const { github, repoPath } = await world();
      await makeBranch(repoPath, branch, 'two');
      expect(await github.branchHead(REPO, branch)).toBe(await headOf(repoPath, 'two'));
    },
  );

  it.each(['none', 'one/none', '', '..', '../../../user', 'a//b'])(
    'says that there is no branch "%s"',
    async (branch) => {
      const { github } = await world();
      expect(await github.branchHead(REPO, branch)).toBeUndefined();
    },
  );

  it('does not take a repository that it cannot see for one without the branch', async () => {
    const { github, metrics } = await world();
    await expect(github.branchHead('demo/secret', 'one')).rejects.toMatchObject({
      name: 'GitHubError',
      kind: 'not-found',
      message: expect.stringMatching(/branchHead of demo\/secret.*the token may not read it/),
    });
    await expect(github.pull('demo/secret', 1)).rejects.toMatchObject({ kind: 'not-found' });
    expect(await countOf(metrics, 'branchHead', 'not-found')).toBe(1);
  });

  it('reads a pull request as a snapshot', async () => {
    const { github, local, repoPath } = await world();
    const { number } = await local.pull('one');
    await local.addLabel(number, 'uat');
    const snapshot = await github.pull(REPO, number);
    expect(snapshot).toMatchObject({ repo: REPO, number, open: true, labels: ['uat'] });
    expect(snapshot?.head).toMatchObject({ repo: REPO, branch: 'one', commit: await headOf(repoPath, 'one') });
    expect(await github.pull(REPO, 9999)).toBeUndefined();
  });

  it('writes a comment, finds it beyond the first page, and edits it', async () => {
    const { github, local, metrics } = await world();
    const { number } = await local.pull('one');
    for (let each = 0; each < 105; each++) await local.comment(number, `chatter ${each}`);
    const marker = '<!-- mayfly:main:tt-one -->';
    expect(await github.findComment(REPO, number, marker)).toBeUndefined();
    const made = await github.createComment(REPO, number, `${marker}\n\nhello`);
    expect(await github.findComment(REPO, number, marker)).toEqual({ id: made.id, body: `${marker}\n\nhello` });
    await github.updateComment(REPO, made.id, `${marker}\n\ngood bye`);
    expect((await local.comments(number)).at(-1)?.body).toContain('good bye');
    expect(await countOf(metrics, 'findComment', 'ok')).toBe(2);
    expect(await countOf(metrics, 'createComment', 'ok')).toBe(1);
  });

  it('says not-found when the comment to edit is gone', async () => {
    const { github } = await world();
    await expect(github.updateComment(REPO, 424242, 'text')).rejects.toMatchObject({ kind: 'not-found', status: 404 });
  });

  it('is refused without the right token, in words without the token', async () => {
    const repoPath = await testRepo();
    const local = await start({ repoPath, token: 'another-token' });
    const error: unknown = await client(local.url)
      .github.branchHead(REPO, 'one')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'refused', status: 401 });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(TOKEN);
  });
});
