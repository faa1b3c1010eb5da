/** How rules, listeners, load balancers and target groups hang together. Pure. */
import type { Action, Listener, Rule } from './state.ts';

export interface Wiring {
  /** Lowest priority number first, the default rule last: the order of evaluation. */
  readonly rulesByListener: ReadonlyMap<string, readonly Rule[]>;
  readonly listenersByLoadBalancer: ReadonlyMap<string, readonly Listener[]>;
  /** Of each target group that some rule forwards to; a group belongs to at most one. */
  readonly loadBalancerByGroup: ReadonlyMap<string, string>;
  readonly groupsByLoadBalancer: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Wired {
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly rules: ReadonlyMap<string, Rule>;
}

export function wiringOf({ listeners, rules }: Wired): Wiring {
  const owners = ownersOf({ listeners, rules });
  const groups = new Map<string, Set<string>>();
  for (const [group, owner] of owners) groups.set(owner, (groups.get(owner) ?? new Set()).add(group));
  return {
    rulesByListener: sortedRules(rules.values()),
    listenersByLoadBalancer: Map.groupBy(listeners.values(), (listener) => listener.loadBalancerArn),
    loadBalancerByGroup: owners,
    groupsByLoadBalancer: groups,
  };
}

export function sortedRules(rules: Iterable<Rule>): ReadonlyMap<string, readonly Rule[]> {
  const found = Map.groupBy(rules, (rule) => rule.listenerArn);
  for (const each of found.values()) each.sort((a, b) => rank(a) - rank(b));
  return found;
}

const rank = (rule: Rule): number => (rule.priority === 'default' ? Number.MAX_SAFE_INTEGER : rule.priority);

/** The load balancer of each target group in use, `exceptRule` left aside. */
export function ownersOf({ listeners, rules }: Wired, exceptRule?: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const rule of rules.values()) {
    if (rule.arn === exceptRule) continue;
    const loadBalancerArn = listeners.get(rule.listenerArn)?.loadBalancerArn;
    if (loadBalancerArn === undefined) continue;
    for (const group of groupsOf(rule.action)) found.set(group, loadBalancerArn);
  }
  return found;
}

/** ARNs of the target groups that an action forwards to, whatever their weight. */
export const groupsOf = (action: Action): readonly string[] =>
  action.type === 'forward' ? action.targetGroups.map((group) => group.arn) : [];
