/**
 * Does the world match what the table says? Anvil's property as a function: of the records, and of what becomes of each
 * commit, it says in words what is not as it should be. Empty: everything is.
 */
import type { TaskRecord } from '../../../src/local/aws/ecs/state.ts';
import type { Desired, Status, StoredEnvironment } from '../../../src/model/environment.ts';
import { isTrue } from '../../../src/model/conditions.ts';
import { projectOf } from '../../../src/model/project.ts';
import { commentMarker } from '../../../src/model/names.ts';
import { renderComment } from '../../../src/status/comment.ts';
import { viewOf } from '../../../src/status/view.ts';
import { type Effective, effective } from '../../../src/plan/effective.ts';
import { type Actual, actualOf, holderOf, hostFor, registered, shareOf, weightOf } from '../world/actual.ts';
import { INSTALLATION, REPO } from '../world/config.ts';
import { hostOfRule } from '../world/effects.ts';
import type { World } from '../world/world.ts';

interface Case {
  readonly record: StoredEnvironment;
  readonly world: World;
  readonly session: string;
  readonly desired: Desired;
  readonly status: Status;
  readonly wish: Effective;
  readonly share: Actual;
}

export async function mismatches(world: World): Promise<readonly string[]> {
  const records = await world.store.list();
  const actual = actualOf(world);
  const complaints = records.flatMap((record) => complaintsAbout(world, actual, record));
  return [...electionComplaints(world), ...unrecorded(world, records), ...complaints, ...ownerless(records, actual)];
}

/** A replica that is alive leads, and has had the time to look at everything. */
function electionComplaints(world: World): readonly string[] {
  const { replicas, time } = world;
  const holder = holderOf(world);
  const leader = [...replicas.values()].find(({ actor }) => actor.process === holder && !actor.frozen());
  if (!leader) return [`${holder} leads, and is not up`];
  return time.monotonic() - leader.startedAt < LOOKED_MS ? [`${holder} has just started`] : [];
}

const LOOKED_MS = 30_000;

/** What GitHub shows is in the table: every open pull request with a label of ours, at its newest commit. */
function unrecorded(world: World, records: readonly StoredEnvironment[]): readonly string[] {
  const rules = world.config.projects.flatMap((project) => project.labels);
  return world.github.pulls().flatMap(({ number, open, labels: own, commit, fork }) => {
    const rule = rules.find(({ label }) => own.includes(label));
    const asks = open && fork === undefined && rule !== undefined;
    if (world.forgotten.has(number)) return [];
    const sources = records.flatMap((record) => (record.ok ? [record.desired.sources[`pull/${number}`]] : []));
    const source = sources.find((each) => each !== undefined);
    if (records.some(({ ok }) => !ok)) return [];
    if (!source) return asks ? [`#${number} is labelled, and no record knows of it`] : [];
    if (source.wanted !== asks) return [`#${number} ${asks ? 'is' : 'is not'} labelled, and the table says otherwise`];
    if (asks && source.imageTag !== rule.imageTag)
      return [`#${number} asks for ${rule.imageTag}, the table says ${source.imageTag}`];
    return asks && source.commit !== commit
      ? [`#${number} is at ${short(commit)}, the table at ${short(source.commit)}`]
      : [];
  });
}

function complaintsAbout(world: World, actual: Actual, record: StoredEnvironment): readonly string[] {
  const { sessionId: session, status } = record;
  const about = (text: string): string => `${session}: ${text}`;
  if (!record.ok) return status.conditions.Accepted?.status === 'False' ? [] : [about('its faults are not told')];
  const { desired } = record;
  const project = world.config.projects.find(({ name }) => name === desired.project);
  if (!project) return status.conditions.Accepted?.status === 'False' ? [] : [about('its unknown project is not told')];
  const head = world.github.head(desired.override?.branch ?? desired.branch);
  const branch = desired.override?.branch ?? desired.branch;
  const known = head === undefined ? status.head : { branch, commit: head, at: '' };
  const wish = effective({ desired, project, head: known, now: world.time.now() });
  if (wish.paused || world.pausedSince !== undefined) return [];
  const one: Case = { record, world, session, desired, status, wish, share: shareOf(actual, session) };
  const found = wish.wanted ? wantedComplaints(one) : unwantedComplaints(one);
  return [...found, ...commentComplaints(one)].map(about);
}

