/**
 * Conditions and state from what was observed and learned. The only place that decides a condition; steps never do, and
 * nothing decides from them (STYLE: Flux's `summarize`).
 */
import { type Condition, type Conditions, type ConditionType, isTrue, setCondition } from '../model/conditions.ts';
import type { Desired, EnvironmentState, Failure, Fault, Status } from '../model/environment.ts';
import type { JobPhase, ObservedTask, SupervisorReport } from '../model/observed.ts';
import { pauseText } from '../model/installation.ts';
import { REASONS, type Reason } from '../model/reasons.ts';
import type { Step } from '../model/step.ts';
import { liveTasks, ownRules, type PlanContext, weightOf } from './context.ts';
import { sourcesOf } from './effective.ts';
import type { Plan } from './environment.ts';
import { reportOf } from './learn.ts';
import type { TasksPlan } from './tasks.ts';

/** Why this pass did not do what is to be done: a step that failed, or a person's word. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

type Verdict = Omit<Condition, 'since'>;
type Verdicts = Partial<Record<ConditionType, Verdict>>;

export function summarise(
  context: PlanContext,
  desired: Desired,
  plan: Plan,
  problem: Problem | undefined,
): Conditions {
  const hindrance = problem ?? pauseOf(context, desired);
  const verdicts: Verdicts = {
    Accepted: accepted(desired),
    ...(context.effective.wanted ? wantedVerdicts(context, plan, hindrance) : unwantedVerdicts(plan, hindrance)),
  };
  return withVerdicts(context.status.conditions, verdicts, context.now);
}

/** The pause that holds the environment, if one does. */
export function pauseOf({ pause, effective }: PlanContext, { override = {} }: Desired): Problem | undefined {
  if (pause) return { reason: 'Paused', message: pauseText(pause) };
  if (!effective.paused) return undefined;
  return { reason: 'Paused', message: pauseText(override, 'This environment') };
}

/** Conditions of a record that cannot be understood: what was known of its resources stays as it was. */
export function summariseFaults(conditions: Conditions, faults: readonly Fault[], now: number): Conditions {
  const message = faults.map(({ path, found, allowed }) => `${path}: found ${found}; allowed: ${allowed}`).join('. ');
  return setCondition(conditions, 'Accepted', { status: 'False', reason: 'InvalidRecord', message }, now);
}

export function summariseUnknownProject(
  conditions: Conditions,
  desired: Desired,
  known: readonly string[],
  now: number,
): Conditions {
  const message = `project: found "${desired.project}"; allowed: ${known.join(', ')}`;
  return setCondition(conditions, 'Accepted', { status: 'False', reason: 'UnknownProject', message }, now);
}

/** AWS could not be asked: what was true may still be, and everything else is unknown for the reason given. */
export function summariseUnobserved(conditions: Conditions, problem: Problem, now: number): Conditions {
  const { reason, message } = problem;
  const doubtful: readonly ConditionType[] = ['TaskRunning', 'Ready', 'Removed'];
  return doubtful
    .filter((type) => (type === 'Ready' || conditions[type]) && !isTrue(conditions, type))
    .reduce((known, type) => setCondition(known, type, { status: 'Unknown', reason, message }, now), conditions);
}

/** Sets the verdicts, drops the conditions that have none, and leaves `Reported` to the reporter. */
function withVerdicts(before: Conditions, verdicts: Verdicts, now: number): Conditions {
  const kept: Conditions = Object.fromEntries(
    Object.entries(before).filter(([type]) => type === 'Reported' || Object.hasOwn(verdicts, type)),
  );
  return Object.entries(verdicts).reduce<Conditions>(
    (conditions, [type, verdict]) =>
      verdict ? setCondition(conditions, type as ConditionType, verdict, now) : conditions,
    kept,
  );
}

function accepted(desired: Desired): Verdict {
  const open = sourcesOf(desired).filter((source) => source.open);
  const refused = open.find((source) => source.refused !== undefined)?.refused;
  if (refused !== undefined && !desired.wanted) return no(refused);
  return yes('Accepted');
}

function wantedVerdicts(context: PlanContext, plan: Plan, problem: Problem | undefined): Verdicts {
  const routed = routedVerdict(context, plan, problem);
  const ready = readyVerdict(context, plan, routed, problem);
  return {
    ImageAvailable: imageVerdict(context),
    TaskRunning: taskVerdict(context, plan, problem),
    Routed: routed,
    Ready: ready,
    UpToDate: unlessPaused(versionVerdict(context, plan, ready), currentReport(context, plan), problem),
    ...controlVerdict(context),
  };
}

