import { describe, expect, it } from 'vitest';
import { base, headOf, makeBranch, octokit, push, start, testRepo } from './support.ts';

async function failure(call: Promise<unknown>): Promise<{ status: number; message: string; data: unknown }> {
  return call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: { status: number; message: string; response?: { data: unknown } }) => ({
      status: error.status,
      message: error.message,
      data: error.response?.data,
    }),
  );
}

describe('pull requests', () => {
  it('shows each branch but the default one, the newest first', async () => {
    const repoPath = await testRepo(['one', 'two']);
    const api = octokit(await start({ repoPath }));
    const { data } = await api.rest.pulls.list(base);
    expect(data.map((pull) => pull.head.ref)).toEqual(['two', 'one']);
    expect(data[0]).toMatchObject({
      number: 2,
      state: 'open',
      title: 'Add two',
      head: { sha: await headOf(repoPath, 'two'), repo: { full_name: 'demo/web', fork: false } },
      base: { ref: 'main', sha: await headOf(repoPath, 'main') },
    });
    expect(data[0]?.head.repo?.id).toBe(data[0]?.base.repo.id);
  });

  it('counts commits and lines of one', async () => {
    const repoPath = await testRepo(['one']);
    await push(repoPath, 'one', 'more');
    const api = octokit(await start({ repoPath }));
    const { data } = await api.rest.pulls.get({ ...base, pull_number: 1 });
    expect(data).toMatchObject({ commits: 2, additions: 2, deletions: 0, changed_files: 2, merged: false });
  });

  it('closes, filters by state, and opens again', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const closed = await api.rest.pulls.update({ ...base, pull_number: 1, state: 'closed' });
    expect(closed.data.closed_at).toMatch(/Z$/);
    const numbers = async (state: 'open' | 'closed' | 'all'): Promise<number[]> =>
      (await api.rest.pulls.list({ ...base, state, direction: 'asc' })).data.map((pull) => pull.number);
    expect(await numbers('open')).toEqual([2]);
    expect(await numbers('closed')).toEqual([1]);
    expect(await numbers('all')).toEqual([1, 2]);
    const open = await api.rest.pulls.update({ ...base, pull_number: 1, state: 'open' });
    expect(open.data).toMatchObject({ state: 'open', closed_at: null });
  });

  it('is found by head, and by nothing else', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const heads = async (head: string): Promise<string[]> =>
      (await api.rest.pulls.list({ ...base, head })).data.map((pull) => pull.head.ref);
    expect(await heads('demo:one')).toEqual(['one']);
    expect(await heads('other:one')).toEqual([]);
  });

  it('pages with Link headers that octokit follows', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `b${index}`);
    const api = octokit(await start({ repoPath: await testRepo(names) }));
    const first = await api.rest.pulls.list({ ...base, per_page: 3 });
    expect(first.headers.link).toMatch(/page=2>; rel="next".*page=3>; rel="last"/);
    const last = await api.rest.pulls.list({ ...base, per_page: 3, page: 3 });
    expect(last.data).toHaveLength(1);
    expect(last.headers.link).not.toContain('rel="next"');
    const all = await api.paginate(api.rest.pulls.list, { ...base, per_page: 3 });
    expect(all.map((pull) => pull.head.ref).sort()).toEqual(names);
  });

  it('refuses what it does not know', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    expect(await failure(api.rest.pulls.get({ ...base, pull_number: 99 }))).toMatchObject({ status: 404 });
    expect(await failure(api.rest.pulls.get({ ...base, repo: 'other', pull_number: 1 }))).toMatchObject({
      status: 404,
      data: { message: 'Not Found', documentation_url: expect.stringContaining('docs.github.com'), status: '404' },
    });
    expect(await failure(api.rest.pulls.list({ ...base, state: 'nope' as 'open' }))).toMatchObject({
      status: 422,
      data: { message: 'Validation Failed', errors: [{ field: 'state', code: 'invalid' }] },
    });
    expect(await failure(api.request('GET /repos/demo/web/nothing-here'))).toMatchObject({ status: 404 });
  });
});

