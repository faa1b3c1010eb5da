import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { FAKE_EPOCH } from './fake-clock.ts';
import { callsOf, type CallFate, makeLeaseWorld } from './lease-world.ts';

const HANG: CallFate = { requestMs: 0, answerMs: 0, lost: 'hung' };
const FIRST_EPOCH = FAKE_EPOCH / 1000;

let world: ReturnType<typeof makeLeaseWorld>;
beforeEach(() => {
  world = makeLeaseWorld();
});

describe('the first replica', () => {
  it('leads at once, with an epoch of the time, and tells where it can be nudged', async () => {
    const a = world.replica('a');
    await world.clock.advance(0);
    expect([a.leadership.isLeader(), a.leadership.epoch(), a.mayCall()]).toEqual([true, FIRST_EPOCH, true]);
    expect(a.terms).toEqual([{ epoch: FIRST_EPOCH, graces: [] }]);
    const [holder, epoch] = ['a', FIRST_EPOCH];
    expect(world.lease.peek()).toEqual({
      holder,
      epoch,
      beat: 1,
      duration_ms: 20_000,
      nudge_url: 'http://a.test:9464',
    });
  });

  it('keeps the lease by renewing it, and nobody else takes it', async () => {
    const a = world.replica('a');
    await world.clock.advance(1_000);
    const b = world.replica('b');
    await world.clock.advance(600_000);
    expect([a.terms.length, b.terms.length, a.mayCall(), b.mayCall()]).toEqual([1, 0, true, false]);
    expect(b.leadership.other()).toMatchObject({ holder: 'a', nudgeUrl: 'http://a.test:9464' });
    expect(a.leadership.other()).toBeUndefined();
  });

  it('is one of many that start at the same moment', async () => {
    const all = ['a', 'b', 'c', 'd'].map((name) => world.replica(name));
    await world.clock.advance(60_000);
    expect(all.filter((one) => one.leadership.isLeader())).toHaveLength(1);
    expect(all.flatMap((one) => one.terms)).toHaveLength(1);
  });
});

describe('a takeover', () => {
  it('comes when the lease of a killed replica has run out, by the own clock of the taker', async () => {
    const a = world.replica('a');
    const b = world.replica('b');
    await world.clock.advance(2_500);
    a.pause();
    await world.clock.advance(18_000);
    expect(b.leadership.isLeader()).toBe(false);
    await world.clock.advance(3_000);
    expect([b.leadership.isLeader(), b.terms[0]?.epoch]).toEqual([true, FIRST_EPOCH + 22]);
  });

  it('counts from when the taker first saw the lease, however old that is', async () => {
    const a = world.replica('a');
    await world.clock.advance(1_000);
    a.pause();
    await world.clock.advance(3_600_000);
    const b = world.replica('b');
    await world.clock.advance(19_900);
    expect(b.leadership.isLeader()).toBe(false);
    await world.clock.advance(200);
    expect(b.leadership.isLeader()).toBe(true);
  });

  it('gets a higher epoch, also when the clocks of the past were wrong', async () => {
    world.lease.seed({ holder: 'past', epoch: 9_000_000_000, beat: 7, duration_ms: 0 });
    const b = world.replica('b');
    await world.clock.advance(0);
    expect(b.leadership.epoch()).toBe(9_000_000_001);
  });
});

describe('a term', () => {
  it('does not allow in the next one what was decided in it', async () => {
    const a = world.replica('a');
    await world.clock.advance(3_000);
    const first = a.term();
    first?.require();
    expect(first?.signal.aborted).toBe(false);
    a.pause();
    await world.clock.advance(60_000);
    expect(() => first?.require()).toThrow(LeaseLostError);
    a.resume();
    await world.clock.advance(1_000);
    expect([a.mayCall(), a.term() === first, first?.signal.aborted]).toEqual([true, false, true]);
    expect(() => first?.require()).toThrow('the term of epoch');
  });
});

