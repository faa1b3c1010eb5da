/** How ECS behaves, as far as the operator relies on it. Sources are those of AWS-FACTS. */
import { about, type Fact } from './fact.ts';

const NOT_OURS = 'The operator does not use it.';
const RARE = 'It happens too rarely to be made to happen.';

const RUN_TASK: readonly Fact[] = [
  ...about('wire', '[BC]', {
    'ecs.wire.json': 'ECS speaks JSON 1.1, with the target AmazonEC2ContainerServiceV20141113.',
  }),
  ...about('RunTask count', '[BC]', {
    'ecs.run-task.count': 'One RunTask call starts up to 10 tasks, and as many as it is asked for.',
    'ecs.run-task.count-over': 'RunTask of more than 10 tasks is refused.',
  }),
  ...about('clientToken', '[D2:ECS_Idempotency],[BC]', {
    'ecs.client-token.same-params': 'The same token with the same parameters gives the task that it gave before.',
    'ecs.client-token.other-params': 'The same token with other parameters is a ConflictException.',
    'ecs.client-token.resource-ids': 'The ConflictException names the tasks of the token in resourceIds.',
    'ecs.client-token.format': 'A token has at most 64 characters, all of ASCII 33 to 126.',
    'ecs.client-token.case': 'Tokens are case-sensitive.',
    'ecs.client-token.scope': 'A token belongs to one cluster: in another it is a new one.',
    'ecs.client-token.stopped': 'Of a task that stopped within the hour, a retry gives only ARN and statuses.',
    'ecs.client-token.no-revival': 'The token of a task that died gives the dead task, and starts no other.',
    'ecs.client-token.hour': 'A token is forgotten an hour after its task has stopped.',
    'ecs.client-token.day': 'A token is forgotten after 24 hours, even though its task runs.',
    'ecs.client-token.failures': 'A retry of a call that was answered with failures gives those failures.',
    'ecs.client-token.region': [
      'A changed region or zone is no changed parameter.',
      'RunTask has no such parameter on Fargate.',
    ],
    'ecs.client-token.sdk': 'The SDK makes a token of its own when none is given.',
  }),
  ...about('startedBy', '[BC]', {
    'ecs.started-by.format': 'startedBy has at most 128 letters, digits, hyphens, slashes and underscores.',
    'ecs.started-by.kept': 'A task shows startedBy and group as RunTask was given them, also once it is STOPPED.',
  }),
  ...about('group', '[BC]', {
    'ecs.group.default': 'Without a group, the group of a task is family: and the family of its definition.',
  }),
  ...about('tags', '[BC]', {
    'ecs.tags.count': 'A task has at most 50 tags.',
    'ecs.tags.length': 'A tag has at most 128 characters of key and 256 of value.',
    'ecs.tags.reserved': 'A tag key may not start with aws:.',
    'ecs.tags.include': 'DescribeTasks shows tags only when asked to include them.',
  }),
  ...about('overrides', '[BC]; containers-roadmap#196', {
    'ecs.overrides.size': 'Overrides have at most 8,192 characters, JSON included.',
    'ecs.overrides.shown': 'A task shows its overrides as they were given, also once it is STOPPED.',
    'ecs.overrides.environment': 'An override adds environment variables to those of the definition.',
    'ecs.overrides.container': 'An override of a container that the definition lacks is refused.',
    'ecs.overrides.image': [
      'The image is no override: another image needs another revision.',
      'The API has no such member.',
    ],
  }),
  ...about('RunTask errors', '[BC]', {
    'ecs.run-task.cluster-not-found': 'RunTask in an unknown cluster is a ClusterNotFoundException.',
    'ecs.run-task.unknown-definition': 'RunTask of an unknown definition is a ClientException.',
    'ecs.run-task.network-required': 'RunTask of an awsvpc definition without a network is refused.',
    'ecs.run-task.unknown-subnet': 'RunTask in an unknown subnet is an InvalidParameterException that names it.',
    'ecs.run-task.blocked': [
      'A blocked account is answered with BlockedException.',
      'An account cannot be blocked at will.',
    ],
  }),
  ...about('awsvpc', '[BC]', {
    'ecs.awsvpc.subnets': 'A task names at most 16 subnets.',
    'ecs.awsvpc.security-groups': 'A task names at most 5 security groups.',
  }),
  ...about('failures[]', '[D2:api_failures_messages]; repost.aws; airflow#16150', {
    'ecs.failures.ok': 'A lack of capacity is told in failures of an HTTP 200 answer, and then no task is given.',
    'ecs.failures.capacity': 'Fargate without capacity says "Capacity is unavailable at this time".',
    'ecs.failures.addresses': 'A task for which the subnet has no address left is a failure, RESOURCE:ENI.',
    'ecs.failures.partial': 'One answer may hold tasks and failures.',
    'ecs.failures.unreliable': 'A task may run although it was answered as a failure.',
    'ecs.failures.vcpu': 'Tasks over the vCPU quota, 6 at first, are refused with "limit on the number of vCPUs".',
  }),
  ...about('hidden throttle', 'dagster#33439', {
    'ecs.run-task.hidden-throttle': [
      'A throttle of EC2 shows as an InvalidParameterException with "Rate exceeded".',
      'It is another service being throttled; what it means is held by test/aws/classify.test.ts.',
    ],
  }),
  ...about('RunTask response', 'airflow#51429', {
    'ecs.run-task.empty-lists': [
      'The answer may lack containers and attachments.',
      'It may also have them; no case can tell the two from a fault.',
    ],
  }),
];

