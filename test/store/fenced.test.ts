import { expect, it } from 'vitest';
import { MAX_EPOCH } from '../../src/model/environment.ts';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { fenced } from '../../src/store/fenced.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { makeLeaseWorld } from '../runtime/lease-world.ts';
import { DESIRED, kindOf } from './contract.ts';

const SESSION = DESIRED.sessionId;

it('writes with the epoch of the term, whatever the status says, and nothing without the lease', async () => {
  const world = makeLeaseWorld();
  const replica = world.replica('a');
  const store = makeMemoryStore();
  await store.create(DESIRED);
  const { status } = (await store.get(SESSION)) ?? {};
  if (!status) throw new Error('there is no record');
  await world.clock.advance(100);
  const term = replica.term();
  if (!term) throw new Error('nobody leads');
  const { epoch } = term;
  const written = fenced(store, term);
  await written.putStatus(SESSION, 0, { ...status, epoch: 5 }, 'RUNNING', 9);
  expect(await written.get(SESSION)).toMatchObject({ status: { rev: 1, epoch }, state: 'RUNNING', expiresAt: 9 });
  replica.pause();
  await world.clock.advance(12_000);
  await expect(written.putStatus(SESSION, 1, status, 'FAILED')).rejects.toThrow('the lease holds for');
  await world.clock.advance(60_000);
  replica.resume();
  await world.clock.advance(1_000);
  expect(replica.mayCall()).toBe(true);
  await expect(written.putStatus(SESSION, 1, status, 'FAILED')).rejects.toThrow(LeaseLostError);
});

it('keeps a former leader from writing over a newer one', async () => {
  const store = makeMemoryStore();
  await store.create(DESIRED);
  const leader = (epoch: number) => fenced(store, { epoch, require: () => undefined, outranked: () => undefined });
  const status = { rev: 0, conditions: {}, deployments: [], comments: {} };
  await leader(8).putStatus(SESSION, 0, status, 'RUNNING');
  expect(await kindOf(leader(7).putStatus(SESSION, 1, status, 'FAILED'))).toBe('conflict');
});

it('names a higher epoch in a record, and the next term is above it', async () => {
  const world = makeLeaseWorld();
  const replica = world.replica('a');
  const store = makeMemoryStore();
  await store.create(DESIRED);
  await world.clock.advance(100);
  const former = replica.term();
  if (!former) throw new Error('nobody leads');
  const status = { rev: 0, conditions: {}, deployments: [], comments: {} };
  const found = former.epoch + 5_000;
  await store.putStatus(SESSION, 0, { ...status, epoch: found }, 'RUNNING');
  const write = fenced(store, former).putStatus(SESSION, 1, status, 'FAILED');
  await expect(write).rejects.toThrow(`carries epoch ${found}, above the leader's ${former.epoch}`);
  expect(() => former.require()).toThrow(`a record carries epoch ${found}`);
  await world.clock.advance(1_000);
  expect([replica.leadership.epoch(), replica.mayCall()]).toEqual([found + 1, true]);
  const term = replica.term();
  if (!term) throw new Error('nobody leads');
  await fenced(store, term).putStatus(SESSION, 1, status, 'FAILED');
  expect((await store.get(SESSION))?.status.epoch).toBe(found + 1);
});

it('goes on beside a record whose epoch none can be above', async () => {
  const world = makeLeaseWorld();
  const replica = world.replica('a');
  await world.clock.advance(100);
  const term = replica.term();
  term?.outranked(MAX_EPOCH);
  await world.clock.advance(5_000);
  expect([replica.term() === term, replica.mayCall()]).toEqual([true, true]);
});
