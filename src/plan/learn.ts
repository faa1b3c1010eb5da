/**
 * What an observation teaches: the facts of `status` brought up to date before anything is decided. Pure, and run again
 * on the same observation it changes nothing.
 */
import type { Attempt, Status } from '../model/environment.ts';
import type { Observed, ObservedTask, SupervisorReport } from '../model/observed.ts';
import { hasEnded, type PlanContext, publicUrl } from './context.ts';
import { failureFrom, type Incident, type Verdict, verdictOf, verdictOfPhase } from './failure.ts';

/** A failure is forgotten once the environment has been healthy for this long. */
const STABLE_MS = 600_000;
const DEPLOYMENTS_KEPT = 5;

export function learn(context: PlanContext): Status {
  const steps = context.effective.wanted
    ? [wantedSince, headResolved, attemptEnded, deadlinePassed, served, liveCommit, updateFailed, draining]
    : [unwanted];
  const status = steps.reduce<Status>((known, step) => step({ ...context, status: known }), context.status);
  return { ...status, url: publicUrl(context) };
}

/** Once everything is gone, nothing of the last life is remembered but its deployments and comments. */
function unwanted({ status, observed }: PlanContext): Status {
  const idle = {
    ...status,
    wantedAt: undefined,
    liveCommit: undefined,
    updateFailure: undefined,
    drainingSince: undefined,
  };
  const ended = attemptTask(observed, status.attempt);
  const gone = observed.attemptMissing || (ended !== undefined && hasEnded(ended));
  return gone ? { ...idle, attempt: undefined, failure: undefined } : idle;
}

function wantedSince({ status, now }: PlanContext): Status {
  return { ...status, wantedAt: status.wantedAt ?? iso(now), routeRemovedAt: undefined };
}

function headResolved({ observed, status, now }: PlanContext): Status {
  const { head } = observed;
  return head?.ok ? { ...status, head: { branch: head.branch, commit: head.commit, at: iso(now) } } : status;
}

/** The attempt's task as ECS shows it, or undefined. */
export function attemptTask(observed: Observed, attempt: Attempt | undefined): ObservedTask | undefined {
  return observed.tasks.find((task) => task.arn === attempt?.taskArn);
}

function attemptEnded(context: PlanContext): Status {
  const { status, observed } = context;
  const { attempt } = status;
  if (!attempt?.taskArn || alreadyCounted(status, attempt)) return status;
  const task = attemptTask(observed, attempt);
  if (task && hasEnded(task)) return taskEnded(context, task);
  if (hasVanished(context, attempt)) return withFailure(context, { verdict: { reason: 'TaskGone', remedy: 'crash' } });
  const report = reportOf(observed, attempt.taskArn);
  return report && hasGivenUp(report) ? firstJobFailed(context, report) : status;
}

/** ECS does not know the task, and it is too old to be not yet visible. */
function hasVanished({ observed, policy, now }: PlanContext, attempt: Attempt): boolean {
  return observed.attemptMissing && isPastGrace(attempt, policy.createGraceMs, now);
}

function hasGivenUp({ failure, liveCommit: live, job }: SupervisorReport): boolean {
  return failure !== undefined && live === undefined && job === undefined;
}

function taskEnded(context: PlanContext, task: ObservedTask): Status {
  const { stopCode, exitCode } = task;
  const verdict = verdictOf(task, context.project.supervisor);
  return verdict
    ? withFailure(context, { verdict, message: endOf(task, verdict), stopCode, exitCode })
    : context.status;
}

/** What ECS says of the end; undefined when it says nothing. */
function endOf({ stoppedReason, containerReason, exitCode }: ObservedTask, { reason }: Verdict): string | undefined {
  const detail = [...new Set([stoppedReason, containerReason].filter(Boolean))].join('; ');
  const code = reason === 'TaskExited' && exitCode !== undefined ? `(exit code ${exitCode})` : '';
  return [detail, code].filter(Boolean).join(' ') || undefined;
}

/** The supervisor tells what failed before it ends: its own words are better than an exit code. */
function firstJobFailed(context: PlanContext, report: SupervisorReport): Status {
  const { failure } = report;
  if (!failure) return context.status;
  const verdict = verdictOfPhase(failure.phase);
  return withFailure(context, { verdict, message: failure.message, logTail: failure.logTail, commit: failure.commit });
}

