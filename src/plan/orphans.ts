/**
 * Orphans: what the installation owns and no record names (DESIGN §6.10). Pure; everything here is about not deleting
 * too much, since a table that was lost, emptied or mistaken for another makes an orphan of everything.
 *
 *   an orphan …                                              then
 *   not seen so in every pass of the grace, or a young task  young: left alone
 *   whose tags are missing or somebody else's                blocked: reported, never touched
 *   that a rule without our tags forwards to                 blocked: that rule is a person's
 *   due, but too many, a listing not whole, no record, pause held: nothing at all is deleted
 *   due, routed                                              rules, then target group
 *   due, its route removed for `settleMs`                    tasks
 */
import { SESSION_PATTERN, targetGroupName } from '../model/names.ts';
import type { ObservedRule, ObservedTargetGroup, ObservedTask } from '../model/observed.ts';
import { orphansAllowed, type Policy } from '../model/policy.ts';
import type { Step } from '../model/step.ts';
import { hasEnded } from './context.ts';

export interface OwnedTask {
  readonly cluster: string;
  readonly task: ObservedTask;
}

/** Everything that the installation owns by name, `startedBy` or by forwarding, listed before the records were. */
export interface OwnedListing {
  readonly tasks: readonly OwnedTask[];
  /** Whose names are this installation's, without the front doors'. */
  readonly groups: readonly ObservedTargetGroup[];
  /** Of every listener. */
  readonly rules: readonly ObservedRule[];
  /** False when a cluster or listener could not be read. */
  readonly whole: boolean;
}

/** By the name of the environment's target group, which every part of an orphan leads to. */
export type Memory = ReadonlyMap<string, Seen>;

export interface Seen {
  /** Since when it was an orphan in every pass, on the monotonic clock. */
  readonly since: number;
  /** When its target group was really deleted, on the monotonic clock: set by whoever did, and not by a plan to. */
  readonly unroutedAt?: number | undefined;
}

export interface OrphanInput {
  readonly installation: string;
  readonly listing: OwnedListing;
  /** Of all records, also of those that cannot be understood. */
  readonly sessions: ReadonlySet<string>;
  /** Of at least the ARNs that `arnsToVerify` names; what is gone meanwhile is absent. */
  readonly tags: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly memory: Memory;
  readonly policy: Policy;
  /** The whole installation is paused. */
  readonly paused: boolean;
  /** Ms since the epoch: the age of tasks. */
  readonly now: number;
  /** Of the monotonic clock: a clock that was set must not end the grace. */
  readonly monotonic: number;
}

export interface Orphan {
  /** Name of its target group, whether there is one or not. */
  readonly name: string;
  /** From its tasks' group or its target group's tag; absent when neither tells. */
  readonly session?: string | undefined;
  readonly tasks: readonly OwnedTask[];
  readonly group?: ObservedTargetGroup | undefined;
  readonly rules: readonly ObservedRule[];
}

export interface Collected extends Orphan {
  readonly session: string;
  readonly steps: readonly Step[];
}

export interface Blocked extends Orphan {
  /** In words, with what a person can do. */
  readonly why: string;
}

export const HELD_REASONS = ['limit', 'incomplete', 'empty-table', 'paused'] as const;

export interface Held {
  readonly reason: (typeof HELD_REASONS)[number];
  /** Orphans that would be taken away by this pass and the next ones. */
  readonly count: number;
  readonly allowed: number;
}

export interface OrphanPlan {
  readonly orphans: readonly Orphan[];
  readonly young: readonly Orphan[];
  readonly blocked: readonly Blocked[];
  /** Due in this pass; none while held. */
  readonly collect: readonly Collected[];
  readonly held?: Held | undefined;
  /** Some were half taken away by earlier passes, and more is to be done once requests in flight had their time. */
  readonly settling: boolean;
  /** The memory of the next pass, before anything of `collect` is done. */
  readonly seen: Memory;
}

/** The target groups and rules whose tags decide. */
export function arnsToVerify(input: Pick<OrphanInput, 'installation' | 'listing' | 'sessions'>): readonly string[] {
  return orphansOf(input).flatMap(({ group, rules }) => (group ? [group.arn, ...rules.map(({ arn }) => arn)] : []));
}

export function planOrphans(input: OrphanInput): OrphanPlan {
  const { memory, monotonic } = input;
  const orphans = orphansOf(input).map((orphan) => asTagged(orphan, input));
  const seen = new Map(orphans.map(({ name }) => [name, memory.get(name) ?? { since: monotonic }]));
  const blocked = orphans.flatMap((orphan) => {
    const why = whyBlocked(orphan, input);
    return why === undefined ? [] : [{ ...orphan, why }];
  });
  const free = orphans.filter(({ name }) => !blocked.some((one) => one.name === name));
  const young = free.filter((orphan) => isYoung(orphan, seen, input));
  const due = free.filter((orphan) => !young.includes(orphan));
  const held = heldBack(input, { orphans, free, due, seen });
  const collect = held ? [] : due.flatMap((orphan) => collected(orphan, seen, input));
  const settling = !held && due.some((orphan) => isSettling(orphan, seen));
  return { orphans, young, blocked, collect: collect.filter(({ steps }) => steps.length > 0), held, settling, seen };
}

type Untagged = Pick<OrphanInput, 'installation' | 'listing' | 'sessions'>;

