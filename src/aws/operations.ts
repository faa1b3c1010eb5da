/**
 * Every AWS operation that the operator calls: the token buckets it draws from (AWS-FACTS ECS "throttle buckets", ELBv2
 * "throttling") and whether it changes anything. Named as in IAM actions, which they are also the list of.
 */
import type { BucketName } from './buckets.ts';

export interface OperationTraits {
  /** The scarcer bucket first: no token of the wider one is held while waiting for it. */
  readonly buckets: readonly BucketName[];
  readonly mutates: boolean;
}

const reads = (...buckets: BucketName[]): OperationTraits => ({ buckets, mutates: false });
const writes = (...buckets: BucketName[]): OperationTraits => ({ buckets, mutates: true });

export const OPERATIONS = {
  'ecs:ListTasks': reads('ecs-read'),
  'ecs:DescribeTasks': reads('ecs-read'),
  'ecs:DescribeClusters': reads('ecs-read'),
  'ecs:RunTask': writes('run-task', 'ecs-modify'),
  'ecs:StopTask': writes('ecs-modify'),
  'ecs:DescribeTaskDefinition': reads('task-definition-read'),
  'ecs:RegisterTaskDefinition': writes('task-definition-modify'),
  'elasticloadbalancing:DescribeTargetGroups': reads('elb-describe', 'elb-all'),
  'elasticloadbalancing:DescribeRules': reads('elb-describe', 'elb-all'),
  'elasticloadbalancing:DescribeTargetHealth': reads('elb-describe', 'elb-all'),
  'elasticloadbalancing:DescribeTags': reads('elb-describe', 'elb-all'),
  'elasticloadbalancing:DescribeListeners': reads('elb-describe', 'elb-all'),
  'elasticloadbalancing:CreateTargetGroup': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:ModifyTargetGroup': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:ModifyTargetGroupAttributes': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:DeleteTargetGroup': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:CreateRule': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:ModifyRule': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:DeleteRule': writes('elb-mutate', 'elb-all'),
  'elasticloadbalancing:RegisterTargets': writes('elb-register', 'elb-all'),
  'elasticloadbalancing:DeregisterTargets': writes('elb-register', 'elb-all'),
  'ecr:DescribeImages': reads('ecr'),
  'logs:GetLogEvents': reads('logs'),
} as const satisfies Readonly<Record<string, OperationTraits>>;

export type OperationName = keyof typeof OPERATIONS;
