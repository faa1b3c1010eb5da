import { createRequire } from 'node:module';
import { Webhooks } from '@octokit/webhooks';
import { describe, expect, it, vi } from 'vitest';
import { base, deleteBranch, octokit, push, receiver, SECRET, start, startWithHook, testRepo } from './support.ts';

/** Required, since the package's types do not name what its JSON exports. */
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}[];

describe('a delivery', () => {
  it('is signed and has GitHub’s headers', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    await github.addLabel(1, 'uat');
    await github.idle();
    const [{ headers, body }] = hook.received as [(typeof hook.received)[0]];
    expect(headers).toMatchObject({
      'x-github-event': 'pull_request',
      'x-github-delivery': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      'user-agent': expect.stringMatching(/^GitHub-Hookshot\//),
      'content-type': 'application/json',
    });
    const webhooks = new Webhooks({ secret: SECRET });
    expect(await webhooks.verify(body, String(headers['x-hub-signature-256']))).toBe(true);
    expect(await webhooks.verify(`${body} `, String(headers['x-hub-signature-256']))).toBe(false);
  });

  it('is recorded with what was sent and what came back', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    hook.answer = () => 503;
    await github.addLabel(1, 'uat');
    await github.idle();
    const [last] = await github.deliveries();
    expect(last).toMatchObject({
      event: 'pull_request',
      action: 'labeled',
      status_code: 503,
      status: 'Invalid HTTP Response: 503',
      redelivery: false,
      request: { payload: { label: { name: 'uat' } } },
    });
    expect(last?.guid).toBe(hook.received[0]?.headers['x-github-delivery']);
    expect(hook.received).toHaveLength(1);
  });

  it('carries whose doing it was', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    await github.comment(1, 'by a person', 'alice');
    await octokit(github).rest.issues.createComment({ ...base, issue_number: 1, body: 'by a program' });
    await github.idle();
    expect(hook.received.map(({ payload }) => payload['sender'])).toMatchObject([
      { login: 'alice', type: 'User' },
      { login: 'mayfly[bot]', type: 'Bot' },
    ]);
  });

  it('has times with a grain of one second', async () => {
    let now = Date.parse('2026-01-01T10:00:00.100Z');
    const { github, hook } = await startWithHook({ repoPath: await testRepo(), now: () => now });
    await github.addLabel(1, 'a');
    now += 800;
    await github.addLabel(1, 'b');
    now += 200;
    await github.addLabel(1, 'c');
    await github.idle();
    const at = hook.received.map(({ payload }) => (payload['pull_request'] as { updated_at: string }).updated_at);
    expect(at).toEqual(['2026-01-01T10:00:00Z', '2026-01-01T10:00:00Z', '2026-01-01T10:00:01Z']);
  });
});

describe('events', () => {
  it('tell one change each, in order', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    const api = octokit(github);
    await api.rest.issues.addLabels({ ...base, issue_number: 1, labels: ['a', 'b', 'a'] });
    await github.removeLabel(1, 'a');
    await github.closePull(1);
    await github.closePull(1);
    await github.reopenPull(1);
    await api.rest.pulls.update({ ...base, pull_number: 1, title: 'New', body: 'Text' });
    await api.rest.pulls.update({ ...base, pull_number: 1, title: 'New' });
    const { data } = await api.rest.issues.createComment({ ...base, issue_number: 1, body: 'x' });
    await api.rest.issues.updateComment({ ...base, comment_id: data.id, body: 'y' });
    await api.rest.issues.deleteComment({ ...base, comment_id: data.id });
    await github.idle();
    expect(hook.names()).toEqual([
      'pull_request.labeled',
      'pull_request.labeled',
      'pull_request.unlabeled',
      'pull_request.closed',
      'pull_request.reopened',
      'pull_request.edited',
      'issue_comment.created',
      'issue_comment.edited',
      'issue_comment.deleted',
    ]);
    expect(hook.received[5]?.payload['changes']).toEqual({ title: { from: 'Add one' }, body: { from: null } });
    expect(hook.received[7]?.payload['changes']).toEqual({ body: { from: 'x' } });
    const labels = hook.received.slice(0, 3).map(({ payload }) => (payload['pull_request'] as Labelled).labels);
    expect(labels.map((list) => list.map(({ name }) => name))).toEqual([['a'], ['a', 'b'], ['b']]);
  });

  it('keep their order when one is slow, and never hold up the API', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    const gate = Promise.withResolvers<number>();
    hook.answer = () => gate.promise;
    for (const label of ['a', 'b', 'c']) await github.addLabel(1, label);
    expect((await github.pull('one')).labels).toEqual(['a', 'b', 'c']);
    await vi.waitFor(() => expect(hook.received).toHaveLength(1));
    gate.resolve(202);
    await github.idle();
    expect(hook.received.map(({ payload }) => (payload['label'] as { name: string }).name)).toEqual(['a', 'b', 'c']);
  });

  it('that nobody receives are given up and not repeated', async () => {
    const hook = await receiver();
    const github = await start({ repoPath: await testRepo(), webhookUrl: hook.url, webhookTimeoutMs: 30 });
    const gate = Promise.withResolvers<number>();
    hook.answer = () => gate.promise;
    await github.addLabel(1, 'a');
    await github.idle();
    expect((await github.deliveries({ event: 'pull_request' }))[0]).toMatchObject({
      status: 'timed out',
      status_code: 0,
    });
    gate.resolve(202);
    await github.setWebhookUrl('http://127.0.0.1:9/');
    await github.addLabel(1, 'b');
    await github.idle();
    expect((await github.deliveries({ event: 'pull_request' }))[0]?.status).toContain('failed to connect');
  });
});

