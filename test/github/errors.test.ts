import { describe, expect, it } from 'vitest';
import { GitHubError } from '../../src/github/port.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { answering, client, countOf, TOKEN } from './answering-server.ts';

const REPO = 'acme/shop';
const SHA = 'a'.repeat(40);

async function thrownBy(call: Promise<unknown>): Promise<GitHubError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof GitHubError)) throw new Error(`not a GitHubError: ${String(thrown)}`);
  return thrown;
}

describe('what GitHub answers', () => {
  it.each([
    [401, {}, 'refused'],
    [403, {}, 'refused'],
    [422, {}, 'refused'],
    [404, {}, 'not-found'],
    [410, {}, 'not-found'],
    [500, {}, 'unavailable'],
    [502, {}, 'unavailable'],
    [403, { 'retry-after': '7' }, 'limited'],
    [429, {}, 'limited'],
    [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' }, 'limited'],
    [403, { 'x-ratelimit-remaining': '12' }, 'refused'],
  ] as const)('of status %i with %o is %s, and is not tried again', async (status, headers, kind) => {
    const server = await answering((_request, reply) => reply.code(status).headers(headers).send({ message: 'No.' }));
    const { github, metrics } = client(server.url);
    const error = await thrownBy(github.createComment(REPO, 7, 'text'));
    expect(error).toMatchObject({ kind, status });
    expect(error.message).toMatch(/^createComment of acme\/shop: .*No\.$/);
    expect(server.seen).toHaveLength(1);
    expect(await countOf(metrics, 'createComment', kind)).toBe(1);
    expect(await countOf(metrics, 'createComment', 'ok')).toBe(0);
  });

  it('tells how long to wait, from Retry-After in seconds or as a date, from the reset time, or by default', async () => {
    const clock = makeFakeClock();
    const headers: Record<string, string>[] = [
      { 'retry-after': '7' },
      { 'retry-after': new Date(clock.now() + 90_000).toUTCString() },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(clock.now() / 1000 + 30) },
      {},
    ];
    const waits: (number | undefined)[] = [];
    for (const one of headers) {
      const message = 'You have exceeded a secondary rate limit.';
      const server = await answering((_request, reply) => reply.code(403).headers(one).send({ message }));
      waits.push((await thrownBy(client(server.url, { clock }).github.createComment(REPO, 7, 'text'))).retryAfterMs);
    }
    expect(waits).toEqual([7_000, 90_000, 30_000, 60_000]);
  });

  it('holds every call back while GitHub asks to wait, and goes on afterwards', async () => {
    const clock = makeFakeClock();
    let busy = true;
    const server = await answering((_request, reply) =>
      busy ? reply.code(429).header('retry-after', '30').send({ message: 'Slow down.' }) : { object: { sha: SHA } },
    );
    const { github } = client(server.url, { clock });
    await thrownBy(github.branchHead(REPO, 'main'));
    busy = false;
    await clock.advance(10_000);
    expect(await thrownBy(github.pull('acme/other', 1))).toMatchObject({ kind: 'limited', retryAfterMs: 20_000 });
    expect(server.seen).toHaveLength(1);
    await clock.advance(20_000);
    expect(await github.branchHead(REPO, 'main')).toBe(SHA);
  });

  it('waits for the reset when an answer used up the last request', async () => {
    const clock = makeFakeClock();
    const reset = String(clock.now() / 1000 + 600);
    const server = await answering((_request, reply) =>
      reply.headers({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }).send({ object: { sha: SHA } }),
    );
    const { github } = client(server.url, { clock });
    expect(await github.branchHead(REPO, 'main')).toBe(SHA);
    expect(await thrownBy(github.branchHead(REPO, 'main'))).toMatchObject({ kind: 'limited', retryAfterMs: 600_000 });
  });

  it.each([
    ['half a JSON', '{"object": {"sha": "'],
    ['another shape', '{"object": []}'],
    ['a commit that is none', '{"object": {"sha": "main"}}'],
    ['nothing', ''],
  ])('that is %s is not believed', async (_name, body) => {
    const server = await answering((_request, reply) => reply.type('application/json').send(body));
    const error = await thrownBy(client(server.url).github.branchHead(REPO, 'main'));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('not understood') });
  });

  it('as a pull request without a head is not believed, and the fault is named', async () => {
    const server = await answering(() => ({ number: 1, state: 'open' }));
    const error = await thrownBy(client(server.url).github.pull(REPO, 1));
    expect(error.kind).toBe('unavailable');
    expect(error.message).toContain('head');
  });

  it('never reaches a message with the token in it', async () => {
    const server = await answering((_request, reply) => reply.code(422).send({ message: `bad token ${TOKEN}` }));
    const error = await thrownBy(client(server.url).github.updateComment(REPO, 1, 'text'));
    expect(error.message).toContain('[redacted]');
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain(TOKEN);
  });
});

describe('a GitHub that does not answer', () => {
  it('is given up after the timeout', async () => {
    const server = await answering(() => new Promise(() => undefined));
    const error = await thrownBy(client(server.url, { requestTimeoutMs: 50 }).github.branchHead(REPO, 'main'));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('within 0.05 s') });
  });

  it('is given up in the middle of a body', async () => {
    const server = await answering((_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      reply.raw.write('{"object":');
    });
    const error = await thrownBy(client(server.url, { requestTimeoutMs: 100 }).github.branchHead(REPO, 'main'));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('did not answer') });
  });

  it('is unavailable when nothing listens there', async () => {
    const error = await thrownBy(client('http://127.0.0.1:1').github.branchHead(REPO, 'main'));
    expect(error).toMatchObject({ kind: 'unavailable', status: undefined });
  });
});

describe('a repository name', () => {
  it.each(['', 'shop', 'acme/shop/x', '../user', 'acme/..', 'acme/shop?x'])('"%s" is refused unasked', async (repo) => {
    const server = await answering(() => ({}));
    const error = await thrownBy(client(server.url).github.branchHead(repo, 'main'));
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('allowed owner/name') });
    expect(server.seen).toEqual([]);
  });
});
