/** One replica among others: what it is worth while it stands by, what it leaves behind, and how it ends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LimitedAws } from '../../src/aws/make-aws.ts';
import { fakeGitHub, labelled, SESSION } from './world.ts';
import { makeReplicaWorld, notZero, type ReplicaWorld, unreadable } from './replica-world.ts';

let world: ReplicaWorld;
beforeEach(async () => {
  world = await makeReplicaWorld();
});
afterEach(() => world.close());

const rest = async (ms: number, stepMs = 100): Promise<void> => {
  for (let spent = 0; spent < ms; spent += stepMs) await world.local.clock.advance(stepMs);
};

/** AWS that makes no target group before `answer`; `sent` tells of each that was asked for. */
function slowly({ local }: ReplicaWorld, answer: Promise<void>) {
  const { aws } = local;
  const sent: string[] = [];
  const during: LimitedAws['during'] = (guard) => {
    const limited = aws.during(guard);
    const createTargetGroup: typeof limited.elbv2.createTargetGroup = async (...input) => {
      sent.push('CreateTargetGroup');
      await answer;
      return await limited.elbv2.createTargetGroup(...input);
    };
    return { ...limited, elbv2: { ...limited.elbv2, createTargetGroup } };
  };
  return { sent, aws: { ...aws, during } };
}

describe('a standby', () => {
  it('is not ready while it cannot read the table', async () => {
    world.start('a');
    let isDown = true;
    const { health, leadership } = world.start('b', { store: unreadable(world.store, () => isDown) });
    await rest(6_000);
    expect(leadership.isLeader()).toBe(false);
    expect(health.checks()['store']).toEqual({ ok: false, detail: 'AccessDeniedException' });
    isDown = false;
    await rest(6_000);
    expect(health.checks()['store']).toEqual({ ok: true, detail: 'the table is read' });
  });

  it('that was the leader counts nothing any more, and hands its work over', async () => {
    world.edit(labelled());
    const a = world.start('a');
    await rest(30_000);
    expect(await world.condition('Ready')).toBe('True: Ready');
    expect(await notZero(a.metrics)).toEqual(['mayfly_environments web RUNNING: 1']);
    const b = world.start('b');
    await rest(1_000);
    const stopped = a.replica.stop();
    await rest(1_000);
    await stopped;
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([false, true]);
    expect(await notZero(a.metrics)).toEqual([]);
    await rest(1_000);
    expect(await notZero(b.metrics)).toEqual(['mayfly_environments web RUNNING: 1']);
    expect(a.replica.onNudge([SESSION])).toBe(false);
    await b.replica.stop();
  });
});

describe('a stop', () => {
  it('waits for re-reads and for the leader at the same time', async () => {
    world.edit(labelled());
    const never = new Promise<never>(() => undefined);
    const { aws, sent } = slowly(world, never);
    const github = { ...fakeGitHub(world.heads), pull: () => never };
    const a = world.start('a', { aws, github });
    a.replica.reread([{ repo: 'octo/web', number: 1 }], 'high');
    await rest(2_000);
    expect(sent).toHaveLength(1);
    let isOver = false;
    const stopped = a.replica.stop().then(() => (isOver = true));
    await rest(18_000);
    expect(isOver).toBe(true);
    await stopped;
  });

  it('does not hand over while a call of AWS is under way', async () => {
    world.edit(labelled());
    const answer = Promise.withResolvers<void>();
    const { aws, sent } = slowly(world, answer.promise);
    const a = world.start('a', { aws });
    await rest(2_000);
    expect(sent).toEqual(['CreateTargetGroup']);
    const b = world.start('b');
    void a.replica.stop();
    await rest(12_000);
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([true, false]);
    await rest(6_000);
    expect([a.leadership.isLeader(), b.leadership.isLeader()]).toEqual([false, false]);
    answer.resolve();
    await rest(22_000);
    expect(b.leadership.isLeader()).toBe(true);
    await b.replica.stop();
  });
});
