/** What is collected of environments that no record names, and what is left of those that are said to be gone. */
import { isTrue } from '../../../src/model/conditions.ts';
import { nameOfTargetGroup, targetGroupName } from '../../../src/model/names.ts';
import { orphansAllowed } from '../../../src/model/policy.ts';
import { parseItem } from '../../../src/model/record.ts';
import type { Call } from '../kernel/calls.ts';
import { actualOf, shareOf } from '../world/actual.ts';
import { INSTALLATION } from '../world/config.ts';
import type { World } from '../world/world.ts';
import { makeLasting, type Oracle } from './oracle.ts';

/** One pass of the collector, and what it takes to carry out. */
const PASS_MS = 30_000;
/** What a late call may still make is waited for before anything is said to be gone. */
const TAKEN_AWAY_MS = 10_000;
const LOOK_MS = 5_000;

export const orphans: Oracle = (world, report) => {
  const lasting = makeLasting(world, report);
  /** When each was begun to be taken away, by the name of its group. */
  const collected = new Map<string, number>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    begun(call) {
      const group = groupOf(world, call);
      if (group === undefined || isKnown(world, group)) return;
      const owned = new Set([...groupsOwned(world), group]).size;
      if (!collected.has(group)) collected.set(group, call.at);
      const atOnce = [...collected.values()].filter((at) => call.at - at < PASS_MS).length;
      const allowed = orphansAllowed(world.config.policy, owned);
      if (atOnce > allowed) report('guarded', `${atOnce} environments are collected at once, allowed are ${allowed}`);
      if (world.store.sessions().length === 0) report('guarded', 'something is collected though the table is empty');
    },
    moment() {
      if (world.time.monotonic() - lookedAt < LOOK_MS) return;
      lookedAt = world.time.monotonic();
      lasting.now('leftover', TAKEN_AWAY_MS, leftovers(world));
    },
  };
};

/** The name of the target group of the environment that the call takes something of. */
function groupOf({ aws }: World, { operation, input }: Call): string | undefined {
  const { TargetGroupArn, task } = input as { readonly TargetGroupArn?: string; readonly task?: string };
  if (operation === 'elasticloadbalancing:DeleteTargetGroup') return nameOfTargetGroup(TargetGroupArn ?? '');
  if (operation !== 'ecs:StopTask') return undefined;
  const found = Object.values(aws.ecs.state.tasks).find(({ arn }) => arn === task);
  return found && targetGroupName(INSTALLATION, found.group);
}

function isKnown({ store }: World, group: string): boolean {
  return store.sessions().some((session) => targetGroupName(INSTALLATION, session) === group);
}

function groupsOwned(world: World): readonly string[] {
  const { tasks, groups } = actualOf(world);
  return [...tasks.map((task) => targetGroupName(INSTALLATION, task.group)), ...groups.map(({ name }) => name)];
}

/** Sessions that are said to be gone, with what there still is of them. */
function leftovers(world: World): ReadonlyMap<string, string> {
  const actual = actualOf(world);
  const sessions = world.store.sessions().filter((session) => {
    const { status } = parseItem(world.store.peek(session) ?? {});
    return isTrue(status.conditions, 'Removed');
  });
  return new Map(
    sessions.flatMap((session) => {
      const { held, groups, rules } = shareOf(actual, session);
      const count = held.length + groups.length + rules.length;
      return count === 0 ? [] : [[session, `${session} is said to be removed, and ${count} things of it are there`]];
    }),
  );
}
