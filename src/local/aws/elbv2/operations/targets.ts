/** RegisterTargets, DeregisterTargets, DescribeTargetHealth. */
import {
  type DeregisterTargetsInput,
  DeregisterTargetsInput$,
  type DeregisterTargetsOutput,
  DeregisterTargetsOutput$,
  type DescribeTargetHealthInput,
  DescribeTargetHealthInput$,
  type DescribeTargetHealthOutput,
  DescribeTargetHealthOutput$,
  type RegisterTargetsInput,
  RegisterTargetsInput$,
  type RegisterTargetsOutput,
  RegisterTargetsOutput$,
  type TargetDescription,
  type TargetHealth,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { BlockList, isIPv4 } from 'node:net';
import { ApiError } from '../../service.ts';
import { checkTargets } from '../association.ts';
import { type Context, operation, targetGroupOf, visibleTargetGroupOf } from '../context.ts';
import type { Target, TargetGroup } from '../state.ts';
import { isDraining, loadBalancerByGroup, targetKey } from '../store.ts';
import { inRange, ports, required, requiredList } from '../validation.ts';

export const targetOperations = (context: Context) => ({
  RegisterTargets: operation<RegisterTargetsInput, RegisterTargetsOutput>(
    RegisterTargetsInput$,
    RegisterTargetsOutput$,
    (input) => register(context, input),
  ),
  DeregisterTargets: operation<DeregisterTargetsInput, DeregisterTargetsOutput>(
    DeregisterTargetsInput$,
    DeregisterTargetsOutput$,
    (input) => deregister(context, input),
  ),
  DescribeTargetHealth: operation<DescribeTargetHealthInput, DescribeTargetHealthOutput>(
    DescribeTargetHealthInput$,
    DescribeTargetHealthOutput$,
    (input) => describeHealth(context, input),
  ),
});

/** A target that is registered stays as it is; one that drains begins anew, or is refused: see `Switches`. */
function register(context: Context, input: RegisterTargetsInput): RegisterTargetsOutput {
  const group = targetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'));
  const added = requiredList(input.Targets, 'targets').map((description) => parseTarget(description, group));
  const targets = new Map(group.targets.map((target) => [targetKey(target), target]));
  for (const target of added) {
    const before = targets.get(targetKey(target));
    if (before !== undefined && isDraining(before)) checkMayReturn(context, target);
    if (before === undefined || isDraining(before)) targets.set(targetKey(target), target);
  }
  const updated = { ...group, targets: [...targets.values()] };
  checkTargets(context, updated);
  context.store.targetGroups.set(group.arn, updated);
  context.changed();
  return {};
}

function parseTarget(description: TargetDescription, group: TargetGroup): Target {
  return { ip: parseAddress(description), port: inRange(description.Port ?? group.port, 'targets.port', ports) };
}

/** Private addresses as on AWS (AWS-FACTS ELBv2 "target type ip"), and loopback, where local tasks live. */
const networks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8'];

const allowedAddresses = new BlockList();
for (const network of networks) {
  const [address = '', prefix] = network.split('/');
  allowedAddresses.addSubnet(address, Number(prefix));
}

function parseAddress(description: TargetDescription): string {
  const ip = required(description.Id, 'targets.id');
  if (isIPv4(ip) && allowedAddresses.check(ip)) return ip;
  throw new ApiError(
    'InvalidTarget',
    `The IP address '${ip}' is not valid; allowed are IPv4 addresses of ${networks.join(', ')}`,
  );
}

function checkMayReturn({ switches }: Context, { ip, port }: Target): void {
  if (!switches.refusesDrainingTargets) return;
  throw new ApiError(
    'InvalidTarget',
    `The target '${ip}:${port}' is draining; it can be registered again when its deregistration delay has passed`,
  );
}

/** Absent targets are no error. A target of a group that no rule uses has nothing to drain, and goes at once. */
function deregister(context: Context, input: DeregisterTargetsInput): DeregisterTargetsOutput {
  const { store, clock } = context;
  const group = targetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'));
  const named = requiredList(input.Targets, 'targets').map((description) => parseLeaving(description));
  const leaves = (target: Target): boolean =>
    named.some(({ ip, port }) => ip === target.ip && (port ?? target.port) === target.port);
  const drains = loadBalancerByGroup(store).has(group.arn) && group.deregistrationDelaySeconds > 0;
  const drainingUntil = clock.now() + group.deregistrationDelaySeconds * 1000;
  const targets = group.targets.flatMap((target) => {
    if (!leaves(target) || isDraining(target)) return [target];
    return drains ? [{ ...target, drainingUntil }] : [];
  });
  store.targetGroups.set(group.arn, { ...group, targets });
  for (const target of group.targets.filter(leaves)) context.balancer.forget(target);
  context.changed();
  return {};
}

/** Without a port, the address on every port that it is registered with. */
const parseLeaving = (description: TargetDescription): { readonly ip: string; readonly port: number | undefined } => ({
  ip: parseAddress(description),
  port: description.Port === undefined ? undefined : inRange(description.Port, 'targets.port', ports),
});

function describeHealth(context: Context, input: DescribeTargetHealthInput): DescribeTargetHealthOutput {
  const group = visibleTargetGroupOf(context, required(input.TargetGroupArn, 'targetGroupArn'));
  const asked = input.Targets ?? [];
  const targets = asked.length === 0 ? group.targets : asked.map((description) => findTarget(description, group));
  const inUse = loadBalancerByGroup(context.store).has(group.arn);
  return { TargetHealthDescriptions: targets.map((target) => describeTarget(context, { group, target, inUse })) };
}

function findTarget(description: TargetDescription, group: TargetGroup): Target {
  const wanted = parseTarget(description, group);
  return group.targets.find((target) => targetKey(target) === targetKey(wanted)) ?? wanted;
}

interface Described {
  readonly group: TargetGroup;
  readonly target: Target;
  readonly inUse: boolean;
}

const describeTarget = (context: Context, described: Described): TargetHealthDescription => {
  const { group, target } = described;
  return {
    Target: { Id: target.ip, Port: target.port, AvailabilityZone: `${context.region}a` },
    HealthCheckPort: group.healthCheck.port === 'traffic-port' ? String(target.port) : group.healthCheck.port,
    TargetHealth: healthView(context, described),
  };
};

/** AWS-FACTS ELBv2 "health states". */
function healthView(context: Context, { group, target, inUse }: Described): TargetHealth {
  if (!group.targets.includes(target)) {
    return {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    };
  }
  if (isDraining(target)) {
    return {
      State: 'draining',
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    };
  }
  const health = inUse ? context.health.healthOf(group.arn, target) : undefined;
  if (health === undefined) {
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target group is not configured to receive traffic from the load balancer',
    };
  }
  return { State: health.state, Reason: health.reason, Description: health.description };
}
