/** A write stands in line behind other requests: what must hold for it is looked at when its turn has come. */
import { describe, expect, it } from 'vitest';
import { guardedGitHub } from '../../src/controllers/guarded.ts';
import type { GitHubPort } from '../../src/github/port.ts';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { answering, client, countOf } from './answering-server.ts';

const REPO = 'acme/web';
const COMMENT = '/repos/acme/web/issues/comments/5';
const TEN = Array.from({ length: 10 }, (_, index) => index);

/** A GitHub that answers reads when it is told to, and a lease that can be lost. */
async function world() {
  const gate = Promise.withResolvers<void>();
  const allRead = Promise.withResolvers<void>();
  let reads = 0;
  const server = await answering(async ({ method }, reply) => {
    if (method !== 'GET') return reply.send({ id: 5, body: '' });
    reads += 1;
    if (reads === TEN.length) allRead.resolve();
    await gate.promise;
    return reply.send({ object: { sha: 'a'.repeat(40) } });
  });
  const lease = { lost: false, asked: 0 };
  const { github, metrics } = client(server.url);
  const guarded = guardedGitHub(github, {
    require() {
      lease.asked += 1;
      if (lease.lost) throw new LeaseLostError('this replica does not lead');
    },
  });
  /** The line is full of reads that GitHub does not answer; `write` stands behind them. */
  const behindReads = async (write: (port: GitHubPort) => Promise<unknown>) => {
    const waiting = TEN.map(() => guarded.branchHead(REPO, 'main'));
    await allRead.promise;
    const written = write(guarded);
    return {
      written,
      async release() {
        gate.resolve();
        await Promise.all(waiting);
      },
    };
  };
  const sent = (): readonly string[] => server.seen.filter((request) => !request.startsWith('GET'));
  return { lease, behindReads, sent, metrics };
}

const update = (github: GitHubPort): Promise<unknown> => github.updateComment(REPO, 5, 'text');
const create = (github: GitHubPort): Promise<unknown> => github.createComment(REPO, 12, 'text');

describe('a comment that stands in line', () => {
  it.each([
    ['an edit', 'updateComment', update],
    ['a new one', 'createComment', create],
  ] as const)('is never sent when the lease is lost meanwhile: %s', async (_what, operation, write) => {
    const { lease, behindReads, sent, metrics } = await world();
    const { written, release } = await behindReads(write);
    const refused = expect(written).rejects.toThrow(LeaseLostError);
    lease.lost = true;
    await release();
    await refused;
    expect(sent()).toEqual([]);
    expect(await countOf(metrics, operation, 'unavailable')).toBe(0);
  });

  it('is sent when the lease still holds', async () => {
    const { lease, behindReads, sent } = await world();
    const { written, release } = await behindReads(update);
    await release();
    await written;
    expect(lease.asked).toBe(2);
    expect(sent()).toEqual([`PATCH ${COMMENT}`]);
  });
});

it('gives a write less time than the margin of the lease', async () => {
  const clock = makeFakeClock();
  const server = await answering(() => new Promise<never>(() => undefined));
  const { github } = client(server.url, { clock });
  const written = expect(update(github)).rejects.toThrow('within 8 s');
  while (server.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(8_000);
  await written;
});
