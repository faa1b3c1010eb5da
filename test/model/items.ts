/** Items of the table: one as a person writes it, and desired state and status of every shape. */
import fc from 'fast-check';
import { CONDITION_TYPES } from '../../src/model/conditions.ts';
import type { Attempt, Desired, Failure, JobRecord, Source, Status } from '../../src/model/environment.ts';
import { JOB_PHASES, PHASE_OUTCOMES } from '../../src/model/observed.ts';
import { REASONS, type Reason } from '../../src/model/reasons.ts';
import type { RunTaskRequest } from '../../src/model/step.ts';

export const BY_HAND = { session_id: 'tt-hand', project: 'todo', repo: 'acme/todo', branch: 'hand', wanted: true };

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const commit = fc.constantFrom('a'.repeat(40), '0123456789abcdef'.repeat(4));
const branch = fc.constantFrom('main', 'feat/x', 'ümlaut', 'a.b');
const imageTag = fc.constantFrom('latest', 'staging', `sha256:${'b'.repeat(64)}`);
const time = fc
  .date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('9999-01-01') })
  .map((date) => date.toISOString());
const reason = fc.constantFrom(...(Object.keys(REASONS) as Reason[]));
const sourceKey = fc
  .tuple(fc.constantFrom('pull', 'issues'), fc.integer({ min: 1, max: 99_999 }))
  .map(([kind, number]) => `${kind}/${number}`);
const variables = fc.dictionary(fc.constantFrom('A', 'B_C', '_d', 'e1'), text);

const source: fc.Arbitrary<Source> = fc.record({
  wanted: fc.boolean(),
  branch,
  commit: maybe(commit),
  imageTag: maybe(imageTag),
  author: text,
  trusted: fc.boolean(),
  refused: maybe(reason),
  open: fc.boolean(),
  agent: maybe(fc.boolean()),
  at: time,
});

export const desired: fc.Arbitrary<Desired> = fc.record({
  sessionId: fc.constantFrom('tt-a', 'a', 'a-b-c'),
  project: fc.constantFrom('todo', 'x y'),
  repo: fc.constantFrom('acme/todo', 'A.b/c_d'),
  repoId: maybe(fc.maxSafeInteger()),
  branch,
  commit: maybe(commit),
  imageTag: maybe(imageTag),
  wanted: fc.boolean(),
  sources: fc.dictionary(sourceKey, source),
  intakeRev: fc.nat(),
  override: maybe(
    fc.record({
      wanted: maybe(fc.boolean()),
      branch: maybe(branch),
      commit: maybe(commit),
      imageTag: maybe(imageTag),
      env: maybe(variables),
      keep: maybe(fc.boolean()),
      paused: maybe(fc.boolean()),
      reason: maybe(text),
      by: maybe(text),
      until: maybe(time),
    }),
  ),
  visitedAt: maybe(time),
});

const request: fc.Arbitrary<RunTaskRequest> = fc.record({
  cluster: text,
  taskDefinition: text,
  launchType: fc.constantFrom('FARGATE', 'EC2'),
  startedBy: text,
  group: text,
  subnets: fc.array(text, { maxLength: 2 }),
  securityGroups: fc.array(text, { maxLength: 2 }),
  assignPublicIp: fc.boolean(),
  container: text,
  cpu: maybe(text),
  memory: maybe(text),
  env: variables,
  tags: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    text,
  ),
});

const attempt: fc.Arbitrary<Attempt> = fc.record({
  number: fc.nat(),
  taskHash: text,
  clientToken: text,
  request,
  requestedAt: time,
  taskArn: maybe(text),
  healthyAt: maybe(time),
});

const failure: fc.Arbitrary<Failure> = fc.record({
  reason,
  message: text,
  at: time,
  final: fc.boolean(),
  commit: maybe(commit),
  taskHash: maybe(text),
  attempt: maybe(fc.nat()),
  count: fc.nat(),
  retryAt: maybe(time),
  stopCode: maybe(text),
  exitCode: maybe(fc.integer({ min: 0, max: 255 })),
  logTail: maybe(fc.array(text, { maxLength: 3 })),
});

const job: fc.Arbitrary<JobRecord> = fc.record({
  attempt: fc.nat(),
  outcome: fc.constantFrom('running', 'done', 'failed'),
  phases: fc.array(
    fc.record({
      phase: fc.constantFrom(...JOB_PHASES),
      at: time,
      ms: maybe(fc.nat()),
      outcome: fc.constantFrom(...PHASE_OUTCOMES),
      note: maybe(text),
    }),
    { maxLength: 3 },
  ),
});

const condition = fc.record({
  status: fc.constantFrom('True', 'False', 'Unknown'),
  reason,
  message: text,
  since: time,
});

export const status: fc.Arbitrary<Status> = fc.record({
  rev: fc.nat(),
  epoch: fc.option(fc.nat(), { nil: undefined }),
  conditions: fc.dictionary(fc.constantFrom(...CONDITION_TYPES), condition),
  attempt: maybe(attempt),
  failure: maybe(failure),
  updateFailure: maybe(failure),
  job: maybe(job),
  liveCommit: maybe(commit),
  head: maybe(fc.record({ branch, commit, at: time })),
  rulePriority: maybe(fc.nat()),
  url: maybe(text),
  wantedAt: maybe(time),
  routeRemovedAt: maybe(time),
  drainingSince: maybe(time),
  deployments: fc.array(fc.record({ commit, imageTag, at: time }), { maxLength: 3 }),
  comments: fc.dictionary(sourceKey, fc.record({ id: fc.nat(), hash: text })),
});