const READING: readonly Fact[] = [
  ...about('eventual consistency', '[BC] RunTask; boto3#3393, dagster#4448, dask-cloudprovider#483', {
    'ecs.consistency.missing': 'A new task may be MISSING for DescribeTasks for a while.',
    'ecs.consistency.unlisted': 'A new task may be absent from ListTasks for a while.',
    'ecs.consistency.settles': 'A new task is described and listed in the end.',
  }),
  ...about('DescribeTasks', '[BC],[D2]', {
    'ecs.describe-tasks.max': 'DescribeTasks takes up to 100 tasks, and refuses more.',
    'ecs.describe-tasks.missing': 'An unknown task is a failure with the reason MISSING, beside those that are known.',
    'ecs.describe-tasks.wrong-cluster': 'A task of another cluster is MISSING.',
    'ecs.describe-tasks.stopped': 'A STOPPED task is described for an hour.',
    'ecs.describe-tasks.forgotten': 'Afterwards it is MISSING.',
  }),
  ...about('ListTasks', '[BC]; psd401/aistudio#1420', {
    'ecs.list-tasks.page-size': 'A page has 1 to 100 tasks.',
    'ecs.list-tasks.paging': 'nextToken leads through all tasks, each once.',
    'ecs.list-tasks.default-status': 'Without desiredStatus, only tasks that are to run are listed.',
    'ecs.list-tasks.stopped': 'desiredStatus STOPPED lists tasks that are to stop or stopped lately.',
    'ecs.list-tasks.pending': 'desiredStatus PENDING lists nothing.',
    'ecs.list-tasks.started-by': 'startedBy lists the tasks that were started with it.',
    'ecs.list-tasks.started-by-only': 'startedBy must be the only filter.',
    'ecs.list-tasks.family': 'family lists the tasks of its definitions.',
    'ecs.list-tasks.cluster': 'Tasks of other clusters are not listed; an unknown cluster is an error.',
  }),
  ...about('clusters', '[BC] DescribeClusters', {
    'ecs.describe-clusters.missing': 'An unknown cluster is a failure with the reason MISSING of an HTTP 200 answer.',
    'ecs.describe-clusters.active': 'A cluster that can be used is ACTIVE.',
  }),
];

const LIFE_CYCLE: readonly Fact[] = [
  ...about('lifecycle', '[D:task-lifecycle-explanation]', {
    'ecs.lifecycle.start': 'A task goes from PROVISIONING over PENDING to RUNNING, and never back.',
    'ecs.lifecycle.stop': 'It goes on over DEACTIVATING, STOPPING and DEPROVISIONING to STOPPED.',
    'ecs.lifecycle.desired': 'desiredStatus is RUNNING until the task is to stop, and STOPPED from then on.',
    'ecs.lifecycle.times': 'createdAt, startedAt, stoppingAt and stoppedAt follow each other.',
    'ecs.lifecycle.deleted': ['DELETED may be seen for a moment.', RARE],
    'ecs.lifecycle.not-replaced': 'A task that ends is not replaced.',
    'ecs.lifecycle.lost': ['A task may never be reported as STOPPED.', `${RARE} (containers-roadmap#1084)`],
  }),
  ...about('stopCode', '[BC]', {
    'ecs.stop-code.essential': 'EssentialContainerExited, with its exit code, when an essential container ends.',
    'ecs.stop-code.user': 'UserInitiated when StopTask was called.',
    'ecs.stop-code.failed-to-start': 'TaskFailedToStart when the containers could not be started.',
    'ecs.stop-code.infrastructure': 'SpotInterruption, TerminationNotice and InfrastructureHealth when AWS stops it.',
    'ecs.stop-code.service': ['ServiceSchedulerInitiated when a service did.', NOT_OURS],
  }),
  ...about('stoppedReason samples', '[D:stopped-task-error-codes],[D:task-maintenance]', {
    'ecs.stopped-reason.pull': 'An image that cannot be pulled is a CannotPullContainerError.',
    'ecs.stopped-reason.resources': 'A log group that does not exist is a ResourceInitializationError.',
    'ecs.stopped-reason.memory': [
      'A container that used up its memory is an OutOfMemoryError.',
      'The local tasks are processes without a bound on memory.',
    ],
    'ecs.stopped-reason.maintenance': 'A retired task says that ECS maintains its infrastructure.',
    'ecs.stopped-reason.given': 'The reason given to StopTask is the stoppedReason.',
  }),
  ...about('healthStatus', '[BC],[D:ecs_task_events]', {
    'ecs.health-status.unknown': 'A task whose containers have no health check has the healthStatus UNKNOWN.',
    'ecs.health-status.worst': ['Otherwise it is the worst of its essential containers.', NOT_OURS],
  }),
  ...about('ENI attachment', '[BC],[D:ecs_task_events]; issue 4', {
    'ecs.eni.details': 'The attachment names subnetId, networkInterfaceId, macAddress and privateIPv4Address.',
    'ecs.eni.container': 'Containers show the same address as privateIpv4Address.',
    'ecs.eni.type': 'The type of the attachment is ElasticNetworkInterface, or eni.',
    'ecs.eni.late': 'A task has no address at first: it comes while the task is provisioned.',
    'ecs.eni.unique': 'No two tasks share an address at one time.',
    'ecs.eni.reuse': 'The address of a STOPPED task is given to another.',
    'ecs.eni.in-use': ['ECS may time out and EC2 make the interface later.', RARE],
  }),
  ...about('StopTask', '[BC] StopTask', {
    'ecs.stop-task.deletes-tags': 'StopTask deletes the tags of the task.',
    'ecs.stop-task.idempotent': 'StopTask of a task that stops or has stopped succeeds (memory).',
    'ecs.stop-task.unknown': 'StopTask of an unknown task says that the referenced task was not found (memory).',
    'ecs.stop-task.early': 'A task that is stopped before it runs never runs.',
    'ecs.stop-task.term': 'SIGTERM is sent first: a container that heeds it has time to end.',
    'ecs.stop-task.kill': 'A container that has not ended after stopTimeout is killed, with exit code 137.',
    'ecs.stop-task.default-timeout': 'Without a stopTimeout, that is after 30 s.',
    'ecs.stop-task.max-timeout': 'On Fargate, stopTimeout is at most 120 s.',
  }),
  ...about('task version', '[BC],[D]', {
    'ecs.version.increases': 'The version of a task increases with every change of it.',
  }),
];

