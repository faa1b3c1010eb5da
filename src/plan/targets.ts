/**
 * The targets of the environment's group, and the weight that follows from them: one address serves, or, while a task is
 * replaced, the old one until the new one is healthy. What serves is never taken away before its successor serves.
 */
import type { ObservedRule, ObservedTarget, ObservedTask } from '../model/observed.ts';
import type { Step, Weights } from '../model/step.ts';
import { hasEnded, liveTasks, type PlanContext, weightOf } from './context.ts';
import { reportOf } from './learn.ts';
import { stop, type TasksPlan } from './tasks.ts';

export function planTargets(
  context: PlanContext,
  tasks: TasksPlan,
  rule: ObservedRule,
  groupArn: string,
): readonly Step[] {
  const { targets } = context.observed;
  if (!targets) return [...planUnseen(context, rule, groupArn), ...stopReplaced(context, tasks, false)];
  const serving = targets.filter((target) => serves(context, target));
  const wanted = serving.length > 0 ? 1 : 0;
  const flips = carriesOnly(context, rule, groupArn, wanted) ? [] : [flip(context, rule, groupArn, wanted)];
  return [...flips, ...registerReady(context, tasks, targets, groupArn), ...retire(context, tasks, serving, groupArn)];
}

/** Whether the group is of use to anybody: something serves through it, or the wanted task waits to. */
export function useOf(
  context: PlanContext,
  { current }: TasksPlan,
  rule: ObservedRule | undefined,
  groupArn: string,
): { readonly serves: boolean; readonly wantedTaskWaits: boolean } {
  const { targets } = context.observed;
  const serving = targets?.filter((target) => serves(context, target));
  const carries = rule !== undefined && weightOf(rule, groupArn) > 0;
  const waits = serving !== undefined && current !== undefined && isReady(context, current);
  return {
    serves: carries && (serving ? serving.length > 0 : mayServe(context)),
    wantedTaskWaits: waits && !serving.some(({ ip }) => ip === current.ip),
  };
}

/** Nobody looked: it is settled, or no app is ready yet. A rule that carries goes on as long as some task may serve. */
function planUnseen(context: PlanContext, rule: ObservedRule, groupArn: string): readonly Step[] {
  const wanted = mayServe(context) ? 1 : 0;
  const right = weightOf(rule, groupArn) === 0 || carriesOnly(context, rule, groupArn, wanted);
  return right ? [] : [flip(context, rule, groupArn, wanted)];
}

/** The rule forwards to its own group and the front door and nothing else, and the one with this weight is right. */
function carriesOnly({ project }: PlanContext, rule: ObservedRule, groupArn: string, environment: 0 | 1): boolean {
  const door = weightOf(rule, project.listener.frontDoorTargetGroupArn);
  return rule.forward.length === 2 && weightOf(rule, groupArn) === environment && door === 1 - environment;
}

function flip(context: PlanContext, rule: ObservedRule, groupArn: string, environment: 0 | 1): Step {
  const why = environment === 1 ? 'a target is healthy' : 'no target is healthy, or its app is down';
  return { kind: 'set-weights', ruleArn: rule.arn, weights: weights(context, groupArn, environment), why };
}

/** Without a look at the targets: some live task runs and does not say that its app is down. */
function mayServe(context: PlanContext): boolean {
  return liveTasks(context.observed).some(
    (task) => task.lastStatus === 'RUNNING' && reportOf(context.observed, task.arn)?.healthy !== false,
  );
}

/** A healthy target at the address of a live task of this session whose app does not say that it is down. */
function serves({ observed }: PlanContext, target: ObservedTarget): boolean {
  if (target.state !== 'healthy') return false;
  const task = observed.tasks.find(({ ip, lastStatus }) => ip === target.ip && lastStatus === 'RUNNING');
  return task !== undefined && reportOf(observed, task.arn)?.healthy !== false;
}

function weights({ project }: PlanContext, targetGroupArn: string | undefined, environment: 0 | 1): Weights {
  return {
    environment: { targetGroupArn, weight: environment },
    frontDoor: { targetGroupArn: project.listener.frontDoorTargetGroupArn, weight: environment === 1 ? 0 : 1 },
  };
}

/** How a new rule begins: the waiting page. */
export function frontDoorFirst(context: PlanContext, targetGroupArn: string | undefined): Weights {
  return weights(context, targetGroupArn, 0);
}

