/**
 * One environment's share of the fleet's snapshot, and what of it is in transition. Pure. A cluster or listener that
 * could not be read fails the environments of the projects that are on it, and no others.
 */
import { hostOf, nameOfTargetGroup, targetGroupName } from '../model/names.ts';
import type { ControlAnswer, ObservedRule, ObservedTargetGroup, ObservedTask } from '../model/observed.ts';
import type { Project } from '../model/project.ts';
import type { FleetSnapshot, Read } from './snapshot.ts';

export interface Share {
  /** Tasks of the session as listed, whatever their desired status. */
  readonly listed: readonly ObservedTask[];
  readonly targetGroup: ObservedTargetGroup | undefined;
  readonly rules: readonly ObservedRule[];
  readonly takenPriorities: readonly number[];
}

/** Throws the `AwsError` of the project's own cluster or listener when it could not be read. */
export function shareOf(snapshot: FleetSnapshot, installation: string, sessionId: string, project: Project): Share {
  const targetGroup = groupOf(snapshot, targetGroupName(installation, sessionId));
  required(snapshot.tasksByCluster.get(project.cluster));
  const onListener = required(snapshot.rulesByListener.get(project.listener.arn)) ?? [];
  const host = hostOf(project.listener, sessionId).toLowerCase();
  return {
    listed: readable(snapshot.tasksByCluster).flatMap((tasks) => tasks.get(sessionId) ?? []),
    targetGroup,
    rules: [
      ...onListener.filter((rule) => weightOf(rule, targetGroup) !== undefined || carries(rule, host)),
      ...leftBehind(snapshot, project, targetGroup),
    ],
    takenPriorities: onListener.map(({ priority }) => priority),
  };
}

/** As listed, or as some rule forwards to it. */
function groupOf(snapshot: FleetSnapshot, name: string): ObservedTargetGroup | undefined {
  return snapshot.targetGroupsByName.get(name) ?? forwardedGroups(snapshot).find((group) => group.name === name);
}

/**
 * Whatever the rules forward to, whosever it is: a listing may lag behind (AWS-FACTS ELBv2 "read-after-create") or lack
 * something, and no rule forwards to a group that does not exist.
 */
export function forwardedGroups({ rulesByListener }: FleetSnapshot): readonly ObservedTargetGroup[] {
  const forwards = readable(rulesByListener).flatMap((rules) => rules.flatMap(({ forward }) => forward));
  return [...new Set(forwards.map(({ targetGroupArn }) => targetGroupArn))].flatMap((arn) => {
    const name = nameOfTargetGroup(arn);
    return name === undefined ? [] : [{ arn, name }];
  });
}

/**
 * Rules to our target group on other listeners: the project was moved. They are shown without their hosts, so that none
 * of them passes for the environment's route.
 */
function leftBehind(
  { rulesByListener }: FleetSnapshot,
  { listener }: Project,
  group: ObservedTargetGroup | undefined,
): readonly ObservedRule[] {
  const elsewhere = new Map([...rulesByListener].filter(([arn]) => arn !== listener.arn));
  const rules = readable(elsewhere).flat();
  return rules.filter((rule) => weightOf(rule, group) !== undefined).map((rule) => ({ ...rule, hosts: [] }));
}

/**
 * True while requests do not simply flow to one running task: health is then worth a call. A settled environment has one
 * task, running, and a rule for its host that gives its target group the weight 1.
 */
export function isInTransition(share: Share, tasks: readonly ObservedTask[]): boolean {
  const routed = share.rules.some((rule) => rule.hosts.length > 0 && weightOf(rule, share.targetGroup) === 1);
  return !routed || tasks.length !== 1 || tasks.some(({ lastStatus }) => lastStatus !== 'RUNNING');
}

/**
 * False while a group without weight can have no target worth a look: nothing runs yet, or every app that runs says that
 * it is not ready, and is therefore not registered. A fleet that starts would else use up AWS's tokens by looking.
 */
export function mayHaveTargets(
  share: Share,
  tasks: readonly ObservedTask[],
  answers: Readonly<Record<string, ControlAnswer>>,
): boolean {
  const carries = share.rules.some((rule) => (weightOf(rule, share.targetGroup) ?? 0) > 0);
  const mayBeReady = ({ arn, lastStatus }: ObservedTask): boolean => {
    const answer = answers[arn];
    return lastStatus === 'RUNNING' && !(answer?.ok === true && !answer.report.healthy);
  };
  return carries || tasks.some(mayBeReady);
}

/** What was read; the error, thrown, when it could not be. */
function required<T>(read: Read<T> | undefined): T | undefined {
  if (read?.ok === false) throw read.error;
  return read?.value;
}

/** What was read of anywhere: a project that was moved leaves something behind where it was. */
function readable<T>(reads: ReadonlyMap<string, Read<T>>): readonly T[] {
  return [...reads.values()].flatMap((read) => (read.ok ? [read.value] : []));
}

/** Undefined when the rule does not forward to the group. */
function weightOf(rule: ObservedRule, group: ObservedTargetGroup | undefined): number | undefined {
  return rule.forward.find(({ targetGroupArn }) => targetGroupArn === group?.arn)?.weight;
}

/** Host conditions are case-insensitive (AWS-FACTS ELBv2 "host-header"). */
function carries(rule: ObservedRule, host: string): boolean {
  return rule.hosts.some((one) => one.toLowerCase() === host);
}
