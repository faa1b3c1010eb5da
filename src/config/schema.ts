/**
 * The shape of mayfly.yaml, key by key: its checks, defaults and meanings. The table in the README is made from it.
 * Checks across keys are in `cross-check.ts`.
 */
import { z } from 'zod';
import { ENV_NAME_PATTERN } from '../model/expand-env.ts';
import { INSTALLATION_PATTERN } from '../model/names.ts';
import { DEFAULT_POLICY } from '../model/policy.ts';
import { formatDuration } from './duration.ts';
import { choice, duration, flag, group, integer, isHttpUrl, list, named, scalarText, text, url } from './fields.ts';

const IMAGE_TAG = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64})$/;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;
/** With a session (50 characters) and a dot it fits into a host condition: 128 characters, letters after the last dot. AWS-FACTS ELBv2 "host-header". */
const DOMAIN = /^(?=.{1,77}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z]+$/;
/** Leaves more than half of a session id (50 characters) to the branch. */
const PREFIX = /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/;
const CLUSTER = /^(?:arn:[\w-]+:ecs:[\w-]+:\d{12}:cluster\/)?[A-Za-z0-9_-]{1,255}$/;
const ELB_ARN = 'arn:[\\w-]+:elasticloadbalancing:[\\w-]+:\\d{12}';

const seconds = (count: number): string => formatDuration(count * 1_000);
const fromPolicy = (ms: number): string => formatDuration(ms);
/** The longest that Node can wait in one timer is a little more. */
const MOST_TIMERS = 24 * 86_400_000;

const imageTag = text('an image tag such as latest, or a digest sha256:…', IMAGE_TAG);
const cluster = text('the name or ARN of an ECS cluster', CLUSTER);

const network = group({
  subnets: list(text('a subnet id such as subnet-0123456789abcdef0', /^subnet-[\w-]+$/), 1, 16).describe(
    'Subnets that tasks run in.',
  ),
  securityGroups: list(text('a security group id such as sg-0123456789abcdef0', /^sg-[\w-]+$/), 1, 5).describe(
    'Security groups of tasks. They allow port 3001 from the load balancer and 8080 from Mayfly.',
  ),
  assignPublicIp: flag().default(false).describe('Give tasks a public address (needed in subnets without NAT).'),
});

const listener = group({
  arn: text('the ARN of an ALB listener', new RegExp(`^${ELB_ARN}:listener/app/\\S+$`)).describe(
    'ARN of the ALB listener that gets the rules.',
  ),
  vpcId: text('a VPC id such as vpc-0123456789abcdef0', /^vpc-[\w-]+$/).describe('VPC of the target groups.'),
  frontDoorTargetGroupArn: text('the ARN of a target group', new RegExp(`^${ELB_ARN}:targetgroup/\\S+$`)).describe(
    "Target group of Mayfly's own front door, the listener's default action.",
  ),
  domain: text(
    'a domain in lower case, at most 77 characters, with only letters after the last dot, such as dev.example.com',
    DOMAIN,
  ).describe('Environments are hosts under this domain.'),
  url: text('an http or https URL with {host} in it', /\{host\}/)
    .refine((value) => isHttpUrl(value.replaceAll('{host}', 'host')), {
      error: 'an http or https URL with {host} in it',
    })
    .default('https://{host}')
    .describe('How people reach a host; {host} stands for its name.'),
});

const label = z
  .preprocess(
    (value) => (typeof value === 'string' ? { image: value } : value),
    group({ image: imageTag, agent: flag().default(false) }),
  )
  .meta({ title: 'image tag, or {image, agent}' })
  .describe('Image tag that the label asks for; the first of several labels in this order counts.');

