/** How fresh the next look must be, and when it includes the target's health. */
import { describe, expect, it } from 'vitest';
import { type Freshness, makeFreshness } from '../../src/controllers/freshness.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import { attempt, passOver, RUNNING_ATTEMPT, settled } from '../plan/world.ts';
import { makeFakeClock } from '../runtime/fake-clock.ts';

const { healthLookMs, transitionMs } = DEFAULT_POLICY;
const MINUTE = 60_000;
const FLEET = Array.from({ length: 1_000 }, (_, index) => `web-branch-${index}`);

const context = passOver(settled());
const { status } = context;
const plan = planEnvironment(context);

/** A pass that finds everything as it should be; looks at health when told to. */
function pass(freshness: Freshness, session: string): boolean {
  const { lookAtHealth } = freshness.needs(session, { status, priority: 'low' });
  const observed = { ...context.observed, targets: lookAtHealth ? [] : undefined };
  freshness.note(session, { observed, status, plan });
  return lookAtHealth;
}

describe('looks at health', () => {
  it('of a fleet that was healthy before the start are spread over the time between two looks', async () => {
    const clock = makeFakeClock();
    const freshness = makeFreshness(clock, DEFAULT_POLICY);
    const looks: number[] = [];
    for (let minute = 0; minute < healthLookMs / MINUTE; minute += 1) {
      looks.push(FLEET.filter((session) => pass(freshness, session)).length);
      await clock.advance(MINUTE);
    }
    const last = FLEET.filter((session) => pass(freshness, session)).length;
    // A tenth of the fleet in each of the ten minutes, more or less; everybody once.
    expect(looks[0]).toBe(0);
    expect(looks.slice(1).reduce((sum, count) => sum + count, last)).toBe(FLEET.length);
    for (const count of [...looks.slice(1), last]) expect(count).toBeLessThan(150);
  });

  it('stay spread from then on, each environment once in that time', async () => {
    const clock = makeFakeClock();
    const freshness = makeFreshness(clock, DEFAULT_POLICY);
    const looks = new Map(FLEET.map((session) => [session, 0]));
    const worst: number[] = [];
    for (const session of FLEET) pass(freshness, session);
    for (let minute = 0; minute < (3 * healthLookMs) / MINUTE; minute += 1) {
      await clock.advance(MINUTE);
      const looked = FLEET.filter((session) => pass(freshness, session));
      worst.push(looked.length);
      for (const session of looked) looks.set(session, (looks.get(session) ?? 0) + 1);
    }
    expect(new Set(looks.values())).toEqual(new Set([3]));
    expect(Math.max(...worst)).toBeLessThan(150);
  });

  it('happen at every pass until the attempt has been healthy once', () => {
    const freshness = makeFreshness(makeFakeClock(), DEFAULT_POLICY);
    const starting = { ...status, attempt: attempt({ taskArn: RUNNING_ATTEMPT.taskArn }) };
    const look = () => freshness.needs('web-topic', { status: starting, priority: 'low' }).lookAtHealth;
    expect([look(), look(), look()]).toEqual([true, true, true]);
  });
});

describe('the snapshot of a settled environment', () => {
  it('may be as old as the last resync, but not older', async () => {
    const clock = makeFakeClock();
    const freshness = makeFreshness(clock, DEFAULT_POLICY);
    pass(freshness, 'web-topic');
    await clock.advance(MINUTE);
    const since = () => freshness.needs('web-topic', { status, priority: 'low' }).since;
    expect(since()).toBe(0);
    freshness.resync();
    expect(since()).toBe(MINUTE);
  });

  it('is never older than its last write, nor for a person’s change than the pause between looks', async () => {
    const clock = makeFakeClock();
    const freshness = makeFreshness(clock, DEFAULT_POLICY);
    pass(freshness, 'web-topic');
    await clock.advance(MINUTE);
    expect(freshness.needs('web-topic', { status, priority: 'high' }).since).toBe(MINUTE - transitionMs);
    freshness.wrote('web-topic');
    expect(freshness.needs('web-topic', { status, priority: 'low' }).since).toBeGreaterThan(MINUTE);
  });

  it('is no older than the pause between looks after a start, and after the supervisor was lost', async () => {
    const clock = makeFakeClock();
    const freshness = makeFreshness(clock, DEFAULT_POLICY);
    await clock.advance(MINUTE);
    const since = () => freshness.needs('web-topic', { status, priority: 'low' }).since;
    expect(since()).toBe(MINUTE - transitionMs);
    pass(freshness, 'web-topic');
    expect(since()).toBe(0);
    const lost = { ...context.observed, control: { 'task-1': { ok: false as const, message: 'no answer' } } };
    freshness.note('web-topic', { observed: lost, status, plan });
    expect(since()).toBe(MINUTE - transitionMs);
  });
});

it('counts the passes in a row that could not do what they planned', () => {
  const freshness = makeFreshness(makeFakeClock(), DEFAULT_POLICY);
  expect([freshness.hindered('a'), freshness.hindered('a'), freshness.hindered('b')]).toEqual([1, 2, 1]);
  freshness.unhindered('a');
  expect(freshness.hindered('a')).toBe(1);
});