function orphansOf({ installation, listing, sessions }: Untagged): readonly Orphan[] {
  const known = new Set([...sessions].map((session) => targetGroupName(installation, session)));
  const live = listing.tasks.filter(({ task }) => task.desiredStatus === 'RUNNING' && !hasEnded(task));
  const tasks = Map.groupBy(live, ({ task }) => targetGroupName(installation, task.session));
  const groups = new Map(listing.groups.map((group) => [group.name, group]));
  const names = [...new Set([...groups.keys(), ...tasks.keys()])].filter((name) => !known.has(name));
  return names.toSorted().map((name) => {
    const group = groups.get(name);
    const own = tasks.get(name) ?? [];
    return { name, session: own[0]?.task.session, tasks: own, group, rules: rulesTo(group, listing.rules) };
  });
}

function rulesTo(group: ObservedTargetGroup | undefined, rules: readonly ObservedRule[]): readonly ObservedRule[] {
  return rules.filter(({ forward }) => forward.some(({ targetGroupArn }) => targetGroupArn === group?.arn));
}

/** With the session that the target group's tag tells, and without what went away since it was listed. */
function asTagged(orphan: Orphan, { tags }: OrphanInput): Orphan {
  const group = orphan.group && tags.has(orphan.group.arn) ? orphan.group : undefined;
  const session = orphan.session ?? (group && tags.get(group.arn)?.['mayfly:session']);
  return { ...orphan, session, group, rules: orphan.rules.filter(({ arn }) => group && tags.has(arn)) };
}

function whyBlocked({ name, session, tasks, group, rules }: Orphan, input: OrphanInput): string | undefined {
  const { installation } = input;
  const notOurs = tasks.find(({ task }) => !SESSION_PATTERN.test(task.session));
  if (notOurs) return `task ${notOurs.task.arn} has the group "${notOurs.task.session}", which Mayfly gives to no task`;
  if (
    group &&
    (session === undefined || !isOurs(group.arn, session, input) || targetGroupName(installation, session) !== name)
  )
    return `the tags of target group ${name} do not say that Mayfly ${installation} made it; delete it by hand`;
  const foreign = rules.find(({ arn }) => session === undefined || !isOurs(arn, session, input));
  return foreign && `rule ${foreign.arn} forwards to target group ${name} and is not Mayfly's; delete it first`;
}

/** By both tags: a rule or group of a known environment that somebody pointed elsewhere is not the orphan's. */
function isOurs(arn: string, session: string, { installation, tags }: OrphanInput): boolean {
  const found = tags.get(arn);
  return found?.['mayfly:installation'] === installation && found['mayfly:session'] === session;
}

function isYoung({ name, tasks }: Orphan, seen: Memory, { policy, now, monotonic }: OrphanInput): boolean {
  const since = seen.get(name)?.since ?? monotonic;
  return (
    monotonic - since < policy.orphanGraceMs || tasks.some(({ task }) => now - task.createdAt < policy.orphanGraceMs)
  );
}

/** Its route went a while ago. One whose target group is still there has time until the next pass of its own. */
function isSettling({ name, tasks, group }: Orphan, seen: Memory): boolean {
  return tasks.length > 0 && group === undefined && seen.get(name)?.unroutedAt !== undefined;
}

interface Found {
  readonly orphans: readonly Orphan[];
  readonly free: readonly Orphan[];
  readonly due: readonly Orphan[];
  readonly seen: Memory;
}

/**
 * The blast-radius guard. The young count as well: those that follow within one grace are one event, and a person hears
 * of it before anything is gone. One that is half taken away was allowed already, and does not count again.
 */
function heldBack(input: OrphanInput, found: Found): Held | undefined {
  const { listing, sessions, policy, installation } = input;
  const count = found.free.filter(({ name }) => found.seen.get(name)?.unroutedAt === undefined).length;
  const allowed = orphansAllowed(policy, ownedNames(installation, listing).size);
  if (found.free.length > 0 && sessions.size === 0) return { reason: 'empty-table', count, allowed };
  if (found.due.length > 0 && !listing.whole) return { reason: 'incomplete', count, allowed };
  if (count > allowed) return { reason: 'limit', count, allowed };
  return found.due.length > 0 && input.paused ? { reason: 'paused', count, allowed } : undefined;
}

function ownedNames(installation: string, { tasks, groups }: OwnedListing): ReadonlySet<string> {
  return new Set([
    ...groups.map(({ name }) => name),
    ...tasks.map(({ task }) => targetGroupName(installation, task.session)),
  ]);
}

/** In the order of a teardown (DESIGN §6.5): requests in flight end before the task does. */
function collected(orphan: Orphan, seen: Memory, { policy, monotonic }: OrphanInput): readonly Collected[] {
  const { name, session, group, rules, tasks } = orphan;
  if (session === undefined) return [];
  const why = 'no record names it';
  if (group) {
    const removed = rules.map<Step>(({ arn }) => ({ kind: 'delete-rule', ruleArn: arn, why }));
    const steps: Step[] = [...removed, { kind: 'delete-target-group', targetGroupArn: group.arn, why }];
    return [{ ...orphan, session, steps }];
  }
  const unroutedAt = seen.get(name)?.unroutedAt;
  if (unroutedAt !== undefined && monotonic - unroutedAt < policy.settleMs) return [];
  const steps = tasks.map<Step>(({ cluster, task }) => ({ kind: 'stop-task', cluster, taskArn: task.arn, why }));
  return [{ ...orphan, session, steps }];
}