function imageVerdict({ observed, effective }: PlanContext): Verdict {
  const { image } = observed;
  if (!image) return unknown();
  return image.ok
    ? yes('ImageFound', `Image tag ${effective.imageTag}: ${image.image}`)
    : no(image.reason, image.message);
}

function taskVerdict(context: PlanContext, plan: Plan, problem: Problem | undefined): Verdict {
  const { current, stale = [] } = plan.tasks ?? {};
  if (current && isRunning(current)) return yes('TaskRunning');
  if (stale.some(isRunning)) return yes('TaskReplacing');
  return problem ? no(problem.reason, problem.message) : startVerdict(context, plan.tasks);
}

function startVerdict(context: PlanContext, tasks: TasksPlan | undefined): Verdict {
  if (tasks?.current) return no('TaskStarting', `ECS shows the task as ${tasks.current.lastStatus}.`);
  const failure = tasks?.prospect === 'blocked' ? undefined : failureVerdict(context);
  return failure ?? blocker(context) ?? no('TaskStarting');
}

function isRunning({ lastStatus }: ObservedTask): boolean {
  return lastStatus === 'RUNNING';
}

function failureVerdict({ status: { failure } }: PlanContext): Verdict | undefined {
  return failure && no(failure.reason, failureMessage(failure));
}

/** Why nothing can be started at all. */
export function blocker({ observed, effective }: PlanContext): Verdict | undefined {
  if (observed.image && !observed.image.ok) return no(observed.image.reason, observed.image.message);
  if (effective.commit === undefined && observed.head && !observed.head.ok)
    return no(observed.head.reason, observed.head.message);
  return undefined;
}

function routedVerdict({ observed }: PlanContext, plan: Plan, problem: Problem | undefined): Verdict {
  const { targetGroup } = observed;
  const rule = ownRules(observed)[0];
  const carries = targetGroup && rule && weightOf(rule, targetGroup.arn) > 0;
  if (carries && !plan.steps.some(takesTraffic)) return yes('Routed');
  if (problem) return no(problem.reason, problem.message);
  return rule ? no('FrontDoor') : no('RouteRemoved', 'There is no rule yet.');
}

function takesTraffic(step: Step): boolean {
  return step.kind === 'set-weights' && step.weights.environment.weight === 0;
}

function readyVerdict(context: PlanContext, plan: Plan, routed: Verdict, problem: Problem | undefined): Verdict {
  if (routed.status === 'True' && !appIsDown(context)) return yes('Ready');
  const failure = failureVerdict(context);
  if (failure && !plan.tasks?.current) return failure;
  const task = taskVerdict(context, plan, problem);
  const waitsForTask = task.status === 'True' ? undefined : task;
  return phaseVerdict(context, plan) ?? targetVerdict(context) ?? waitsForTask ?? { ...routed, status: 'False' };
}

function appIsDown({ observed }: PlanContext): boolean {
  const answering = liveTasks(observed).filter((task) => reportOf(observed, task.arn)?.healthy !== false);
  return answering.length === 0;
}

const PHASE_REASONS: Readonly<Record<JobPhase, Reason>> = {
  fetch: 'Fetching',
  recipe: 'Fetching',
  install: 'Installing',
  build: 'Building',
  start: 'Starting',
  healthy: 'Starting',
};

function phaseVerdict({ observed }: PlanContext, { tasks }: Plan): Verdict | undefined {
  const report = tasks?.current ? reportOf(observed, tasks.current.arn) : undefined;
  if (report?.waitingFor === 'credential') return no('CredentialNeeded');
  if (report?.job)
    return no(
      PHASE_REASONS[report.job.phase],
      `${REASONS[PHASE_REASONS[report.job.phase]]}${forCommit(report.job.commit)}`,
    );
  return report && !report.healthy && report.liveCommit !== undefined ? no('AppUnhealthy') : undefined;
}

function forCommit(commit: string | undefined): string {
  return commit === undefined ? '' : ` (${commit.slice(0, 7)})`;
}

function targetVerdict({ observed }: PlanContext): Verdict | undefined {
  const target = observed.targets?.find(({ state }) => state === 'unhealthy');
  if (!target) return undefined;
  return no('TargetUnhealthy', [target.reason, target.description].filter(Boolean).join(': ') || undefined);
}

/** An update that would begin with a step is not on its way during a pause; one that runs in the container is. */
function unlessPaused(verdict: Verdict, report: SupervisorReport | undefined, problem: Problem | undefined): Verdict {
  const ours = verdict.reason === 'TaskReplacing' || (verdict.reason === 'Updating' && !report?.job);
  return ours && problem?.reason === 'Paused' ? no(problem.reason, problem.message) : verdict;
}

