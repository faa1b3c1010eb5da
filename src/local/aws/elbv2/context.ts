/** What every operation works with. */
import type { StaticStructureSchema } from '@smithy/types';
import { ApiError, type LocalClock, type Operation } from '../service.ts';
import type { ArnMaker } from './arns.ts';
import type { Balancer } from './balancer/port.ts';
import type { HealthChecks } from './health-checks.ts';
import type { Quotas } from './quotas.ts';
import type { Releases } from './releases.ts';
import type { Listener, LoadBalancer, Rule, TargetGroup } from './state.ts';
import type { Store } from './store.ts';
import type { Switches } from './switches.ts';
import type { Visibility } from './visibility.ts';

export interface Context {
  readonly store: Store;
  readonly clock: LocalClock;
  readonly region: string;
  /** The one network that every load balancer is in. */
  readonly vpcId: string;
  readonly arns: ArnMaker;
  readonly quotas: Quotas;
  readonly switches: Switches;
  readonly balancer: Balancer;
  readonly health: Pick<HealthChecks, 'healthOf'>;
  readonly visibility: Visibility;
  readonly releases: Releases;
  /** Call after every change of the store: fits health checks and routing to it, and hands the new state on. */
  changed(): void;
}

/** An operation with its SDK schemas. */
export const operation = <Input, Output extends object>(
  input: StaticStructureSchema,
  output: StaticStructureSchema,
  handle: (input: Input) => Output | Promise<Output>,
): Operation<Input, Output> => ({ input, output, handle });

const notFound = (arn: string, what: string, code: string): ApiError =>
  new ApiError(code, `One or more ${what} not found: '${arn}'`);

function found<T>(records: ReadonlyMap<string, T>, arn: string, what: string, code: string): T {
  const record = records.get(arn);
  if (record === undefined) throw notFound(arn, what, code);
  return record;
}

export const loadBalancerOf = ({ store }: Context, arn: string): LoadBalancer =>
  found(store.loadBalancers, arn, 'load balancers', 'LoadBalancerNotFound');

export const listenerOf = ({ store }: Context, arn: string): Listener =>
  found(store.listeners, arn, 'listeners', 'ListenerNotFound');

export const ruleOf = ({ store }: Context, arn: string): Rule => found(store.rules, arn, 'rules', 'RuleNotFound');

export const targetGroupOf = ({ store }: Context, arn: string): TargetGroup =>
  found(store.targetGroups, arn, 'target groups', 'TargetGroupNotFound');

/** As Describe* finds it: a new one is not there yet. */
export function visibleRuleOf(context: Context, arn: string): Rule {
  if (!context.visibility.shows(arn)) throw notFound(arn, 'rules', 'RuleNotFound');
  return ruleOf(context, arn);
}

/** As Describe* finds it: a new one is not there yet. */
export function visibleTargetGroupOf(context: Context, arn: string): TargetGroup {
  if (!context.visibility.shows(arn)) throw notFound(arn, 'target groups', 'TargetGroupNotFound');
  return targetGroupOf(context, arn);
}
