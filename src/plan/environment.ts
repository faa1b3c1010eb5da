/**
 * `planEnvironment`: what to do now about one environment, as data. Each facet has its planner; this file only puts them
 * in order. Pure: the same input gives the same plan, and a settled environment gives no steps.
 */
import type { Step } from '../model/step.ts';
import { liveTasks, type PlanContext } from './context.ts';
import { reportOf } from './learn.ts';
import { planRouting } from './routing.ts';
import { planTasks, type TasksPlan } from './tasks.ts';
import { planTeardown, type TeardownPlan } from './teardown.ts';
import { isAt, planUpdate } from './update.ts';

export interface Plan {
  readonly steps: readonly Step[];
  /** Nothing to do, and nothing under way: an older observation serves as well as a fresh one. */
  readonly settled: boolean;
  /** When to look again, in ms; absent: only when something changes or at the next resync. */
  readonly requeueAfterMs?: number | undefined;
  readonly tasks?: TasksPlan | undefined;
  readonly teardown?: TeardownPlan | undefined;
}

export function planEnvironment(context: PlanContext): Plan {
  const plan = context.effective.wanted ? planWanted(context) : planUnwanted(context);
  if (!context.effective.paused && !context.pause) return plan;
  return { ...plan, steps: [], settled: true, requeueAfterMs: context.policy.controlMs };
}

function planWanted(context: PlanContext): Plan {
  const tasks = planTasks(context);
  const runs = tasks.current !== undefined || tasks.stale.length > 0;
  const starts = tasks.steps.some((step) => step.kind === 'run-task');
  // What only waits for its next attempt needs no new route, but one that is there must not lead to a dead task.
  const waits = context.status.attempt !== undefined && tasks.retryAt === undefined;
  const exists = context.observed.targetGroup !== undefined;
  const routed = runs || starts || exists || waits || tasks.prospect !== 'open';
  const routing = routed ? planRouting(context, tasks) : [];
  const steps = eachTaskOnce(safetyFirst([...tasks.steps, ...routing, ...planUpdate(context, tasks.current)]));
  return { steps, tasks, ...paceOf(context, tasks, steps) };
}

/** A step that fails ends the pass: what keeps requests off dead addresses must not wait behind a refused RunTask. */
function safetyFirst(steps: readonly Step[]): readonly Step[] {
  const isSafety = ({ kind }: Step): boolean => kind === 'set-weights' || kind === 'deregister-target';
  return [...steps.filter(isSafety), ...steps.filter((step) => !isSafety(step))];
}

/** Two planners may want the same task stopped. */
function eachTaskOnce(steps: readonly Step[]): readonly Step[] {
  const stopped = new Set<string>();
  return steps.filter((step) => {
    if (step.kind !== 'stop-task') return true;
    const first = !stopped.has(step.taskArn);
    stopped.add(step.taskArn);
    return first;
  });
}

function planUnwanted(context: PlanContext): Plan {
  const teardown = planTeardown(context);
  const { steps, stage, until } = teardown;
  if (stage === 'gone') return { steps, teardown, settled: true };
  const wait = until === undefined ? context.policy.transitionMs : until - context.now;
  return { steps, teardown, settled: false, requeueAfterMs: Math.max(1, wait) };
}

/**
 * When to look again: soon while something changes, at the control port's pace while everything is as it should be or
 * waits for a person, and not at all when nothing runs and nothing will be started by itself.
 */
function paceOf(
  context: PlanContext,
  tasks: TasksPlan,
  steps: readonly Step[],
): Pick<Plan, 'settled' | 'requeueAfterMs'> {
  const { policy, now, observed } = context;
  if (steps.length > 0) return { settled: false, requeueAfterMs: policy.transitionMs };
  const runs = liveTasks(observed).length > 0;
  if (tasks.prospect === 'final') return { settled: true, requeueAfterMs: runs ? policy.controlMs : undefined };
  if (tasks.prospect === 'blocked') return { settled: true, requeueAfterMs: policy.controlMs };
  if (tasks.retryAt !== undefined) {
    return { settled: false, requeueAfterMs: Math.max(1, Math.min(tasks.retryAt - now, policy.controlMs)) };
  }
  const settled = isSettled(context, tasks);
  return { settled, requeueAfterMs: settled ? policy.controlMs : policy.transitionMs };
}

/** Nothing is under way that would need another look soon. */
function isSettled({ observed, effective, status }: PlanContext, tasks: TasksPlan): boolean {
  const { current, stale } = tasks;
  if (!current || stale.length > 0 || current.lastStatus !== 'RUNNING') return false;
  if (status.attempt?.healthyAt === undefined) return false;
  const report = reportOf(observed, current.arn);
  return !report || (!report.job && (!report.healthy || isAt(report, effective.commit)));
}
