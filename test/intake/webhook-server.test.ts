import { commentMarker } from '../../src/model/names.ts';
import { createRequire } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { desiredOf } from '../store/contract.ts';
import { C1, C2, fields, PROJECT } from './fixtures.ts';
import { counted, deliver, type Pull, pullBody, pullBodyOf, REPOSITORY, start, talk } from './webhook-world.ts';

describe('a pull request event', () => {
  it('is committed before it is answered', async () => {
    const { server, store, intents, rereads, metrics } = await start();
    const answer = await deliver(server, 'pull_request', pullBody(1));
    expect(answer).toMatchObject({ status: 200, json: { outcome: 'accepted', reason: 'created' } });
    expect(fields(desiredOf(await store.get('tt-feature')))).toEqual({
      wanted: true,
      branch: 'feature',
      commit: C1,
      imageTag: 'latest',
    });
    expect(intents).toEqual(['tt-feature']);
    await vi.waitFor(() => expect(rereads).toEqual(['acme/todo#12']));
    expect(await counted(metrics)).toEqual({ 'accepted/created': 1 });
  });

  it('means the same whatever its action is', async () => {
    for (const action of ['opened', 'synchronize', 'edited', 'assigned', 'unlabeled', 'an action of tomorrow']) {
      const { server, store } = await start();
      expect((await deliver(server, 'pull_request', pullBody(1, { action }))).json.reason).toBe('created');
      expect(desiredOf(await store.get('tt-feature')).wanted).toBe(true);
    }
  });

  it('goes through its life', async () => {
    const { server, store, intents } = await start();
    const reasonOf = async (seconds: number, options?: Pull) =>
      (await deliver(server, 'pull_request', pullBody(seconds, options))).json.reason;
    expect(await reasonOf(1, { labels: [] })).toBe('unchanged');
    expect(await store.list()).toEqual([]);
    expect(await reasonOf(2)).toBe('created');
    expect(await reasonOf(2)).toBe('unchanged');
    expect(await reasonOf(4, { sha: C2 })).toBe('updated');
    expect(await reasonOf(3)).toBe('older');
    expect(await reasonOf(5, { sha: C2, state: 'closed' })).toBe('updated');
    expect(desiredOf(await store.get('tt-feature'))).toMatchObject({ wanted: false, commit: C2, intakeRev: 3 });
    expect(intents).toHaveLength(3);
  });

  it('of the same second as another is applied, and read again after the answer', async () => {
    const { server, store, rereads } = await start();
    await deliver(server, 'pull_request', pullBody(1));
    await deliver(server, 'pull_request', pullBody(2));
    await vi.waitFor(() => expect(rereads).toHaveLength(1));
    await deliver(server, 'pull_request', pullBody(2, { labels: [] }));
    await vi.waitFor(() => expect(rereads).toHaveLength(2));
    expect(desiredOf(await store.get('tt-feature')).wanted).toBe(false);
  });

  it('of many at once loses none', async () => {
    const { server, store } = await start();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        deliver(server, 'pull_request', pullBody(1, { ref: `feature-${index}` })),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await store.list()).toHaveLength(30);
  });

  it('asks every project of its repository', async () => {
    const second = { ...PROJECT, name: 'second', prefix: 'second', repo: 'Acme/Todo' };
    const { server, intents } = await start({ projects: [PROJECT, second] });
    await deliver(server, 'pull_request', pullBody(1));
    expect(intents).toEqual(['tt-feature', 'second-feature']);
  });
});

describe('a delivery that is not for us', () => {
  it.each([
    ['star', { repository: REPOSITORY }, 'unknown-event'],
    ['pull_request', pullBodyOf('other/repo'), 'unknown-repository'],
    ['push', { ref: 'refs/heads/x', repository: { id: 1, full_name: 'other/repo' } }, 'unknown-repository'],
    ['issues', { issue: { number: 1 }, repository: REPOSITORY }, 'issue'],
    ['issue_comment', { issue: { number: 1 }, repository: REPOSITORY }, 'comment'],
    ['push', { ref: 'refs/tags/v1', repository: REPOSITORY }, 'push'],
    ['delete', { ref: 'x', ref_type: 'branch', repository: REPOSITORY }, 'delete'],
  ])('%s is answered 202 with a reason', async (event, body, reason) => {
    const { server, metrics, rereads } = await start();
    expect(await deliver(server, event, body)).toMatchObject({ status: 202, json: { outcome: 'ignored', reason } });
    expect(await counted(metrics)).toEqual({ [`ignored/${reason}`]: 1 });
    expect(rereads).toEqual([]);
  });

  it('ping is answered 200', async () => {
    const { server } = await start();
    expect(await deliver(server, 'ping', { zen: 'x' })).toMatchObject({ status: 200, json: { reason: 'ping' } });
  });
});

