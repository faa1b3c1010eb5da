import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GitHubError } from '../../src/github/port.ts';
import { COMMIT, makeObserverWorld, type ObserverWorld } from './observer-world.ts';

let world: ObserverWorld;

beforeEach(async () => {
  world = await makeObserverWorld();
});
afterEach(() => world.close());

describe('the branch’s head', () => {
  it('is not asked for when the record names a commit, or nobody wants the environment', async () => {
    expect((await world.observer().observe(world.ask())).head).toBeUndefined();
    expect((await world.observer().observe(world.ask({ commit: undefined, wanted: false }))).head).toBeUndefined();
    expect(world.headCalls()).toBe(0);
  });

  it('is resolved through GitHub, and kept for a moment', async () => {
    world.branches['octo/web one'] = COMMIT;
    const observing = world.observer();
    const head = async () => (await observing.observe(world.ask({ commit: undefined }))).head;
    expect(await head()).toEqual({ ok: true, branch: 'one', commit: COMMIT });
    world.branches['octo/web one'] = 'b'.repeat(40);
    expect(await head()).toMatchObject({ commit: COMMIT });
    expect(world.headCalls()).toBe(1);
    await world.clock.advance(60_000);
    expect(await head()).toMatchObject({ commit: 'b'.repeat(40) });
  });

  it.each<[string, string | GitHubError | undefined, string]>([
    ['a branch that does not exist', undefined, 'BranchNotFound'],
    ['a repository that does not exist', new GitHubError('not-found', 'Not Found'), 'BranchNotFound'],
    ['a refusal', new GitHubError('refused', 'Bad credentials', { status: 401 }), 'GitHubUnavailable'],
    ['a limit', new GitHubError('limited', 'slow down', { retryAfterMs: 1 }), 'GitHubUnavailable'],
    ['an outage', new GitHubError('unavailable', 'no answer'), 'GitHubUnavailable'],
  ])('%s is an observation, and asked again at the next look', async (_what, answer, reason) => {
    if (answer !== undefined) world.branches['octo/web one'] = answer;
    const observing = world.observer();
    const { head } = await observing.observe(world.ask({ commit: undefined }));
    expect(head).toMatchObject({ ok: false, reason });
    await observing.observe(world.ask({ commit: undefined }));
    expect(world.headCalls()).toBe(2);
  });
});
