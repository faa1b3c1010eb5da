/**
 * What an observation teaches: the facts of `status` brought up to date before anything is decided. Pure, and run again
 * on the same observation it changes nothing.
 */
import type { Attempt, Status } from '../model/environment.ts';
import { isOwnStop } from '../model/names.ts';
import type { Observed, ObservedTask, SupervisorReport } from '../model/observed.ts';
import { hasEnded, ownRules, type PlanContext, publicUrl, weightOf } from './context.ts';
import { concerns, failureFrom, type Incident, type Verdict, verdictOf, verdictOfPhase } from './failure.ts';
import { jobSeen } from './job.ts';

/** As long as an attempt must be healthy for an earlier failure to be forgotten. */
const STABLE_MS = 600_000;
const DEPLOYMENTS_KEPT = 5;

export function learn(context: PlanContext): Status {
  const steps = context.effective.wanted
    ? [wantedSince, headResolved, attemptEnded, served, deadlinePassed, liveCommit, updateFailed, jobKept, draining]
    : [unwanted];
  const status = steps.reduce<Status>((known, step) => step({ ...context, status: known }), context.status);
  return { ...status, url: publicUrl(context) };
}

/** Once everything is gone, nothing of the last life is remembered but its deployments and comments. */
function unwanted(context: PlanContext): Status {
  const idle = {
    ...context.status,
    wantedAt: undefined,
    liveCommit: undefined,
    updateFailure: undefined,
    job: undefined,
    drainingSince: undefined,
    routeRemovedAt: routeRemovedAt(context),
  };
  return attemptIsGone(context) ? { ...idle, attempt: undefined, failure: undefined } : idle;
}

/** Of a route that served and whose removal nobody recorded: requests may still be in flight, so now counts. */
function routeRemovedAt({ status, observed, now }: PlanContext): string | undefined {
  const routed = observed.targetGroup !== undefined || ownRules(observed).length > 0;
  const unnoticed = !routed && status.attempt?.healthyAt !== undefined;
  return status.routeRemovedAt ?? (unnoticed ? iso(now) : undefined);
}

/** Its task has ended, or is not to be seen though it would be visible by now. */
function attemptIsGone({ status, observed, policy, now }: PlanContext): boolean {
  const { attempt } = status;
  const task = attemptTask(observed, attempt);
  if (!attempt || task) return task !== undefined && hasEnded(task);
  return isPastGrace(attempt, policy.createGraceMs, now);
}

function wantedSince({ status, now }: PlanContext): Status {
  return { ...status, wantedAt: status.wantedAt ?? iso(now), routeRemovedAt: undefined };
}

function headResolved({ observed, status, now }: PlanContext): Status {
  const { head } = observed;
  if (!head?.ok) return status;
  const { branch, commit } = head;
  // The same head again is nothing new: to write down each time that it was asked for would be a write a minute.
  const isKnown = status.head?.branch === branch && status.head.commit === commit;
  return isKnown ? status : { ...status, head: { branch, commit, at: iso(now) } };
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
  if (task && isOver(task)) return taskEnded(context, task);
  if (hasVanished(context, attempt)) return withFailure(context, { verdict: { reason: 'TaskGone', remedy: 'crash' } });
  const report = reportOf(observed, attempt.taskArn);
  return report && hasGivenUp(report) ? firstJobFailed(context, report) : status;
}

/** It has ended, or is on its way out and ECS says why; a container's exit code comes after the code of the stop. */
function isOver(task: ObservedTask): boolean {
  const { desiredStatus, stopCode, exitCode } = task;
  if (hasEnded(task)) return true;
  if (desiredStatus !== 'STOPPED' || stopCode === undefined) return false;
  return stopCode !== 'EssentialContainerExited' || exitCode !== undefined;
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
  if (waitsForRoute(context, attempt) || wasStopped(context, attempt)) return status;
  if (reportOf(context.observed, attempt.taskArn)?.waitingFor === 'credential') {
    return withFailure(context, { verdict: { reason: 'CredentialNeeded', remedy: 'final' } });
  }
  const minutes = Math.round(policy.startDeadlineMs / 60_000);
  const message = `Not ready ${minutes} minutes after the task was requested.`;
  return withFailure(context, { verdict: { reason: 'StartDeadlineExceeded', remedy: 'final' }, message });
}

/** Mayfly itself stopped the attempt's task: not a failure, and nothing to wait for. */
export function wasStopped({ observed }: Pick<PlanContext, 'observed'>, attempt: Attempt): boolean {
  const task = attemptTask(observed, attempt);
  return task?.desiredStatus === 'STOPPED' && isOwnStop(task.stoppedReason ?? '');
}

/** The app is ready and the load balancer has not tried it yet: whatever is late, it is not the app. */
function waitsForRoute({ observed, project }: PlanContext, attempt: Attempt): boolean {
  const task = attemptTask(observed, attempt);
  if (task?.lastStatus !== 'RUNNING') return false;
  const ready = !project.supervisor || reportOf(observed, task.arn)?.healthy === true;
  const target = observed.targets?.find(({ ip }) => ip === task.ip);
  return ready && (target === undefined || target.state === 'initial' || target.state === 'unused');
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
    commit: incident.commit ?? commitOfAttempt(status, attempt),
  };
  return { ...status, failure: failureFrom(whole, status.failure, policy, now) };
}

/** What it served when it did, since updates happen in place; else what it was started with. */
function commitOfAttempt({ liveCommit: live }: Status, attempt: Attempt): string | undefined {
  return (attempt.healthyAt === undefined ? undefined : live) ?? attempt.request.env['COMMIT'];
}

export function alreadyCounted(status: Status, attempt: Attempt): boolean {
  return status.failure?.attempt === attempt.number;
}

function isPastGrace(attempt: Attempt, graceMs: number, now: number): boolean {
  return now - Date.parse(attempt.requestedAt) >= graceMs;
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

/** A failure is over when another attempt is of another commit or kind, or has been healthy for long. */
export function forgetOldFailure(status: Status, now: number): Status {
  const { attempt, failure } = status;
  if (!failure || !attempt || failure.attempt === attempt.number) return status;
  const stable = attempt.healthyAt !== undefined && now - Date.parse(attempt.healthyAt) > STABLE_MS;
  const other = !concerns(failure, attempt.request.env['COMMIT'], attempt.taskHash);
  return stable || other ? { ...status, failure: undefined } : status;
}

/** Live is what answers requests, so that it takes a rule that leads there. */
function isRouted(observed: Observed): boolean {
  const { targetGroup } = observed;
  return targetGroup !== undefined && ownRules(observed).some((rule) => weightOf(rule, targetGroup.arn) > 0);
}

function liveCommit(context: PlanContext): Status {
  const { status, observed, effective, now } = context;
  const { attempt } = status;
  const report = attempt?.taskArn === undefined ? undefined : reportOf(observed, attempt.taskArn);
  const commit = report?.liveCommit;
  if (!report?.healthy || commit === undefined || !isRouted(observed)) return status;
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

function jobKept({ status, observed }: PlanContext): Status {
  const { attempt, job } = status;
  const report = attempt?.taskArn === undefined ? undefined : reportOf(observed, attempt.taskArn);
  const over = attempt !== undefined && alreadyCounted(status, attempt);
  return { ...status, job: jobSeen(job, attempt, { report, over }) };
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