/** The current task, or, while that is not ready, a replaced one that had served: whichever can answer requests. */
function registerReady(
  context: PlanContext,
  { current, stale }: TasksPlan,
  targets: readonly ObservedTarget[],
  groupArn: string,
): readonly Step[] {
  const candidates = hasServed(context) ? [current, ...stale] : [current];
  const ready = candidates.find((task) => task?.ip !== undefined && isReady(context, task));
  if (ready?.ip === undefined) return [];
  const { port } = context.project;
  const there = targets.filter((target) => target.ip === ready.ip && target.state !== 'draining');
  // A replaced task listens where it was told to; the current one where the project says now.
  if (there.length > 0 && (ready !== current || there.some((target) => target.port === port))) return [];
  return [{ kind: 'register-target', targetGroupArn: groupArn, ip: ready.ip, port, why: 'the app is ready' }];
}

/** Something answers requests, or did in this life of the environment. */
function hasServed({ status, observed }: PlanContext): boolean {
  const recorded = status.liveCommit !== undefined || status.attempt?.healthyAt !== undefined;
  return recorded || (observed.targets ?? []).some(({ state }) => state === 'healthy');
}

/**
 * The first passing check makes a new target healthy, while failed ones cost a threshold of passes: so an address is
 * registered only once its app answers, or when the supervisor cannot be asked and enough time has passed.
 */
function isReady(context: PlanContext, task: ObservedTask): boolean {
  const { observed, project, policy, now } = context;
  if (task.lastStatus !== 'RUNNING') return false;
  const answer = observed.control[task.arn];
  if (!project.supervisor) return true;
  if (answer?.ok) return answer.report.healthy;
  return now - task.createdAt > policy.createGraceMs;
}

/** Addresses that no live task has, and, once the current task serves, those of the tasks it replaces and its old ports. */
function retire(
  context: PlanContext,
  tasks: TasksPlan,
  serving: readonly ObservedTarget[],
  groupArn: string,
): readonly Step[] {
  const { observed, project } = context;
  const currentServes = serving.some(({ ip, port }) => ip === tasks.current?.ip && port === project.port);
  const gone = (observed.targets ?? []).filter(
    (target) => target.state !== 'draining' && isRetired(context, tasks, target, currentServes),
  );
  const deregister = gone.map<Step>(({ ip, port }) => ({
    kind: 'deregister-target',
    targetGroupArn: groupArn,
    ip,
    port: port || project.port,
    why: 'its task is replaced or gone',
  }));
  return [...deregister, ...stopReplaced(context, tasks, currentServes)];
}

function isRetired(
  { observed, project }: PlanContext,
  { stale }: TasksPlan,
  { ip, port }: ObservedTarget,
  currentServes: boolean,
): boolean {
  const task = observed.tasks.find((each) => each.ip === ip);
  if (!task || hasEnded(task) || task.desiredStatus === 'STOPPED') return true;
  return currentServes && (stale.includes(task) || port !== project.port);
}

/**
 * Tasks of another kind than the wanted one, once they serve nothing. Before anything has served there is nothing to
 * protect, and they go at once; later one of them is what serves, and stays until it is drained.
 */
function stopReplaced(context: PlanContext, { stale }: TasksPlan, currentServes: boolean): readonly Step[] {
  const targetOf = ({ ip }: ObservedTask) => context.observed.targets?.find((target) => target.ip === ip);
  const keeperExists = stale.some((task) => targetOf(task) !== undefined);
  const idle = stale.filter((task) => {
    const target = targetOf(task);
    if (target?.state === 'draining') return drained(context, task);
    return !hasServed(context) || (target === undefined && (currentServes || keeperExists));
  });
  return idle.map((task) => stop(context, task, 'it is replaced'));
}

/** The load balancer shows `draining` for the whole delay; the supervisor knows when nothing is in flight any more. */
function drained({ observed, status, policy, now }: PlanContext, task: ObservedTask): boolean {
  const since = status.drainingSince === undefined ? now : Date.parse(status.drainingSince);
  if (now - since >= policy.deregistrationDelaySeconds * 1_000) return true;
  return now - since >= policy.settleMs && reportOf(observed, task.arn)?.inFlight === 0;
}
