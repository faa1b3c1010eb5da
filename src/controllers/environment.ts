/**
 * The loop of one environment: read the record, observe, learn, plan, apply, summarise, write. Every pass is the same,
 * whatever woke it; nothing is remembered between passes but how fresh the next look must be.
 */
import type { Applier } from '../apply/applier.ts';
import { beginPass } from '../apply/context.ts';
import { failed, type StepFailed } from '../apply/outcome.ts';
import { AwsError } from '../aws/errors.ts';
import { canonical } from '../model/digest.ts';
import type { Config } from '../model/config.ts';
import type { Desired, Status, StoredEnvironment } from '../model/environment.ts';
import type { Observed } from '../model/observed.ts';
import { type Project, projectOf } from '../model/project.ts';
import type { Observer } from '../observe/environment.ts';
import type { LogTail } from '../observe/log-tail.ts';
import type { PlanContext } from '../plan/context.ts';
import { effective } from '../plan/effective.ts';
import { type Plan, planEnvironment } from '../plan/environment.ts';
import { attemptTask, learn } from '../plan/learn.ts';
import { type Problem, stateOf, summarise } from '../plan/summarise.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ReconcileContext } from '../runtime/controller.ts';
import { TerminalError, TransientError, WaitingError } from '../runtime/errors.ts';
import type { Result } from '../runtime/outcome.ts';
import type { EnvironmentStore } from '../store/port.ts';
import { saveFacts } from '../store/status-writer.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { absorb } from './absorb.ts';
import { sayUnobserved, setAside } from './aside.ts';
import type { Freshness } from './freshness.ts';
import { countDrift, observeProgress } from './progress.ts';

export interface EnvironmentLoop {
  readonly config: Config;
  readonly publicKey: string;
  readonly store: EnvironmentStore;
  readonly observer: Observer;
  readonly applier: Applier;
  readonly logTail: LogTail;
  readonly freshness: Freshness;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Called after each pass that changed the record, with its session id. */
  readonly onChanged: (sessionId: string) => void;
}

type Understood = Extract<StoredEnvironment, { ok: true }>;

/** What one pass works on; `status` moves along as facts are learned and written. */
interface Pass {
  readonly loop: EnvironmentLoop;
  readonly run: ReconcileContext;
  readonly record: Understood;
  readonly project: Project;
  status: Status;
  /** The status as it stands in the table. */
  saved: Status;
}

const LOG_LINES = 20;

export function makeEnvironmentReconcile(loop: EnvironmentLoop) {
  return async (sessionId: string, run: ReconcileContext): Promise<Result> => {
    const record = await loop.store.get(sessionId);
    if (!record) return {};
    const project = projectOf(loop.config.projects, record);
    if (!record.ok || !project) return await setAside(loop, record);
    const pass: Pass = { loop, run, record, project, status: record.status, saved: record.status };
    return await reconcile(pass);
  };
}

async function reconcile(pass: Pass): Promise<Result> {
  const { loop } = pass;
  const observed = await observe(pass);
  if (observed instanceof AwsError) return await passBlind(pass, failed(observed));
  const context = contextOf(pass, observed);
  const hadFailure = pass.status.failure?.attempt;
  pass.status = learn(context);
  if (pass.status.failure?.attempt !== hadFailure) await attachLogTail(pass, observed);
  const plan = planEnvironment({ ...context, status: pass.status });
  loop.freshness.note(pass.record.sessionId, { observed, status: pass.status, plan });
  countDrift(loop.metrics, pass.status, plan);
  const problem = await applyAll(pass, context, plan);
  await write(pass, context, plan, problem);
  return resultOf(plan, problem);
}

/** AWS did not show what is: nothing is decided, and the record says why. */
async function passBlind({ loop, record }: Pass, problem: StepFailed): Promise<Result> {
  await sayUnobserved(loop, record, problem);
  return retryOf(problem);
}

async function observe(pass: Pass): Promise<Observed | AwsError> {
  const { loop, run, record, project, status } = pass;
  const { desired, sessionId } = record;
  const wish = wishOf(pass, freshHead(status, loop));
  const observing = loop.observer.observe({
    sessionId,
    project,
    wanted: wish.wanted,
    imageTag: wish.imageTag,
    commit: wish.commit,
    branch: wish.branch,
    repo: desired.repo,
    status,
    ...loop.freshness.needs(sessionId, { status, priority: run.priority }),
  });
  return await observing.catch((error: unknown) => {
    if (error instanceof AwsError) return error;
    throw error;
  });
}

