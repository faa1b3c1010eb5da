/** What becomes of a request: rules by priority, then a target group by weight, then its targets in turn. No I/O. */
import type { HealthChecks } from './health-checks.ts';
import type { LiveRules } from './live-rules.ts';
import { compileConditions, type Matcher, type RoutedRequest } from './matching.ts';
import type { Action, Condition, ForwardAction, Rule, Target } from './state.ts';
import { isDraining, type Store } from './store.ts';

export type Route =
  | { readonly kind: 'target'; readonly targetGroupArn: string; readonly ip: string; readonly port: number }
  | { readonly kind: 'answer'; readonly action: Exclude<Action, ForwardAction> }
  /** The chosen target group has no target, or no group carries weight: ALB's own 503. */
  | { readonly kind: 'unavailable' };

export interface Router {
  /** `unavailable` too for a listener that does not exist. */
  route(listenerArn: string, request: RoutedRequest): Route;
  /** Called after each change of the records. */
  changed(): void;
}

export interface RouterOptions {
  readonly store: Store;
  readonly rules: LiveRules;
  readonly health: Pick<HealthChecks, 'healthOf'>;
  /** At least 0 and less than 1; chooses among weighted target groups. */
  readonly random: () => number;
}

export function makeRouter(options: RouterOptions): Router {
  const { store, rules } = options;
  const compiled = new WeakMap<readonly Condition[], Matcher>();
  /** Requests sent so far, by target group. */
  const turns = new Map<string, number>();

  const matches = ({ conditions }: Rule, request: RoutedRequest): boolean => {
    const known = compiled.get(conditions);
    if (known !== undefined) return known(request);
    const matcher = compileConditions(conditions);
    compiled.set(conditions, matcher);
    return matcher(request);
  };

  const nextTarget = (targetGroupArn: string): Target | undefined => {
    const candidates = candidatesOf(targetGroupArn, options);
    const turn = turns.get(targetGroupArn) ?? 0;
    turns.set(targetGroupArn, turn + 1);
    return candidates[turn % candidates.length];
  };

  return {
    route(listenerArn, request) {
      const action = rules.of(listenerArn).find((rule) => matches(rule, request))?.action;
      if (action === undefined) return { kind: 'unavailable' };
      if (action.type !== 'forward') return { kind: 'answer', action };
      const group = chooseGroup(action, options.random());
      const target = group === undefined ? undefined : nextTarget(group);
      if (group === undefined || target === undefined) return { kind: 'unavailable' };
      return { kind: 'target', targetGroupArn: group, ip: target.ip, port: target.port };
    },
    changed() {
      for (const arn of turns.keys()) if (!store.targetGroups.has(arn)) turns.delete(arn);
    },
  };
}

/** `at` from 0 to 1 falls into one group's share; a weight of 0 has none. */
export function chooseGroup(action: ForwardAction, at: number): string | undefined {
  const total = action.targetGroups.reduce((sum, group) => sum + group.weight, 0);
  let left = at * total;
  return action.targetGroups.find((group) => {
    left -= group.weight;
    return left < 0;
  })?.arn;
}

/** The healthy targets, or, when there is none, all that do not drain: ALB fails open. AWS-FACTS ELBv2 "fail open". */
function candidatesOf(targetGroupArn: string, { store, health }: RouterOptions): readonly Target[] {
  const targets = (store.targetGroups.get(targetGroupArn)?.targets ?? []).filter((target) => !isDraining(target));
  const healthy = targets.filter((target) => health.healthOf(targetGroupArn, target)?.state === 'healthy');
  return healthy.length > 0 ? healthy : targets;
}
