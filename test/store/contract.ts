/** What every store must do. Run against DynamoDB's protocol and against memory. */
import { describe, expect, it } from 'vitest';
import { type Desired, EMPTY_STATUS, type Status, type StoredEnvironment } from '../../src/model/environment.ts';
import { type EnvironmentStore, StoreError } from '../../src/store/port.ts';

export interface StoreHarness {
  readonly store: EnvironmentStore;
  /** Puts a whole raw item, as a person does. */
  readonly seed: (item: Record<string, unknown>) => Promise<void>;
  readonly peek: (sessionId: string) => Promise<Record<string, unknown> | undefined>;
  readonly remove: (sessionId: string) => Promise<void>;
}

export const COMMIT = 'a'.repeat(40);

export const DESIRED: Desired = {
  sessionId: 'tt-feature',
  project: 'todo',
  repo: 'acme/todo',
  repoId: 7,
  branch: 'feature',
  commit: COMMIT,
  imageTag: 'latest',
  wanted: true,
  sources: {
    'pull/12': {
      wanted: true,
      branch: 'feature',
      commit: COMMIT,
      imageTag: 'latest',
      author: 'ada',
      trusted: true,
      open: true,
      at: '2026-01-01T10:00:00Z',
    },
  },
  intakeRev: 1,
};

const STATUS: Status = {
  ...EMPTY_STATUS,
  conditions: { Ready: { status: 'True', reason: 'Ready', message: 'It serves.', since: '2026-01-01T10:05:00Z' } },
  url: 'https://tt-feature.example.test',
  rulePriority: 1_234,
};

const BY_HAND = { session_id: 'tt-hand', project: 'todo', repo: 'acme/todo', branch: 'hand', wanted: true };

export function storeContract(name: string, make: () => Promise<StoreHarness>): void {
  describe(`the contract of a store: ${name}`, () => {
    it('knows nothing at first', async () => {
      const { store } = await make();
      expect(await store.get('tt-feature')).toBeUndefined();
      expect(await store.list()).toEqual([]);
    });

    it('gives back what was created', async () => {
      const { store } = await make();
      await store.create(DESIRED);
      const expected = { sessionId: 'tt-feature', ok: true, desired: DESIRED, status: EMPTY_STATUS };
      expect(await store.get('tt-feature')).toEqual(expected);
      expect(await store.list()).toEqual([expected]);
    });

    it('writes the attributes that the table documents', async () => {
      const { store, peek } = await make();
      await store.create(DESIRED);
      await store.putStatus('tt-feature', 0, STATUS, 'RUNNING', 1_800_000_000);
      expect(await peek('tt-feature')).toEqual({
        session_id: 'tt-feature',
        project: 'todo',
        repo: 'acme/todo',
        repo_id: 7,
        branch: 'feature',
        commit: COMMIT,
        image_tag: 'latest',
        wanted: true,
        sources: {
          'pull/12': {
            wanted: true,
            branch: 'feature',
            commit: COMMIT,
            image_tag: 'latest',
            author: 'ada',
            trusted: true,
            open: true,
            at: '2026-01-01T10:00:00Z',
          },
        },
        intake_rev: 1,
        status: {
          rev: 1,
          conditions: {
            Ready: { status: 'True', reason: 'Ready', message: 'It serves.', since: '2026-01-01T10:05:00Z' },
          },
          url: 'https://tt-feature.example.test',
          rule_priority: 1_234,
          deployments: [],
          comments: {},
        },
        state: 'RUNNING',
        expires_at: 1_800_000_000,
      });
    });

    it('refuses to create a record twice', async () => {
      const { store } = await make();
      await store.create(DESIRED);
      expect(await kindOf(store.create({ ...DESIRED, branch: 'other' }))).toBe('conflict');
      expect(desiredOf(await store.get('tt-feature')).branch).toBe('feature');
    });

    it('lets exactly one of many creators win', async () => {
      const { store } = await make();
      const branches = ['a', 'b', 'c', 'd', 'e'];
      const results = await Promise.all(branches.map((branch) => kindOf(store.create({ ...DESIRED, branch }))));
      expect(results.filter((kind) => kind === undefined)).toHaveLength(1);
      expect(desiredOf(await store.get('tt-feature')).branch).toBe(branches[results.indexOf(undefined)]);
    });

    intentContract(make);
    statusContract(make);
    handContract(make);
    installationContract(make);
  });
}

