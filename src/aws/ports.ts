/**
 * Narrow ports over AWS: what the operator needs, in its own words. Adapters over the SDK implement them beside this
 * file; tests and the simulation run the same adapters against the local AWS. Every method throws `AwsError`.
 */
import type { HealthCheck } from '../model/health-check.ts';
import type { ObservedRule, ObservedTarget, ObservedTargetGroup, ObservedTask } from '../model/observed.ts';
import type { RunTaskRequest, TargetGroupSpec } from '../model/step.ts';

export interface TaskDefinition {
  /** arn:aws:ecs:R:A:task-definition/family:revision */
  readonly arn: string;
  readonly active: boolean;
  readonly containers: readonly TaskDefinitionContainer[];
}

export interface TaskDefinitionContainer {
  readonly name: string;
  readonly image: string;
  /** Where the awslogs driver writes, when it is used. */
  readonly log?: { readonly group: string; readonly streamPrefix: string } | undefined;
}

export type RunTaskOutcome =
  | { readonly ok: true; readonly task: ObservedTask }
  /** `failures[]` of an HTTP 200 answer. AWS-FACTS ECS "failures[]". */
  | { readonly ok: false; readonly reason: string; readonly detail: string };

export interface DescribedTasks {
  readonly tasks: readonly ObservedTask[];
  /** ARNs that ECS answers MISSING for. */
  readonly missing: readonly string[];
}

export interface EcsPort {
  /** ARNs of all tasks with this `startedBy` whose desired status is RUNNING; reads every page. */
  listTasks(cluster: string, startedBy: string): Promise<readonly string[]>;
  /** Any number of ARNs; asked 100 at a time. */
  describeTasks(cluster: string, arns: readonly string[]): Promise<DescribedTasks>;
  /** Throws AwsError of kind `conflict` with `resourceIds` when the token belongs to another request. */
  runTask(request: RunTaskRequest, clientToken: string): Promise<RunTaskOutcome>;
  /** Stopping a task that ECS no longer knows succeeds. */
  stopTask(cluster: string, arn: string, reason: string): Promise<void>;
  /**
   * Family (its newest ACTIVE revision), family:revision or ARN; undefined when there is none. An explicit revision that
   * is no longer ACTIVE is still described, with `active` false: tasks of it may run.
   */
  describeTaskDefinition(name: string): Promise<TaskDefinition | undefined>;
  /**
   * Registers in `family` a copy of the base with the image of one container changed, unless the family's newest ACTIVE
   * revision has that image already; returns the revision's ARN. Throws `not-found` when the base does not exist or
   * lacks the container.
   */
  registerWithImage(base: string, family: string, container: string, image: string): Promise<string>;
  /** For the start-up check. */
  clusterExists(cluster: string): Promise<boolean>;
}

export interface Elbv2Port {
  /** All target groups of the account and region, 400 a page. */
  describeTargetGroups(): Promise<readonly ObservedTargetGroup[]>;
  /** All rules of the listener but the default one, 400 a page. */
  describeRules(listenerArn: string): Promise<readonly ObservedRule[]>;
  describeTargetHealth(targetGroupArn: string): Promise<readonly ObservedTarget[]>;
  /** Of target groups and rules, by ARN; any number, asked 20 at a time. What does not exist any more is absent. */
  describeTags(arns: readonly string[]): Promise<ReadonlyMap<string, Tags>>;
  /** Idempotent for equal settings. Also sets the deregistration delay. Returns the ARN. */
  createTargetGroup(spec: TargetGroupSpec): Promise<string>;
  /** In place; targets keep their state until the next checks. */
  setHealthCheck(targetGroupArn: string, check: HealthCheck): Promise<void>;
  /** What `createTargetGroup` sets too; for one that may have been made by half. */
  setDeregistrationDelay(targetGroupArn: string, seconds: number): Promise<void>;
  /** Deleting an absent target group succeeds; throws `in-use` while a rule forwards to it. */
  deleteTargetGroup(arn: string): Promise<void>;
  /** Throws AwsError of code PriorityInUse when another rule has the priority. */
  createRule(rule: CreateRuleRequest): Promise<ObservedRule>;
  setRuleWeights(ruleArn: string, weights: readonly WeightedTargetGroup[]): Promise<void>;
  /** Deleting an absent rule succeeds. */
  deleteRule(arn: string): Promise<void>;
  registerTarget(targetGroupArn: string, ip: string, port: number): Promise<void>;
  /** Deregistering an absent target, or from an absent target group, succeeds. */
  deregisterTarget(targetGroupArn: string, ip: string, port: number): Promise<void>;
  /** For the start-up check. */
  listenerExists(arn: string): Promise<boolean>;
}

export type Tags = Readonly<Record<string, string>>;

export interface WeightedTargetGroup {
  readonly targetGroupArn: string;
  readonly weight: number;
}

export interface CreateRuleRequest {
  readonly listenerArn: string;
  readonly priority: number;
  readonly host: string;
  readonly forward: readonly WeightedTargetGroup[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface EcrPort {
  /**
   * The digest of `repository:tag`, or undefined when there is no such image. `registryId` is the account.
   * Images outside ECR cannot be asked about: see `parseEcrImage`.
   */
  imageDigest(image: EcrImage): Promise<string | undefined>;
}

export interface EcrImage {
  readonly registryId: string;
  readonly region: string;
  readonly repository: string;
  /** Or a digest, `sha256:…`. */
  readonly tag: string;
}

export interface LogsPort {
  /** The last `lines` lines of a stream, oldest first; empty when the stream does not exist (yet). */
  tail(group: string, stream: string, lines: number): Promise<readonly string[]>;
}

/** All ports of one region and account. */
export interface Aws {
  readonly ecs: EcsPort;
  readonly elbv2: Elbv2Port;
  readonly ecr: EcrPort;
  readonly logs: LogsPort;
}
