/** How Elastic Load Balancing behaves, as far as the operator relies on it. Sources are those of AWS-FACTS. */
import { about, type Fact } from './fact.ts';

const NOT_OURS = 'The operator does not use it.';

const GROUPS: readonly Fact[] = [
  ...about('wire', '[BC]', {
    'elbv2.wire.query': 'ELBv2 speaks the Query protocol, version 2015-12-01, and answers in XML.',
  }),
  ...about('CreateTargetGroup', '[BC]', {
    'elbv2.group.idempotent': 'CreateTargetGroup with the same settings succeeds and gives the group that exists.',
    'elbv2.group.duplicate': 'With other settings it is DuplicateTargetGroupName.',
    'elbv2.group.name-length': 'A name has at most 32 characters.',
    'elbv2.group.name-characters': 'It has letters, digits and hyphens, and no hyphen at its ends.',
    'elbv2.group.name-internal': 'A group may be called internal-…, unlike a load balancer.',
    'elbv2.group.tags': 'Tags given at creation are there as soon as the group can be read.',
    'elbv2.group.load-balancer': 'LoadBalancerArns is empty until a rule forwards to the group, and then names one.',
  }),
  ...about('HC defaults', '[D],[BC]', {
    'elbv2.health-check.defaults': 'Health checks default to 30 s, five passes, two failures, the path / and code 200.',
    'elbv2.health-check.timeout': 'Their timeout defaults to 5 s (user guide) or 6 s (API model).',
    'elbv2.health-check.interval': 'The interval is 5 to 300 s.',
    'elbv2.health-check.thresholds': 'The thresholds are 2 to 10.',
  }),
  ...about('deregistration delay', '[BC]', {
    'elbv2.delay.default': 'The deregistration delay is 300 s unless set.',
    'elbv2.delay.range': 'It is 0 to 3,600 s.',
  }),
  ...about('delete', '[BC]; memory', {
    'elbv2.group.delete-absent': 'DeleteTargetGroup of a group that is gone succeeds.',
    'elbv2.group.delete-in-use': 'DeleteTargetGroup of a group that a rule forwards to is ResourceInUse.',
    'elbv2.rule.delete-absent': 'DeleteRule of a rule that is gone is RuleNotFound.',
    'elbv2.target.deregister-absent': 'DeregisterTargets of a target that is not registered succeeds.',
  }),
  ...about('read-after-create', 'terraform-provider-aws internal/service/elbv2', {
    'elbv2.group.readable': 'A new group can be read, by name and by ARN, in the end.',
    'elbv2.rule.readable': 'A new rule can be read, by listener and by ARN, in the end.',
  }),
];

const RULES: readonly Fact[] = [
  ...about('priority', '[BC]', {
    'elbv2.rule.priority-range': 'A priority is 1 to 50,000.',
    'elbv2.rule.priority-unique': 'Two rules of a listener with one priority are PriorityInUse.',
    'elbv2.rule.priority-listener': 'Two listeners may use the same priority.',
    'elbv2.rule.priority-freed': 'The priority of a deleted rule can be used again.',
  }),
  ...about('CreateRule', '[BC] + inference', {
    'elbv2.rule.not-idempotent': 'CreateRule sent twice is PriorityInUse by one’s own rule, which DescribeRules shows.',
    'elbv2.rule.tags': 'Tags given at creation are there as soon as the rule can be read.',
    'elbv2.rule.default-listed': 'DescribeRules shows the default rule too, as IsDefault.',
    'elbv2.rule.default-kept': 'The default rule cannot be deleted: OperationNotPermitted.',
    'elbv2.rule.modify-actions': 'ModifyRule changes the actions, and leaves conditions, priority and tags.',
  }),
  ...about('host-header', '[BC]', {
    'elbv2.host.length': 'A host name has at most 128 characters.',
    'elbv2.host.characters': 'It has letters, digits and - . * ?, at least one dot, and only letters after the last.',
    'elbv2.host.case': 'It is compared without regard to case.',
  }),
  ...about('weights', 'goployer#191; argo-rollouts#4595', {
    'elbv2.weights.range': 'A weight is 0 to 999.',
    'elbv2.weights.zero': 'A group of weight 0 gets no requests.',
    'elbv2.weights.zero-checked': 'Its targets are health-checked all the same.',
    'elbv2.weights.flip': 'After a change of weights the other group gets the requests in the end.',
  }),
  ...about('error codes', '[BC]', {
    'elbv2.error.listener-not-found': 'An unknown listener is ListenerNotFound.',
    'elbv2.error.rule-not-found': 'An unknown rule is RuleNotFound.',
    'elbv2.error.group-not-found': 'An unknown group, by ARN or by name, is TargetGroupNotFound.',
    'elbv2.error.duplicate-tags': 'A tag key given twice is DuplicateTagKeys.',
    'elbv2.error.too-many-tags': 'More than 50 tags are TooManyTags.',
    'elbv2.error.prior-request': [
      'A request during another one may be PriorRequestNotComplete (429).',
      'Its time is not ours to choose; what it means is held by test/aws/classify.test.ts.',
    ],
    'elbv2.error.health-unavailable': [
      'Health may be unknown: HealthUnavailable (500).',
      'It is a fault of AWS; what it means is held by test/aws/classify.test.ts.',
    ],
    'elbv2.error.protocols': ['Groups of other protocols are IncompatibleProtocols.', NOT_OURS],
  }),
  ...about('pages', '[BC]', {
    'elbv2.pages.size': 'A page of groups or rules has 1 to 400 items.',
    'elbv2.pages.groups': 'NextMarker leads through all groups, each once.',
    'elbv2.pages.rules': 'NextMarker leads through all rules, each once.',
    'elbv2.pages.tags': 'DescribeTags takes up to 20 ARNs.',
    'elbv2.pages.tags-absent': 'One ARN that is gone fails the whole DescribeTags (inference).',
  }),
];