describe('branches and commits', () => {
  it.each(['feat/with-slash', 'ümlaut', 'a%2Fb', 'hash#1', 'dots.and_lines', 'plus+and@'])('finds %s', async (name) => {
    const repoPath = await testRepo([]);
    await makeBranch(repoPath, name);
    const sha = await push(repoPath, name, 'hello');
    const api = octokit(await start({ repoPath }));
    const branch = await api.rest.repos.getBranch({ ...base, branch: name });
    expect(branch.data).toMatchObject({ name, commit: { sha, commit: { message: 'Say hello' } } });
    const ref = await api.rest.git.getRef({ ...base, ref: `heads/${name}` });
    expect(ref.data).toMatchObject({ ref: `refs/heads/${name}`, object: { sha, type: 'commit' } });
    expect((await api.rest.repos.getCommit({ ...base, ref: name })).data.sha).toBe(sha);
    expect((await api.rest.repos.getCommit({ ...base, ref: sha.slice(0, 10) })).data.sha).toBe(sha);
  });

  it('says as GitHub does that there is none', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    expect(await failure(api.rest.repos.getBranch({ ...base, branch: 'none' }))).toMatchObject({
      status: 404,
      data: { message: 'Branch not found' },
    });
    expect(await failure(api.rest.git.getRef({ ...base, ref: 'heads/on' }))).toMatchObject({ status: 404 });
    const missing = await failure(api.rest.repos.getCommit({ ...base, ref: 'f'.repeat(40) }));
    expect(missing).toMatchObject({ status: 422, message: expect.stringContaining('No commit found for SHA') });
  });

  it.each(['main~0', 'main^{tree}', 'main@{0}', ':/First', '--all', '../config'])(
    'takes %s for no commit',
    async (ref) => {
      const api = octokit(await start({ repoPath: await testRepo() }));
      expect((await failure(api.rest.repos.getCommit({ ...base, ref }))).status).toBeGreaterThanOrEqual(404);
    },
  );

  it('answers with the bare id when asked to', async () => {
    const repoPath = await testRepo();
    const api = octokit(await start({ repoPath }));
    const answer = await api.rest.repos.getCommit({ ...base, ref: 'one', mediaType: { format: 'sha' } });
    expect(answer.data).toBe(await headOf(repoPath, 'one'));
  });
});

describe('labels', () => {
  it('are added once, whatever their case, and removed', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const issue = { ...base, issue_number: 1 };
    await api.rest.issues.addLabels({ ...issue, labels: ['uat', 'needs work'] });
    const again = await api.rest.issues.addLabels({ ...issue, labels: ['UAT'] });
    expect(again.data.map((label) => label.name)).toEqual(['uat', 'needs work']);
    const left = await api.rest.issues.removeLabel({ ...issue, name: 'needs work' });
    expect(left.data.map((label) => label.name)).toEqual(['uat']);
    expect(await failure(api.rest.issues.removeLabel({ ...issue, name: 'needs work' }))).toMatchObject({
      status: 404,
      data: { message: 'Label does not exist' },
    });
    const { data } = await api.rest.issues.listForRepo({ ...base, labels: 'uat' });
    expect(data).toMatchObject([{ number: 1, pull_request: {}, labels: [{ name: 'uat' }] }]);
  });

  it.each([[{ labels: 'uat' }], [{ labels: [''] }], [{ labels: ['x'.repeat(51)] }], [{}]])(
    'refuses %j',
    async (body) => {
      const api = octokit(await start({ repoPath: await testRepo() }));
      const call = api.request('POST /repos/demo/web/issues/1/labels', body as never);
      expect(await failure(call)).toMatchObject({ status: 422, data: { errors: [{ resource: 'Label' }] } });
    },
  );
});

