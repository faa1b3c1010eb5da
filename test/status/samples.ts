/** Records, projects and conditions to make views from. */
import type { Condition, Conditions, ConditionType } from '../../src/model/conditions.ts';
import type {
  Desired,
  EnvironmentState,
  JobRecord,
  PhaseRecord,
  Source,
  Status,
  StoredEnvironment,
} from '../../src/model/environment.ts';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import type { Project } from '../../src/model/project.ts';
import { REASONS, type Reason } from '../../src/model/reasons.ts';

export const NOW = Date.UTC(2026, 0, 31, 9, 5, 0);
export const COMMIT = 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678';
export const OLDER = '0f1e2d3c4b5a69788796a5b4c3d2e1f001234567';

export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString();
}

export const PROJECT: Project = {
  name: 'shop',
  repo: 'acme/shop',
  prefix: 'tt',
  labels: [
    { label: 'uat', imageTag: 'latest', agent: false },
    { label: 'uat-staging', imageTag: 'staging', agent: false },
  ],
  defaultTag: 'latest',
  listener: {
    name: 'main',
    arn: 'arn:listener',
    vpcId: 'vpc-1',
    frontDoorTargetGroupArn: 'arn:front-door',
    domain: 'preview.example.com',
    url: 'https://{host}',
  },
  cluster: 'previews',
  launchType: 'FARGATE',
  network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: false },
  taskDefinition: 'shop',
  container: 'app',
  port: 3001,
  env: {},
  supervisor: true,
};

export const SOURCE: Source = {
  wanted: true,
  branch: 'fix-cart',
  commit: COMMIT,
  imageTag: 'latest',
  author: 'octocat',
  trusted: true,
  open: true,
  at: '2026-01-31T08:00:00Z',
};

export const DESIRED: Desired = {
  sessionId: 'tt-fix-cart',
  project: 'shop',
  repo: 'acme/shop',
  repoId: 1,
  branch: 'fix-cart',
  commit: COMMIT,
  imageTag: 'latest',
  wanted: true,
  sources: { 'pull/12': SOURCE },
  intakeRev: 1,
};

export function condition(status: Condition['status'], reason: Reason, more: Partial<Condition> = {}): Condition {
  return { status, reason, message: REASONS[reason], since: ago(80), ...more };
}

export function conditions(given: Partial<Record<ConditionType, [Condition['status'], Reason, string?]>>): Conditions {
  const entries = Object.entries(given).map(([type, [status, reason, message]]) => [
    type,
    condition(status, reason, message === undefined ? {} : { message }),
  ]);
  return Object.fromEntries(entries) as Conditions;
}

export const SERVING = conditions({
  Accepted: ['True', 'Accepted'],
  ImageAvailable: ['True', 'ImageFound'],
  TaskRunning: ['True', 'TaskRunning'],
  Routed: ['True', 'Routed'],
  Ready: ['True', 'Ready'],
  UpToDate: ['True', 'UpToDate'],
  ControlReachable: ['True', 'ControlReachable'],
});

export const BUILDING = conditions({
  Accepted: ['True', 'Accepted'],
  ImageAvailable: ['True', 'ImageFound'],
  TaskRunning: ['True', 'TaskRunning'],
  Routed: ['False', 'FrontDoor'],
  Ready: ['False', 'Building'],
  UpToDate: ['Unknown', 'Building'],
  ControlReachable: ['True', 'ControlReachable'],
});

export const GONE = conditions({
  Accepted: ['True', 'Accepted'],
  Removed: ['True', 'Removed'],
  Ready: ['False', 'NotWanted'],
});

const INSTALLED: readonly PhaseRecord[] = [
  { phase: 'fetch', at: ago(20), ms: 320, outcome: 'done' },
  { phase: 'recipe', at: ago(19.6), ms: 12, outcome: 'done' },
  { phase: 'install', at: ago(19), ms: 4_100, outcome: 'done', note: 'restored from the cache' },
];

export const BUILDING_JOB: JobRecord = {
  attempt: 1,
  outcome: 'running',
  phases: [...INSTALLED, { phase: 'build', at: ago(14), outcome: 'running', note: 'web' }],
};

export const DONE_JOB: JobRecord = {
  attempt: 1,
  outcome: 'done',
  phases: [
    ...INSTALLED,
    { phase: 'build', at: ago(14), ms: 12_000, outcome: 'done' },
    { phase: 'start', at: ago(2), ms: 140, outcome: 'done' },
    { phase: 'healthy', at: ago(1.5), ms: 900, outcome: 'done' },
  ],
};

export interface Sample {
  readonly state?: EnvironmentState;
  readonly desired?: Partial<Desired>;
  readonly status?: Partial<Status>;
}

export function stored({ state = 'RUNNING', desired = {}, status = {} }: Sample = {}): StoredEnvironment {
  const whole = { ...DESIRED, ...desired };
  return {
    sessionId: whole.sessionId,
    ok: true,
    desired: whole,
    status: { ...EMPTY_STATUS, wantedAt: ago(80), conditions: SERVING, ...status },
    state,
  };
}
