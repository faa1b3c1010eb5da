/** What every operation works with. */
import type { StaticStructureSchema } from '@smithy/types';
import { ApiError, type LocalClock, type Operation } from '../service.ts';
import type { ArnMaker } from './arns.ts';
import type { Balancer } from './balancer/port.ts';
import type { HealthChecks } from './health-checks.ts';
import type { Quotas } from './quotas.ts';
import type { Listener, LoadBalancer, Rule, TargetGroup } from './state.ts';
import type { Store } from './store.ts';

export interface Context {
  readonly store: Store;
  readonly clock: LocalClock;
  readonly region: string;
  /** The one network that every load balancer is in. */
  readonly vpcId: string;
  readonly arns: ArnMaker;
  readonly quotas: Quotas;
  readonly balancer: Balancer;
  readonly health: Pick<HealthChecks, 'healthOf'>;
  /** Call after every change of the store: fits health checks and routing to it, and hands the new state on. */
  changed(): void;
}

/** An operation with its SDK schemas. */
export const operation = <Input, Output extends object>(
  input: StaticStructureSchema,
  output: StaticStructureSchema,
  handle: (input: Input) => Output | Promise<Output>,
): Operation<Input, Output> => ({ input, output, handle });

function found<T>(records: ReadonlyMap<string, T>, arn: string, what: string, code: string): T {
  const record = records.get(arn);
  if (record === undefined) throw new ApiError(code, `One or more ${what} not found: '${arn}'`);
  return record;
}

export const loadBalancerOf = ({ store }: Context, arn: string): LoadBalancer =>
  found(store.loadBalancers, arn, 'load balancers', 'LoadBalancerNotFound');

export const listenerOf = ({ store }: Context, arn: string): Listener =>
  found(store.listeners, arn, 'listeners', 'ListenerNotFound');

export const ruleOf = ({ store }: Context, arn: string): Rule => found(store.rules, arn, 'rules', 'RuleNotFound');

export const targetGroupOf = ({ store }: Context, arn: string): TargetGroup =>
  found(store.targetGroups, arn, 'target groups', 'TargetGroupNotFound');
