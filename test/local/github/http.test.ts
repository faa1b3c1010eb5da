import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../src/local/github/options.ts';
import { SECRET, start, testRepo } from './support.ts';

const PULLS = '/repos/demo/web/pulls';

describe('tokens', () => {
  it('are asked for when set, in both of GitHub’s forms', async () => {
    const { url } = await start({ repoPath: await testRepo(), token: 'ghp_right' });
    const status = async (authorization?: string): Promise<number> =>
      (await fetch(url + PULLS, authorization === undefined ? {} : { headers: { authorization } })).status;
    expect(await status()).toBe(401);
    expect(await status('Bearer ghp_wrong')).toBe(401);
    expect(await status('Basic ghp_right')).toBe(401);
    expect(await status('token ghp_right')).toBe(200);
    expect(await status('Bearer ghp_right')).toBe(200);
    const answer = await (await fetch(url + PULLS, { headers: { authorization: 'Bearer ghp_wrong' } })).json();
    expect(answer).toMatchObject({ message: 'Bad credentials', status: '401' });
  });

  it('are sent by the handle itself', async () => {
    const github = await start({ repoPath: await testRepo(), token: 'ghp_right' });
    expect(await github.pulls()).toHaveLength(2);
  });
});

describe('limits and ETags', () => {
  it('counts requests, but not those that changed nothing', async () => {
    const { url } = await start({ repoPath: await testRepo(), rateLimit: 3 });
    const first = await fetch(url + PULLS);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('x-ratelimit-remaining')).toBe('2');
    const same = await fetch(url + PULLS, { headers: { 'if-none-match': etag } });
    expect([same.status, await same.text(), same.headers.get('x-ratelimit-remaining')]).toEqual([304, '', '2']);
    await fetch(url + PULLS);
    await fetch(url + PULLS);
    const refused = await fetch(url + PULLS);
    expect([refused.status, refused.headers.get('x-ratelimit-remaining')]).toEqual([403, '0']);
    expect(await refused.json()).toMatchObject({ message: expect.stringContaining('rate limit exceeded') });
    expect((await fetch(`${url}/rate_limit`)).status).toBe(200);
  });

  it('starts anew after an hour', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { url } = await start({ repoPath: await testRepo(), rateLimit: 1, now: () => now });
    expect((await fetch(url + PULLS)).status).toBe(200);
    expect((await fetch(url + PULLS)).status).toBe(403);
    now += 3_600_000;
    expect((await fetch(url + PULLS)).status).toBe(200);
  });

  it('gives another ETag when a label changed', async () => {
    const github = await start({ repoPath: await testRepo() });
    const etag = async (): Promise<string | null> => (await fetch(github.url + PULLS)).headers.get('etag');
    const before = await etag();
    expect(await etag()).toBe(before);
    await github.addLabel(1, 'uat');
    expect(await etag()).not.toBe(before);
  });
});

/** fetch sends no Host or Origin of one's choice. */
function raw(url: string, method: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on('error', reject);
    call.end();
  });
}

describe('pages of other sites', () => {
  it('cannot read by a name that leads to loopback', async () => {
    const { url } = await start({ repoPath: await testRepo() });
    expect(await raw(url, 'GET', { host: 'evil.example:3300' })).toBe(403);
    expect(await raw(url, 'GET', { host: 'localhost:3300' })).toBe(200);
  });

  it.each([
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['an environment’s origin', { origin: 'http://pr-one.localhost:8000' }],
    ['an opaque origin', { origin: 'null' }],
    ['a foreign site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }],
  ])('cannot write from %s', async (_name, headers) => {
    const github = await start({ repoPath: await testRepo() });
    for (const path of ['/_ui/pulls/1/state', '/_refresh', '/repos/demo/web/issues/1/labels']) {
      expect(await raw(github.url + path, 'POST', headers)).toBe(403);
    }
  });
});

describe('bodies', () => {
  it('may be of any content type, as with curl, but must be JSON', async () => {
    const { url } = await start({ repoPath: await testRepo() });
    const label = `${url}/repos/demo/web/issues/1/labels`;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const good = await fetch(label, { method: 'POST', headers: form, body: '{"labels":["uat"]}' });
    expect(good.status).toBe(200);
    const bad = await fetch(label, { method: 'POST', body: '{"labels":' });
    expect([bad.status, await bad.json()]).toMatchObject([400, { message: 'Problems parsing JSON' }]);
  });

  it('names no user that is none', async () => {
    const { url } = await start({ repoPath: await testRepo() });
    const headers = { 'x-local-user': '<b>' };
    const answer = await fetch(`${url}/repos/demo/web/issues/1/comments`, {
      method: 'POST',
      headers,
      body: '{"body":"x"}',
    });
    expect(answer.status).toBe(422);
  });
});

describe('options', () => {
  it('are checked all at once, and no secret is repeated', () => {
    const wrong = { repoPath: '', fullName: 'noslash', webhookSecret: SECRET, webhookUrl: 'ftp://x', port: 70_000 };
    const message = ((): string => {
      try {
        checkOptions(wrong);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    })();
    for (const field of ['repoPath', 'fullName', 'webhookUrl', 'port']) expect(message).toContain(field);
    expect(message).not.toContain(SECRET);
  });

  it('names a directory that is no repository, and a port that is taken', async () => {
    await expect(start({ repoPath: '/nonexistent/repo' })).rejects.toThrow(
      /repoPath: \/nonexistent\/repo is not a git/,
    );
    const repoPath = await testRepo();
    const first = await start({ repoPath });
    const port = Number(new URL(first.url).port);
    await expect(start({ repoPath, port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  });
});
