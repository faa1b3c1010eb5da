/**
 * The route facet: one target group and one rule, whose weight moves between the environment and the front door
 * (DESIGN §6.3).
 *
 *   target group   rule      healthy target that serves   then
 *   none           –         –                            create the group
 *   ours           none      –                            create the rule, weights 0/1
 *   ours           0/1       no                           register the current task's address once its app is ready
 *   ours           0/1       yes                          weights 1/0
 *   ours           1/0       no                           weights 0/1, then register
 *   ours           1/0       yes, another is current      register the current one beside it; retire the old one
 */
import { firstPriority, PRIORITY_BASE, PRIORITY_MAX } from '../model/names.ts';
import type { ObservedRule, ObservedTarget, ObservedTask } from '../model/observed.ts';
import type { Step, TargetGroupSpec, Weights } from '../model/step.ts';
import { groupName, hasEnded, hostFor, liveTasks, ownRules, type PlanContext, weightOf } from './context.ts';
import { reportOf } from './learn.ts';
import { stop, type TasksPlan, tagsFor } from './tasks.ts';

export function planRouting(context: PlanContext, tasks: TasksPlan): readonly Step[] {
  if (tasks.prospect !== 'open' && liveTasks(context.observed).length === 0)
    return removeRoute(context, 'nothing runs any more');
  const { targetGroup } = context.observed;
  if (!targetGroup) return [createTargetGroup(context), createRule(context, undefined)];
  const [rule, ...others] = rightRules(context);
  const strays = [...others, ...ownRules(context.observed).filter((own) => own !== rule && !others.includes(own))];
  const steps: Step[] = strays.map((stray) => ({
    kind: 'delete-rule',
    ruleArn: stray.arn,
    why: 'a rule of ours that should not be',
  }));
  if (!rule) return [...steps, createRule(context, targetGroup.arn)];
  return [...steps, ...planTargets(context, tasks, rule, targetGroup.arn)];
}

/** Our rules for exactly our host: the recorded priority first, then the lowest. */
function rightRules(context: PlanContext): readonly ObservedRule[] {
  const host = hostFor(context);
  const recorded = context.status.rulePriority;
  return ownRules(context.observed)
    .filter((rule) => rule.hosts.length === 1 && rule.hosts[0] === host)
    .toSorted((a, b) => Number(b.priority === recorded) - Number(a.priority === recorded) || a.priority - b.priority);
}

export function removeRoute({ observed }: PlanContext, why: string): readonly Step[] {
  const rules: Step[] = ownRules(observed).map((rule) => ({ kind: 'delete-rule', ruleArn: rule.arn, why }));
  const group = observed.targetGroup;
  return group ? [...rules, { kind: 'delete-target-group', targetGroupArn: group.arn, why }] : rules;
}

function createTargetGroup(context: PlanContext): Step {
  const { project, policy, sessionId, installation } = context;
  const spec: TargetGroupSpec = {
    name: groupName(context),
    vpcId: project.listener.vpcId,
    port: project.port,
    healthPath: project.supervisor ? `/.mayfly/ready/${sessionId}` : (project.healthPath ?? '/'),
    healthIntervalSeconds: policy.healthCheckIntervalSeconds,
    deregistrationDelaySeconds: policy.deregistrationDelaySeconds,
    tags: tagsFor(installation, sessionId, project.name),
  };
  return { kind: 'create-target-group', spec, why: 'the environment has no target group' };
}

function createRule(context: PlanContext, targetGroupArn: string | undefined): Step {
  const { project, sessionId, installation } = context;
  return {
    kind: 'create-rule',
    spec: {
      listenerArn: project.listener.arn,
      priority: freePriority(context),
      host: hostFor(context),
      targetGroupName: groupName(context),
      weights: weights(context, targetGroupArn, 0),
      tags: tagsFor(installation, sessionId, project.name),
    },
    why: 'the environment has no rule',
  };
}