function deadlinePassed(context: PlanContext): Status {
  const { status, policy, now } = context;
  const { attempt } = status;
  if (!attempt || attempt.healthyAt !== undefined || alreadyCounted(status, attempt)) return status;
  if (attempt.taskArn === undefined || !isPastGrace(attempt, policy.startDeadlineMs, now)) return status;
  const minutes = Math.round(policy.startDeadlineMs / 60_000);
  const message = `Not ready ${minutes} minutes after the task was requested.`;
  return withFailure(context, { verdict: { reason: 'StartDeadlineExceeded', remedy: 'final' }, message });
}

function withFailure(context: PlanContext, incident: Pick<Incident, 'verdict'> & Partial<Incident>): Status {
  const { status, policy, now } = context;
  const { attempt } = status;
  if (!attempt) return status;
  const whole: Incident = {
    attempt: attempt.number,
    taskHash: attempt.taskHash,
    served: attempt.healthyAt !== undefined,
    ...incident,
    commit: incident.commit ?? attempt.request.env['COMMIT'],
  };
  return { ...status, failure: failureFrom(whole, status.failure, policy, now) };
}

export function alreadyCounted(status: Status, attempt: Attempt): boolean {
  return status.failure?.attempt === attempt.number;
}

function isPastGrace(attempt: Attempt, graceMs: number, now: number): boolean {
  return now - Date.parse(attempt.requestedAt) > graceMs;
}

/** The attempt counts as healthy when the load balancer says so, not before. */
function served(context: PlanContext): Status {
  const { status, observed, now } = context;
  const { attempt } = status;
  if (!attempt) return status;
  const task = attemptTask(observed, attempt);
  const healthy = task?.ip !== undefined && observed.targets?.some((to) => to.ip === task.ip && to.state === 'healthy');
  const next =
    healthy && attempt.healthyAt === undefined ? { ...status, attempt: { ...attempt, healthyAt: iso(now) } } : status;
  return forgetOldFailure(next, now);
}

function forgetOldFailure(status: Status, now: number): Status {
  const { attempt, failure } = status;
  if (!failure || attempt?.healthyAt === undefined || failure.attempt === attempt.number) return status;
  return now - Date.parse(attempt.healthyAt) > STABLE_MS ? { ...status, failure: undefined } : status;
}

function liveCommit(context: PlanContext): Status {
  const { status, observed, effective, now } = context;
  const { attempt } = status;
  const report = attempt?.taskArn === undefined ? undefined : reportOf(observed, attempt.taskArn);
  const commit = report?.liveCommit;
  if (!report?.healthy || commit === undefined || attempt?.healthyAt === undefined) return status;
  if (commit === status.liveCommit) return status;
  const deployment = { commit, imageTag: effective.imageTag, at: iso(now) };
  return { ...status, liveCommit: commit, deployments: [deployment, ...status.deployments].slice(0, DEPLOYMENTS_KEPT) };
}

/** A failed update of a task that serves an older commit. Gone as soon as another commit is wanted or goes live. */
function updateFailed(context: PlanContext): Status {
  const { status, observed, effective } = context;
  const arn = status.attempt?.taskArn;
  const report = arn === undefined ? undefined : reportOf(observed, arn);
  if (!report) return status;
  const { failure, liveCommit: live } = report;
  if (live === undefined || !failure || failure.commit !== effective.commit || live === effective.commit) {
    return { ...status, updateFailure: undefined };
  }
  if (status.updateFailure?.at === failure.at) return status;
  const { reason } = verdictOfPhase(failure.phase);
  const { message, commit, at, logTail } = failure;
  return { ...status, updateFailure: { reason, message, commit, at, logTail, final: true, count: 1 } };
}

function draining({ status, observed, now }: PlanContext): Status {
  if (!observed.targets) return status;
  const some = observed.targets.some((target) => target.state === 'draining');
  return { ...status, drainingSince: some ? (status.drainingSince ?? iso(now)) : undefined };
}

export function reportOf(observed: Observed, taskArn: string): SupervisorReport | undefined {
  const answer = observed.control[taskArn];
  return answer?.ok ? answer.report : undefined;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
