/** May a rule of this load balancer forward to these target groups, and may these have these targets? */
import { ApiError } from '../service.ts';
import { type Context, targetGroupOf } from './context.ts';
import type { Action, TargetGroup } from './state.ts';
import { loadBalancerByGroup } from './store.ts';
import { groupsOf } from './wiring.ts';

export interface Association {
  readonly loadBalancerArn: string;
  readonly action: Action;
  /** ARN of the rule that the action replaces the action of. */
  readonly replaces?: string;
}

/**
 * Throws TargetGroupNotFound, TargetGroupAssociationLimit, TooManyUniqueTargetGroupsPerLoadBalancer, TooManyTargets or
 * TooManyRegistrationsForTargetId.
 */
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

function checkLoadBalancerQuotas(context: Context, groups: ReadonlySet<string>): void {
  const most = context.quotas.targetGroupsPerLoadBalancer;
  if (groups.size > most) {
    throw new ApiError(
      'TooManyUniqueTargetGroupsPerLoadBalancer',
      `You have reached the maximum number of unique target groups for this load balancer: ${most}`,
    );
  }
  checkTargetsOf(
    context,
    [...groups].flatMap((arn) => context.store.targetGroups.get(arn) ?? []),
  );
}

/** Throws TooManyTargets or TooManyRegistrationsForTargetId, for a group as it would be. */
export function checkTargets(context: Context, updated: TargetGroup): void {
  const { store, quotas } = context;
  if (updated.targets.length > quotas.targetsPerTargetGroup) {
    throw tooManyTargets('target group', quotas.targetsPerTargetGroup);
  }
  const { loadBalancerByGroup: owners, groupsByLoadBalancer } = store.wiring();
  const siblings = groupsByLoadBalancer.get(owners.get(updated.arn) ?? '') ?? [];
  const others = [...siblings].filter((arn) => arn !== updated.arn).flatMap((arn) => store.targetGroups.get(arn) ?? []);
  if (owners.has(updated.arn)) checkTargetsOf(context, [...others, updated]);
}

/** `groups` are all of one load balancer. */
function checkTargetsOf({ quotas }: Context, groups: readonly TargetGroup[]): void {
  const registrations = new Map<string, number>();
  let total = 0;
  for (const { targets } of groups) {
    total += targets.length;
    for (const { ip } of targets) registrations.set(ip, (registrations.get(ip) ?? 0) + 1);
  }
  if (total > quotas.targetsPerLoadBalancer) throw tooManyTargets('load balancer', quotas.targetsPerLoadBalancer);
  for (const [ip, count] of registrations) {
    if (count <= quotas.registrationsPerTarget) continue;
    throw new ApiError(
      'TooManyRegistrationsForTargetId',
      `The target '${ip}' is registered the maximum number of times with this load balancer: ${quotas.registrationsPerTarget}`,
    );
  }
}

const tooManyTargets = (of: string, most: number): ApiError =>
  new ApiError('TooManyTargets', `You have reached the maximum number of targets for this ${of}: ${most}`);
