/** Delays, lost requests, lost answers, pauses, crashes and stops: at no moment do two replicas lead. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CallFate, makeLeaseWorld, type Replica } from './lease-world.ts';

const RUNS = 1_000;
const REPLICAS = 3;
const STEP_MS = 250;
const STEPS = 200;

const delay = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 2_500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2_500, max: 30_000 }) },
);
const fate: fc.Arbitrary<CallFate> = fc.record({
  requestMs: delay,
  answerMs: delay,
  lost: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    {
      weight: 3,
      arbitrary: fc.constantFrom('request' as const, 'answer' as const, 'silent' as const, 'hung' as const),
    },
  ),
});
const event = fc.record({
  step: fc.integer({ min: 0, max: 200 }),
  who: fc.nat(REPLICAS - 1),
  what: fc.constantFrom('crash' as const, 'pause' as const, 'resume' as const, 'stop' as const),
});
const run = fc.record({
  fates: fc.array(fc.array(fate, { maxLength: 25 }), { minLength: REPLICAS, maxLength: REPLICAS }),
  events: fc.array(event, { maxLength: 6 }),
});

type Gone = Set<Replica>;

it(`no two lead at the same time, in ${RUNS} random runs`, { timeout: 240_000 }, async () => {
  let terms = 0;
  await fc.assert(
    fc.asyncProperty(run, async ({ fates, events }) => {
      const world = makeLeaseWorld();
      const waiting = fates.map((list) => [...list]);
      const replicas: Replica[] = fates.map((_, index) =>
        world.replica(`r${index}`, { fate: () => waiting[index]?.shift() }),
      );
      const gone: Gone = new Set();
      for (let step = 0; step < STEPS; step += 1) {
        for (const { who, what } of events.filter((each) => each.step === step)) happen(replicas[who], what, gone);
        await world.clock.advance(STEP_MS);
        expect(leaders(replicas).length, `leaders at step ${step}`).toBeLessThanOrEqual(1);
      }
      terms += replicas.reduce((sum, { terms: each }) => sum + each.length, 0);
      expectEpochsInOrder(replicas);
      await expectOneInTheEnd(world.clock, replicas, gone);
    }),
    { numRuns: RUNS },
  );
  expect(terms).toBeGreaterThan(RUNS);
});

function happen(replica: Replica | undefined, what: 'crash' | 'pause' | 'resume' | 'stop', gone: Gone): void {
  if (!replica || gone.has(replica)) return;
  if (what === 'resume') replica.resume();
  else if (what === 'stop') void replica.leadership.stop();
  else replica.pause();
  if (what === 'crash' || what === 'stop') gone.add(replica);
}

function leaders(replicas: readonly Replica[]): readonly Replica[] {
  return replicas.filter(({ leadership }) => leadership.isLeader());
}

function expectEpochsInOrder(replicas: readonly Replica[]): void {
  const epochs = replicas.flatMap(({ terms }) => terms.map(({ epoch }) => epoch));
  expect(new Set(epochs).size, 'each term has an epoch of its own').toBe(epochs.length);
}

/** Once nothing fails any more, somebody leads, if anybody is left. */
async function expectOneInTheEnd(
  clock: { advance(ms: number): Promise<void> },
  replicas: readonly Replica[],
  gone: Gone,
): Promise<void> {
  for (const replica of replicas) if (!gone.has(replica)) replica.resume();
  const expected = gone.size === replicas.length ? 0 : 1;
  for (let waited = 0; waited < 90 && (waited < 30 || leaders(replicas).length !== expected); waited += 5) {
    await clock.advance(5_000);
  }
  expect(leaders(replicas)).toHaveLength(expected);
}
