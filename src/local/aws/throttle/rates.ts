/**
 * AWS's token buckets of one account and region, and which operations draw from which. AWS-FACTS ECS "throttle buckets"
 * and "Fargate", ELBv2 "throttling"; for ECR and CloudWatch Logs see LOGS_ECR_IAM_FACTS.
 */

export interface Rate {
  /** What a full bucket holds. */
  readonly burst: number;
  /** Tokens that come back each second, evenly; a fraction takes several seconds for one. */
  readonly perSecond: number;
}

export const AWS_RATES = {
  'ecs-cluster-resource-read': { burst: 100, perSecond: 20 },
  'ecs-cluster-resource-modify': { burst: 100, perSecond: 40 },
  'ecs-cluster-read': { burst: 50, perSecond: 20 },
  'ecs-task-definition-modify': { burst: 20, perSecond: 1 },
  'ecs-task-definition-read': { burst: 50, perSecond: 20 },
  'ecs-task-definition-delete': { burst: 5, perSecond: 1 },
  'ecs-tag-modify': { burst: 20, perSecond: 10 },
  'fargate-run-task': { burst: 20, perSecond: 20 },
  'elb-all': { burst: 40, perSecond: 10 },
  'elb-non-mutating': { burst: 40, perSecond: 10 },
  'elb-mutating': { burst: 20, perSecond: 3 },
  'elb-registration': { burst: 20, perSecond: 4 },
  'elb-resource-intensive': { burst: 10, perSecond: 0.2 },
  /** AWS says that there is a rate, and not which; chosen here. */
  'ecr-describe-images': { burst: 20, perSecond: 20 },
  /** Of the regions with the least; others have 25 or 30. */
  'logs-get-log-events': { burst: 10, perSecond: 10 },
  /** Likewise; others have 10 or 25. */
  'logs-filter-log-events': { burst: 5, perSecond: 5 },
} as const satisfies Readonly<Record<string, Rate>>;

export type BucketName = keyof typeof AWS_RATES;

export type ThrottledService = 'ecs' | 'elasticloadbalancing' | 'ecr' | 'logs';

type Membership = Readonly<Record<string, readonly BucketName[]>>;

/** Operations that are not named have no limit that is known. */
const ECS: Membership = {
  ListTasks: ['ecs-cluster-resource-read'],
  DescribeTasks: ['ecs-cluster-resource-read'],
  RunTask: ['ecs-cluster-resource-modify', 'fargate-run-task'],
  StopTask: ['ecs-cluster-resource-modify'],
  DescribeClusters: ['ecs-cluster-read'],
  ListClusters: ['ecs-cluster-read'],
  RegisterTaskDefinition: ['ecs-task-definition-modify'],
  DeregisterTaskDefinition: ['ecs-task-definition-modify'],
  DescribeTaskDefinition: ['ecs-task-definition-read'],
  ListTaskDefinitions: ['ecs-task-definition-read'],
  ListTaskDefinitionFamilies: ['ecs-task-definition-read'],
  DeleteTaskDefinitions: ['ecs-task-definition-delete'],
  TagResource: ['ecs-tag-modify'],
  UntagResource: ['ecs-tag-modify'],
};

const ELB_OTHERS: Membership = {
  RegisterTargets: ['elb-registration'],
  DeregisterTargets: ['elb-registration'],
  CreateLoadBalancer: ['elb-resource-intensive'],
  SetSubnets: ['elb-resource-intensive'],
};

const ECR: Membership = { DescribeImages: ['ecr-describe-images'] };

const LOGS: Membership = {
  GetLogEvents: ['logs-get-log-events'],
  FilterLogEvents: ['logs-filter-log-events'],
};

/** Every bucket that a call of `operation` draws from. `launchType` is RunTask's; Fargate unless it says EC2. */
export function bucketsOf(service: ThrottledService, operation: string, launchType?: string): readonly BucketName[] {
  switch (service) {
    case 'ecs':
      return launchType === 'EC2' && operation === 'RunTask' ? ['ecs-cluster-resource-modify'] : named(ECS, operation);
    case 'elasticloadbalancing':
      return ['elb-all', ...elbCategory(operation)];
    case 'ecr':
      return named(ECR, operation);
    case 'logs':
      return named(LOGS, operation);
  }
}

function elbCategory(operation: string): readonly BucketName[] {
  const special = named(ELB_OTHERS, operation);
  if (special.length > 0) return special;
  return [operation.startsWith('Describe') ? 'elb-non-mutating' : 'elb-mutating'];
}

function named(membership: Membership, operation: string): readonly BucketName[] {
  return Object.hasOwn(membership, operation) ? (membership[operation] ?? []) : [];
}
