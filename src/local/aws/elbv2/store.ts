/** The records by ARN, and the questions that operations and routing ask about how they hang together. */
import { derivedFrom, type Records, recordsOf } from './records.ts';
import type { Elbv2State, Listener, LoadBalancer, Rule, Target, TargetGroup } from './state.ts';
import { ownersOf, type Wiring, wiringOf } from './wiring.ts';

export interface Store {
  readonly loadBalancers: Records<LoadBalancer>;
  readonly listeners: Records<Listener>;
  readonly rules: Records<Rule>;
  readonly targetGroups: Records<TargetGroup>;
  /** Kept until rules or listeners change. */
  wiring(): Wiring;
  /** In the order of their names; kept until target groups change. */
  groupsByName(): ReadonlyMap<string, TargetGroup>;
}

export function makeStore(initial?: Elbv2State): Store {
  const listeners = recordsOf(initial?.listeners);
  const rules = recordsOf(initial?.rules);
  const targetGroups = recordsOf(initial?.targetGroups);
  return {
    loadBalancers: recordsOf(initial?.loadBalancers),
    listeners,
    rules,
    targetGroups,
    wiring: derivedFrom([listeners, rules], () => wiringOf({ listeners, rules })),
    groupsByName: derivedFrom([targetGroups], () => byName(targetGroups.values())),
  };
}

function byName(groups: Iterable<TargetGroup>): ReadonlyMap<string, TargetGroup> {
  const sorted = [...groups].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(sorted.map((group) => [group.name, group]));
}

export function snapshotOf(store: Store): Elbv2State {
  return {
    version: 1,
    loadBalancers: [...store.loadBalancers.values()],
    listeners: [...store.listeners.values()],
    rules: [...store.rules.values()],
    targetGroups: [...store.targetGroups.values()],
  };
}

/** `ip:port`: what makes a target the same target within its group. */
export const targetKey = (target: { readonly ip: string; readonly port: number }): string =>
  `${target.ip}:${target.port}`;

export const isDraining = (target: Target): boolean => target.drainingUntil !== undefined;

export const listenersOf = (store: Store, loadBalancerArn: string): readonly Listener[] =>
  store.wiring().listenersByLoadBalancer.get(loadBalancerArn) ?? [];

/** Lowest priority number first, the default rule last: the order of evaluation. */
export const rulesOf = (store: Store, listenerArn: string): readonly Rule[] =>
  store.wiring().rulesByListener.get(listenerArn) ?? [];

/**
 * The load balancer of each target group that some rule forwards to (`exceptRule` left aside). A group belongs to at
 * most one.
 */
export const loadBalancerByGroup = (store: Store, exceptRule?: string): ReadonlyMap<string, string> =>
  exceptRule === undefined ? store.wiring().loadBalancerByGroup : ownersOf(store, exceptRule);

/** Removes the listener and its rules. Its target groups stay. */
export function removeListener(store: Store, listenerArn: string): void {
  const rules = rulesOf(store, listenerArn);
  store.listeners.delete(listenerArn);
  for (const rule of rules) store.rules.delete(rule.arn);
}
