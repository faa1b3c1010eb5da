/** The flood's judge has to find what it looks for: a table spoilt on purpose. */
import { describe, expect, it } from 'vitest';
import { applyAsk } from '../../../src/intake/apply-ask.ts';
import { desiredFrom } from '../../../src/intake/desired-from.ts';
import type { StoredEnvironment } from '../../../src/model/environment.ts';
import { makeMemoryStore } from '../../../src/store/memory.ts';
import { makeRandom } from '../../sim/kernel/random.ts';
import { type Delivery, deliveriesOf, EXPECTED, type Kind } from './deliveries.ts';
import { PROJECT, wrongAnswers, wrongRecords } from './judge.ts';
import { livesOf } from './payloads.ts';
import type { Outcome } from './send.ts';

const random = makeRandom(3);
const lives = livesOf(60, 8, random.stream('lives'), Date.now());
const deliveries = deliveriesOf(lives, 500, 'secret', random.stream('order'));

const answered = (delivery: Delivery, status: number = EXPECTED[delivery.kind][0], storeWasDown = false): Outcome => ({
  delivery,
  status,
  body: '',
  storeWasDown,
});

/** Every moment in its logical order, as if nothing had come between. */
async function tableAfter(outcomes: readonly Outcome[]): Promise<readonly StoredEnvironment[]> {
  const store = makeMemoryStore();
  const moments = outcomes.flatMap(({ delivery }) => delivery.moment ?? []);
  for (const { snapshot } of moments.toSorted((a, b) => Date.parse(a.snapshot.at) - Date.parse(b.snapshot.at)))
    await applyAsk(store, desiredFrom(snapshot, PROJECT), Date.now());
  return await store.list();
}

describe('deliveries', () => {
  it('are as many as are asked for, of every kind, doubled and out of order', () => {
    expect(deliveries).toHaveLength(500);
    expect(new Set(deliveries.map(({ kind }) => kind))).toEqual(new Set(Object.keys(EXPECTED)));
    const times = deliveries.flatMap(({ moment }) => (moment?.pull === 7 ? [moment.snapshot.at] : []));
    expect(times).not.toEqual(times.toSorted());
  });

  it('are the same for the same seed', () => {
    const same = deliveriesOf(lives, 500, 'secret', makeRandom(3).stream('order'));
    expect(same.map(({ headers }) => headers)).toEqual(deliveries.map(({ headers }) => headers));
  });
});

describe('wrongAnswers', () => {
  const first = (kind: Kind): Delivery => deliveries.find((delivery) => delivery.kind === kind) as Delivery;

  it('finds nothing where each kind is answered as it must be', () => {
    expect(wrongAnswers(deliveries.map((delivery) => answered(delivery)))).toEqual([]);
  });

  it.each<[Kind, number, boolean, boolean]>([
    ['moment', 503, true, true],
    ['moment', 503, false, false],
    ['moment', 500, true, false],
    ['moment', 0, false, false],
    ['wrong signature', 200, false, false],
    ['wrong signature', 503, true, false],
    ['not JSON', 401, false, false],
  ])('%s, answered %i while the store is away: %s', (kind, status, storeWasDown, isRight) => {
    expect(wrongAnswers([answered(first(kind), status, storeWasDown)])).toHaveLength(isRight ? 0 : 1);
  });
});

describe('wrongRecords', () => {
  const outcomes = deliveries.map((delivery) => answered(delivery));

  it('finds nothing in what the merge made', async () => {
    expect(wrongRecords(outcomes, lives, await tableAfter(outcomes))).toEqual([]);
  });

  it('finds the newest accepted moment that is not in the table', async () => {
    const newest = newestOf(outcomes);
    const others = outcomes.filter(({ delivery }) => delivery.moment?.snapshot !== newest.delivery.moment?.snapshot);
    expect(wrongRecords(outcomes, lives, await tableAfter(others)).join()).toContain('accepted');
  });

  it('finds a lost record, one of nobody, and fields that are not those of the merge', async () => {
    const [first, second, ...rest] = await tableAfter(outcomes);
    if (!first?.ok || !second?.ok) throw new Error('the flood made too few records');
    const stranger: StoredEnvironment = { ...first, sessionId: 'soak-stranger' };
    const turned: StoredEnvironment = { ...second, desired: { ...second.desired, wanted: !second.desired.wanted } };
    const wrong = wrongRecords(outcomes, lives, [stranger, turned, ...rest]).join('\n');
    expect(wrong).toContain(`${first.sessionId} knows nothing of it`);
    expect(wrong).toContain('soak-stranger: a record that nobody asked for');
    expect(wrong).toContain(`${second.sessionId}: the table has`);
  });
});

/** Of a pull request that asked for something before. */
function newestOf(outcomes: readonly Outcome[]): Outcome {
  const moments = outcomes.filter(({ delivery }) => delivery.moment);
  const byPull = Map.groupBy(moments, ({ delivery }) => delivery.moment?.pull);
  for (const own of byPull.values()) {
    const sorted = own.toSorted((a, b) => (atOf(a) < atOf(b) ? -1 : 1));
    const newest = sorted.at(-1);
    const asked = sorted.some((one) => atOf(one) < atOf(newest) && asksFor(one));
    if (newest && asked) return newest;
  }
  throw new Error('no pull request of the flood asks for anything');
}

const atOf = (outcome: Outcome | undefined): string => outcome?.delivery.moment?.snapshot.at ?? '';
const asksFor = ({ delivery: { moment } }: Outcome): boolean =>
  moment !== undefined && desiredFrom(moment.snapshot, PROJECT).source.wanted;
