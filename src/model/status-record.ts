/**
 * `status` between its form in the table and the model's type. The operator alone writes it, so it is read leniently: a
 * part that cannot be understood counts as absent, and never stands in the way of desired state. What is lost is
 * observed or decided anew.
 */
import { z } from 'zod';
import { CONDITION_TYPES, type Condition, type Conditions } from './conditions.ts';
import {
  type Attempt,
  type CommentRef,
  type Deployment,
  EMPTY_STATUS,
  type Failure,
  type JobRecord,
  MAX_EPOCH,
  type PhaseRecord,
  type SourceKey,
  type Status,
} from './environment.ts';
import { camelKeys, snakeKeys } from './key-case.ts';
import { JOB_PHASES, PHASE_OUTCOMES } from './observed.ts';
import { isReason, type Reason } from './reasons.ts';
import type { RunTaskRequest } from './step.ts';

/** A schema for each member: one that is added to the type and forgotten here does not compile. */
type SchemaOf<Shape> = Record<keyof Shape, z.ZodType>;

const time = z.iso.datetime({ offset: true });
const reason = z.custom<Reason>((value) => typeof value === 'string' && isReason(value));
const texts = z.record(z.string(), z.string());

/** An object whose keys are snake_case in the table. */
const entity = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? camelKeys(value) : value),
    z.object(shape),
  );
const lenient = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const request = z.object({
  cluster: z.string(),
  taskDefinition: z.string(),
  launchType: z.enum(['FARGATE', 'EC2']),
  startedBy: z.string(),
  group: z.string(),
  subnets: z.array(z.string()),
  securityGroups: z.array(z.string()),
  assignPublicIp: z.boolean(),
  container: z.string(),
  cpu: z.string().optional(),
  memory: z.string().optional(),
  env: texts,
  tags: texts,
} satisfies SchemaOf<RunTaskRequest>);

const attempt = entity({
  number: z.int(),
  taskHash: z.string(),
  clientToken: z.string(),
  request: z.preprocess(jsonValue, request),
  requestedAt: time,
  taskArn: z.string().optional(),
  healthyAt: time.optional(),
} satisfies SchemaOf<Attempt>);

const failure = entity({
  reason,
  message: z.string(),
  at: time,
  final: z.boolean(),
  commit: z.string().optional(),
  taskHash: z.string().optional(),
  attempt: z.int().optional(),
  count: z.int(),
  retryAt: time.optional(),
  stopCode: z.string().optional(),
  exitCode: z.int().optional(),
  logTail: z.array(z.string()).optional(),
} satisfies SchemaOf<Failure>);

const job = z.object({
  attempt: z.int(),
  outcome: z.enum(['running', 'done', 'failed']),
  phases: z.array(
    z.object({
      phase: z.enum(JOB_PHASES),
      at: time,
      ms: z.int().nonnegative().optional(),
      outcome: z.enum(PHASE_OUTCOMES),
      note: z.string().optional(),
    } satisfies SchemaOf<PhaseRecord>),
  ),
} satisfies SchemaOf<JobRecord>);

const condition = z.object({
  status: z.enum(['True', 'False', 'Unknown']),
  reason,
  message: z.string(),
  since: time,
} satisfies SchemaOf<Condition>);

const deployment = entity({
  commit: z.string(),
  imageTag: z.string(),
  at: time,
} satisfies SchemaOf<Deployment>);

const comment = z.object({ id: z.int(), hash: z.string() } satisfies SchemaOf<CommentRef>);

const SHAPE = {
  rev: z.number().catch(0),
  epoch: lenient(z.int().nonnegative().max(MAX_EPOCH)),
  conditions: z
    .unknown()
    .default({})
    .transform((value) => partsOf(value, condition, CONDITION_TYPES) as Conditions),
  attempt: lenient(attempt),
  failure: lenient(failure),
  updateFailure: lenient(failure),
  job: lenient(job),
  liveCommit: lenient(z.string()),
  head: lenient(z.object({ branch: z.string(), commit: z.string(), at: time })),
  rulePriority: lenient(z.int()),
  url: lenient(z.string()),
  wantedAt: lenient(time),
  routeRemovedAt: lenient(time),
  drainingSince: lenient(time),
  deployments: z.array(deployment).catch([]),
  comments: z
    .unknown()
    .default({})
    .transform((value) => partsOf(value, comment) as Partial<Record<SourceKey, CommentRef>>),
} satisfies SchemaOf<Status>;

const status = entity(SHAPE);

/** Never throws: whatever cannot be understood is empty. */
export function parseStatus(value: unknown): Status {
  const parsed = status.safeParse(value);
  return parsed.success ? parsed.data : EMPTY_STATUS;
}

/** The map for the table. The request of the attempt is one JSON text: it is compared and repeated, never edited. */
export function encodeStatus(value: Status): Record<string, unknown> {
  return snakeKeys({
    ...value,
    attempt: value.attempt && snakeKeys({ ...value.attempt, request: JSON.stringify(value.attempt.request) }),
    failure: value.failure && snakeKeys(value.failure),
    updateFailure: value.updateFailure && snakeKeys(value.updateFailure),
    job: value.job && { ...value.job, phases: value.job.phases.map(snakeKeys) },
    deployments: value.deployments.map(snakeKeys),
  });
}

/** The members of a map that one schema understands; with `names`, only those. */
function partsOf(value: unknown, schema: z.ZodType, names?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  const parts = Object.entries(value).map(([key, member]) => [key, schema.safeParse(member)] as const);
  return Object.fromEntries(
    parts
      .filter(([key, part]) => part.success && (names?.includes(key) ?? true))
      .map(([key, part]) => [key, part.data]),
  );
}

function jsonValue(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}
