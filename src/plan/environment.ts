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
import { planUpdate } from './update.ts';

export interface Plan {
  readonly steps: readonly Step[];
  /** When to look again, in ms; absent: only when something changes or at the next resync. */
  readonly requeueAfterMs?: number | undefined;
  readonly tasks?: TasksPlan | undefined;
  readonly teardown?: TeardownPlan | undefined;
}

export function planEnvironment(context: PlanContext): Plan {
  if (context.effective.paused) return { steps: [] };
  return context.effective.wanted ? planWanted(context) : planUnwanted(context);
}

function planWanted(context: PlanContext): Plan {
  const tasks = planTasks(context);
  const runs = tasks.current !== undefined || tasks.stale.length > 0;
  const starts = tasks.steps.some((step) => step.kind === 'run-task');
  const routed = runs || starts || tasks.prospect !== 'open' || context.status.attempt !== undefined;
  const routing = routed ? planRouting(context, tasks) : [];
  const steps = eachTaskOnce([...tasks.steps, ...routing, ...planUpdate(context, tasks.current)]);
  return { steps, tasks, requeueAfterMs: requeueWanted(context, tasks, steps) };
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
  const wait = teardown.until === undefined ? context.policy.transitionMs : teardown.until - context.now;
  return { steps: teardown.steps, teardown, requeueAfterMs: teardown.stage === 'gone' ? undefined : Math.max(1, wait) };
}

function requeueWanted(context: PlanContext, tasks: TasksPlan, steps: readonly Step[]): number | undefined {
  const { policy, now } = context;
  const idle = steps.length === 0 && liveTasks(context.observed).length === 0;
  if (idle && tasks.prospect === 'final') return undefined;
  if (idle && tasks.prospect === 'blocked') return policy.controlMs;
  if (tasks.retryAt !== undefined) return Math.max(1, Math.min(tasks.retryAt - now, policy.controlMs));
  return isSettled(context, tasks, steps) ? policy.controlMs : policy.transitionMs;
}

/** Nothing to do, and nothing under way that would need another look soon. */
export function isSettled(
  { observed, effective, status }: PlanContext,
  tasks: TasksPlan,
  steps: readonly Step[],
): boolean {
  if (steps.length > 0 || tasks.stale.length > 0 || !tasks.current) return false;
  if (status.attempt?.healthyAt === undefined || tasks.current.lastStatus !== 'RUNNING') return false;
  const report = reportOf(observed, tasks.current.arn);
  if (!report) return true;
  return (
    report.healthy &&
    !report.job &&
    (report.liveCommit === effective.commit || report.failure?.commit === effective.commit)
  );
}
