import { expect, it } from 'vitest';
import { makeMemoryStore } from '../../src/store/memory.ts';
import { DESIRED, storeContract } from './contract.ts';

storeContract('memory', async () => {
  const store = makeMemoryStore();
  return {
    store,
    seed: async (item) => store.seed(item),
    peek: async (sessionId) => store.peek(sessionId),
    remove: async (sessionId) => store.remove(sessionId),
  };
});

it('gives copies, so that nobody changes a record by changing what was read', async () => {
  const store = makeMemoryStore();
  await store.create(DESIRED);
  const item = store.peek('tt-feature');
  if (item) item['wanted'] = false;
  expect(store.peek('tt-feature')?.['wanted']).toBe(true);
});
