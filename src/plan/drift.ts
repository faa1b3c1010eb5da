/**
 * Drift of the target group itself: what somebody changed at the load balancer, or in the configuration, since it was
 * made. Rules, weights and targets are put back by their own planners.
 *
 *   differs                       while something serves through it     then
 *   health check                  yes or no                             modify it in place
 *   VPC                           no                                    remake: rule and group go and come in one pass
 *   VPC                           yes, the wanted task is not ready     keep: visitors come before tidiness
 *   VPC                           yes, the wanted task waits            remake: it can never be registered otherwise
 *   port (of the group)           no                                    remake
 *   port (of the group)           yes                                   keep: targets carry a port of their own
 *
 * VPC and port cannot be modified (AWS-FACTS ELBv2 "CreateTargetGroup"), and the group's name is the environment's, so a
 * second one cannot be made beside it. Remaking costs a few seconds of waiting page: without a rule, the listener's
 * default action answers, which shows the same.
 */
import { healthCheckDrift, healthCheckOf } from '../model/health-check.ts';
import type { Step, TargetGroupSpec } from '../model/step.ts';
import type { PlanContext } from './context.ts';

export function repairHealthCheck({ observed }: PlanContext, spec: TargetGroupSpec): readonly Step[] {
  const { targetGroup } = observed;
  const healthCheck = healthCheckOf(spec);
  const drift = targetGroup?.healthCheck ? healthCheckDrift(targetGroup.healthCheck, healthCheck) : [];
  if (!targetGroup || drift.length === 0) return [];
  const why = `the health check differs in ${drift.join(', ')}`;
  return [{ kind: 'modify-target-group', targetGroupArn: targetGroup.arn, healthCheck, why }];
}

/** Why the group is of no use as it is, in words. */
export function misfit(
  { observed }: PlanContext,
  spec: TargetGroupSpec,
  use: { readonly serves: boolean; readonly wantedTaskWaits: boolean },
): string | undefined {
  const { vpcId = spec.vpcId, port = spec.port } = observed.targetGroup ?? {};
  if (vpcId !== spec.vpcId && (!use.serves || use.wantedTaskWaits))
    return `the target group is in ${vpcId}, wanted is ${spec.vpcId}`;
  return port !== spec.port && !use.serves ? `the target group has port ${port}, wanted is ${spec.port}` : undefined;
}