const TARGETS: readonly Fact[] = [
  ...about('target type ip', '[D]', {
    'elbv2.target.private': 'A target is an address of the VPC or of a private range; a public one is InvalidTarget.',
    'elbv2.target.same': 'Registering a target again changes nothing.',
    'elbv2.target.several-ports': 'One address on two ports is two targets.',
  }),
  ...about('health states', '[BC]', {
    'elbv2.health.unused': 'A target of a group that no rule forwards to is unused, Target.NotInUse.',
    'elbv2.health.not-registered': 'A target that is not registered is unused, Target.NotRegistered, when asked for.',
    'elbv2.health.initial': 'A new target is initial, while it is registered and first checked.',
    'elbv2.health.healthy': 'A target that answers as wanted is healthy, without a reason.',
    'elbv2.health.unhealthy-code': 'One that answers otherwise is unhealthy, Target.ResponseCodeMismatch.',
    'elbv2.health.unhealthy-silent': 'One that does not answer is unhealthy, Target.Timeout or FailedHealthChecks.',
    'elbv2.health.thresholds': 'A healthy target turns unhealthy after as many failures as the threshold says.',
    'elbv2.health.back': 'An unhealthy target turns healthy after as many passes as the threshold says.',
    'elbv2.health.one-group': [
      'DescribeTargetHealth is for one group, and has no pages.',
      'Its input and output have no members for either.',
    ],
    'elbv2.health.unavailable': ['A target may be unavailable or unhealthy.draining.', NOT_OURS],
  }),
  ...about('ordering', '[D:target-group-health-checks],[D:load-balancer-target-groups]', {
    'elbv2.health.first-pass': 'The first pass makes a new target healthy, whatever the threshold.',
    'elbv2.health.gate': 'Targets are checked only once a rule forwards to their group.',
    'elbv2.fail-open.unhealthy': 'With unhealthy targets only, requests go to them all the same.',
  }),
  ...about('fail open', 'og-aws#116', {
    'elbv2.fail-open.initial': 'With initial targets only, requests go to them.',
    'elbv2.no-targets': 'A group without targets answers 503.',
  }),
  ...about('draining', '[D:edit-target-group-attributes]', {
    'elbv2.draining.shown': 'A deregistered target is draining, Target.DeregistrationInProgress.',
    'elbv2.draining.delay': 'It is so until the delay has passed, even with no request in flight, and then is gone.',
    'elbv2.draining.again': 'A draining target that is registered again starts anew, or is InvalidTarget for now.',
    'elbv2.draining.no-requests': 'A draining target gets no new requests.',
  }),
  ...about('keep-alive', '(memory); Node tried', {
    'elbv2.keep-alive.idle': [
      'The load balancer keeps idle connections for 60 s: targets must keep theirs longer.',
      'It shows on sockets only: test/local/aws/elbv2/balancer and the front door’s own tests hold it.',
    ],
  }),
];

const LIMITS: readonly Fact[] = [
  ...about('quotas', '[D:load-balancer-limits]', {
    'elbv2.quota.rules': 'A load balancer has 100 rules besides the default ones: TooManyRules.',
    'elbv2.quota.groups-per-balancer': 'Its rules forward to 100 groups: TooManyUniqueTargetGroupsPerLoadBalancer.',
    'elbv2.quota.groups': ['A region has 3,000 groups.', 'It takes 3,000 calls to get there.'],
    'elbv2.quota.targets-per-group': 'A group has 1,000 targets: TooManyTargets.',
    'elbv2.quota.groups-per-action': 'An action forwards to 5 groups: TooManyTargetGroups.',
    'elbv2.quota.balancer-per-group': 'A group is of one load balancer only: TargetGroupAssociationLimit.',
    'elbv2.quota.condition-values': 'A rule has 5 condition values.',
    'elbv2.quota.wildcards': 'A rule has 6 wildcards.',
    'elbv2.quota.certificates': ['A load balancer has 25 certificates.', NOT_OURS],
    'elbv2.quota.balancers': ['A region has 50 load balancers.', 'It takes 50 load balancers, which cost.'],
    'elbv2.quota.listeners': ['A load balancer has 50 listeners.', 'The operator makes none.'],
  }),
  ...about('throttling', '[D2:elb-api-throttling]', {
    'elbv2.throttle.error': 'A throttled call is Throttling or ThrottlingException, "Rate exceeded".',
    'elbv2.throttle.all': 'All calls share a bucket of 40 that gains 10 a second.',
    'elbv2.throttle.mutating': 'Calls that change something share one of 20 that gains 3 a second.',
    'elbv2.throttle.targets': 'RegisterTargets and DeregisterTargets share one of 20 that gains 4 a second.',
    'elbv2.throttle.describe': [
      'Describe calls share one of 40 that gains 10 a second.',
      'It is as large as that of all calls, which it is part of.',
    ],
    'elbv2.throttle.create': ['CreateLoadBalancer has one of 10 that gains 0.2 a second.', NOT_OURS],
  }),
];

export const ELBV2_FACTS: readonly Fact[] = [...GROUPS, ...RULES, ...TARGETS, ...LIMITS];
