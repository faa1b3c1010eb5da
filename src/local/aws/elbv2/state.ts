/**
 * What the load balancers are: plain records, replaced and never changed in place, so that a snapshot is a handful of
 * arrays that can be kept as JSON. Health is not part of it: it is found out again after a restart.
 */
import { z } from 'zod';

const Tags = z.record(z.string(), z.string()).readonly();

const LoadBalancer = z
  .strictObject({
    arn: z.string(),
    name: z.string(),
    createdAt: z.number(),
    scheme: z.enum(['internet-facing', 'internal']),
    subnets: z.array(z.string()).readonly(),
    securityGroups: z.array(z.string()).readonly(),
    tags: Tags,
  })
  .readonly();
export type LoadBalancer = z.infer<typeof LoadBalancer>;

const Listener = z
  .strictObject({ arn: z.string(), loadBalancerArn: z.string(), port: z.int().min(1).max(65535), tags: Tags })
  .readonly();
export type Listener = z.infer<typeof Listener>;

const Condition = z
  .strictObject({ field: z.enum(['host-header', 'path-pattern']), values: z.array(z.string()).min(1).readonly() })
  .readonly();
export type Condition = z.infer<typeof Condition>;

const Action = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('forward'),
      targetGroups: z
        .array(z.strictObject({ arn: z.string(), weight: z.int().min(0).max(999) }).readonly())
        .min(1)
        .readonly(),
    })
    .readonly(),
  z
    .strictObject({
      type: z.literal('fixed-response'),
      statusCode: z.int(),
      contentType: z.string().optional(),
      body: z.string().optional(),
    })
    .readonly(),
  z
    .strictObject({
      type: z.literal('redirect'),
      statusCode: z.enum(['HTTP_301', 'HTTP_302']),
      protocol: z.string(),
      port: z.string(),
      host: z.string(),
      path: z.string(),
      query: z.string(),
    })
    .readonly(),
]);
export type Action = z.infer<typeof Action>;
export type ForwardAction = Extract<Action, { type: 'forward' }>;

const Rule = z
  .strictObject({
    arn: z.string(),
    listenerArn: z.string(),
    /** The default rule carries the listener's default action and matches what no other rule does. */
    priority: z.union([z.int().min(1).max(50_000), z.literal('default')]),
    conditions: z.array(Condition).readonly(),
    action: Action,
    tags: Tags,
  })
  .readonly();
export type Rule = z.infer<typeof Rule>;

const Target = z
  .strictObject({
    ip: z.string(),
    port: z.int().min(1).max(65535),
    /** Milliseconds since the epoch; set while the target drains. */
    drainingUntil: z.number().optional(),
  })
  .readonly();
export type Target = z.infer<typeof Target>;

const HealthCheck = z
  .strictObject({
    path: z.string(),
    /** `traffic-port`, or a port number in digits. */
    port: z.string(),
    intervalSeconds: z.int(),
    timeoutSeconds: z.int(),
    healthyThreshold: z.int(),
    unhealthyThreshold: z.int(),
    /** HTTP codes that pass: `200`, `200,202` or `200-299`. */
    matcher: z.string(),
  })
  .readonly();
export type HealthCheck = z.infer<typeof HealthCheck>;

const TargetGroup = z
  .strictObject({
    arn: z.string(),
    name: z.string(),
    port: z.int().min(1).max(65535),
    vpcId: z.string(),
    healthCheck: HealthCheck,
    deregistrationDelaySeconds: z.int().min(0).max(3600),
    targets: z.array(Target).readonly(),
    tags: Tags,
  })
  .readonly();
export type TargetGroup = z.infer<typeof TargetGroup>;

const State = z
  .strictObject({
    version: z.literal(1),
    loadBalancers: z.array(LoadBalancer).readonly(),
    listeners: z.array(Listener).readonly(),
    rules: z.array(Rule).readonly(),
    targetGroups: z.array(TargetGroup).readonly(),
  })
  .readonly();
/** All that survives a restart, as plain JSON. */
export type Elbv2State = z.infer<typeof State>;

/** Reads back what `onChange` was given; throws with every fault named when the value is something else. */
export function parseElbv2State(value: unknown): Elbv2State {
  const parsed = State.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`The saved state of the load balancers cannot be used:\n${z.prettifyError(parsed.error)}`);
}
