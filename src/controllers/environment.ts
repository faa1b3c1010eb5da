/**
 * The loop of one environment: read the record, observe, learn, plan, apply, summarise, write. Every pass is the same,
 * whatever woke it; nothing is remembered between passes but how fresh the next look must be.
 */
import type { Applier } from '../apply/applier.ts';
import { beginPass, type RecordAttempt } from '../apply/context.ts';
import { failed, type StepFailed } from '../apply/outcome.ts';
import { AwsError } from '../aws/errors.ts';
import { canonical } from '../model/digest.ts';
import type { Config } from '../model/config.ts';
import type { Desired, Status, StoredEnvironment } from '../model/environment.ts';
import type { Observed } from '../model/observed.ts';
import { projectOf } from '../model/project.ts';
import type { LogTail } from '../observe/log-tail.ts';
import type { PlanContext } from '../plan/context.ts';
import { msUntil } from '../plan/effective.ts';
import { type Plan, planEnvironment } from '../plan/environment.ts';
import { attemptTask, forgetOldFailure, learn } from '../plan/learn.ts';
import { type Problem, summarise } from '../plan/summarise.ts';
import type { ReconcileContext } from '../runtime/controller.ts';
import { TerminalError, TransientError, WaitingError } from '../runtime/errors.ts';
import type { Result } from '../runtime/outcome.ts';
import type { EnvironmentStore } from '../store/port.ts';
import { saveFacts, type Summary } from '../store/status-writer.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { absorb } from './absorb.ts';
import { sayUnobserved, setAside } from './aside.ts';
import type { Freshness } from './freshness.ts';
import { contextOf, lookAt, type Looking, stateIn, type Subject } from './look.ts';
import { countDrift, observeProgress } from './progress.ts';

export interface EnvironmentLoop extends Looking {
  readonly config: Config;
  readonly store: EnvironmentStore;
  readonly applier: Applier;
  readonly logTail: LogTail;
  readonly freshness: Freshness;
  readonly metrics: Metrics;
  /** Called after each pass that changed the record, with its session id. */
  readonly onChanged: (sessionId: string) => void;
}

/** What one pass works on; `status` moves along as facts are learned and written. */
interface Pass extends Subject {
  readonly loop: EnvironmentLoop;
  readonly run: ReconcileContext;
  status: Status;
  /** What of it stands in the table; the record itself until something is written. */
  saved: Saved;
}

type Saved = Pick<StoredEnvironment, 'status' | 'state' | 'expiresAt'>;

const LOG_LINES = 20;

export function makeEnvironmentReconcile(loop: EnvironmentLoop) {
  return async (sessionId: string, run: ReconcileContext): Promise<Result> => {
    // Throws until it is known: before that nothing is changed, and nobody is told of a pause that may be none.
    loop.pause();
    const record = await loop.store.get(sessionId);
    if (!record) return forgotten(loop, sessionId);
    const project = projectOf(loop.config.projects, record);
    if (!record.ok || !project) return await setAside(loop, record);
    const pass: Pass = { loop, run, record, project, status: record.status, saved: record };
    return await reconcile(pass);
  };
}

function forgotten(loop: EnvironmentLoop, sessionId: string): Result {
  loop.freshness.forget(sessionId);
  return {};
}

async function reconcile(pass: Pass): Promise<Result> {
  const { loop } = pass;
  const { sessionId } = pass.record;
  const needs = loop.freshness.needs(sessionId, { status: pass.status, priority: pass.run.priority });
  const observed = await lookAt(loop, pass, needs);
  if (observed instanceof AwsError) return await passBlind(pass, failed(observed));
  const context = contextOf(loop, pass, observed);
  const hadFailure = pass.status.failure?.attempt;
  pass.status = learn(context);
  if (pass.status.failure?.attempt !== hadFailure) await attachLogTail(pass, observed);
  const plan = planEnvironment({ ...context, status: pass.status });
  const lost = loop.freshness.note(sessionId, { observed, status: pass.status, plan });
  const problem = await applyAll(pass, context, plan);
  await write(pass, context, plan, problem);
  if (problem) return retryOf(pass, problem);
  loop.freshness.unhindered(sessionId);
  return comeBack(context, pass.record.desired, lost ? context.policy.transitionMs : plan.requeueAfterMs);
}