const project = group({
  repo: text('a repository as owner/name', /^[\w.-]+\/[\w.-]+$/).describe('Repository, as owner/name.'),
  prefix: text('lower case letters, digits and inner hyphens, at most 20, a letter first', PREFIX).describe(
    'Start of every session id and host of the project. No prefix may extend another by a hyphen.',
  ),
  listener: text('the name of a listener').optional().describe('Name of a listener; the only one if there is one.'),
  taskDefinition: text('family or family:revision', /^[A-Za-z0-9_-]{1,255}(?::[1-9]\d*)?$/).describe(
    'Base task definition: family (its newest revision is taken) or family:revision.',
  ),
  container: text('the name of a container', /^[A-Za-z0-9_-]{1,255}$/).describe(
    'Container of the task definition whose image and environment Mayfly sets.',
  ),
  labels: named(
    text('the name of a label, not only digits, at most 50 characters', /^(?!\d+$)(?=.{1,50}$).*\S/),
    label,
    'a map of labels',
  )
    .prefault({ uat: 'latest', 'uat-staging': 'staging', 'claude-dev': { image: 'latest', agent: true } })
    .describe('Labels that ask for an environment.'),
  defaultTag: imageTag
    .default('latest')
    .describe('Image tag when a record names none; it runs the base task definition.'),
  cpu: scalarText('CPU units such as 1024', /^[1-9]\d*$/)
    .optional()
    .describe("CPU units in place of the task definition's."),
  memory: scalarText('MiB such as 2048', /^[1-9]\d*$/)
    .optional()
    .describe("Memory in MiB in place of the task definition's."),
  port: integer(1, 65_535).default(3001).describe('Where the load balancer reaches the task.'),
  env: named(
    text('letters, digits and _, no digit first', ENV_NAME_PATTERN),
    scalarText('text, a number, true or false').describe('Value of a variable; may refer to others as ${NAME}.'),
    'a map of variables',
  )
    .prefault({})
    .describe('Variables of the app, none of them secret.'),
  note: text('a line of text', /^.{1,500}$/)
    .optional()
    .describe('A line for the comment, e.g. how to log in.'),
  supervisor: flag().default(true).describe("False for images without Mayfly's supervisor."),
  healthPath: text('a path that starts with /, at most 1024 characters', /^\/[!-~]{0,1023}$/)
    .optional()
    .describe('Health check path of images without the supervisor.'),
  cluster: cluster.optional().describe('Cluster of this project.'),
  network: network.optional().describe('Network of this project.'),
});

const address = (host: string, port: number, what: string) =>
  group({
    host: text('an address or host name', /^[\w.:-]+$/)
      .default(host)
      .describe(`Where ${what} listens.`),
    port: integer(0, 65_535).default(port).describe(`Port of ${what}; 0 takes any free one.`),
  }).prefault({});

const policyTime = (ms: number, meaning: string) =>
  duration({ min: 1, max: MOST_TIMERS }).prefault(fromPolicy(ms)).describe(meaning);

const policy = group({
  settle: duration({ max: MOST_TIMERS })
    .prefault(fromPolicy(DEFAULT_POLICY.settleMs))
    .describe('From removing the rule to stopping the task.'),
  deregistrationDelay: duration({ max: 3_600_000, wholeSeconds: true })
    .prefault(seconds(DEFAULT_POLICY.deregistrationDelaySeconds))
    .describe('How long the load balancer lets requests in flight end.'),
  healthCheckInterval: duration({ min: 5_000, max: 300_000, wholeSeconds: true })
    .prefault(seconds(DEFAULT_POLICY.healthCheckIntervalSeconds))
    .describe("Between the load balancer's health checks."),
  startDeadline: policyTime(DEFAULT_POLICY.startDeadlineMs, 'From starting a task to healthy; then it is stopped.'),
  createGrace: policyTime(DEFAULT_POLICY.createGraceMs, 'How long a new task may be invisible to reads of AWS.'),
  retries: integer(0, 100).default(DEFAULT_POLICY.retries).describe('Attempts after an infrastructure failure.'),
  backoffBase: policyTime(DEFAULT_POLICY.backoffBaseMs, 'Pause after a first failure; it doubles with each.'),
  backoffMax: policyTime(DEFAULT_POLICY.backoffMaxMs, 'Longest pause after failures.'),
  transition: policyTime(DEFAULT_POLICY.transitionMs, 'Between looks at an environment that is changing.'),
  control: policyTime(DEFAULT_POLICY.controlMs, 'Between questions to a settled environment.'),
  healthLook: policyTime(DEFAULT_POLICY.healthLookMs, "Between looks at a settled environment's target health."),
  retention: duration({ min: 60_000 })
    .prefault(fromPolicy(DEFAULT_POLICY.retentionMs))
    .describe('How long the record of a stopped environment is kept.'),
  orphanGrace: policyTime(
    DEFAULT_POLICY.orphanGraceMs,
    'How long something must have had no record before it is taken away.',
  ),
  orphanLimit: integer(0, 10_000)
    .optional()
    .describe('Most orphaned environments taken away without asking; absent: a quarter of all, at least 3.'),
});