describe('comments', () => {
  it('are made, paged, edited, reacted to and deleted', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const issue = { ...base, issue_number: 1 };
    for (const body of ['a', 'b', 'c']) await api.rest.issues.createComment({ ...issue, body });
    const all = await api.paginate(api.rest.issues.listComments, { ...issue, per_page: 2 });
    expect(all.map((comment) => comment.body)).toEqual(['a', 'b', 'c']);
    const id = { ...base, comment_id: all[1]?.id ?? 0 };
    await api.rest.issues.updateComment({ ...id, body: 'B' });
    await api.rest.reactions.createForIssueComment({ ...id, content: 'rocket' });
    const second = await api.rest.reactions.createForIssueComment({ ...id, content: 'rocket' });
    expect(second.status).toBe(200);
    const one = await api.rest.issues.getComment(id);
    expect(one.data).toMatchObject({
      body: 'B',
      user: { login: 'mayfly[bot]', type: 'Bot' },
      reactions: { rocket: 1, total_count: 1 },
    });
    await api.rest.issues.deleteComment(id);
    expect(await failure(api.rest.issues.getComment(id))).toMatchObject({ status: 404 });
    expect(await failure(api.rest.issues.updateComment({ ...id, body: 'x' }))).toMatchObject({ status: 404 });
    expect((await api.rest.pulls.get({ ...base, pull_number: 1 })).data.comments).toBe(2);
  });

  it.each(['', '  ', 'x'.repeat(65_537)])('refuses a body that is empty or too long', async (body) => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const made = await failure(api.rest.issues.createComment({ ...base, issue_number: 1, body }));
    expect(made).toMatchObject({ status: 422, data: { errors: [{ resource: 'IssueComment', field: 'body' }] } });
  });

  it('takes the longest body that GitHub takes', async () => {
    const github = await start({ repoPath: await testRepo() });
    const body = 'é'.repeat(65_536);
    expect((await github.comment(1, body, 'alice')).author).toBe('alice');
    expect((await github.comments(1))[0]?.body).toBe(body);
  });
});

describe('permissions', () => {
  it('are the owner’s, those given, and reading for everybody else', async () => {
    const api = octokit(await start({ repoPath: await testRepo(), permissions: { alice: 'write', mallory: 'none' } }));
    const permission = async (username: string): Promise<string> =>
      (await api.rest.repos.getCollaboratorPermissionLevel({ ...base, username })).data.permission;
    expect(await Promise.all(['demo', 'alice', 'mallory', 'bob'].map(permission))).toEqual([
      'admin',
      'write',
      'none',
      'read',
    ]);
  });
});

describe('deployments', () => {
  const request = { ...base, ref: 'one', environment: 'pr-one', transient_environment: true, auto_merge: false };

  it('keep their statuses, the newest first', async () => {
    const repoPath = await testRepo();
    const api = octokit(await start({ repoPath }));
    const made = await api.rest.repos.createDeployment({ ...request, required_contexts: [] });
    expect(made.status).toBe(201);
    const { id, sha } = made.data as { id: number; sha: string };
    expect(sha).toBe(await headOf(repoPath, 'one'));
    const status = { ...base, deployment_id: id };
    await api.rest.repos.createDeploymentStatus({ ...status, state: 'in_progress' });
    await api.rest.repos.createDeploymentStatus({ ...status, state: 'success', environment_url: 'http://x/' });
    const { data } = await api.rest.repos.listDeploymentStatuses(status);
    expect(data.map((one) => [one.state, one.environment_url])).toEqual([
      ['success', 'http://x/'],
      ['in_progress', ''],
    ]);
    expect((await api.rest.repos.listDeployments({ ...base, environment: 'other' })).data).toEqual([]);
  });

  it('go inactive when a lasting environment gets a new one', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    const deploy = async (): Promise<number> => {
      const made = await api.rest.repos.createDeployment({ ...request, transient_environment: false });
      const { id } = made.data as { id: number };
      await api.rest.repos.createDeploymentStatus({ ...base, deployment_id: id, state: 'success' });
      return id;
    };
    const [first, second] = [await deploy(), await deploy()];
    const latest = async (id: number): Promise<string | undefined> =>
      (await api.rest.repos.listDeploymentStatuses({ ...base, deployment_id: id })).data[0]?.state;
    expect([await latest(first), await latest(second)]).toEqual(['inactive', 'success']);
  });

  it('refuse unknown refs, unknown states and long descriptions', async () => {
    const api = octokit(await start({ repoPath: await testRepo() }));
    expect(await failure(api.rest.repos.createDeployment({ ...request, ref: 'none' }))).toMatchObject({
      status: 422,
      data: { message: 'No ref found for: none' },
    });
    expect(await failure(api.rest.repos.createDeployment({ ...request, description: 'x'.repeat(141) }))).toMatchObject({
      status: 422,
    });
    const { data } = await api.rest.repos.createDeployment(request);
    const status = { ...base, deployment_id: (data as { id: number }).id, state: 'great' as 'success' };
    expect(await failure(api.rest.repos.createDeploymentStatus(status))).toMatchObject({ status: 422 });
  });
});
