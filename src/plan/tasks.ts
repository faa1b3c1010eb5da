/**
 * The run facet: which tasks to start, adopt and stop.
 *
 *   recorded attempt       seen in ECS             then
 *   none                   nothing                 run a new attempt
 *   none                   a task that matches     adopt it
 *   without an ARN         nothing that matches    run the same attempt again: same token, same request
 *   with an ARN            not yet visible         wait
 *   ended, retry is due    nothing that matches    run a new attempt
 *   ended for good         –                       nothing, until commit or task hash change
 *   of another hash        the old task runs       run a successor beside it (replace)
 */
import type { Attempt, Failure } from '../model/environment.ts';
import { clientToken, startedBy } from '../model/names.ts';
import type { ObservedTask } from '../model/observed.ts';
import type { PlannedAttempt, RunTaskRequest, Step } from '../model/step.ts';
import { liveTasks, matches, type PlanContext, type WantedTask, wantedTask } from './context.ts';
import { concerns } from './failure.ts';
import { alreadyCounted, wasStopped } from './learn.ts';

/**
 * - `open`: a task runs, or one will be started by itself
 * - `blocked`: nothing runs, and image or commit are not known
 * - `final`: nothing is started any more until a person changes something
 */
export type Prospect = 'open' | 'blocked' | 'final';

export interface TasksPlan {
  readonly steps: readonly Step[];
  /** The task that should serve, once it is seen. */
  readonly current?: ObservedTask | undefined;
  /** Live tasks of another kind: they serve until the current one is healthy. */
  readonly stale: readonly ObservedTask[];
  readonly prospect: Prospect;
  /** When the next attempt is due, in ms since the epoch. */
  readonly retryAt?: number | undefined;
}

export function planTasks(context: PlanContext): TasksPlan {
  const live = liveTasks(context.observed);
  const wanted = wantedTask(context);
  if (!wanted) return withoutWanted(context, live);
  const failed = failedAttempt(context);
  const matching = live.filter((task) => matches(context, task, wanted) && task.arn !== failed?.taskArn);
  const [current, ...extra] = byPreference(matching, context.status.attempt);
  const stale = live.filter((task) => !matching.includes(task));
  const stops = [
    ...extra.map((task) => stop(context, task, 'a second task of the same kind')),
    ...stopFailed(context, stale, failed),
  ];
  if (current) return { steps: [...adopt(context, current, wanted), ...stops], current, stale, prospect: 'open' };
  return { ...start(context, wanted, stops), stale };
}

/** Image or commit are not known: what runs keeps running. */
function withoutWanted(context: PlanContext, live: readonly ObservedTask[]): TasksPlan {
  const failed = failedAttempt(context);
  const usable = live.filter((task) => task.arn !== failed?.taskArn);
  const [current] = byPreference(usable, context.status.attempt);
  const stale = live.filter((task) => task !== current);
  const steps = registerSteps(context);
  return { steps, current, stale, prospect: current || steps.length > 0 ? 'open' : 'blocked' };
}

function registerSteps({ observed, effective }: PlanContext): readonly Step[] {
  const { image } = observed;
  if (!image?.ok || image.taskDefinitionArn !== undefined) return [];
  return [
    {
      kind: 'register-task-definition',
      spec: image.register,
      why: `no revision runs image tag ${effective.imageTag} yet`,
    },
  ];
}

/** The recorded attempt's task first, then the oldest: every operator that looks chooses the same one. */
function byPreference(tasks: readonly ObservedTask[], attempt: Attempt | undefined): readonly ObservedTask[] {
  const rank = (task: ObservedTask): number => (task.arn === attempt?.taskArn ? 0 : 1);
  return tasks.toSorted((a, b) => rank(a) - rank(b) || a.createdAt - b.createdAt || (a.arn < b.arn ? -1 : 1));
}

function adopt(context: PlanContext, task: ObservedTask, wanted: WantedTask): readonly Step[] {
  const { attempt } = context.status;
  if (attempt?.taskArn === task.arn) return [];
  const open = openAttempt(context);
  const planned = open && !open.taskArn && open.taskHash === wanted.hash ? open : newAttempt(context, wanted);
  return [{ kind: 'adopt-task', taskArn: task.arn, attempt: planned, why: 'a task of this kind runs already' }];
}