/** The recorded priority while it is free, else the first free one from the session's own starting point on. */
export function freePriority({ observed, sessionId, status }: PlanContext): number {
  const taken = new Set(observed.takenPriorities);
  if (status.rulePriority !== undefined && !taken.has(status.rulePriority)) return status.rulePriority;
  const span = PRIORITY_MAX - PRIORITY_BASE + 1;
  const start = firstPriority(sessionId) - PRIORITY_BASE;
  for (let probe = 0; probe < span; probe += 1) {
    const priority = PRIORITY_BASE + ((start + probe) % span);
    if (!taken.has(priority)) return priority;
  }
  return PRIORITY_MAX;
}

function weights({ project }: PlanContext, targetGroupArn: string | undefined, environment: 0 | 1): Weights {
  return {
    environment: { targetGroupArn, weight: environment },
    frontDoor: { targetGroupArn: project.listener.frontDoorTargetGroupArn, weight: environment === 1 ? 0 : 1 },
  };
}

function planTargets(context: PlanContext, tasks: TasksPlan, rule: ObservedRule, groupArn: string): readonly Step[] {
  const { targets } = context.observed;
  if (!targets) return planUnseen(context, rule, groupArn);
  const serving = targets.filter((target) => serves(context, target));
  const wanted = serving.length > 0 ? 1 : 0;
  const flips = carriesOnly(context, rule, groupArn, wanted) ? [] : [flip(context, rule, groupArn, wanted)];
  return [
    ...flips,
    ...registerCurrent(context, tasks, targets, groupArn),
    ...retire(context, tasks, serving, groupArn),
  ];
}

/** Settled, so that nobody looked at the targets: a rule that carries goes on as long as some task may serve. */
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

function registerCurrent(
  context: PlanContext,
  { current }: TasksPlan,
  targets: readonly ObservedTarget[],
  groupArn: string,
): readonly Step[] {
  if (!current?.ip || !isReady(context, current)) return [];
  const known = targets.some((target) => target.ip === current.ip && target.state !== 'draining');
  if (known) return [];
  const { port } = context.project;
  return [{ kind: 'register-target', targetGroupArn: groupArn, ip: current.ip, port, why: 'the app is ready' }];
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

/** Addresses that no live task has, and, once the current task serves, those of the tasks it replaces. */
function retire(
  context: PlanContext,
  tasks: TasksPlan,
  serving: readonly ObservedTarget[],
  groupArn: string,
): readonly Step[] {
  const { observed, project } = context;
  const currentServes = serving.some(({ ip }) => ip === tasks.current?.ip);
  const gone = (observed.targets ?? []).filter(
    ({ ip, state }) => state !== 'draining' && isRetired(context, tasks, ip, currentServes),
  );
  const deregister = gone.map<Step>(({ ip, port }) => ({
    kind: 'deregister-target',
    targetGroupArn: groupArn,
    ip,
    port: port || project.port,
    why: 'its task is replaced or gone',
  }));
  return [...deregister, ...stopReplaced(context, tasks, serving, currentServes)];
}

function isRetired({ observed }: PlanContext, { stale }: TasksPlan, ip: string, currentServes: boolean): boolean {
  const task = observed.tasks.find((each) => each.ip === ip);
  if (!task || hasEnded(task) || task.desiredStatus === 'STOPPED') return true;
  return currentServes && stale.includes(task);
}

/** A replaced task is stopped when it serves nothing: drained, or never routed. */
function stopReplaced(
  context: PlanContext,
  tasks: TasksPlan,
  serving: readonly ObservedTarget[],
  currentServes: boolean,
): readonly Step[] {
  if (!tasks.current && tasks.prospect === 'open') return [];
  const idle = tasks.stale.filter((task) => {
    const target = context.observed.targets?.find(({ ip }) => ip === task.ip);
    if (!target) return currentServes || !serving.length;
    if (target.state === 'draining') return drained(context, task);
    return !currentServes && !serving.includes(target) && tasks.current !== undefined;
  });
  return idle.map((task) => stop(context, task, 'it is replaced'));
}

/** The load balancer shows `draining` for the whole delay; the supervisor knows when nothing is in flight any more. */
function drained({ observed, status, policy, now }: PlanContext, task: ObservedTask): boolean {
  const since = status.drainingSince === undefined ? now : Date.parse(status.drainingSince);
  if (now - since >= policy.deregistrationDelaySeconds * 1_000) return true;
  return now - since >= policy.settleMs && reportOf(observed, task.arn)?.inFlight === 0;
}