describe('an event that only says that something moved', () => {
  it('a comment on a pull request has it read again', async () => {
    const { server, rereads } = await start();
    await deliver(server, 'issue_comment', { issue: { number: 9, pull_request: {} }, repository: REPOSITORY });
    await vi.waitFor(() => expect(rereads).toEqual(['acme/todo#9']));
  });

  it("Mayfly's own comment does not: it would ask GitHub, and write, after each of its edits", async () => {
    const { server, rereads } = await start();
    const issue = { number: 9, pull_request: {} };
    const own = { body: `${commentMarker('main', 'tt-one')}\nIt is live.` };
    await deliver(server, 'issue_comment', { issue, comment: own, repository: REPOSITORY });
    await deliver(server, 'issue_comment', {
      issue: { ...issue, number: 10 },
      comment: { body: 'hi' },
      repository: REPOSITORY,
    });
    await vi.waitFor(() => expect(rereads).toEqual(['acme/todo#10']));
  });

  it.each([
    ['push', { ref: 'refs/heads/feature' }],
    ['delete', { ref: 'feature', ref_type: 'branch' }],
  ])('%s has the open pull requests of the branch read again', async (event, body) => {
    const { server, rereads, store } = await start();
    await deliver(server, 'pull_request', pullBody(1));
    const item = store.peek('tt-feature');
    const sources = item?.['sources'] as Record<string, object>;
    const more = { 'pull/13': { ...sources['pull/12'], open: false }, 'issues/14': { ...sources['pull/12'] } };
    store.seed({ ...item, sources: { ...sources, ...more } });
    await vi.waitFor(() => expect(rereads).toHaveLength(1));
    rereads.length = 0;
    await deliver(server, event, { ...body, repository: REPOSITORY });
    await vi.waitFor(() => expect(rereads).toEqual(['acme/todo#12']));
    await server.close();
    expect(rereads).toHaveLength(1);
  });

  it('does no harm when the re-read fails', async () => {
    const { server } = await start({ reread: () => Promise.reject(new Error('GitHub is down')) });
    expect((await deliver(server, 'pull_request', pullBody(1))).status).toBe(200);
    expect((await deliver(server, 'ping', {})).status).toBe(200);
  });
});

describe('a record in the way', () => {
  it('that does not parse is named, and left alone', async () => {
    const { server, store, metrics } = await start();
    const item = { session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'feature', wanted: 'yes' };
    store.seed(item);
    const { status, json } = await deliver(server, 'pull_request', pullBody(1));
    expect({ status, reason: json.reason }).toEqual({ status: 202, reason: 'invalid-record' });
    expect(json.sessions?.[0]?.message).toBe('wanted: found the text "yes", allowed: true or false');
    expect(store.peek('tt-feature')).toEqual(item);
    expect(await counted(metrics)).toEqual({ 'ignored/invalid-record': 1 });
  });

  it("that is another branch's is named, and left alone", async () => {
    const { server, store } = await start();
    store.seed({ session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'Feature', wanted: true });
    const { status, json } = await deliver(server, 'pull_request', pullBody(1));
    expect({ status, reason: json.reason }).toEqual({ status: 202, reason: 'name-taken' });
    expect(json.sessions?.[0]?.message).toContain('belongs to branch Feature of acme/todo');
  });
});

describe('the server', () => {
  it('starts every series at zero and times every answer', async () => {
    const { server, metrics } = await start();
    const { values } = await metrics.webhooks.get();
    expect(values.length).toBeGreaterThan(20);
    expect(values.every(({ value }) => value === 0)).toBe(true);
    await deliver(server, 'ping', {});
    await fetch(`${server.url}/nothing`);
    await vi.waitFor(async () =>
      expect(await metrics.registry.metrics()).toContain('webhook_duration_seconds_count 2'),
    );
  });

  it('says which port is taken', async () => {
    const { server } = await start();
    const port = Number(new URL(server.url).port);
    await expect(start({ address: { host: '127.0.0.1', port } })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken: end what listens there, or change http.webhooks.port`,
    );
  });

  it('refuses to start without a secret', async () => {
    await expect(start({ secret: '' })).rejects.toThrow(/secret/);
  });

  it('closes after the work that it began, and can be closed while senders dawdle', async () => {
    const gate = Promise.withResolvers<void>();
    let reread = false;
    const { server } = await start({
      deadlineMs: 50,
      requestMs: 100,
      reread: () => gate.promise.then(() => void (reread = true)),
    });
    await deliver(server, 'pull_request', pullBody(1));
    const dawdler = await talk(server, 'POST /webhooks/github HTTP/1.1\r\nhost: x\r\n');
    const closing = server.close();
    gate.resolve();
    await closing;
    expect(reread).toBe(true);
    await dawdler.answer;
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describe("GitHub's own examples", () => {
  interface Examples {
    readonly name: string;
    readonly examples: readonly Record<string, unknown>[];
  }
  const EXAMPLES = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Examples[];

  it('are all answered 200 or 202, whatever the event', async () => {
    const project = {
      ...PROJECT,
      repo: 'Codertocat/Hello-World',
      labels: [{ label: 'bug', imageTag: 'latest', agent: false }],
    };
    const { server, store } = await start({ projects: [project] });
    for (const { name, examples } of EXAMPLES)
      for (const example of examples) {
        const { status, json } = await deliver(server, name, example);
        expect([200, 202], `${name}: ${json.message}`).toContain(status);
      }
    const records = await store.list();
    expect(records.length).toBeGreaterThan(0);
    expect(records.every((record) => record.ok)).toBe(true);
  });
});
