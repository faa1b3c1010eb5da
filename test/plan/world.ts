/** A small world to plan in: a project, one environment, and pieces of AWS that tests put together. */
import type { Attempt, Desired, Status } from '../../src/model/environment.ts';
import { EMPTY_STATUS } from '../../src/model/environment.ts';
import { targetGroupName } from '../../src/model/names.ts';
import type {
  Observed,
  ObservedRule,
  ObservedTarget,
  ObservedTask,
  SupervisorReport,
  TargetState,
} from '../../src/model/observed.ts';
import { DEFAULT_POLICY } from '../../src/model/policy.ts';
import type { Project } from '../../src/model/project.ts';
import type { PlanContext } from '../../src/plan/context.ts';
import { wantedTask } from '../../src/plan/context.ts';
import { effective } from '../../src/plan/effective.ts';
import { planEnvironment } from '../../src/plan/environment.ts';
import { learn } from '../../src/plan/learn.ts';

export const NOW = Date.parse('2026-05-01T12:00:00.000Z');
export const COMMIT = 'a'.repeat(40);
export const NEWER = 'b'.repeat(40);
export const SESSION = 'web-topic';
export const GROUP = 'arn:group/own';
export const DOOR = 'arn:group/front-door';
export const BASE = 'arn:aws:ecs:us-east-1:000000000000:task-definition/web:3';
export const DERIVED = 'arn:aws:ecs:us-east-1:000000000000:task-definition/mayfly-test-x:1';

export const project: Project = {
  name: 'web',
  repo: 'acme/web',
  prefix: 'web',
  labels: [{ label: 'uat', imageTag: 'latest', agent: false }],
  defaultTag: 'latest',
  listener: {
    name: 'default',
    arn: 'arn:listener',
    vpcId: 'vpc-1',
    frontDoorTargetGroupArn: DOOR,
    domain: 'uat.example.test',
    url: 'https://{host}',
  },
  cluster: 'mayfly',
  launchType: 'FARGATE',
  network: { subnets: ['subnet-1'], securityGroups: [], assignPublicIp: false },
  taskDefinition: 'web',
  container: 'app',
  port: 3001,
  env: { VITE_API: '${PUBLIC_URL}/api' },
  supervisor: true,
};

export const desired: Desired = {
  sessionId: SESSION,
  project: 'web',
  repo: 'acme/web',
  branch: 'topic',
  commit: COMMIT,
  imageTag: 'latest',
  wanted: true,
  sources: {},
  intakeRev: 1,
};

const NOTHING: Observed = {
  at: NOW,
  tasks: [],
  attemptMissing: false,
  rules: [],
  takenPriorities: [],
  control: {},
  image: { ok: true, image: 'repo/web:latest', taskDefinitionArn: BASE },
};

export interface World {
  readonly desired?: Partial<Desired>;
  readonly status?: Partial<Status>;
  readonly observed?: Partial<Observed>;
  readonly project?: Partial<Project>;
  readonly now?: number;
}

/** The context of a pass over this world, with what it teaches already learned. */
export function passOver(world: World = {}): PlanContext {
  const now = world.now ?? NOW;
  const status: Status = { ...EMPTY_STATUS, ...world.status };
  const wholeProject = { ...project, ...world.project };
  const head = world.observed?.head ?? status.head;
  const context: PlanContext = {
    installation: 'test',
    publicKey: 'PUBLIC KEY',
    sessionId: SESSION,
    repo: 'acme/web',
    project: wholeProject,
    effective: effective({ desired: { ...desired, ...world.desired }, project: wholeProject, head, now }),
    status,
    observed: { ...NOTHING, ...world.observed },
    policy: DEFAULT_POLICY,
    now,
  };
  return { ...context, status: learn(context) };
}

/** The steps of a pass as short words, e.g. `set-weights 1/0`. */
export function stepsOf(world: World): readonly string[] {
  return planEnvironment(passOver(world)).steps.map((step) => {
    switch (step.kind) {
      case 'run-task':
        return `run-task #${step.attempt.number}`;
      case 'stop-task':
      case 'adopt-task':
        return `${step.kind} ${step.taskArn}`;
      case 'set-weights':
        return `set-weights ${step.weights.environment.weight}/${step.weights.frontDoor.weight}`;
      case 'register-target':
      case 'deregister-target':
        return `${step.kind} ${step.ip}`;
      case 'sync':
        return `sync ${step.commit.slice(0, 1)}`;
      case 'delete-rule':
        return `delete-rule ${step.ruleArn}`;
      default:
        return step.kind;
    }
  });
}

/** The hash of the task that this world wants. */
export function wantedHash(world: World = {}): string {
  const wanted = wantedTask(passOver(world));
  if (!wanted) throw new Error('this world wants no task');
  return wanted.hash;
}

export function attempt(change: Partial<Attempt> = {}): Attempt {
  const context = passOver();
  const wanted = wantedTask(context);
  return {
    number: 1,
    taskHash: wanted?.hash ?? '',
    clientToken: 'token-1',
    request: {
      cluster: 'mayfly',
      taskDefinition: BASE,
      launchType: 'FARGATE',
      startedBy: 'mayfly/test',
      group: SESSION,
      ...project.network,
      container: 'app',
      env: wanted?.env ?? {},
      tags: {},
    },
    requestedAt: new Date(NOW - 5_000).toISOString(),
    ...change,
  };
}

export const RUNNING_ATTEMPT = { taskArn: 'task-1', healthyAt: new Date(NOW - 1_000).toISOString() };

/** A task of the wanted kind unless `spec` says otherwise. */
export function task(change: Partial<ObservedTask> = {}): ObservedTask {
  const wanted = wantedTask(passOver());
  return {
    arn: 'task-1',
    session: SESSION,
    lastStatus: 'RUNNING',
    desiredStatus: 'RUNNING',
    spec: { taskDefinitionArn: wanted?.taskDefinitionArn ?? '', env: wanted?.env ?? {} },
    createdAt: NOW - 5_000,
    ip: '10.0.0.1',
    ...change,
  };
}

/** A task of another kind, as after a change of the image tag. */
export function otherTask(change: Partial<ObservedTask> = {}): ObservedTask {
  return task({ arn: 'task-old', ip: '10.0.0.9', spec: { taskDefinitionArn: DERIVED, env: {} }, ...change });
}

export function report(change: Partial<SupervisorReport> = {}): Observed['control'][string] {
  return { ok: true, report: { session: SESSION, healthy: true, liveCommit: COMMIT, inFlight: 0, ...change } };
}

export const group = { arn: GROUP, name: targetGroupName('test', SESSION) };

export function rule(environment: number, change: Partial<ObservedRule> = {}): ObservedRule {
  return {
    arn: 'rule-1',
    priority: 1234,
    hosts: [`${SESSION}.uat.example.test`],
    forward: [
      { targetGroupArn: GROUP, weight: environment },
      { targetGroupArn: DOOR, weight: 1 - environment },
    ],
    ...change,
  };
}

export function target(state: TargetState, ip = '10.0.0.1'): ObservedTarget {
  return { ip, port: 3001, state };
}

/** Everything in place and healthy. */
export function settled(): World & { observed: Partial<Observed>; status: Partial<Status> } {
  return {
    status: { attempt: attempt(RUNNING_ATTEMPT), liveCommit: COMMIT, rulePriority: 1234 },
    observed: { tasks: [task()], control: { 'task-1': report() }, targetGroup: group, rules: [rule(1)] },
  };
}
