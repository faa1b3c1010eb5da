import { describe, expect, it } from 'vitest';
import { EMPTY_STATUS, type StoredEnvironment } from '../../src/model/environment.ts';
import { watchStore } from '../../src/store/changes.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';
import { DESIRED } from './contract.ts';

const POLL_MS = 5_000;

function setUp(list?: () => Promise<readonly StoredEnvironment[]>) {
  const store = makeMemoryStore();
  const clock = makeFakeClock();
  const changes: string[] = [];
  const errors: string[] = [];
  const watch = watchStore({
    store: list ? { list } : store,
    pollMs: POLL_MS,
    clock,
    onChange: (sessionId) => void changes.push(sessionId),
    onError: (error) => void errors.push(error.message),
    logger: makeLogger('silent', false),
  });
  /** The changes told since the last time. */
  const told = async (ms = POLL_MS): Promise<string[]> => {
    await clock.advance(ms);
    return changes.splice(0);
  };
  return { store, clock, watch, errors, told };
}

const HAND = { session_id: 'tt-hand', project: 'todo', repo: 'acme/todo', branch: 'hand', wanted: true };

describe('the change source', () => {
  it('names everything at first, then nothing while nothing changes', async () => {
    const { store, told, watch } = setUp();
    await store.create(DESIRED);
    store.seed(HAND);
    expect(await told()).toEqual(['tt-feature', 'tt-hand']);
    expect(watch.current().map((record) => record.sessionId)).toEqual(['tt-feature', 'tt-hand']);
    expect(await told(10 * POLL_MS)).toEqual([]);
    await watch.stop();
  });

  it('tells what appeared, changed by hand or by intake, broke, was mended and disappeared', async () => {
    const { store, told, watch } = setUp();
    await told();
    await store.create(DESIRED);
    expect(await told()).toEqual(['tt-feature']);
    store.seed({ ...store.peek('tt-feature'), wanted: false });
    expect(await told()).toEqual(['tt-feature']);
    await store.applyIntent('tt-feature', 1, { imageTag: 'staging', sources: {} });
    expect(await told()).toEqual(['tt-feature']);
    await store.recordVisit('tt-feature', '2026-01-01T00:00:00Z');
    expect(await told()).toEqual(['tt-feature']);
    store.seed({ ...store.peek('tt-feature'), wanted: 'x' });
    expect(await told()).toEqual(['tt-feature']);
    store.seed({ ...store.peek('tt-feature'), wanted: 'y' });
    expect(await told()).toEqual(['tt-feature']);
    store.seed({ ...store.peek('tt-feature'), wanted: true });
    expect(await told()).toEqual(['tt-feature']);
    store.remove('tt-feature');
    expect(await told()).toEqual(['tt-feature']);
    expect(watch.current()).toEqual([]);
    expect(await told()).toEqual([]);
    await watch.stop();
  });

  it('keeps silent about status, also that of a broken record, but shows it', async () => {
    const { store, told, watch } = setUp();
    store.seed({ ...HAND, wanted: 'x' });
    await told();
    await store.putStatus('tt-hand', 0, { ...EMPTY_STATUS, url: 'https://x' }, 'RUNNING');
    expect(await told()).toEqual([]);
    expect(watch.current()[0]?.status.url).toBe('https://x');
    await watch.stop();
  });

  it('compares with the last look that succeeded', async () => {
    const store = makeMemoryStore();
    let broken = false;
    const { told, watch, errors } = setUp(async () => {
      if (broken) throw new Error('out of order');
      return store.list();
    });
    await store.create(DESIRED);
    await told();
    broken = true;
    expect(await told()).toEqual([]);
    expect(watch.current()).toHaveLength(1);
    await store.applyIntent('tt-feature', 1, { wanted: false, sources: {} });
    broken = false;
    expect(await told()).toEqual(['tt-feature']);
    expect(errors).toEqual(['out of order']);
    await watch.stop();
  });

  it('never looks twice at once, and pauses after a slow look', async () => {
    const looks: PromiseWithResolvers<readonly StoredEnvironment[]>[] = [];
    const { clock, watch } = setUp(() => {
      const look = Promise.withResolvers<readonly StoredEnvironment[]>();
      looks.push(look);
      return look.promise;
    });
    await clock.advance(10 * POLL_MS);
    expect(looks).toHaveLength(1);
    looks[0]?.resolve([]);
    await clock.advance(POLL_MS - 1);
    expect(looks).toHaveLength(1);
    await clock.advance(1);
    expect(looks).toHaveLength(2);
    looks[1]?.resolve([]);
    await watch.stop();
  });

  it('waits for a look under way when it stops, and tells nothing more', async () => {
    const look = Promise.withResolvers<readonly StoredEnvironment[]>();
    const { clock, told, watch } = setUp(() => look.promise);
    let stopped = false;
    const stopping = watch.stop().then(() => (stopped = true));
    await clock.settle();
    expect(stopped).toBe(false);
    look.resolve([{ sessionId: 'tt-late', ok: false, faults: [], status: EMPTY_STATUS }]);
    await stopping;
    expect(await told()).toEqual([]);
    expect(clock.pending()).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const { clock, watch, told } = setUp();
    await told();
    expect(clock.pending()).toBe(1);
    await watch.stop();
    expect(clock.pending()).toBe(0);
  });

  it('tells the other changes when a listener fails at one', async () => {
    const store = makeMemoryStore();
    const clock = makeFakeClock();
    const told: string[] = [];
    const errors: Error[] = [];
    store.seed({ ...HAND, session_id: 'tt-a' });
    store.seed({ ...HAND, session_id: 'tt-b' });
    const watch = watchStore({
      store,
      pollMs: POLL_MS,
      clock,
      onChange(sessionId) {
        if (sessionId === 'tt-a') throw new Error('cannot');
        told.push(sessionId);
      },
      onError: (error) => void errors.push(error),
      logger: makeLogger('silent', false),
    });
    await clock.settle();
    expect(told).toEqual(['tt-b']);
    expect(errors).toHaveLength(1);
    await watch.stop();
  });
});