function unwantedComplaints({ share, status }: Case): readonly string[] {
  const { held, groups, rules } = share;
  const left = [
    ...held.map(({ lastStatus }) => `a task that is ${lastStatus}`),
    ...groups.map(({ name }) => `the group ${name}`),
    ...rules.map((rule) => `the rule for ${hostOfRule(rule)}`),
  ];
  if (left.length > 0) return [`nobody wants it, and there is still ${left.join(', ')}`];
  return isTrue(status.conditions, 'Removed') ? [] : ['it is gone, and the record does not say so'];
}

function wantedComplaints(one: Case): readonly string[] {
  const { world, wish, status } = one;
  if (wish.commit === undefined) return status.conditions.Ready?.status === 'True' ? [] : [];
  const outcome = world.supervisors.plans.get(wish.commit)?.outcome?.kind ?? 'ok';
  if (!imageExists(one)) return servesOrFails(one);
  if (outcome !== 'ok') return servesOrFails(one);
  return servingComplaints(one, wish.commit);
}

function imageExists({ world, wish }: Case): boolean {
  return wish.imageTag.startsWith('sha256:') || world.aws.images.byTag('web', wish.imageTag) !== undefined;
}

/** What cannot be run: the version before it goes on serving, or nothing runs and the reason is told. */
function servesOrFails(one: Case): readonly string[] {
  const { share, status } = one;
  const serves = isTrue(status.conditions, 'Ready');
  if (serves) {
    const told = status.conditions.UpToDate?.status !== 'True' || one.wish.commit === status.liveCommit;
    if (status.conditions.UpToDate?.reason === 'Updating') return ['it serves, and an update has not ended'];
    return [...routeComplaints(one, share.tasks[0]), ...(told ? [] : ['an update failed, and UpToDate is True'])];
  }
  if (status.conditions.Ready?.reason === undefined) return ['nothing is said of why it does not run'];
  // A start that hangs comes to its deadline, and only then is at rest.
  return share.tasks.length > 0 ? ['it does not serve, and its start has not ended'] : [];
}

function servingComplaints(one: Case, commit: string): readonly string[] {
  const { share, status, world } = one;
  const [task, ...more] = share.tasks;
  if (!task) return ['it is wanted, and no task runs'];
  if (more.length > 0) return [`${share.tasks.length} tasks run`];
  if (task.lastStatus !== 'RUNNING') return [`its task is ${task.lastStatus}`];
  const live = world.supervisors.containers().find(({ ip }) => ip === task.network.address);
  const supervised = world.config.projects[0]?.supervisor === true;
  const found: string[] = [];
  if (!live?.healthy) found.push('its app is not healthy');
  if (supervised && live?.liveCommit !== commit)
    found.push(`${short(live?.liveCommit)} is live, wanted is ${short(commit)}`);
  if (status.attempt?.taskArn !== task.arn) found.push('the record names another task');
  return [
    ...found,
    ...imageComplaints(one, task),
    ...routeComplaints(one, task),
    ...toldComplaints(one, supervised && !isHeadless(one)),
  ];
}

/** Its branch is gone, and nobody said which commit: whether what runs is the newest cannot be told. */
function isHeadless({ world, desired, wish }: Case): boolean {
  const told = desired.override?.commit ?? desired.commit;
  return told === undefined && world.github.head(wish.branch) === undefined;
}

function imageComplaints({ world, wish }: Case, { definitionArn }: TaskRecord): readonly string[] {
  const isBase = definitionArn === world.aws.baseArn;
  const wantsBase = wish.imageTag === world.config.projects[0]?.defaultTag;
  return isBase === wantsBase ? [] : [`its task runs ${definitionArn}, wanted is ${wish.imageTag}`];
}