function failedAttempt({ status }: PlanContext): Attempt | undefined {
  return status.attempt && alreadyCounted(status, status.attempt) ? status.attempt : undefined;
}

/** A task whose attempt counts as failed (deadline, failed build) does not linger. */
function stopFailed(
  context: PlanContext,
  stale: readonly ObservedTask[],
  failed: Attempt | undefined,
): readonly Step[] {
  const task = stale.find(({ arn }) => arn === failed?.taskArn);
  return task ? [stop(context, task, context.status.failure?.reason ?? 'failed')] : [];
}

function start(context: PlanContext, wanted: WantedTask, stops: readonly Step[]): Omit<TasksPlan, 'stale'> {
  const { status, now } = context;
  const open = openAttempt(context);
  if (open?.taskHash === wanted.hash) {
    return { steps: open.taskArn === undefined ? [...stops, repeat(open, now)] : stops, prospect: 'open' };
  }
  const verdict = waitFor(status.failure, context, wanted);
  if (verdict === 'for ever') return { steps: stops, prospect: 'final' };
  if (verdict > now) return { steps: stops, prospect: 'open', retryAt: verdict };
  return { steps: [...stops, runTask(newAttempt(context, wanted), startReason(context))], prospect: 'open' };
}

/** The recorded attempt while its end is not known. */
function openAttempt(context: PlanContext): Attempt | undefined {
  const { attempt } = context.status;
  return attempt && !alreadyCounted(context.status, attempt) && !wasStopped(context, attempt) ? attempt : undefined;
}

/** The same token and request once more; only the time from which it may be late is new. */
function repeat(attempt: Attempt, now: number): Step {
  const again = { ...attempt, requestedAt: new Date(now).toISOString() };
  return runTask(again, 'the outcome of the recorded attempt is not known');
}

/** Until when a failure of this very commit and kind of task forbids another attempt, in ms since the epoch. */
function waitFor(failure: Failure | undefined, { effective }: PlanContext, wanted: WantedTask): number | 'for ever' {
  if (!failure || !concerns(failure, effective.commit, wanted.hash)) return 0;
  return failure.final ? 'for ever' : Date.parse(failure.retryAt ?? '') || 0;
}

function startReason({ status }: PlanContext): string {
  return status.failure
    ? `attempt ${status.failure.attempt ?? 0} ended: ${status.failure.reason}`
    : 'no task of the wanted kind runs';
}

function runTask(attempt: PlannedAttempt, why: string): Step {
  const { number, taskHash, clientToken: token, request, requestedAt } = attempt;
  return { kind: 'run-task', attempt: { number, taskHash, clientToken: token, request, requestedAt }, why };
}

function newAttempt(context: PlanContext, wanted: WantedTask): PlannedAttempt {
  const { sessionId, status, now } = context;
  const number = (status.attempt?.number ?? 0) + 1;
  const requestedAt = new Date(now).toISOString();
  return {
    number,
    taskHash: wanted.hash,
    clientToken: clientToken(sessionId, number, wanted.hash, requestedAt),
    request: requestFor(context, wanted),
    requestedAt,
  };
}

/** A commit that failed in place fails anew: the version that served comes back, and the update is tried on top of it. */
function startCommit({ status, effective }: PlanContext): string {
  const failedInPlace = status.updateFailure !== undefined && status.updateFailure.commit === effective.commit;
  return (failedInPlace ? status.liveCommit : undefined) ?? effective.commit ?? '';
}

function requestFor(context: PlanContext, wanted: WantedTask): RunTaskRequest {
  const { project, sessionId, installation } = context;
  return {
    cluster: project.cluster,
    taskDefinition: wanted.taskDefinitionArn,
    launchType: project.launchType,
    startedBy: startedBy(installation),
    group: sessionId,
    ...project.network,
    container: project.container,
    cpu: project.cpu,
    memory: project.memory,
    env: { ...wanted.env, COMMIT: startCommit(context) },
    tags: tagsFor(installation, sessionId, project.name),
  };
}

/** For people and cost allocation; ownership is read from names. */
export function tagsFor(installation: string, session: string, project: string): Readonly<Record<string, string>> {
  return { 'mayfly:installation': installation, 'mayfly:session': session, 'mayfly:project': project };
}

export function stop({ project }: PlanContext, task: ObservedTask, why: string): Step {
  return { kind: 'stop-task', cluster: project.cluster, taskArn: task.arn, why };
}