const DEFINITIONS: readonly Fact[] = [
  ...about('task definitions', '[BC],[D:gr/ecs-service]', {
    'ecs.definition.revision': 'RegisterTaskDefinition is not idempotent: it makes revision 1, 2, 3 of its family.',
    'ecs.definition.arn': 'A definition is arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION.',
    'ecs.definition.family': 'A family has at most 255 letters, digits, hyphens and underscores.',
    'ecs.definition.containers': 'A definition has 1 to 10 containers.',
    'ecs.definition.names': 'The names of its containers differ.',
    'ecs.definition.never-reused': 'A revision number is not used again after DeregisterTaskDefinition.',
    'ecs.definition.newest': 'A family alone means its newest ACTIVE revision, for reading and for running.',
    'ecs.definition.inactive': 'A deregistered revision is INACTIVE, and can still be described.',
    'ecs.definition.inactive-runs-on': 'Tasks of it run on.',
    'ecs.definition.window': 'Up to 10 minutes after deregistration a revision may still be run; then no more.',
    'ecs.definition.unknown': 'Describing an unknown one is a ClientException, "Unable to describe task definition".',
    'ecs.definition.as-given': 'A revision is described as it was registered: images, environment, logs, roles.',
    'ecs.definition.tags': 'Tags of a revision are shown when asked for.',
    'ecs.definition.million': ['A family has up to 1,000,000 revisions.', 'It is too many to make.'],
    'ecs.definition.delete': ['DeleteTaskDefinitions takes up to 10 INACTIVE ones.', NOT_OURS],
    'ecs.definition.race': [
      'Two registrations in one family at a time may fail with "Too many concurrent attempts".',
      'AWS may also let both succeed; what the error means is held by test/aws/classify.test.ts.',
    ],
  }),
  ...about('Fargate', '[D:general/gr/ecs-service],[D:throttling]', {
    'ecs.fargate.sizes': 'Fargate has certain pairs of CPU and memory; others cannot be registered.',
    'ecs.fargate.network': 'Fargate needs the network mode awsvpc.',
    'ecs.fargate.rate': 'RunTask on Fargate has a bucket of 20 that gains 20 a second.',
  }),
];

const THROTTLING: readonly Fact[] = [
  ...about('throttle buckets', '[D2:request-throttling]', {
    'ecs.throttle.error': 'A throttled call is a ThrottlingException, HTTP 400, "Rate exceeded".',
    'ecs.throttle.cluster-modify': 'RunTask and StopTask share a bucket of 100 that gains 40 a second.',
    'ecs.throttle.cluster-read': 'DescribeTasks and ListTasks share a bucket of 100 that gains 20 a second.',
    'ecs.throttle.definition-modify': 'Register and deregister share a bucket of 20 that gains 1 a second.',
    'ecs.throttle.definition-read': 'DescribeTaskDefinition has a bucket of 50 that gains 20 a second.',
    'ecs.throttle.tags': ['TagResource has a bucket of 20 that gains 10 a second.', NOT_OURS],
    'ecs.throttle.delete-definitions': ['DeleteTaskDefinitions has 5 and gains 1 a second.', NOT_OURS],
  }),
];

export const ECS_FACTS: readonly Fact[] = [...RUN_TASK, ...READING, ...LIFE_CYCLE, ...DEFINITIONS, ...THROTTLING];
