/** The records by ARN, and the questions that operations and routing ask about how they hang together. */
import type { Action, Elbv2State, Listener, LoadBalancer, Rule, Target, TargetGroup } from './state.ts';

export interface Store {
  readonly loadBalancers: Map<string, LoadBalancer>;
  readonly listeners: Map<string, Listener>;
  readonly rules: Map<string, Rule>;
  readonly targetGroups: Map<string, TargetGroup>;
}

const byArn = <T extends { readonly arn: string }>(records: readonly T[] = []): Map<string, T> =>
  new Map(records.map((record) => [record.arn, record]));

export function makeStore(initial?: Elbv2State): Store {
  return {
    loadBalancers: byArn(initial?.loadBalancers),
    listeners: byArn(initial?.listeners),
    rules: byArn(initial?.rules),
    targetGroups: byArn(initial?.targetGroups),
  };
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

/** ARNs of the target groups that an action forwards to, whatever their weight. */
export const groupsOf = (action: Action): readonly string[] =>
  action.type === 'forward' ? action.targetGroups.map((group) => group.arn) : [];

export const listenersOf = (store: Store, loadBalancerArn: string): readonly Listener[] =>
  [...store.listeners.values()].filter((listener) => listener.loadBalancerArn === loadBalancerArn);

/** Lowest priority number first, the default rule last: the order of evaluation. */
export const rulesOf = (store: Store, listenerArn: string): readonly Rule[] =>
  [...store.rules.values()].filter((rule) => rule.listenerArn === listenerArn).sort(byPriority);

/** The order in which rules are evaluated and listed. */
const byPriority = (a: Rule, b: Rule): number => rank(a) - rank(b);

const rank = (rule: Rule): number => (rule.priority === 'default' ? Number.MAX_SAFE_INTEGER : rule.priority);

/**
 * The load balancer of each target group that some rule forwards to (`exceptRule` left aside). A group belongs to at
 * most one.
 */
export function loadBalancerByGroup(store: Store, exceptRule?: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const rule of store.rules.values()) {
    if (rule.arn === exceptRule) continue;
    const loadBalancerArn = store.listeners.get(rule.listenerArn)?.loadBalancerArn;
    if (loadBalancerArn === undefined) continue;
    for (const group of groupsOf(rule.action)) found.set(group, loadBalancerArn);
  }
  return found;
}

/** Removes the listener and its rules. Its target groups stay. */
export function removeListener(store: Store, listenerArn: string): void {
  store.listeners.delete(listenerArn);
  for (const rule of rulesOf(store, listenerArn)) store.rules.delete(rule.arn);
}
