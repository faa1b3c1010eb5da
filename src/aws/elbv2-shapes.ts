/** Target groups, targets and rules between AWS's shapes and the operator's. Pure. */
import type {
  Action,
  CreateTargetGroupCommandInput,
  ModifyTargetGroupCommandInput,
  Rule,
  RuleCondition,
  Tag,
  TagDescription,
  TargetGroup,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type HealthCheck, healthCheckOf } from '../model/health-check.ts';
import type { ObservedRule, ObservedTarget, ObservedTargetGroup, TargetState } from '../model/observed.ts';
import type { TargetGroupSpec } from '../model/step.ts';
import { required } from './classify.ts';
import type { Tags, WeightedTargetGroup } from './ports.ts';

const TARGET_STATES: readonly TargetState[] = [
  'initial',
  'healthy',
  'unhealthy',
  'unhealthy.draining',
  'unused',
  'draining',
  'unavailable',
];

export function toObservedTargetGroup(group: TargetGroup): ObservedTargetGroup {
  const operation = 'elasticloadbalancing:DescribeTargetGroups';
  return {
    arn: required(group.TargetGroupArn, operation, 'TargetGroupArn'),
    name: required(group.TargetGroupName, operation, 'TargetGroupName'),
    vpcId: group.VpcId,
    port: group.Port,
    healthCheck: {
      path: group.HealthCheckPath,
      port: group.HealthCheckPort,
      intervalSeconds: group.HealthCheckIntervalSeconds,
      timeoutSeconds: group.HealthCheckTimeoutSeconds,
      healthyThreshold: group.HealthyThresholdCount,
      unhealthyThreshold: group.UnhealthyThresholdCount,
      matcher: group.Matcher?.HttpCode,
    },
  };
}

/** A state that AWS adds one day is `unavailable`: never taken for healthy. */
export function toObservedTarget({ Target, TargetHealth }: TargetHealthDescription): ObservedTarget {
  const operation = 'elasticloadbalancing:DescribeTargetHealth';
  const state = required(TargetHealth?.State, operation, 'State');
  return {
    ip: required(Target?.Id, operation, 'Target.Id'),
    port: required(Target?.Port, operation, 'Target.Port'),
    state: TARGET_STATES.find((known) => known === state) ?? 'unavailable',
    reason: TargetHealth?.Reason,
    description: TargetHealth?.Description,
  };
}

export function toObservedRule(rule: Rule, operation: string): ObservedRule {
  const priority = Number(required(rule.Priority, operation, 'Priority'));
  return {
    arn: required(rule.RuleArn, operation, 'RuleArn'),
    priority: required(Number.isInteger(priority) ? priority : undefined, operation, 'a numeric Priority'),
    hosts: (rule.Conditions ?? [])
      .filter(({ Field }) => Field === 'host-header')
      .flatMap(({ HostHeaderConfig, Values }) => HostHeaderConfig?.Values ?? Values ?? []),
    forward: forwardOf(
      rule.Actions?.find(({ Type }) => Type === 'forward'),
      operation,
    ),
  };
}

/** A forward to one group may come in the short form, which has no weight. */
function forwardOf(action: Action | undefined, operation: string): ObservedRule['forward'] {
  const groups = action?.ForwardConfig?.TargetGroups;
  if (groups && groups.length > 0) {
    return groups.map(({ TargetGroupArn, Weight }) => ({
      targetGroupArn: required(TargetGroupArn, operation, 'TargetGroupArn of a forward action'),
      weight: Weight ?? 1,
    }));
  }
  return action?.TargetGroupArn ? [{ targetGroupArn: action.TargetGroupArn, weight: 1 }] : [];
}

export function forwardTo(groups: readonly WeightedTargetGroup[]): Action {
  return {
    Type: 'forward',
    ForwardConfig: {
      TargetGroups: groups.map(({ targetGroupArn, weight }) => ({ TargetGroupArn: targetGroupArn, Weight: weight })),
    },
  };
}

export function hostIs(host: string): RuleCondition {
  return { Field: 'host-header', HostHeaderConfig: { Values: [host] } };
}

export function toTags(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Key, Value]) => ({ Key, Value }));
}

export function toTagged({ ResourceArn, Tags: tags = [] }: TagDescription): readonly [string, Tags] {
  const arn = required(ResourceArn, 'elasticloadbalancing:DescribeTags', 'ResourceArn');
  return [arn, Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]))];
}

/** Equal specs give equal settings, for which creating again succeeds (AWS-FACTS ELBv2 "CreateTargetGroup"). */
export function toCreateTargetGroupInput(spec: TargetGroupSpec): CreateTargetGroupCommandInput {
  return {
    Name: spec.name,
    Protocol: 'HTTP',
    Port: spec.port,
    VpcId: spec.vpcId,
    TargetType: 'ip',
    ...toHealthCheckInput(healthCheckOf(spec)),
    Tags: toTags(spec.tags),
  };
}

export function toHealthCheckInput(check: HealthCheck): Omit<ModifyTargetGroupCommandInput, 'TargetGroupArn'> {
  return {
    HealthCheckEnabled: true,
    HealthCheckProtocol: 'HTTP',
    HealthCheckPath: check.path,
    HealthCheckPort: check.port,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
    Matcher: { HttpCode: check.matcher },
  };
}
