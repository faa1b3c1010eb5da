import { expect, it } from 'vitest';
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
  const leader = (epoch: number) => fenced(store, { epoch, require: () => undefined });
  const status = { rev: 0, conditions: {}, deployments: [], comments: {} };
  await leader(8).putStatus(SESSION, 0, status, 'RUNNING');
  expect(await kindOf(leader(7).putStatus(SESSION, 1, status, 'FAILED'))).toBe('conflict');
});
