/** Target group attributes: the deregistration delay can be set, the others are there to be read. */
import type { TargetGroupAttribute } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../service.ts';
import type { TargetGroup } from './state.ts';
import { digitsInRange, required, requiredList } from './validation.ts';

/** AWS-FACTS ELBv2 "deregistration delay". */
export const defaultDeregistrationDelaySeconds = 300;

const delayKey = 'deregistration_delay.timeout_seconds';

/** AWS's defaults, which are also how the local load balancer behaves. */
const fixedAttributes: Readonly<Record<string, string>> = {
  'stickiness.enabled': 'false',
  'stickiness.type': 'lb_cookie',
  'stickiness.lb_cookie.duration_seconds': '86400',
  'stickiness.app_cookie.cookie_name': '',
  'stickiness.app_cookie.duration_seconds': '86400',
  'load_balancing.algorithm.type': 'round_robin',
  'load_balancing.algorithm.anomaly_mitigation': 'off',
  'load_balancing.cross_zone.enabled': 'use_load_balancer_configuration',
  'slow_start.duration_seconds': '0',
  'target_group_health.dns_failover.minimum_healthy_targets.count': '1',
  'target_group_health.dns_failover.minimum_healthy_targets.percentage': 'off',
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.count': '1',
  'target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage': 'off',
};

export const attributeViews = (group: TargetGroup): TargetGroupAttribute[] =>
  Object.entries({ [delayKey]: String(group.deregistrationDelaySeconds), ...fixedAttributes }).map(([Key, Value]) => ({
    Key,
    Value,
  }));

/** The group with the attributes set. Throws ValidationError or InvalidConfigurationRequest. */
export function withAttributes(group: TargetGroup, input: readonly TargetGroupAttribute[] | undefined): TargetGroup {
  return requiredList(input, 'attributes').reduce(withAttribute, group);
}

function withAttribute(group: TargetGroup, attribute: TargetGroupAttribute): TargetGroup {
  const key = required(attribute.Key, 'attributes.key');
  const value = attribute.Value ?? '';
  if (key === delayKey)
    return { ...group, deregistrationDelaySeconds: digitsInRange(value, key, { min: 0, max: 3600 }) };
  const fixed = fixedAttributes[key];
  if (fixed === undefined) {
    throw new ApiError('InvalidConfigurationRequest', `Target group attribute key '${key}' is not recognized`);
  }
  if (fixed !== value) {
    throw new ApiError(
      'InvalidConfigurationRequest',
      `Target group attribute '${key}' cannot be changed in the local load balancer; found '${value}', allowed is '${fixed}'`,
    );
  }
  return group;
}
