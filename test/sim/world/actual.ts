/** The world as it is, read past every replica and every fault: what oracles compare with. */
import type { TaskRecord } from '../../../src/local/aws/ecs/state.ts';
import type { Rule, Target, TargetGroup } from '../../../src/local/aws/elbv2/state.ts';
import { isDraining } from '../../../src/local/aws/elbv2/store.ts';
import { hostOf, sessionOfHost, startedBy, targetGroupName, targetGroupPrefix } from '../../../src/model/names.ts';
import { DOMAIN, INSTALLATION } from './config.ts';
import { hostOfRule } from './effects.ts';
import type { World } from './world.ts';

export interface Actual {
  /** Owned tasks that are meant to run and have not ended. */
  readonly tasks: readonly TaskRecord[];
  /** Owned tasks that hold an address. */
  readonly held: readonly TaskRecord[];
  readonly groups: readonly TargetGroup[];
  readonly rules: readonly Rule[];
}

export function actualOf({ aws }: World): Actual {
  const owner = startedBy(INSTALLATION);
  const held = Object.values(aws.ecs.state.tasks).filter(
    (task) => task.startedBy === owner && task.lastStatus !== 'STOPPED',
  );
  const { targetGroups, rules } = aws.elbv2.snapshot();
  const groups = targetGroups.filter(({ name }) => name.startsWith(targetGroupPrefix(INSTALLATION)));
  const own = new Set(groups.map(({ arn }) => arn));
  return {
    held,
    tasks: held.filter(({ desiredStatus }) => desiredStatus === 'RUNNING'),
    groups,
    rules: rules.filter(
      ({ action }) => action.type === 'forward' && action.targetGroups.some(({ arn }) => own.has(arn)),
    ),
  };
}

/** What there is of one session. */
export function shareOf({ tasks, held, groups, rules }: Actual, session: string): Actual {
  const name = targetGroupName(INSTALLATION, session);
  const group = groups.find((each) => each.name === name);
  return {
    tasks: tasks.filter((task) => task.group === session),
    held: held.filter((task) => task.group === session),
    groups: group ? [group] : [],
    rules: rules.filter(
      (rule) => hostOfRule(rule) === hostFor(session) || (group && weightOf(rule, group.arn) !== undefined),
    ),
  };
}

export function hostFor(session: string): string {
  return hostOf({ domain: DOMAIN } as Parameters<typeof hostOf>[0], session);
}

export function sessionFor(host: string): string | undefined {
  return sessionOfHost(DOMAIN, host);
}

export function weightOf({ action }: Rule, groupArn: string): number | undefined {
  return action.type === 'forward' ? action.targetGroups.find(({ arn }) => arn === groupArn)?.weight : undefined;
}

/** Targets that may get requests. */
export function registered({ targets }: TargetGroup): readonly Target[] {
  return targets.filter((target) => !isDraining(target));
}

/** The process that the lease names. */
export function holderOf({ lease }: World): string {
  const { holder } = lease.peek() ?? {};
  return typeof holder === 'string' ? holder : 'nobody';
}
