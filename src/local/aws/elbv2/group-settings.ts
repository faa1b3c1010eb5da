/** Target group settings: from the API's shape, checked, to ours and back. AWS-FACTS ELBv2 "HC defaults". */
import type {
  CreateTargetGroupInput,
  ModifyTargetGroupInput,
  TargetGroup as TargetGroupView,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../service.ts';
import type { HealthCheck, TargetGroup } from './state.ts';
import { checkName, digitsInRange, inRange, ports, required, unsupported, validationError } from './validation.ts';

/** What two CreateTargetGroup calls must agree on to be the same. */
export type GroupSettings = Pick<TargetGroup, 'name' | 'port' | 'vpcId' | 'healthCheck'>;

const defaultHealthCheck: HealthCheck = {
  path: '/',
  port: 'traffic-port',
  intervalSeconds: 30,
  timeoutSeconds: 5,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

export function parseGroupSettings(input: CreateTargetGroupInput): GroupSettings {
  const name = checkName(required(input.Name, 'name'), 'Target group');
  const targetType = input.TargetType ?? 'instance';
  if (targetType !== 'ip') throw unsupported(`Target type '${targetType}'`, 'use ip');
  if (required(input.Protocol, 'protocol') !== 'HTTP') {
    throw new ApiError(
      'UnsupportedProtocol',
      `Protocol '${String(input.Protocol)}' is not supported by the local load balancer; use HTTP`,
    );
  }
  if ((input.ProtocolVersion ?? 'HTTP1') !== 'HTTP1') {
    throw unsupported(`Protocol version '${String(input.ProtocolVersion)}'`, 'use HTTP1');
  }
  return {
    name,
    port: inRange(required(input.Port, 'port'), 'port', ports),
    vpcId: required(input.VpcId, 'vpcId'),
    healthCheck: parseHealthCheck(input, defaultHealthCheck),
  };
}

type HealthCheckInput = Pick<
  ModifyTargetGroupInput,
  | 'HealthCheckEnabled'
  | 'HealthCheckIntervalSeconds'
  | 'HealthCheckPath'
  | 'HealthCheckPort'
  | 'HealthCheckProtocol'
  | 'HealthCheckTimeoutSeconds'
  | 'HealthyThresholdCount'
  | 'UnhealthyThresholdCount'
  | 'Matcher'
>;

/** `base` with what the request says. */
export function parseHealthCheck(input: HealthCheckInput, base: HealthCheck): HealthCheck {
  if (input.HealthCheckEnabled === false) throw validationError('Health checks of target type ip cannot be disabled');
  if ((input.HealthCheckProtocol ?? 'HTTP') !== 'HTTP') {
    throw unsupported(`Health check protocol '${String(input.HealthCheckProtocol)}'`, 'use HTTP');
  }
  const check = {
    path: checkPath(input.HealthCheckPath ?? base.path),
    port: checkPort(input.HealthCheckPort ?? base.port),
    matcher: checkMatcher(input.Matcher?.HttpCode ?? base.matcher),
    ...parseTiming(input, base),
  };
  if (check.timeoutSeconds >= check.intervalSeconds) {
    throw validationError(
      `Health check timeout (${check.timeoutSeconds} s) must be smaller than the interval (${check.intervalSeconds} s)`,
    );
  }
  return check;
}

const parseTiming = (input: HealthCheckInput, base: HealthCheck): Omit<HealthCheck, 'path' | 'port' | 'matcher'> => ({
  intervalSeconds: inRange(input.HealthCheckIntervalSeconds ?? base.intervalSeconds, 'healthCheckIntervalSeconds', {
    min: 5,
    max: 300,
  }),
  timeoutSeconds: inRange(input.HealthCheckTimeoutSeconds ?? base.timeoutSeconds, 'healthCheckTimeoutSeconds', {
    min: 2,
    max: 120,
  }),
  healthyThreshold: inRange(input.HealthyThresholdCount ?? base.healthyThreshold, 'healthyThresholdCount', {
    min: 2,
    max: 10,
  }),
  unhealthyThreshold: inRange(input.UnhealthyThresholdCount ?? base.unhealthyThreshold, 'unhealthyThresholdCount', {
    min: 2,
    max: 10,
  }),
});

function checkPath(path: string): string {
  if (/^\/[\x21-\x7e]*$/.test(path) && path.length <= 1024) return path;
  throw validationError(
    `Health check path '${path}' must begin with '/' and be 1 to 1024 printable characters without spaces`,
  );
}

function checkPort(port: string): string {
  if (port !== 'traffic-port') digitsInRange(port, 'healthCheckPort', ports);
  return port;
}

/** Codes 200-499 as `200`, `200,202` or `200-299`. */
function checkMatcher(matcher: string): string {
  const valid = /^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$/.test(matcher);
  const codes = matcher.split(/[,-]/).map(Number);
  if (valid && codes.every((code) => code >= 200 && code <= 499)) return matcher;
  throw validationError(
    `Health check matcher HTTP code '${matcher}' must be within '200-499' inclusive, like 200, 200,202 or 200-299`,
  );
}

export const groupView = (group: TargetGroup, loadBalancerArn: string | undefined): TargetGroupView => ({
  TargetGroupArn: group.arn,
  TargetGroupName: group.name,
  Protocol: 'HTTP',
  ProtocolVersion: 'HTTP1',
  Port: group.port,
  VpcId: group.vpcId,
  TargetType: 'ip',
  IpAddressType: 'ipv4',
  LoadBalancerArns: loadBalancerArn === undefined ? [] : [loadBalancerArn],
  HealthCheckEnabled: true,
  HealthCheckProtocol: 'HTTP',
  HealthCheckPath: group.healthCheck.path,
  HealthCheckPort: group.healthCheck.port,
  HealthCheckIntervalSeconds: group.healthCheck.intervalSeconds,
  HealthCheckTimeoutSeconds: group.healthCheck.timeoutSeconds,
  HealthyThresholdCount: group.healthCheck.healthyThreshold,
  UnhealthyThresholdCount: group.healthCheck.unhealthyThreshold,
  Matcher: { HttpCode: group.healthCheck.matcher },
});