export const FileSchema = group({
  installation: text('lower case letters and digits, at most 12, a letter first', INSTALLATION_PATTERN).describe(
    'Name of this Mayfly; scopes everything that it owns in the AWS account.',
  ),
  aws: group({
    region: text('an AWS region such as eu-west-1', /^[a-z]{2,}(?:-[a-z]+)+-\d+$/)
      .optional()
      .describe('Region; AWS_REGION when absent.'),
    endpoint: url('an http or https URL').optional().describe('Reach AWS here; AWS_ENDPOINT_URL wins over it.'),
  }).prefault({}),
  cluster: cluster.optional().describe('ECS cluster of every project that names none.'),
  launchType: choice(['FARGATE', 'EC2']).default('FARGATE').describe('How tasks are launched.'),
  store: group({
    table: text('the name of a DynamoDB table: 3 to 255 letters, digits, _ . -', /^[\w.-]{3,255}$/)
      .default('mayfly-environments')
      .describe('DynamoDB table of the records.'),
    leaseTable: text('the name of a DynamoDB table: 3 to 255 letters, digits, _ . -', /^[\w.-]{3,255}$/)
      .default('mayfly-leases')
      .describe('DynamoDB table of the lease that says which replica leads.'),
    createTables: flag().default(false).describe('Create the tables when they are missing.'),
  }).prefault({}),
  network: network.optional(),
  listeners: named(text('letters, digits, _ and inner hyphens', NAME), listener, 'a map of listeners by name').describe(
    'ALB listeners by name.',
  ),
  projects: named(text('letters, digits, _ and inner hyphens', NAME), project, 'a map of projects by name').describe(
    'Projects by name.',
  ),
  http: group({
    webhooks: address('0.0.0.0', 8080, 'the webhook server'),
    frontDoor: address('0.0.0.0', 8081, 'the front door'),
    admin: address('127.0.0.1', 9464, 'the admin server (metrics, health)'),
    advertise: url('an http or https URL')
      .optional()
      .describe("Where other replicas reach this one's admin server; from its address, unless that is loopback."),
  }).prefault({}),
  github: group({
    apiUrl: url('an http or https URL')
      .prefault('https://api.github.com')
      .describe("GitHub's REST API; GITHUB_API_URL wins over it."),
    webUrl: url('an http or https URL').prefault('https://github.com').describe('GitHub for people, in links.'),
  }).prefault({}),
  policy: policy.prefault({}),
  intervals: group({
    poll: duration({ min: 100, max: MOST_TIMERS })
      .prefault('5s')
      .describe('Between reads of the table that look for hand edits.'),
    resync: duration({ min: 1_000, max: MOST_TIMERS })
      .prefault('60s')
      .describe('Between reconciles of every environment.'),
    reread: duration({ min: 1_000, max: MOST_TIMERS })
      .prefault('5m')
      .describe('Between reads of every open pull request that has a record; one call to GitHub each.'),
  }).prefault({}),
  workers: integer(1, 64).default(8).describe('Environments that are reconciled at the same time.'),
  logLevel: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level that is logged.'),
});

export type FileConfig = z.output<typeof FileSchema>;
export type FileProject = FileConfig['projects'][string];
