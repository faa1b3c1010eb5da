import { type DefaultTreeAdapterMap, parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import type { LocalGitHub } from '../../../src/local/github/server.ts';
import { start, startWithHook, testRepo } from './support.ts';

type Node = DefaultTreeAdapterMap['node'];
type Element = DefaultTreeAdapterMap['element'];

function elements(node: Node, name: string): Element[] {
  const children = 'childNodes' in node ? node.childNodes.flatMap((child) => elements(child, name)) : [];
  return 'tagName' in node && node.tagName === name ? [node, ...children] : children;
}

function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

async function page(github: LocalGitHub): Promise<{ html: string; document: Node; headers: Headers }> {
  const answer = await fetch(github.url);
  const html = await answer.text();
  return { html, document: parse(html), headers: answer.headers };
}

function frames(document: Node): { sandbox: string | undefined; content: string }[] {
  return elements(document, 'iframe').map(({ attrs }) => {
    const valueOf = (wanted: string) => attrs.find(({ name }) => name === wanted)?.value;
    return { sandbox: valueOf('sandbox'), content: valueOf('srcdoc') ?? '' };
  });
}

async function submit(github: LocalGitHub, path: string, fields: Record<string, string>): Promise<Response> {
  const headers = { origin: github.url, 'sec-fetch-site': 'same-origin' };
  return fetch(github.url + path, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(fields) });
}

describe('the page', () => {
  it('shows pull requests with branch, state, labels and the last comment', async () => {
    const github = await start({ repoPath: await testRepo(['one', 'two']) });
    await github.addLabel(1, 'uat');
    await github.comment(1, 'first');
    await github.comment(1, '| a | b |\n|---|---|', 'alice');
    await github.closePull(2);
    const { document } = await page(github);
    const [one, two] = elements(document, 'article').map(textOf);
    for (const text of ['open', 'Add one', '#1', 'one', 'uat', 'alice']) expect(one).toContain(text);
    const [comment] = frames(document);
    expect(elements(parse(comment?.content ?? ''), 'th').map(textOf)).toEqual(['a', 'b']);
    expect(one).not.toContain('first');
    expect(two).toMatch(/closed[\s\S]*Reopen/);
  });

  it('shows every text as text', async () => {
    const evil = '<script>alert(1)</script><img src=x onerror="alert(2)">';
    const github = await start({ repoPath: await testRepo(), suggestedLabels: [`"><b>`] });
    const before = elements((await page(github)).document, 'script').length;
    await github.comment(1, evil);
    await github.addLabel(1, `'"><i>`);
    const { document } = await page(github);
    expect(elements(document, 'script')).toHaveLength(before);
    for (const name of ['img', 'b', 'i']) expect(elements(document, name)).toEqual([]);
    // A comment is HTML, as on GitHub, but in a frame that may run no script and submit no form.
    expect(frames(document)).toMatchObject([{ sandbox: 'allow-popups allow-popups-to-escape-sandbox' }]);
    const values = elements(document, 'button').flatMap((button) => button.attrs.map(({ value }) => value));
    expect(values).toContain(`'"><i>`);
  });

  it('lets no script run but its own, and nobody frame it', async () => {
    const github = await start({ repoPath: await testRepo() });
    const { document, headers } = await page(github);
    const policy = headers.get('content-security-policy') ?? '';
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1];
    const scripts = elements(document, 'script').map(({ attrs }) => attrs.find(({ name }) => name === 'nonce')?.value);
    expect(scripts).toEqual([nonce]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect((await page(github)).headers.get('content-security-policy')).not.toBe(policy);
  });

  it('says so when there is nothing to show', async () => {
    const github = await start({ repoPath: await testRepo([]) });
    expect(textOf((await page(github)).document)).toContain('No pull requests');
  });

  it('is where the addresses of pull requests lead', async () => {
    const github = await start({ repoPath: await testRepo() });
    const { url } = await github.pull('two');
    const answer = await fetch(url, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/#pull-2']);
  });
});

describe('its forms', () => {
  it('label, comment, close and reopen as the owner', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    const done = await submit(github, '/_ui/pulls/1/labels', { label: 'uat' });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/#pull-1']);
    await submit(github, '/_ui/pulls/1/comments', { body: 'hello & goodbye' });
    await submit(github, '/_ui/pulls/1/state', { state: 'closed' });
    expect(await github.pull('one')).toMatchObject({ state: 'closed', labels: ['uat'] });
    await submit(github, '/_ui/pulls/1/state', { state: 'open' });
    await submit(github, '/_ui/pulls/1/labels/remove', { label: 'uat' });
    expect(await github.pull('one')).toMatchObject({ state: 'open', labels: [] });
    expect(await github.comments(1)).toMatchObject([{ author: 'demo', body: 'hello & goodbye' }]);
    await github.idle();
    expect(new Set(hook.received.map(({ payload }) => (payload['sender'] as { login: string }).login))).toEqual(
      new Set(['demo']),
    );
  });

  it('deliver again', async () => {
    const { github, hook } = await startWithHook({ repoPath: await testRepo() });
    await github.addLabel(1, 'uat');
    await github.idle();
    const [last] = await github.deliveries();
    await submit(github, `/_ui/deliveries/${last?.id ?? 0}/redeliver`, {});
    await github.idle();
    expect(hook.names()).toEqual(['pull_request.labeled', 'pull_request.labeled']);
    expect(textOf((await page(github)).document)).toContain('pull_request.labeled (again)');
  });

  it.each([
    ['/_ui/pulls/99/state', { state: 'open' }, 404],
    ['/_ui/pulls/1/state', { state: 'merged' }, 422],
    ['/_ui/pulls/1/labels', { label: ' ' }, 422],
    ['/_ui/pulls/1/labels/remove', { label: '<b>none' }, 404],
    ['/_ui/deliveries/7/redeliver', {}, 404],
  ])('answer %s with %j by a page that says no', async (path, fields, status) => {
    const github = await start({ repoPath: await testRepo() });
    const answer = await submit(github, path, fields);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(elements(parse(await answer.text()), 'b')).toEqual([]);
  });
});
