import { describe, expect, it } from 'vitest';
import { applyAsk } from '../../src/intake/apply-ask.ts';
import { desiredFrom } from '../../src/intake/desired-from.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { type EnvironmentStore, StoreError } from '../../src/store/port.ts';
import { desiredOf } from '../store/contract.ts';
import { C2, fields, NOW, PROJECT, type PullOptions, pull } from './fixtures.ts';

const ask = (seconds: number, options?: PullOptions) => desiredFrom(pull(seconds, options), PROJECT);

describe('applying an ask', () => {
  it('creates, updates, and leaves alone', async () => {
    const store = makeMemoryStore();
    const sessionId = 'tt-feature';
    expect(await applyAsk(store, ask(1), NOW)).toEqual({ kind: 'created', sessionId, reread: true });
    expect(await applyAsk(store, ask(1), NOW)).toEqual({ kind: 'unchanged', sessionId });
    expect(await applyAsk(store, ask(3, { commit: C2 }), NOW)).toEqual({ kind: 'updated', sessionId, reread: false });
    expect(await applyAsk(store, ask(2), NOW)).toEqual({ kind: 'older', sessionId });
    expect(desiredOf(await store.get(sessionId))).toMatchObject({ commit: C2, intakeRev: 2 });
  });

  it('creates nothing for a pull request that asks for nothing', async () => {
    const store = makeMemoryStore();
    expect(await applyAsk(store, ask(1, { labels: [] }), NOW)).toMatchObject({ kind: 'unchanged' });
    expect(await store.list()).toEqual([]);
  });

  it('takes over a record that a person made, and counts from 0', async () => {
    const store = makeMemoryStore();
    store.seed({
      session_id: 'tt-feature',
      project: 'todo',
      repo: 'acme/todo',
      branch: 'feature',
      wanted: false,
      note: 'x',
    });
    expect(await applyAsk(store, ask(1), NOW)).toMatchObject({ kind: 'updated', reread: true });
    expect(store.peek('tt-feature')).toMatchObject({ wanted: true, intake_rev: 1, note: 'x' });
  });

  it('does not touch a record that it does not understand', async () => {
    const store = makeMemoryStore();
    const item = { session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'feature', wanted: 'ja' };
    store.seed(item);
    expect(await applyAsk(store, ask(1), NOW)).toEqual({
      kind: 'invalid-record',
      sessionId: 'tt-feature',
      faults: [{ path: 'wanted', found: 'the text "ja"', allowed: 'true or false' }],
    });
    expect(store.peek('tt-feature')).toEqual(item);
  });

  it("does not touch another branch's record", async () => {
    const store = makeMemoryStore();
    const item = { session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'Feature', wanted: true };
    store.seed(item);
    expect(await applyAsk(store, ask(1), NOW)).toEqual({
      kind: 'name-taken',
      sessionId: 'tt-feature',
      holder: { repo: 'acme/todo', branch: 'Feature' },
    });
    const clashes = { 'pull/12': { branch: 'feature', open: true } };
    expect(store.peek('tt-feature')).toEqual({ ...item, sources: {}, clashes, intake_rev: 1 });
  });

  it('remembers once that a name was taken, until the pull request is closed', async () => {
    const store = makeMemoryStore();
    const item = { session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'Feature', wanted: true };
    store.seed(item);
    await applyAsk(store, ask(1, { number: 13 }), NOW);
    for (const seconds of [2, 3])
      expect(await applyAsk(store, ask(seconds), NOW)).toMatchObject({ kind: 'name-taken' });
    expect(store.peek('tt-feature')).toMatchObject({ intake_rev: 2 });
    expect(await applyAsk(store, ask(4, { open: false }), NOW)).toMatchObject({ kind: 'unchanged' });
    const record = desiredOf(await store.get('tt-feature'));
    expect(record).toMatchObject({ wanted: true, branch: 'Feature', sources: {}, intakeRev: 3 });
    expect(record.clashes).toEqual({
      'pull/12': { branch: 'feature', open: false },
      'pull/13': { branch: 'feature', open: true },
    });
  });

  it('forgets that when a person gives the name to the branch', async () => {
    const store = makeMemoryStore();
    const item = { session_id: 'tt-feature', project: 'todo', repo: 'acme/todo', branch: 'Feature', wanted: false };
    store.seed(item);
    await applyAsk(store, ask(1), NOW);
    store.seed({ ...store.peek('tt-feature'), branch: 'feature' });
    expect(await applyAsk(store, ask(2), NOW)).toMatchObject({ kind: 'updated' });
    const record = desiredOf(await store.get('tt-feature'));
    expect(record).toMatchObject({ wanted: true, clashes: {} });
    expect(Object.keys(record.sources)).toEqual(['pull/12']);
  });

  it('lets a person edit between its read and its write, and keeps the edit', async () => {
    const store = makeMemoryStore();
    await applyAsk(store, ask(1), NOW);
    let edited = false;
    const slow: EnvironmentStore = {
      ...store,
      async get(sessionId) {
        const found = await store.get(sessionId);
        if (!edited) store.seed({ ...store.peek(sessionId), image_tag: 'mine' });
        edited = true;
        return found;
      },
    };
    await applyAsk(slow, ask(2, { commit: C2 }), NOW);
    expect(fields(desiredOf(await store.get('tt-feature')))).toMatchObject({ imageTag: 'mine', commit: C2 });
  });

  it('settles ten that write at once', async () => {
    const store = makeMemoryStore();
    const numbers = Array.from({ length: 10 }, (_, index) => index + 1);
    await Promise.all(numbers.map((number) => applyAsk(store, ask(number, { number }), NOW)));
    const record = desiredOf(await store.get('tt-feature'));
    expect(Object.keys(record.sources)).toHaveLength(10);
    expect(record.intakeRev).toBe(10);
  });

  it('makes the record again when it was deleted in between', async () => {
    const store = makeMemoryStore();
    await applyAsk(store, ask(1), NOW);
    let deleted = false;
    const racing: EnvironmentStore = {
      ...store,
      async get(sessionId) {
        const found = await store.get(sessionId);
        if (!deleted) store.remove(sessionId);
        deleted = true;
        return found;
      },
    };
    expect(await applyAsk(racing, ask(2, { commit: C2 }), NOW)).toMatchObject({ kind: 'created' });
    expect(desiredOf(await store.get('tt-feature')).commit).toBe(C2);
  });

  it('gives up when it loses every round', async () => {
    let rounds = 0;
    const store: EnvironmentStore = {
      ...makeMemoryStore(),
      async create() {
        rounds += 1;
        throw new StoreError('conflict', 'again');
      },
    };
    await expect(applyAsk(store, ask(1), NOW)).rejects.toMatchObject({ kind: 'conflict' });
    expect(rounds).toBe(10);
  });

  it('does not repeat a write of which it cannot know whether it happened', async () => {
    let calls = 0;
    const store: EnvironmentStore = {
      ...makeMemoryStore(),
      async create() {
        calls += 1;
        throw new StoreError('unavailable', 'no answer');
      },
    };
    await expect(applyAsk(store, ask(1), NOW)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(calls).toBe(1);
  });
});
