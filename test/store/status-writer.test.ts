/** Two loops write one status: what each may settle by itself, and what it must let through. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Status } from '../../src/model/environment.ts';
import { makeMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { type EnvironmentStore, StoreError } from '../../src/store/port.ts';
import { saveFacts, saveReport } from '../../src/store/status-writer.ts';
import { DESIRED } from './contract.ts';

const SESSION = DESIRED.sessionId;
const COMMENTS = { 'pull/12': { id: 5, hash: 'x' } };
const SUMMARY = { state: 'STARTING', expiresAt: 1_800_000_000 } as const;
const REPORTED = { status: 'True', reason: 'Reported', message: 'm', since: '2026-01-01T00:00:00.000Z' } as const;
const READY = { status: 'False', reason: 'Building', message: 'b', since: '2026-01-01T00:00:00.000Z' } as const;

let store: MemoryStore;
beforeEach(async () => {
  store = makeMemoryStore();
  await store.create(DESIRED);
});

async function status(): Promise<Status> {
  const record = await store.get(SESSION);
  if (!record) throw new Error('there is no record');
  return record.status;
}
const report = (change: Partial<Status> = {}): Promise<void> =>
  saveReport(store, SESSION, (fresh) => ({
    ...fresh,
    comments: COMMENTS,
    conditions: { ...fresh.conditions, Reported: REPORTED },
    ...change,
  }));
const facts = (base: Status, change: Partial<Status>, on: EnvironmentStore = store): Promise<Status> =>
  saveFacts(on, SESSION, base, { next: { ...base, ...change }, summary: SUMMARY });

/** Before its first `times` writes of status, somebody else writes. */
function interrupted(times: number, write: () => Promise<void>): EnvironmentStore {
  let left = times;
  return {
    ...store,
    async putStatus(...args) {
      if (left > 0) {
        left -= 1;
        await write();
      }
      return await store.putStatus(...args);
    },
  };
}
const counter = (): (() => Promise<void>) => {
  let count = 0;
  return async () => {
    const { rev, ...rest } = await status();
    count += 1;
    await store.putStatus(SESSION, rev, { ...rest, rev, rulePriority: 1_000 + count }, 'STARTING');
  };
};

describe('facts', () => {
  it('are written although the reporter of a new leader wrote in between', async () => {
    await facts(await status(), { epoch: 7, rulePriority: 1_000 });
    const base = await status();
    const other = interrupted(1, () => report({ epoch: 8 }));
    await facts(base, { epoch: 8, rulePriority: 1_001 }, other);
    expect(await status()).toMatchObject({ epoch: 8, rulePriority: 1_001, comments: COMMENTS });
  });

  it('are written with state and expiry, and come back with the next revision', async () => {
    const base = await status();
    const saved = await facts(base, { rulePriority: 1_234 });
    expect(saved).toMatchObject({ rev: base.rev + 1, rulePriority: 1_234 });
    expect(await store.get(SESSION)).toMatchObject({ status: saved, ...SUMMARY });
  });

  it('written over a report keep it', async () => {
    const base = await status();
    await report();
    const saved = await facts(base, { rulePriority: 1_234, conditions: { Ready: READY } });
    expect(await status()).toEqual(saved);
    expect(saved).toMatchObject({
      rev: base.rev + 2,
      rulePriority: 1_234,
      comments: COMMENTS,
      conditions: { Ready: READY, Reported: REPORTED },
    });
  });

  it('written over a report that changed nothing but its condition keep that', async () => {
    const base = await facts(await status(), { conditions: { Ready: READY } });
    await report({ comments: {} });
    expect((await facts(base, { rulePriority: 1 })).conditions).toEqual({ Ready: READY, Reported: REPORTED });
  });

  it('are not written over those of another operator', async () => {
    const base = await status();
    await facts(base, { rulePriority: 2_000 });
    const second = facts(base, { rulePriority: 1_234 });
    await expect(second).rejects.toMatchObject({ name: 'StoreError', kind: 'conflict' });
    expect((await status()).rulePriority).toBe(2_000);
  });

  it('are not written over another condition', async () => {
    const base = await status();
    await facts(base, { conditions: { Ready: READY } });
    await expect(facts(base, { rulePriority: 1 })).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('are written although the reporter wrote what it begins, and again what it did', async () => {
    const base = await status();
    let id = 0;
    const busy = interrupted(2, () => report({ comments: { 'pull/12': { id: (id += 1), hash: '' } } }));
    await facts(base, { rulePriority: 1 }, busy);
    expect(await status()).toMatchObject({ rulePriority: 1, comments: { 'pull/12': { id: 2, hash: '' } } });
  });

  it('are not written when reports come faster than that', async () => {
    const base = await status();
    let id = 0;
    const restless = interrupted(9, () => report({ comments: { 'pull/12': { id: (id += 1), hash: 'x' } } }));
    await expect(facts(base, { rulePriority: 1 }, restless)).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('of a record that was deleted are not written', async () => {
    const base = await status();
    store.remove(SESSION);
    await expect(facts(base, {})).rejects.toMatchObject({ kind: 'conflict' });
    expect(await store.get(SESSION)).toBeUndefined();
  });

  it('of a store that does not answer are not tried again', async () => {
    let tries = 0;
    const away: EnvironmentStore = {
      ...store,
      async putStatus() {
        tries += 1;
        throw new StoreError('unavailable', 'no answer');
      },
    };
    await expect(facts(await status(), {}, away)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(tries).toBe(1);
  });
});

describe('a report', () => {
  it('leaves facts, state and expiry as they are', async () => {
    const saved = await facts(await status(), { rulePriority: 1_234 });
    await report();
    expect(await store.get(SESSION)).toMatchObject({
      ...SUMMARY,
      status: { ...saved, rev: saved.rev + 1, comments: COMMENTS, conditions: { Reported: REPORTED } },
    });
  });

  it('of a record without a state counts it as pending', async () => {
    await report();
    expect(await store.get(SESSION)).toMatchObject({ state: 'PENDING', expiresAt: undefined });
  });

  it('is made anew over what was written in between', async () => {
    await saveReport(interrupted(3, counter()), SESSION, (fresh) => ({ ...fresh, comments: COMMENTS }));
    expect(await status()).toMatchObject({ rulePriority: 1_003, comments: COMMENTS });
  });

  it('gives up when others never stop writing', async () => {
    const restless = interrupted(Infinity, counter());
    const reporting = saveReport(restless, SESSION, (fresh) => ({ ...fresh, comments: COMMENTS }));
    await expect(reporting).rejects.toMatchObject({ kind: 'conflict' });
    expect(await status()).toMatchObject({ rulePriority: 1_005, comments: {} });
  });

  it('of a record that is gone is no work', async () => {
    store.remove(SESSION);
    await report();
    expect(await store.get(SESSION)).toBeUndefined();
  });

  it('lets every other error through', async () => {
    const broken: EnvironmentStore = { ...store, putStatus: () => Promise.reject(new TypeError('broken')) };
    await expect(saveReport(broken, SESSION, (fresh) => fresh)).rejects.toThrow('broken');
  });
});

it('facts and reports that are written at once both stand in the end', async () => {
  const base = await status();
  await Promise.all([facts(base, { rulePriority: 1_234 }), report()]);
  expect(await status()).toMatchObject({ rulePriority: 1_234, comments: COMMENTS, conditions: { Reported: REPORTED } });
});
