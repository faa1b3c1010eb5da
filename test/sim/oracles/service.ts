/** What people get: without a break where nothing in the story interrupts it, and as the conditions say. */
import { isTrue } from '../../../src/model/conditions.ts';
import { parseItem } from '../../../src/model/record.ts';
import { actualOf, hostFor, registered, weightOf } from '../world/actual.ts';
import { hostOfRule } from '../world/effects.ts';
import type { World } from '../world/world.ts';
import { makeLasting, type Oracle } from './oracle.ts';
import { waysOf } from './routes.ts';

/** A settled environment is asked every 15 s, and its record is written after. */
const TOLD_MS = 60_000;
/** Targets of a settled environment are looked at about every 10 minutes (DESIGN §6.8). */
const LOOKED_AT_MS = 720_000;
const LOOK_MS = 5_000;

export const service: Oracle = (world, report) => {
  const lasting = makeLasting(world, report);
  const served = new Set<string>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  return {
    moment() {
      if (world.changed('outage')) watchOutages(world, served, (text) => report('outage', text));
      if (world.time.monotonic() - lookedAt < LOOK_MS) return;
      lookedAt = world.time.monotonic();
      lasting.now('untrue', TOLD_MS, green(world));
      lasting.now('dead-end', LOOKED_AT_MS, empty(world));
    },
  };
};

function watchOutages(world: World, served: Set<string>, report: (text: string) => void): void {
  for (const session of world.options.alwaysServed ?? []) {
    const answers = answersFor(world, session);
    if (answers.length > 0 && answers.every((kind) => kind === 'app')) served.add(session);
    else if (served.delete(session))
      report(`${session} served, and now leads to ${answers.join(', ') || 'the front door'}`);
  }
}

/** What the addresses answer that a request for the session's host may reach. */
function answersFor(world: World, session: string): readonly string[] {
  const ways = waysOf(world).filter((way) => way.session === session);
  return ways.map(({ ip, host }) => world.supervisors.answer(ip, host).kind);
}

/** Records that say Ready while nothing serves; those whose targets were taken away are `empty`. */
function green(world: World): ReadonlyMap<string, string> {
  const bare = empty(world);
  const sessions = world.store.sessions().filter((session) => {
    const { status } = parseItem(world.store.peek(session) ?? {});
    if (bare.has(hostFor(session))) return false;
    return isTrue(status.conditions, 'Ready') && !answersFor(world, session).includes('app');
  });
  return new Map(sessions.map((session) => [session, `${session} is Ready, and nothing serves`]));
}

/** Rules that send requests to a group without targets. */
function empty(world: World): ReadonlyMap<string, string> {
  const { groups, rules } = actualOf(world);
  const bare = groups.filter((group) => registered(group).length === 0);
  const leading = rules.filter((rule) => bare.some(({ arn }) => (weightOf(rule, arn) ?? 0) > 0));
  return new Map(
    leading.map((rule) => [hostOfRule(rule) ?? rule.arn, `${hostOfRule(rule)} leads to a group without targets`]),
  );
}
