import { expect, it } from 'vitest';
import { pauseText, type StoredInstallation } from '../../src/model/installation.ts';
import { WaitingError } from '../../src/runtime/errors.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { watchPause } from '../../src/store/pause.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

const POLL_MS = 5_000;
const KEY = '@installation';
const NOT_READ = 'whether Mayfly is paused was not read yet';

function setUp(installation?: () => Promise<StoredInstallation>) {
  const store = makeMemoryStore();
  const clock = makeFakeClock();
  const told: string[] = [];
  const errors: string[] = [];
  const watch = watchPause({
    store: installation ? { installation } : store,
    pollMs: POLL_MS,
    clock,
    onChange: (pause) => void told.push(pause ? pauseText(pause) : 'goes on'),
    onError: (error) => void errors.push(error.message),
    logger: makeLogger('silent', false),
  });
  const after = async (ms = POLL_MS): Promise<string[]> => {
    await clock.advance(ms);
    return told.splice(0);
  };
  return { store, clock, watch, errors, after };
}

it('is not known until the first look, and tells what that found', async () => {
  const { watch, after } = setUp();
  expect(() => watch.current()).toThrow(new WaitingError('Unknown', NOT_READ, POLL_MS));
  expect(await after(0)).toEqual(['goes on']);
  expect(watch.current()).toBeUndefined();
  await watch.stop();
});

it('is not known, and tells nothing, until a look succeeds', async () => {
  let down = true;
  const { watch, errors, after } = setUp(async () => {
    if (down) throw new Error('down');
    return { ok: true };
  });
  expect(await after(2 * POLL_MS)).toEqual([]);
  expect(() => watch.current()).toThrow(NOT_READ);
  expect(errors).toEqual(['down', 'down', 'down']);
  down = false;
  expect(await after()).toEqual(['goes on']);
  await watch.stop();
});

it('tells when a pause begins, changes, breaks and ends, and nothing in between', async () => {
  const { store, watch, after } = setUp();
  await after();
  store.seed({ session_id: KEY, paused: true, by: 'ada' });
  expect(await after()).toEqual(['Mayfly is paused by ada.']);
  expect(await after(10 * POLL_MS)).toEqual([]);
  store.seed({ session_id: KEY, paused: true, by: 'bo' });
  expect(await after()).toEqual(['Mayfly is paused by bo.']);
  store.seed({ session_id: KEY, paused: 'no' });
  expect(await after()).toEqual([expect.stringContaining('cannot be understood')]);
  store.remove(KEY);
  expect(await after()).toEqual(['goes on']);
  await watch.stop();
});

it('ends a pause at its time, and tells at the next look', async () => {
  const { store, clock, watch, after } = setUp();
  await after(0);
  const until = new Date(clock.now() + POLL_MS + 1).toISOString();
  store.seed({ session_id: KEY, paused: true, until });
  expect(await after()).toEqual([`Mayfly is paused until ${until}.`]);
  expect(await after(1)).toEqual([]);
  expect(watch.current()).toBeUndefined();
  expect(await after()).toEqual(['goes on']);
  await watch.stop();
});

it('keeps to what it read last while the table cannot be read', async () => {
  let answer = async (): Promise<StoredInstallation> => ({ ok: true, paused: { by: 'ada' } });
  const { watch, errors, after } = setUp(() => answer());
  expect(await after(0)).toEqual(['Mayfly is paused by ada.']);
  answer = async () => {
    throw new Error('down');
  };
  expect(await after()).toEqual([]);
  expect(watch.current()).toEqual({ by: 'ada' });
  expect(errors).toEqual(['down']);
  await watch.stop();
  expect(await after(10 * POLL_MS)).toEqual([]);
});
