/** Taking away, in order: rule, target group, settle, tasks; then a fresh listing must find nothing (DESIGN §6.5). */
import type { Step } from '../model/step.ts';
import { liveTasks, ownRules, type PlanContext } from './context.ts';
import { removeRoute } from './routing.ts';
import { stop } from './tasks.ts';

export interface TeardownPlan {
  readonly steps: readonly Step[];
  readonly stage: 'route' | 'settle' | 'tasks' | 'unknown-task' | 'gone';
  /** When the settle time or the grace of an unknown task is over. */
  readonly until?: number | undefined;
}

export function planTeardown(context: PlanContext): TeardownPlan {
  const { observed, status, policy, now } = context;
  const why = 'nobody wants the environment';
  if (observed.targetGroup || ownRules(observed).length > 0)
    return { steps: removeRoute(context, why), stage: 'route' };
  const live = liveTasks(observed);
  const settled = status.routeRemovedAt === undefined ? now : Date.parse(status.routeRemovedAt) + policy.settleMs;
  if (live.length > 0 && settled > now) return { steps: [], stage: 'settle', until: settled };
  if (live.length > 0) return { steps: live.map((task) => stop(context, task, why)), stage: 'tasks' };
  if (observed.tasks.some((task) => task.lastStatus !== 'STOPPED' && task.lastStatus !== 'DELETED'))
    return { steps: [], stage: 'tasks' };
  return lateTask(context) ?? { steps: [], stage: 'gone' };
}

/** A task that was just requested may not be visible yet, or its request be applied late: wait until it would be. */
function lateTask({ status, observed, policy, now }: PlanContext): TeardownPlan | undefined {
  const { attempt } = status;
  if (!attempt || (attempt.taskArn !== undefined && !observed.attemptMissing)) return undefined;
  const until = Date.parse(attempt.requestedAt) + policy.createGraceMs;
  return until > now ? { steps: [], stage: 'unknown-task', until } : undefined;
}