function versionVerdict(context: PlanContext, plan: Plan, ready: Verdict): Verdict {
  const { status } = context;
  const { current, stale = [] } = plan.tasks ?? {};
  if (ready.status !== 'True') return { ...ready, status: 'Unknown' };
  const failed = status.updateFailure ?? (current ? undefined : status.failure);
  if (failed) return no('UpdateFailed', updateMessage(status, failed));
  if (stale.length > 0) return no('TaskReplacing', 'A successor is starting beside the task that serves.');
  const report = currentReport(context, plan);
  return report ? newestVerdict(context, report) : unknownCommit(context);
}

function newestVerdict(context: PlanContext, report: SupervisorReport): Verdict {
  const { commit } = context.effective;
  const headless = headlessVerdict(context);
  if (headless) return headless;
  if (report.liveCommit === commit) return yes('UpToDate');
  return report.waitingFor === 'credential' ? no('CredentialNeeded') : no('Updating', onItsWay(report, commit));
}

/** Which commit is the newest is not known: what runs is that of a head that was resolved before. */
function headlessVerdict({ observed: { head } }: PlanContext): Verdict | undefined {
  if (!head || head.ok) return undefined;
  const { reason, message } = head;
  return reason === 'BranchNotFound' ? no(reason, message) : { status: 'Unknown', reason, message };
}

function unknownCommit({ project }: PlanContext): Verdict {
  if (project.supervisor) return unknown('ControlUnreachable');
  const message = 'The image has no supervisor: its code changes with the image tag only.';
  return { status: 'Unknown', reason: 'Unknown', message };
}

function onItsWay({ liveCommit, job }: SupervisorReport, wanted: string | undefined): string {
  const phase = job ? `: ${REASONS[PHASE_REASONS[job.phase]]}` : '';
  return `${short(liveCommit)} is live, ${short(wanted)} is on its way${phase}`;
}

function currentReport({ observed }: PlanContext, { tasks }: Plan): SupervisorReport | undefined {
  return tasks?.current ? reportOf(observed, tasks.current.arn) : undefined;
}

function updateMessage({ liveCommit }: Status, failure: Failure): string {
  return `${short(liveCommit)} is live; ${short(failure.commit)} failed: ${failure.message}`;
}

function short(commit: string | undefined): string {
  return commit?.slice(0, 7) ?? 'unknown';
}

function controlVerdict({ observed, project }: PlanContext): Verdicts {
  if (!project.supervisor) return {};
  const answers = Object.values(observed.control);
  const failed = answers.find((answer) => !answer.ok);
  if (failed && !failed.ok) return { ControlReachable: no('ControlUnreachable', failed.message) };
  return { ControlReachable: answers.length > 0 ? yes('ControlReachable') : unknown() };
}

function unwantedVerdicts({ teardown }: Plan, problem: Problem | undefined): Verdicts {
  if (teardown?.stage === 'gone') return { Removed: yes('Removed'), Ready: no('NotWanted') };
  const stage: Record<string, string> = {
    route: 'Rule and target group are being removed.',
    settle: 'Requests in flight are given time to end.',
    tasks: 'The task is being stopped.',
    'unknown-task': 'A task that was just requested may still appear.',
  };
  const message = problem?.message ?? stage[teardown?.stage ?? ''] ?? REASONS.Removing;
  return { Removed: no(problem?.reason ?? 'Removing', message), Ready: no('NotWanted') };
}

function failureMessage(failure: Failure): string {
  return failure.final || failure.retryAt === undefined
    ? failure.message
    : `${failure.message} Next try at ${failure.retryAt}.`;
}

function yes(reason: Reason, message: string = REASONS[reason]): Verdict {
  return { status: 'True', reason, message };
}

function no(reason: Reason, message: string = REASONS[reason]): Verdict {
  return { status: 'False', reason, message };
}

function unknown(reason: Reason = 'Unknown'): Verdict {
  return { status: 'Unknown', reason, message: REASONS[reason] };
}

/** The one word for people. Never feeds a decision. */
export function stateOf(status: Status, wanted: boolean, blocked: boolean): EnvironmentState {
  const { conditions, failure, attempt } = status;
  if (!wanted) return isTrue(conditions, 'Removed') ? 'STOPPED' : 'STOPPING';
  if (isTrue(conditions, 'Ready')) return 'RUNNING';
  if (blocked || failure?.final) return 'FAILED';
  return attempt ? 'STARTING' : 'PENDING';
}