function intentContract(make: () => Promise<StoreHarness>): void {
  it('applies a change of intent, and only that', async () => {
    const { store, peek, seed } = await make();
    await seed({ ...BY_HAND, commit: COMMIT, image_tag: 'staging', expires_at: 5, note: 'mine', status: { rev: 3 } });
    await store.applyIntent('tt-hand', 0, { wanted: false, commit: null, sources: {} });
    expect(await peek('tt-hand')).toEqual({
      ...BY_HAND,
      wanted: false,
      image_tag: 'staging',
      note: 'mine',
      sources: {},
      intake_rev: 1,
      status: { rev: 3 },
    });
  });

  it('refuses intent over a newer revision', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    await store.applyIntent('tt-feature', 1, { imageTag: 'staging', sources: DESIRED.sources });
    expect(await kindOf(store.applyIntent('tt-feature', 1, { wanted: false, sources: {} }))).toBe('conflict');
    expect(await kindOf(store.applyIntent('tt-feature', 0, { wanted: false, sources: {} }))).toBe('conflict');
    expect(desiredOf(await store.get('tt-feature'))).toEqual({ ...DESIRED, imageTag: 'staging', intakeRev: 2 });
  });

  it('never makes a record of a change, whatever the revision', async () => {
    const { store } = await make();
    for (const rev of [0, 1]) expect(await kindOf(store.applyIntent('tt-none', rev, { sources: {} }))).toBe('conflict');
    expect(await store.get('tt-none')).toBeUndefined();
  });

  it('lets exactly one of many changes at one revision win', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    const tags = ['a', 'b', 'c', 'd', 'e'];
    const results = await Promise.all(
      tags.map((imageTag) => kindOf(store.applyIntent('tt-feature', 1, { imageTag, sources: {} }))),
    );
    expect(results.filter((kind) => kind === undefined)).toHaveLength(1);
    expect(desiredOf(await store.get('tt-feature')).imageTag).toBe(tags[results.indexOf(undefined)]);
  });
}

function statusContract(make: () => Promise<StoreHarness>): void {
  it('replaces the status under its revision', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    await store.putStatus('tt-feature', 0, STATUS, 'RUNNING', 1_800_000_000);
    await store.putStatus('tt-feature', 1, { ...EMPTY_STATUS, liveCommit: COMMIT }, 'STOPPED');
    expect(await kindOf(store.putStatus('tt-feature', 1, STATUS, 'RUNNING'))).toBe('conflict');
    expect(await kindOf(store.putStatus('tt-feature', 0, STATUS, 'RUNNING'))).toBe('conflict');
    const found = await store.get('tt-feature');
    expect(found?.status).toEqual({ ...EMPTY_STATUS, rev: 2, liveCommit: COMMIT });
    expect(found?.state).toBe('STOPPED');
    expect(found?.expiresAt).toBeUndefined();
  });

  it('leaves desired state alone when it writes status, and status when it writes desired', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    await Promise.all([
      store.putStatus('tt-feature', 0, STATUS, 'RUNNING'),
      store.applyIntent('tt-feature', 1, { wanted: false, sources: {} }),
      store.recordVisit('tt-feature', '2026-01-02T00:00:00Z'),
    ]);
    const found = await store.get('tt-feature');
    expect(found?.status).toEqual({ ...STATUS, rev: 1 });
    expect(desiredOf(found)).toMatchObject({ wanted: false, intakeRev: 2, visitedAt: '2026-01-02T00:00:00Z' });
  });

  it.each([
    ['a text', 'gone'],
    ['a map without a revision', { conditions: {} }],
    ['a revision that is no number', { rev: 'x' }],
    ['a list', []],
  ])('overwrites a status that is %s as the first', async (_name, status) => {
    const { store, seed } = await make();
    await seed({ ...BY_HAND, status });
    expect((await store.get('tt-hand'))?.status.rev).toBe(0);
    await store.putStatus('tt-hand', 0, STATUS, 'RUNNING');
    expect((await store.get('tt-hand'))?.status).toEqual({ ...STATUS, rev: 1 });
  });

  it('refuses the status of a former leader, and takes that of the same and of a newer one', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    await store.putStatus('tt-feature', 0, { ...STATUS, epoch: 7 }, 'RUNNING');
    expect(await kindOf(store.putStatus('tt-feature', 1, { ...STATUS, epoch: 6 }, 'FAILED'))).toBe('conflict');
    await store.putStatus('tt-feature', 1, { ...STATUS, epoch: 7 }, 'STARTING');
    await store.putStatus('tt-feature', 2, { ...STATUS, epoch: 8 }, 'STOPPED');
    expect(await kindOf(store.putStatus('tt-feature', 2, { ...STATUS, epoch: 9 }, 'FAILED'))).toBe('conflict');
    await store.putStatus('tt-feature', 3, STATUS, 'RUNNING');
    expect((await store.get('tt-feature'))?.status).toEqual({ ...STATUS, rev: 4 });
  });

  it.each([
    ['absent', { rev: 0 }],
    ['a text', { rev: 3, epoch: 'x' }],
    ['a list', { rev: 3, epoch: [9] }],
    ['of a hand', { rev: 3, epoch: 9e15 }],
    ['in a status that is a text', 'gone'],
  ])('lets an epoch that is %s keep nobody out', async (_name, status) => {
    const { store, seed } = await make();
    await seed({ ...BY_HAND, status });
    const rev = (await store.get('tt-hand'))?.status.rev ?? 0;
    await store.putStatus('tt-hand', rev, { ...STATUS, epoch: 6 }, 'RUNNING');
    expect((await store.get('tt-hand'))?.status).toEqual({ ...STATUS, rev: rev + 1, epoch: 6 });
  });

  it('never brings a deleted record back', async () => {
    const { store, remove } = await make();
    await store.create(DESIRED);
    await remove('tt-feature');
    expect(await kindOf(store.putStatus('tt-feature', 0, STATUS, 'RUNNING'))).toBe('conflict');
    expect(await kindOf(store.recordVisit('tt-feature', '2026-01-02T00:00:00Z'))).toBe('conflict');
    expect(await store.get('tt-feature')).toBeUndefined();
  });
}