function wishOf({ loop, record, project }: Pass, head: Parameters<typeof effective>[0]['head']) {
  return effective({ desired: record.desired, project, head, now: loop.clock.now() });
}

/** A head that was resolved a moment ago is not asked for again. */
function freshHead(status: Status, { config, clock }: EnvironmentLoop): Status['head'] {
  const { head } = status;
  return head && clock.now() - Date.parse(head.at) < config.intervals.resyncMs ? head : undefined;
}

function contextOf(pass: Pass, observed: Observed): PlanContext {
  const { loop, record, project, status } = pass;
  const { config, publicKey, clock } = loop;
  const head = observed.head?.ok ? observed.head : status.head;
  return {
    installation: config.installation,
    publicKey,
    sessionId: record.sessionId,
    repo: record.desired.repo,
    project,
    effective: wishOf(pass, head),
    status,
    observed,
    policy: config.policy,
    now: clock.now(),
  };
}

/** The last lines of the log say more than a stop code. A log that cannot be read changes nothing. */
async function attachLogTail(pass: Pass, observed: Observed): Promise<void> {
  const { loop, project, status, run } = pass;
  const task = attemptTask(observed, status.attempt);
  if (!status.failure || status.failure.logTail || !task) return;
  try {
    const logTail = await loop.logTail(project, task.spec.taskDefinitionArn, task.arn, LOG_LINES);
    pass.status = { ...status, failure: { ...status.failure, logTail } };
  } catch (error) {
    run.logger.warn({ err: error }, 'the log of the failed task could not be read');
  }
}

/** One step after the other; the first that fails ends the pass, since later ones build on it. */
async function applyAll(pass: Pass, context: PlanContext, plan: Plan): Promise<StepFailed | undefined> {
  const { loop, run } = pass;
  const shared = beginPass(context.observed, async (attempt) => {
    pass.status = { ...pass.status, attempt };
    await save(pass, context, plan, undefined);
  });
  for (const step of plan.steps) {
    run.signal.throwIfAborted();
    const outcome = await loop.applier.apply(pass.record.sessionId, step, shared);
    loop.freshness.wrote(pass.record.sessionId);
    pass.status = absorb(pass.status, { step, outcome, policy: context.policy, now: loop.clock.now() });
    if (!outcome.ok) return outcome;
  }
  return undefined;
}

async function write(pass: Pass, context: PlanContext, plan: Plan, problem: StepFailed | undefined): Promise<void> {
  const { loop, record } = pass;
  const before = pass.saved;
  const changed = await save(pass, context, plan, problem);
  if (!changed) return;
  observeProgress(loop.metrics, { before, after: pass.status, desired: record.desired, now: loop.clock.now() });
  loop.onChanged(record.sessionId);
}

/** Writes the facts with the conditions that follow from them; true when there was something to write. */
async function save(pass: Pass, context: PlanContext, plan: Plan, problem: Problem | undefined): Promise<boolean> {
  const { loop, record, saved } = pass;
  const current = { ...context, status: pass.status };
  const next = { ...pass.status, conditions: summarise(current, record.desired, plan, problem) };
  pass.status = next;
  const summary = summaryOf(pass, current, record.desired);
  if (
    canonical(next) === canonical(saved) &&
    record.state === summary.state &&
    (record.expiresAt === undefined) === (summary.expiresAt === undefined)
  )
    return false;
  pass.saved = await saveFacts(loop.store, record.sessionId, saved, { next, summary });
  pass.status = pass.saved;
  return true;
}

function summaryOf({ loop, status, record }: Pass, context: PlanContext, desired: Desired) {
  const { wanted } = context.effective;
  const blocked = context.observed.image?.ok === false || context.observed.head?.ok === false;
  const state = stateOf(status, wanted, wanted && blocked);
  const due = Math.floor((loop.clock.now() + loop.config.policy.retentionMs) / 1_000);
  const kept = Object.values(desired.sources).some((source) => source?.open);
  return { state, expiresAt: state === 'STOPPED' && !kept ? (record.expiresAt ?? due) : undefined };
}

function resultOf(plan: Plan, problem: StepFailed | undefined): Result {
  if (problem) return retryOf(problem);
  return { requeueAfterMs: plan.requeueAfterMs, priority: plan.settled ? 'low' : undefined };
}

/** The controller's own switch decides by the class of what is thrown. */
function retryOf({ reason, message, retryAfterMs, terminal }: StepFailed): never {
  if (terminal) throw new TerminalError(reason, message);
  if (retryAfterMs !== undefined) throw new WaitingError(reason, message, retryAfterMs);
  throw new TransientError(reason, message);
}
