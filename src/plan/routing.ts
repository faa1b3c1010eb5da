/**
 * The route facet: one target group and one rule, whose weight moves between the environment and the front door
 * (DESIGN §6.3).
 *
 *   target group   rule      healthy target that serves   then
 *   none           –         –                            create the group
 *   ours           none      –                            create the rule, weights 0/1
 *   of no use      –         – (see `drift.ts`)           delete rules and group, create both
 *   ours           0/1       no                           register the current task's address once its app is ready
 *   ours           0/1       yes                          weights 1/0
 *   ours           1/0       no                           weights 0/1, then register
 *   ours           1/0       yes, another is current      register the current one beside it; retire the old one
 */
import { firstPriority, PRIORITY_BASE, PRIORITY_MAX } from '../model/names.ts';
import type { ObservedRule } from '../model/observed.ts';
import type { Step, TargetGroupSpec } from '../model/step.ts';
import { groupName, hostFor, liveTasks, ownRules, type PlanContext } from './context.ts';
import { misfit, repairHealthCheck } from './drift.ts';
import { frontDoorFirst, planTargets, useOf } from './targets.ts';
import { type TasksPlan, tagsFor } from './tasks.ts';

export function planRouting(context: PlanContext, tasks: TasksPlan): readonly Step[] {
  if (tasks.prospect !== 'open' && liveTasks(context.observed).length === 0)
    return removeRoute(context, 'nothing runs any more');
  const { targetGroup } = context.observed;
  if (!targetGroup) return [createTargetGroup(context), createRule(context, undefined)];
  const [rule, ...others] = rightRules(context);
  const unfit = misfit(context, specOf(context), useOf(context, tasks, rule, targetGroup.arn));
  if (unfit !== undefined) return remake(context, unfit);
  const strays = [...others, ...ownRules(context.observed).filter((own) => own !== rule && !others.includes(own))];
  const steps: Step[] = strays.map((stray) => ({
    kind: 'delete-rule',
    ruleArn: stray.arn,
    why: 'a rule of ours that should not be',
  }));
  const repair = repairHealthCheck(context, specOf(context));
  if (!rule) return [...steps, ...repair, complete(context, targetGroup.arn), createRule(context, targetGroup.arn)];
  return [...steps, ...planTargets(context, tasks, rule, targetGroup.arn), ...repair];
}

/** From nothing, at the priority that the environment had. */
function remake(context: PlanContext, why: string): readonly Step[] {
  const { observed } = context;
  const own = new Set(ownRules(observed).map(({ priority }) => priority));
  const takenPriorities = observed.takenPriorities.filter((priority) => !own.has(priority));
  const after = { ...context, observed: { ...observed, takenPriorities } };
  return [...removeRoute(context, why), createTargetGroup(context), createRule(after, undefined)];
}

/** A group without a rule may have been made by half, by this operator or by one that died over it. */
function complete(context: PlanContext, targetGroupArn: string): Step {
  const { deregistrationDelaySeconds } = specOf(context);
  const why = 'it has no rule, so that its making may not have ended';
  return { kind: 'complete-target-group', targetGroupArn, deregistrationDelaySeconds, why };
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
  return { kind: 'create-target-group', spec: specOf(context), why: 'the environment has no target group' };
}

function specOf(context: PlanContext): TargetGroupSpec {
  const { project, policy, sessionId, installation } = context;
  return {
    name: groupName(context),
    vpcId: project.listener.vpcId,
    port: project.port,
    healthPath: project.supervisor ? `/.mayfly/ready/${sessionId}` : (project.healthPath ?? '/'),
    healthIntervalSeconds: policy.healthCheckIntervalSeconds,
    deregistrationDelaySeconds: policy.deregistrationDelaySeconds,
    tags: tagsFor(installation, sessionId, project.name),
  };
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
      weights: frontDoorFirst(context, targetGroupArn),
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
