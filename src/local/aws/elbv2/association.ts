/** May a rule of this load balancer forward to these target groups? */
import { ApiError } from '../service.ts';
import { type Context, targetGroupOf } from './context.ts';
import type { Action } from './state.ts';
import { loadBalancerByGroup } from './store.ts';
import { groupsOf } from './wiring.ts';

export interface Association {
  readonly loadBalancerArn: string;
  readonly action: Action;
  /** ARN of the rule that the action replaces the action of. */
  readonly replaces?: string;
}

/** Throws TargetGroupNotFound, TargetGroupAssociationLimit, TooManyUniqueTargetGroupsPerLoadBalancer or TooManyTargets. */
export function checkAssociation(context: Context, { loadBalancerArn, action, replaces }: Association): void {
  const owners = loadBalancerByGroup(context.store, replaces);
  for (const arn of groupsOf(action)) {
    const group = targetGroupOf(context, arn);
    const owner = owners.get(arn);
    if (owner !== undefined && owner !== loadBalancerArn) {
      throw new ApiError(
        'TargetGroupAssociationLimit',
        `The following target groups cannot be associated with more than one load balancer: ${group.arn}`,
      );
    }
  }
  const others = [...owners].filter(([, owner]) => owner === loadBalancerArn).map(([arn]) => arn);
  checkLoadBalancerQuotas(context, new Set([...others, ...groupsOf(action)]));
}

function checkLoadBalancerQuotas({ store, quotas }: Context, groups: ReadonlySet<string>): void {
  if (groups.size > quotas.targetGroupsPerLoadBalancer) {
    throw new ApiError(
      'TooManyUniqueTargetGroupsPerLoadBalancer',
      `You have reached the maximum number of unique target groups for this load balancer: ${quotas.targetGroupsPerLoadBalancer}`,
    );
  }
  checkTargetsPerLoadBalancer(
    [...groups].reduce((sum, arn) => sum + (store.targetGroups.get(arn)?.targets.length ?? 0), 0),
    quotas.targetsPerLoadBalancer,
  );
}

/** Throws TooManyTargets. */
export function checkTargetsPerLoadBalancer(targets: number, most: number): void {
  if (targets <= most) return;
  throw new ApiError(
    'TooManyTargets',
    `You have reached the maximum number of targets for this load balancer: ${most}`,
  );
}