/** The end of an override or a pause changes what is wanted, and nobody writes anything: a look of its own, and fresh. */
function comeBack({ pause, now }: PlanContext, { override }: Desired, afterMs: number | undefined): Result {
  const endMs = msUntil([override?.until, pause?.until], now);
  if (endMs === undefined || (afterMs !== undefined && afterMs < endMs))
    return { requeueAfterMs: afterMs, priority: 'low' };
  return { requeueAfterMs: endMs, priority: 'high' };
}

/** AWS did not show what is: nothing is decided, and the record says why. */
async function passBlind(pass: Pass, problem: StepFailed): Promise<Result> {
  const { loop, record } = pass;
  await sayUnobserved(loop, record, problem);
  return retryOf(pass, problem);
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
  const recordAttempt: RecordAttempt = async (attempt) => {
    pass.status = forgetOldFailure({ ...pass.status, attempt }, context.now);
    await save(pass, context, plan, undefined);
  };
  const shared = beginPass(context.observed, recordAttempt, run.logger);
  for (const step of plan.steps) {
    run.signal.throwIfAborted();
    if (loop.pause()) return undefined;
    const outcome = await loop.applier.apply(pass.record.sessionId, step, shared);
    loop.freshness.wrote(pass.record.sessionId);
    pass.status = absorb(pass.status, { step, outcome, policy: context.policy, now: loop.clock.now() });
    if (!outcome.ok) return outcome;
    countDrift(loop.metrics, pass.record.status, plan, step);
  }
  return undefined;
}

async function write(pass: Pass, context: PlanContext, plan: Plan, problem: StepFailed | undefined): Promise<void> {
  const { loop, record } = pass;
  await save(pass, context, plan, problem);
  if (pass.saved === record) return;
  const { status: before, desired } = record;
  observeProgress(loop.metrics, { before, after: pass.status, desired, now: loop.clock.now() });
  loop.onChanged(record.sessionId);
}

/** Writes the facts with the conditions that follow from them, unless the table has them so already. */
async function save(pass: Pass, context: PlanContext, plan: Plan, problem: Problem | undefined): Promise<void> {
  const { loop, record, saved } = pass;
  const current = { ...context, status: pass.status };
  const next = { ...pass.status, conditions: summarise(current, record.desired, plan, problem) };
  const summary = summaryOf(pass, { ...current, status: next });
  pass.status = next;
  if (isSaved(saved, next, summary)) return;
  pass.status = await saveFacts(loop.store, record.sessionId, saved.status, { next, summary }).catch(
    (error: unknown) => {
      // It may have been written all the same, and then no later pass finds anything to tell.
      loop.onChanged(record.sessionId);
      throw error;
    },
  );
  pass.saved = { status: pass.status, ...summary };
}

function isSaved(saved: Saved, status: Status, { state, expiresAt }: Summary): boolean {
  const kept = saved.state === state && (saved.expiresAt === undefined) === (expiresAt === undefined);
  return kept && canonical(saved.status) === canonical(status);
}

function summaryOf({ loop, record, saved }: Pass, context: PlanContext): Summary {
  const state = stateIn(context);
  const due = Math.floor((loop.clock.now() + loop.config.policy.retentionMs) / 1_000);
  const { sources, override, wanted: wantedAgain } = record.desired;
  const kept = Object.values(sources).some((source) => source?.open) || (wantedAgain && override?.until !== undefined);
  return { state, expiresAt: state === 'STOPPED' && !kept ? (saved.expiresAt ?? due) : undefined };
}

/** What is asked for after a while is asked for after longer and longer ones, up to this. */
const LONGEST_WAIT_MS = 60_000;

/** The controller's own switch decides by the class of what is thrown. */
function retryOf({ loop, record }: Pass, { reason, message, retryAfterMs, terminal }: StepFailed): never {
  if (terminal) throw new TerminalError(reason, message);
  if (retryAfterMs === undefined) throw new TransientError(reason, message);
  const times = loop.freshness.hindered(record.sessionId);
  const growing = Math.min(LONGEST_WAIT_MS, loop.config.policy.transitionMs * 2 ** (times - 1));
  throw new WaitingError(reason, message, Math.max(retryAfterMs, growing));
}