describe('a clean stop', () => {
  it('hands over within a second, after what was begun has ended', async () => {
    const ended = Promise.withResolvers<boolean>();
    const a = world.replica('a', { lead: () => ({ stop: () => ended.promise }) });
    const b = world.replica('b');
    await world.clock.advance(5_000);
    const stopped = a.leadership.stop();
    await world.clock.advance(8_000);
    expect([a.terms[0]?.graces, a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([[13_000], true, false]);
    ended.resolve(true);
    await world.clock.settle();
    expect([a.leadership.isLeader(), a.mayCall()]).toEqual([false, false]);
    await world.clock.advance(999);
    await stopped;
    expect([b.leadership.isLeader(), b.mayCall()]).toEqual([true, true]);
    expect(b.terms[0]?.epoch).toBeGreaterThan(FIRST_EPOCH);
  });

  it('gives back a lease whose last renewal went unanswered', async () => {
    let isLost = false;
    const a = world.replica('a', { fate: () => (isLost ? { requestMs: 0, answerMs: 0, lost: 'answer' } : undefined) });
    await world.clock.advance(3_900);
    isLost = true;
    await world.clock.advance(200);
    isLost = false;
    const stopped = a.leadership.stop();
    await world.clock.advance(1_000);
    await stopped;
    expect(world.lease.peek()).toMatchObject({ holder: 'a', duration_ms: 0 });
  });

  it('begins calls for two seconds more, so that each may end before the lease is given back', async () => {
    const log: string[] = [];
    const a = world.replica('a', {
      lead: (term) => {
        const work = callsOf(world.clock, term, 9_500, (what) => log.push(`${world.clock.monotonic()} ${what}`));
        return { stop: () => work.then(() => true) };
      },
    });
    const b = world.replica('b');
    await world.clock.advance(9_000);
    void a.leadership.stop();
    await world.clock.advance(2_100);
    expect([a.mayCall(), a.leadership.isLeader(), a.term()?.signal.aborted]).toEqual([false, true, true]);
    await world.clock.advance(7_800);
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([true, false]);
    await world.clock.advance(1_100);
    expect(b.leadership.isLeader()).toBe(true);
    expect(log).toEqual(['0 sent', '9500 done', '9500 sent', '19000 done', '19000 NotLeading']);
  });

  it.each([
    ['says that it has not ended', async () => false],
    ['does not say', () => new Promise<boolean>(() => undefined)],
  ])('does not hand over what %s: the lease runs out', async (_name, stop) => {
    const a = world.replica('a', { lead: () => ({ stop }) });
    const b = world.replica('b');
    await world.clock.advance(1_000);
    const stopped = a.leadership.stop();
    await world.clock.advance(17_500);
    await stopped;
    expect(world.lease.peek()).toMatchObject({ holder: 'a', duration_ms: 20_000 });
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([false, false]);
    await world.clock.advance(20_000);
    expect(b.leadership.isLeader()).toBe(true);
  });

  it.each([0, 500, 2_000, 30_000])('ends when the table has hung for %i ms', async (ms) => {
    let isHanging = false;
    const fate = (): CallFate | undefined => (isHanging ? HANG : undefined);
    const [a, b] = [world.replica('a', { fate }), world.replica('b', { fate })];
    await world.clock.advance(5_000);
    isHanging = true;
    await world.clock.advance(ms);
    let ended = 0;
    for (const one of [a, b]) void one.leadership.stop().then(() => (ended += 1));
    await world.clock.advance(15_000);
    expect(ended).toBe(2);
    expect(world.clock.pending()).toBe(0);
  });

  it('of one that never started is done at once', async () => {
    const a = world.replica('a');
    const stopped = a.leadership.stop();
    await world.clock.advance(500);
    await stopped;
    expect([a.terms, world.lease.peek()]).toEqual([[], undefined]);
  });
});

describe('a holder that cannot renew', () => {
  it('begins no call that could outlive the lease, then ends its term, then another leads', async () => {
    let isHanging = false;
    const a = world.replica('a', { fate: () => (isHanging ? HANG : undefined) });
    const b = world.replica('b');
    await world.clock.advance(4_000);
    isHanging = true;
    await world.clock.advance(8_900);
    expect(a.mayCall()).toBe(true);
    await world.clock.advance(200);
    expect([a.mayCall(), a.leadership.isLeader(), a.terms[0]?.graces]).toEqual([false, true, []]);
    await world.clock.advance(10_800);
    expect([a.leadership.isLeader(), a.terms[0]?.graces, b.terms]).toEqual([true, [], []]);
    await world.clock.advance(700);
    expect([a.leadership.isLeader(), a.terms[0]?.graces]).toEqual([false, [0]]);
    expect([b.leadership.isLeader(), b.mayCall()]).toEqual([true, true]);
  });

  it('goes on as if nothing had happened when the table answers again in time', async () => {
    let isHanging = false;
    const a = world.replica('a', { fate: () => (isHanging ? HANG : undefined) });
    await world.clock.advance(4_000);
    isHanging = true;
    await world.clock.advance(15_000);
    isHanging = false;
    await world.clock.advance(5_000);
    expect([a.terms.length, a.mayCall()]).toEqual([1, true]);
  });

  it('knows its renewals again whose answers were lost', async () => {
    let calls = 0;
    const fate = (): CallFate => ({ requestMs: 10, answerMs: 10, lost: (calls += 1) % 2 ? undefined : 'answer' });
    const a = world.replica('a', { fate });
    await world.clock.advance(120_000);
    expect(a.leadership.isLeader()).toBe(true);
    expect(a.terms.length).toBe(1);
    const { values } = await a.metrics.leaseRenewals.get();
    expect(values.find(({ labels }) => labels.outcome === 'unknown')?.value).toBeGreaterThan(10);
  });

  it('is said to be unready when the table has not answered for the time of a lease', async () => {
    const a = world.replica('a', { fate: () => HANG });
    await world.clock.advance(19_000);
    expect(a.health.checks()['leadership']?.detail).toBe('has not reported yet');
    await world.clock.advance(5_000);
    expect(a.health.checks()['leadership']).toMatchObject({ ok: false, detail: expect.stringMatching(/no end after/) });
  });
});

describe('a paused holder', () => {
  it('knows on waking, before any timer, that it leads no more', async () => {
    const a = world.replica('a');
    const b = world.replica('b');
    await world.clock.advance(3_000);
    a.pause();
    await world.clock.advance(60_000);
    expect([a.leadership.isLeader(), a.mayCall(), a.leadership.epoch()]).toEqual([false, false, undefined]);
    expect(b.leadership.isLeader()).toBe(true);
    a.resume();
    await world.clock.advance(5_000);
    expect([a.terms, b.terms.length]).toEqual([[{ epoch: FIRST_EPOCH, graces: [0] }], 1]);
  });

  it('leads again, in a new term, when nobody took over', async () => {
    const a = world.replica('a');
    await world.clock.advance(3_000);
    a.pause();
    await world.clock.advance(60_000);
    a.resume();
    await world.clock.advance(1_000);
    expect(a.terms.map(({ graces }) => graces)).toEqual([[0], []]);
    expect(a.terms[1]?.epoch).toBeGreaterThan(FIRST_EPOCH);
  });

  it('whose renewal was under way does not count it from its answer', async () => {
    const a = world.replica('a', { fate: () => ({ requestMs: 100, answerMs: 100 }) });
    await world.clock.advance(2_450);
    a.pause();
    await world.clock.advance(25_000);
    a.resume();
    await world.clock.settle();
    expect(a.leadership.isLeader()).toBe(false);
  });
});

describe('a clock that runs twice as fast', () => {
  it('in a standby takes nothing while the holder renews', async () => {
    const a = world.replica('a');
    const b = world.replica('b', { rate: 2 });
    await world.clock.advance(300_000);
    expect([a.terms.length, b.terms.length]).toEqual([1, 0]);
  });

  it('in a standby lets no two begin calls, whenever the holder loses the table', async () => {
    let isHanging = false;
    const a = world.replica('a', { fate: () => (isHanging ? HANG : undefined) });
    const b = world.replica('b', { rate: 2 });
    await world.clock.advance(7_300);
    isHanging = true;
    for (let step = 0; step < 300; step += 1) {
      await world.clock.advance(100);
      expect([a.mayCall(), b.mayCall()]).not.toEqual([true, true]);
    }
    expect([a.terms.length, b.terms.length]).toEqual([1, 1]);
  });

  it('in a holder makes it give up early', async () => {
    let isHanging = false;
    const a = world.replica('a', { rate: 2, fate: () => (isHanging ? HANG : undefined) });
    await world.clock.advance(5_000);
    isHanging = true;
    await world.clock.advance(10_000);
    expect(a.leadership.isLeader()).toBe(false);
  });
});

describe('a table that is', () => {
  it('lost while somebody leads: the holder puts its lease back', async () => {
    const a = world.replica('a');
    const b = world.replica('b');
    await world.clock.advance(5_000);
    world.lease.seed(undefined);
    await world.clock.advance(5_000);
    expect([a.leadership.isLeader(), a.terms.length, b.terms.length]).toEqual([true, 1, 0]);
    expect(world.lease.peek()).toMatchObject({ holder: 'a', epoch: FIRST_EPOCH });
  });

  it('lost with its holder: a standby that knew it waits, and epochs go on', async () => {
    world.lease.seed({ holder: 'past', epoch: 9_000_000_000, beat: 7, duration_ms: 20_000 });
    const b = world.replica('b');
    await world.clock.advance(5_000);
    world.lease.seed(undefined);
    await world.clock.advance(15_100);
    expect(b.leadership.isLeader()).toBe(false);
    await world.clock.advance(5_500);
    expect(b.leadership.epoch()).toBe(9_000_000_001);
  });

  it('restored from an old copy: the holder stops, and the next epoch is higher than ever', async () => {
    const a = world.replica('a');
    await world.clock.advance(5_000);
    world.lease.seed({ holder: 'old', epoch: 17, beat: 900, duration_ms: 20_000 });
    await world.clock.advance(3_000);
    expect([a.leadership.isLeader(), a.terms[0]?.graces]).toEqual([false, [0]]);
    await world.clock.advance(21_000);
    expect(a.terms[1]?.epoch).toBeGreaterThan(FIRST_EPOCH);
  });

  it.each([
    ['nonsense', { holder: 3, epoch: 'x' }],
    ['a lease without end', { holder: 'x', epoch: 5, beat: 1, duration_ms: 9e12 }],
    ['a lease without a holder', { epoch: 9_000_000_000, beat: 1, duration_ms: 1 }],
  ])('not understood (%s): it is waited for, then replaced', async (_name, item) => {
    world.lease.seed({ ...item });
    const a = world.replica('a');
    await world.clock.advance(19_900);
    expect(a.leadership.isLeader()).toBe(false);
    await world.clock.advance(600);
    expect(a.leadership.isLeader()).toBe(true);
    if (item.epoch === 9_000_000_000) expect(a.leadership.epoch()).toBe(9_000_000_001);
  });

  it('given back by a hand edit: the holder leads no more', async () => {
    const a = world.replica('a');
    await world.clock.advance(5_000);
    world.lease.seed({ ...world.lease.peek(), duration_ms: 0 });
    await world.clock.advance(2_500);
    expect(a.terms.map(({ graces }) => graces)).toEqual([[0], []]);
  });
});

describe('leading that cannot begin', () => {
  it('lets another replica try', async () => {
    const a = world.replica('a', {
      lead: () => {
        throw new Error('no way');
      },
    });
    const b = world.replica('b');
    await world.clock.advance(5_000);
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([false, true]);
    expect(world.lease.peek()).toMatchObject({ holder: 'b' });
    await world.clock.advance(60_000);
    const detail = 'leading could not begin: no way';
    expect(a.health.checks()['leadership']).toEqual({ ok: false, detail });
    expect(b.health.ready()).toBe(true);
  });
});
