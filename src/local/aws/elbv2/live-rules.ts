/**
 * The rules as the data plane knows them: what the API shows at once arrives there after a while of its own for each
 * change. AWS-FACTS ELBv2 "weights". No timers: what is due takes effect when somebody asks.
 */
import type { LocalClock } from '../service.ts';
import { derivedFrom, recordsOf } from './records.ts';
import type { Rule } from './state.ts';
import type { Store } from './store.ts';
import { sortedRules } from './wiring.ts';

export interface LiveRules {
  /** Notes what has changed in the records since the last time. */
  sync(): void;
  /** In the order of evaluation; the same array for as long as nothing has changed. */
  of(listenerArn: string): readonly Rule[];
}

export interface LiveRulesOptions {
  readonly store: Store;
  readonly clock: LocalClock;
  /** Asked for each change of a rule: milliseconds until the data plane follows it. */
  readonly propagationMs: () => number;
}

interface Change {
  readonly at: number;
  /** Order of the calls: an older change that comes late does not undo a newer one. */
  readonly turn: number;
  readonly arn: string;
  /** Undefined: deleted. */
  readonly rule: Rule | undefined;
}

const inOrder = (a: Change, b: Change): number => a.at - b.at || a.turn - b.turn;

export function makeLiveRules({ store, clock, propagationMs }: LiveRulesOptions): LiveRules {
  /** What the records said at the last sync. */
  const noted = new Map(store.rules);
  let notedAt = store.rules.changes;
  const live = recordsOf([...store.rules.values()]);
  const sorted = derivedFrom([live], () => sortedRules(live.values()));
  /** The newest turn that has taken effect, of rules that had changes under way. */
  const turns = new Map<string, number>();
  let pending: Change[] = [];
  let turn = 0;

  const apply = (change: Change): void => {
    if (change.turn < (turns.get(change.arn) ?? 0)) return;
    if (pending.length > 0) turns.set(change.arn, change.turn);
    if (change.rule !== undefined) live.set(change.arn, change.rule);
    else live.delete(change.arn);
  };

  const note = (arn: string, rule: Rule | undefined): void => {
    const before = noted.get(arn);
    if (rule !== undefined) noted.set(arn, rule);
    else noted.delete(arn);
    if (before !== undefined && rule !== undefined && routesAlike(before, rule)) return;
    const ms = propagationMs();
    const change = { at: clock.now() + ms, turn: ++turn, arn, rule };
    if (ms <= 0) apply(change);
    else pending.push(change);
  };

  const catchUp = (): void => {
    if (pending.length === 0) return;
    const now = clock.now();
    const due = pending.filter((change) => change.at <= now);
    for (const change of due.sort(inOrder)) apply(change);
    if (due.length > 0) pending = pending.filter((change) => change.at > now);
    if (pending.length === 0) turns.clear();
  };

  return {
    sync() {
      if (notedAt === store.rules.changes) return;
      notedAt = store.rules.changes;
      catchUp();
      for (const arn of noted.keys()) if (!store.rules.has(arn)) note(arn, undefined);
      for (const [arn, rule] of store.rules) if (noted.get(arn) !== rule) note(arn, rule);
    },
    of(listenerArn) {
      catchUp();
      return sorted().get(listenerArn) ?? [];
    },
  };
}

/** Tags are nothing to the data plane. */
const routesAlike = (a: Rule, b: Rule): boolean =>
  a.priority === b.priority && a.conditions === b.conditions && a.action === b.action;