function handContract(make: () => Promise<StoreHarness>): void {
  it('reads a record that a person made with the least', async () => {
    const { store, seed } = await make();
    await seed(BY_HAND);
    expect(desiredOf(await store.get('tt-hand'))).toEqual({
      sessionId: 'tt-hand',
      project: 'todo',
      repo: 'acme/todo',
      branch: 'hand',
      wanted: true,
      sources: {},
      intakeRev: 0,
    });
  });

  it('names the faults of a broken record beside the good ones', async () => {
    const { store, seed } = await make();
    await store.create(DESIRED);
    await seed({ ...BY_HAND, wanted: 'yes' });
    const all = new Map((await store.list()).map((record) => [record.sessionId, record]));
    expect(all.get('tt-feature')?.ok).toBe(true);
    expect(all.get('tt-hand')).toMatchObject({
      ok: false,
      faults: [{ path: 'wanted', found: 'the text "yes"', allowed: 'true or false' }],
    });
  });

  it('keeps running status readable when a person breaks desired state', async () => {
    const { store, seed, peek } = await make();
    await store.create(DESIRED);
    await store.putStatus('tt-feature', 0, STATUS, 'RUNNING');
    await seed({ ...(await peek('tt-feature')), branch: 3 });
    const found = await store.get('tt-feature');
    expect(found).toMatchObject({ ok: false, status: { ...STATUS, rev: 1 }, state: 'RUNNING' });
    await store.putStatus('tt-feature', 1, STATUS, 'FAILED');
    expect((await store.get('tt-feature'))?.state).toBe('FAILED');
  });

  it('prepares again and again without harm', async () => {
    const { store } = await make();
    await store.create(DESIRED);
    await store.prepare(false);
    await store.prepare(true);
    expect((await store.get('tt-feature'))?.ok).toBe(true);
  });
}

function installationContract(make: () => Promise<StoreHarness>): void {
  const KEY = '@installation';
  const pause = { paused: true, by: 'ada', reason: 'a move', until: '2026-01-01T10:00:00Z' };

  it('reads the pause of the whole installation, which is no environment', async () => {
    const { store, seed, remove } = await make();
    expect(await store.installation()).toEqual({ ok: true });
    await store.create(DESIRED);
    await seed({ session_id: KEY, ...pause });
    const { paused: _paused, ...said } = pause;
    expect(await store.installation()).toEqual({ ok: true, paused: said });
    expect((await store.list()).map(({ sessionId }) => sessionId)).toEqual(['tt-feature']);
    expect(await store.get(KEY)).toBeUndefined();
    await remove(KEY);
    expect(await store.installation()).toEqual({ ok: true });
  });

  it('names the faults of such an item', async () => {
    const { store, seed } = await make();
    await seed({ session_id: KEY, paused: 'yes' });
    expect(await store.installation()).toEqual({
      ok: false,
      faults: [{ path: 'paused', found: 'the text "yes"', allowed: 'true or false' }],
    });
  });
}

export async function kindOf(promise: Promise<unknown>): Promise<StoreError['kind'] | undefined> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  if (!(error instanceof StoreError)) throw error;
  return error.kind;
}

export function desiredOf(record: StoredEnvironment | undefined): Desired {
  if (!record?.ok) throw new Error(`not understood: ${JSON.stringify(record)}`);
  return record.desired;
}