function routeComplaints({ world, session, share }: Case, task: TaskRecord | undefined): readonly string[] {
  const { rules } = share;
  const [group] = share.groups;
  if (!task) return ['it serves, and no task runs'];
  if (!group) return ['it has no target group'];
  const [rule, ...more] = rules;
  if (!rule) return ['it has no rule'];
  if (more.length > 0) return [`it has ${rules.length} rules`];
  if (hostOfRule(rule) !== hostFor(session)) return [`its rule is for ${hostOfRule(rule)}`];
  if (weightOf(rule, group.arn) !== 1 || weightOf(rule, world.aws.frontDoorArn) !== 0)
    return ['its rule has the wrong weights'];
  const targets = registered(group).map(({ ip }) => ip);
  if (targets.length !== 1 || targets[0] !== task.network.address) {
    return [`its targets are ${targets.join(', ') || 'none'}, its task is at ${task.network.address}`];
  }
  const state = world.aws.healthOf(group.arn).get(task.network.address);
  return state === 'healthy' ? [] : [`its target is ${state}`];
}

function toldComplaints({ status: { conditions } }: Case, supervised: boolean): readonly string[] {
  const found: string[] = [];
  if (!isTrue(conditions, 'Ready')) found.push(`it serves, and Ready is ${told(conditions.Ready)}`);
  if (supervised && !isTrue(conditions, 'UpToDate')) found.push(`UpToDate is ${told(conditions.UpToDate)}`);
  return found;
}

function told(condition: { readonly status: string; readonly reason: string } | undefined): string {
  return condition ? `${condition.status} (${condition.reason})` : 'not told';
}

/** One comment on each open pull request that asks; every comment there is says what the record says it does. */
function commentComplaints(one: Case): readonly string[] {
  const { desired, status } = one;
  if (desired.repo !== REPO) return [];
  const asking = Object.entries(desired.sources).filter(([, source]) => source?.open && source.wanted);
  const keys = new Set([...asking.map(([key]) => key), ...Object.keys(status.comments)]);
  const found = [...keys].flatMap((key) => commentComplaint(one, key as keyof Status['comments']));
  return found.length > 0 || isTrue(status.conditions, 'Reported') ? found : ['its comments are not reported'];
}

function commentComplaint({ world, record, session, status }: Case, key: keyof Status['comments']): readonly string[] {
  const ref = status.comments[key];
  const comment = world.github.comments(Number(key.slice(key.indexOf('/') + 1))).find(({ id }) => id === ref?.id);
  if (!comment) return [`${key} has no comment of ours`];
  const { config, time } = world;
  const view = viewOf(record, projectOf(config.projects, record), time.now());
  const marker = commentMarker(INSTALLATION, session);
  const due = renderComment(view, { marker, webUrl: config.github.webUrl, source: key });
  return comment.body === due ? [] : [`the comment on ${key} is not what the record says`];
}

/** Owned things of sessions that have no record, whose time has come. An empty table looks like the wrong one: all stays. */
function ownerless(records: readonly StoredEnvironment[], actual: Actual): readonly string[] {
  if (records.length === 0) return [];
  const known = new Set(records.map(({ sessionId }) => sessionId));
  const tasks = actual.tasks
    .filter(({ group }) => !known.has(group))
    .map(({ group }) => `a task of ${group}, which has no record`);
  const shares = [...known].map((session) => shareOf(actual, session));
  const owned = new Set(shares.flatMap(({ groups }) => groups.map(({ arn }) => arn)));
  const groups = actual.groups
    .filter(({ arn }) => !owned.has(arn))
    .map(({ name }) => `the group ${name}, which belongs to no record`);
  return [...tasks, ...groups];
}

function short(commit: string | undefined): string {
  return commit?.slice(0, 7) ?? 'nothing';
}