interface Labelled {
  readonly labels: readonly { readonly name: string }[];
}

describe('a redelivery', () => {
  it('has the same GUID and body, whatever happened since', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    await github.addLabel(1, 'uat');
    await github.removeLabel(1, 'uat');
    const again = await github.redeliver({ event: 'pull_request', action: 'labeled' });
    expect(again).toMatchObject({ redelivery: true, status_code: 202, status: 'OK' });
    const [first, , third] = hook.received;
    expect(third?.body).toBe(first?.body);
    expect(third?.headers['x-github-delivery']).toBe(first?.headers['x-github-delivery']);
    expect(again.id).not.toBe((await github.deliveries({ action: 'unlabeled' }))[0]?.id);
  });

  it('of what was never sent is refused', async () => {
    const { github } = await startWithHook({ repoPath: await testRepo() });
    await expect(github.redeliver({ event: 'push' })).rejects.toThrow('no delivery matches');
    const answer = await fetch(`${github.url}/_deliveries/99/redeliver`, { method: 'POST' });
    expect(answer.status).toBe(404);
    await github.setWebhookUrl(null);
    await expect(github.redeliver({ event: 'ping' })).rejects.toThrow('no webhook');
  });
});

describe('the address', () => {
  it('is sent a ping when it is set, and nothing after it was taken away', async () => {
    const github = await start({ repoPath: await testRepo() });
    await github.addLabel(1, 'early');
    const hook = await receiver();
    await github.setWebhookUrl(hook.url);
    await github.idle();
    expect(hook.received.map(({ event }) => event)).toEqual(['ping']);
    expect(hook.received[0]?.body).not.toContain(SECRET);
    await github.setWebhookUrl(null);
    await github.addLabel(1, 'late');
    await github.idle();
    expect(hook.received).toHaveLength(1);
    await expect(github.setWebhookUrl('file:///etc/passwd')).rejects.toThrow('not an http');
  });
});

describe('the end', () => {
  it('does not wait for a receiver that hangs', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    const gate = Promise.withResolvers<number>();
    hook.answer = () => gate.promise;
    await github.addLabel(1, 'a');
    await github.addLabel(1, 'b');
    await vi.waitFor(() => expect(hook.received).toHaveLength(1));
    await Promise.all([github.close(), github.close()]);
    expect(hook.received).toHaveLength(1);
    gate.resolve(202);
    await expect(fetch(github.url)).rejects.toThrow();
  });
});

/** Every path of the example with the kind of value there; lists and empty values say nothing of their elements. */
function shape(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null)?.[key], value);
}

/** Facts that a local repository has not. */
const ABSENT =
  /^\.(installation|organization|enterprise)\b|\.(assignee|milestone|license|author|committer)\.|\.username$/;

describe('payloads', () => {
  it.each([
    ['pull_request', 'labeled'],
    ['pull_request', 'synchronize'],
    ['pull_request', 'closed'],
    ['issue_comment', 'created'],
    ['push', undefined],
    ['delete', undefined],
    ['ping', undefined],
  ])('of %s %s have every field of GitHub’s example', async (event, action) => {
    const repoPath = await testRepo(['one', 'two']);
    const github = await start({ repoPath, webhookUrl: (await receiver()).url });
    await github.addLabel(1, 'bug');
    await github.comment(1, 'hello');
    await push(repoPath, 'one', 'hello');
    await github.refresh();
    await github.closePull(1);
    await deleteBranch(repoPath, 'two');
    await github.refresh();
    await github.idle();
    const ours = (await github.deliveries({ event, ...(action === undefined ? {} : { action }) })).at(-1)?.request
      .payload;
    const known = examples.find(({ name }) => name === event)?.examples ?? [];
    const theirs = known
      .filter((one) => one['action'] === action)
      .filter((one) => event !== 'push' || (one['commits'] as unknown[]).length > 0)[0];
    const missing = shape(theirs).filter((path) => !ABSENT.test(path) && at(ours, path) === undefined);
    expect(ours).toBeDefined();
    expect(missing).toEqual([]);
  });
});
