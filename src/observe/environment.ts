/**
 * Everything that is known of one environment at one moment: its share of the fleet's snapshot, joined with the recorded
 * attempt's task, health, the supervisors' reports, the branch's head and the image. Reads only.
 */
import type { Status } from '../model/environment.ts';
import type { ControlAnswer, Observed, ObservedTarget, ObservedTask } from '../model/observed.ts';
import type { Project } from '../model/project.ts';
import { AwsError } from '../aws/errors.ts';
import type { Aws } from '../aws/ports.ts';
import type { ControlPort } from '../control/port.ts';
import type { GitHubPort } from '../github/port.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeResolveHead } from './head.ts';
import { makeResolveImage } from './image.ts';
import { isInTransition, mayHaveTargets, type Share, shareOf } from './share.ts';
import type { Snapshots } from './snapshot.ts';

export interface ObserveRequest {
  readonly sessionId: string;
  readonly project: Project;
  readonly wanted: boolean;
  readonly imageTag: string;
  /** Absent: the branch's head is resolved. */
  readonly commit?: string | undefined;
  readonly branch: string;
  readonly repo: string;
  readonly status: Status;
  /** Monotonic ms: the snapshot is begun at or after it. See `Snapshots.since`. */
  readonly since: number;
  /** Ask for target health even when the environment looks settled. */
  readonly lookAtHealth: boolean;
}

export interface Observer {
  /** Rejects with `AwsError` when AWS cannot be read; GitHub's and the control port's failures are part of the answer. */
  observe(request: ObserveRequest): Promise<Observed>;
}

export interface ObserverOptions {
  readonly snapshots: Snapshots;
  readonly aws: Aws;
  readonly github: GitHubPort;
  readonly control: ControlPort;
  readonly installation: string;
  readonly clock: Clock;
}

export function makeObserver({ snapshots, aws, github, control, installation, clock }: ObserverOptions): Observer {
  const resolveHead = makeResolveHead(github, clock);
  const resolveImage = makeResolveImage({ aws, installation, clock });

  const observeAws = async (request: ObserveRequest) => {
    const { sessionId, project } = request;
    const snapshot = await snapshots.since(request.since);
    const share = shareOf(snapshot, installation, sessionId, project);
    const { tasks, attemptMissing } = await joinAttempt(aws, share, request);
    const answers = project.supervisor ? await askTasks(control, sessionId, tasks) : {};
    const looks = (request.lookAtHealth || isInTransition(share, tasks)) && mayHaveTargets(share, tasks, answers);
    const targets = looks ? await readTargets(aws, share) : undefined;
    return { at: snapshot.at, share, tasks, attemptMissing, targets, control: answers };
  };

  return {
    async observe(request) {
      const { wanted, commit } = request;
      const [seen, head, image] = await Promise.all([
        observeAws(request),
        wanted && commit === undefined ? resolveHead(request.repo, request.branch) : undefined,
        wanted ? resolveImage(request.project, request.imageTag) : undefined,
      ]);
      const { share, ...rest } = seen;
      const { targetGroup, rules, takenPriorities } = share;
      return { ...rest, targetGroup, rules, takenPriorities, head, image };
    },
  };
}

interface Joined {
  readonly tasks: readonly ObservedTask[];
  readonly attemptMissing: boolean;
}

/**
 * Tasks that should run, and the recorded attempt's whatever its state: described by ARN when ECS no longer lists it. A
 * cluster that is gone has taken its tasks with it. An end that is counted already is not asked for again, as long as
 * the environment is wanted: it may stay failed for days.
 */
async function joinAttempt(aws: Aws, { listed }: Share, { status, wanted }: ObserveRequest): Promise<Joined> {
  const { attempt, failure } = status;
  const counted = wanted && failure !== undefined && failure.attempt === attempt?.number;
  const arn = counted ? undefined : attempt?.taskArn;
  const tasks = listed.filter((task) => task.desiredStatus === 'RUNNING' || task.arn === arn);
  if (attempt === undefined || arn === undefined || tasks.some((task) => task.arn === arn)) {
    return { tasks, attemptMissing: false };
  }
  const described = await aws.ecs.describeTasks(attempt.request.cluster, [arn]).catch((error: unknown) => {
    if (error instanceof AwsError && error.kind === 'not-found') return { tasks: [], missing: [arn] };
    throw error;
  });
  return { tasks: [...tasks, ...described.tasks], attemptMissing: described.missing.includes(arn) };
}

/** A target group that went away since the snapshot has no targets. */
async function readTargets(aws: Aws, { targetGroup }: Share): Promise<readonly ObservedTarget[] | undefined> {
  if (!targetGroup) return undefined;
  return aws.elbv2.describeTargetHealth(targetGroup.arn).catch((error: unknown) => {
    if (error instanceof AwsError && error.kind === 'not-found') return [];
    throw error;
  });
}

/** A task on its way out is not asked: it may be gone before it answers, and its address somebody else's. */
async function askTasks(
  control: ControlPort,
  session: string,
  tasks: readonly ObservedTask[],
): Promise<Readonly<Record<string, ControlAnswer>>> {
  const answers = await Promise.all(
    tasks.map(async ({ arn, ip, lastStatus, desiredStatus }) => {
      if (ip === undefined || lastStatus !== 'RUNNING' || desiredStatus !== 'RUNNING') return [];
      return [[arn, await control.report(ip, session)] as const];
    }),
  );
  return Object.fromEntries(answers.flat());
}
