/**
 * Whether the world is as everybody wants it: GitHub's labels and the table agree, hand edits hold, and AWS and the load
 * balancer serve exactly what is wanted. Each problem is a line; none means that everything has converged.
 */
import { visit } from '../../../src/local/demo/visit.ts';
import type { LocalPull } from '../../../src/local/github/client.ts';
import { canonical } from '../../../src/model/digest.ts';
import type { Desired, Override, StoredEnvironment } from '../../../src/model/environment.ts';
import { targetGroupName } from '../../../src/model/names.ts';
import type { Hands } from '../people/memory-of-people.ts';
import { INSTALLATION, type Label, LABELS } from '../world/config.ts';
import type { World } from '../world/world.ts';
import { addressOf, healthOf, hostsOf, type Reading, readAll, weightsOf } from './reading.ts';

export const sessionOf = (branch: string): string => `soak-${branch}`;

interface Wanted {
  readonly branch: string;
  readonly session: string;
  readonly commit: string;
  readonly imageTag: string;
  readonly extra: string | undefined;
}

/** Cheap looks first; requests and health only when nothing else is wrong. */
export async function judge(world: World, branches: readonly string[], hands: Hands): Promise<readonly string[]> {
  const reading = await readAll(world);
  const now = Date.now();
  const seen = problemsIn(reading, branches, hands, now);
  if (seen.length > 0) return seen;
  const served: string[] = [];
  for (const branch of branches) {
    const [one] = wantedOf(reading, branch, now);
    served.push(...(one ? await problemsServed(world, reading, one) : await problemsUnserved(world, branch)));
  }
  return served;
}

/** What is wrong with what was read. */
export function problemsIn(
  reading: Reading,
  branches: readonly string[],
  hands: Hands,
  now: number,
): readonly string[] {
  const wanted = branches.flatMap((branch) => wantedOf(reading, branch, now));
  return [
    ...branches.flatMap((branch) => problemsOfRecord(reading, branch, hands, now)),
    ...wanted.flatMap((one) => problemsInAws(reading, one)),
    ...orphansOf(reading, wanted),
  ];
}

/** The label that decides, of an open pull request. */
export function labelOf(pull: LocalPull): Label | undefined {
  if (pull.state !== 'open') return undefined;
  return (Object.keys(LABELS) as Label[]).find((label) => pull.labels.includes(label));
}

function problemsOfRecord(reading: Reading, branch: string, hands: Hands, now: number): readonly string[] {
  const session = sessionOf(branch);
  const [pull, record] = [reading.pulls.get(branch), reading.records.get(session)];
  if (!pull) return [`${branch}: GitHub knows no pull request`];
  if (!record) return [`${session}: its record is lost`];
  if (!record.ok) return [`${session}: its record cannot be understood: ${JSON.stringify(record.faults)}`];
  const wanted = wantedOf(reading, branch, now).length > 0;
  return [
    ...problemsOfIntent(pull, record.desired).map((problem) => `${session}: ${problem}`),
    ...problemsOfHand(record.desired, hands, now).map((problem) => `${session}: ${problem}`),
    ...problemsOfStatus(record, wanted).map((problem) => `${session}: ${problem}`),
  ];
}

function problemsOfIntent(pull: LocalPull, { sources, wanted, commit, imageTag }: Desired): readonly string[] {
  const source = sources[`pull/${pull.number}`];
  const label = labelOf(pull);
  const found = { open: source?.open, wanted: source?.wanted, commit: source?.commit, field: wanted, head: commit };
  const isOpen = pull.state === 'open';
  const expected = {
    open: isOpen,
    wanted: label !== undefined,
    commit: pull.commit,
    field: label !== undefined,
    head: pull.commit,
  };
  const differs = canonical(found) !== canonical(expected);
  const image = label && source?.imageTag !== LABELS[label];
  return [
    ...(differs ? [`GitHub says ${JSON.stringify(expected)}, the table ${JSON.stringify(found)}`] : []),
    ...(image ? [`the label ${label} asks for another image than ${source?.imageTag} (${imageTag})`] : []),
  ];
}

function problemsOfHand(desired: Desired, hands: Hands, now: number): readonly string[] {
  const hand = hands.get(desired.sessionId);
  if (!hand) return [];
  const same = canonical(desired.override ?? null) === canonical(hand.override ?? null);
  const end = hand.override?.until;
  const ends = end !== undefined && Date.parse(end) > now;
  const held = hand.imageTag === undefined || hand.imageTag === desired.imageTag;
  return [
    ...(same ? [] : [`override ${JSON.stringify(hand.override)} became ${JSON.stringify(desired.override)}`]),
    // What follows from its end is still to be done.
    ...(ends ? [`an override ends only at ${end}`] : []),
    ...(held ? [] : [`image_tag ${hand.imageTag}, put by hand, became ${desired.imageTag}`]),
  ];
}

function problemsOfStatus({ state, status }: StoredEnvironment, wanted: boolean): readonly string[] {
  const expected = wanted ? 'RUNNING' : 'STOPPED';
  const { Ready: ready, UpToDate: upToDate } = status.conditions;
  if (state !== expected) return [`is ${state}, not ${expected}: ${ready?.reason} ${ready?.message.slice(0, 200)}`];
  return wanted && upToDate?.status === 'False' ? [`is not up to date: ${upToDate.reason} ${upToDate.message}`] : [];
}

const liveOverride = (override: Override | undefined, now: number): Override =>
  override?.until !== undefined && Date.parse(override.until) <= now ? {} : (override ?? {});

function wantedOf({ records, pulls }: Reading, branch: string, now: number): readonly Wanted[] {
  const session = sessionOf(branch);
  const record = records.get(session);
  if (!record?.ok) return [];
  const { desired } = record;
  const override = liveOverride(desired.override, now);
  if (!(override.wanted ?? desired.wanted)) return [];
  const commit = override.commit ?? pulls.get(branch)?.commit ?? '';
  const imageTag = override.imageTag ?? desired.imageTag ?? 'latest';
  return [{ branch, session, commit, imageTag, extra: override.env?.['SOAK_EXTRA'] }];
}

function problemsInAws(reading: Reading, { session }: Wanted): readonly string[] {
  const tasks = reading.tasks.get(session) ?? [];
  const rules = reading.rules.filter((rule) => hostsOf(rule).includes(`${session}.localhost`));
  const name = targetGroupName(INSTALLATION, session);
  const groups = reading.groups.filter(({ TargetGroupName }) => TargetGroupName === name);
  const [task] = tasks;
  const carried = rules.map((rule) => weightsOf(rule).get(groups[0]?.TargetGroupArn ?? '') ?? 0);
  return [
    ...(tasks.length === 1 ? [] : [`${session}: ${tasks.length} tasks`]),
    ...(task && task.lastStatus !== 'RUNNING' ? [`${session}: its task is ${task.lastStatus}`] : []),
    ...(rules.length === 1 ? [] : [`${session}: ${rules.length} rules`]),
    ...(groups.length === 1 ? [] : [`${session}: ${groups.length} target groups`]),
    ...(carried.every((weight) => weight === 1) ? [] : [`${session}: its rule has weight ${carried.join(', ')}`]),
  ];
}

function orphansOf({ tasks, rules, groups }: Reading, wanted: readonly Wanted[]): readonly string[] {
  const sessions = new Set(wanted.map(({ session }) => session));
  const hosts = new Set(wanted.map(({ session }) => `${session}.localhost`));
  const names = new Set(wanted.map(({ session }) => targetGroupName(INSTALLATION, session)));
  return [
    ...[...tasks]
      .filter(([group]) => !sessions.has(group))
      .map(([group, { length }]) => `${group}: ${length} tasks that nobody wants`),
    ...rules
      .filter((rule) => !hostsOf(rule).some((host) => hosts.has(host)))
      .map((rule) => `a rule that nobody wants: ${hostsOf(rule).join()}`),
    ...groups
      .filter(({ TargetGroupName = '' }) => !names.has(TargetGroupName))
      .map(({ TargetGroupName }) => `a target group that nobody wants: ${TargetGroupName}`),
  ];
}

/** One target, at its task and healthy; and its own page at its own head, through the load balancer. */
async function problemsServed(world: World, reading: Reading, one: Wanted): Promise<readonly string[]> {
  const { session, commit, imageTag, extra } = one;
  const group = reading.groups.find(
    ({ TargetGroupName }) => TargetGroupName === targetGroupName(INSTALLATION, session),
  );
  const targets = (await healthOf(world, group?.TargetGroupArn ?? '')).filter(
    ({ TargetHealth }) => TargetHealth?.State !== 'draining',
  );
  const seen = targets.map(({ Target, TargetHealth }) => `${Target?.Id} ${TargetHealth?.State}`).join(', ');
  const [task] = reading.tasks.get(session) ?? [];
  const expected = `${task && addressOf(task)} healthy`;
  const page = await pageOf(world, session);
  const wants = JSON.stringify({ session, commit, image: imageTag, extra });
  return [
    ...(seen === expected ? [] : [`${session}: its targets are ${seen || 'none'} instead of ${expected}`]),
    ...(page === `200 ${wants}` ? [] : [`${session}: a request is answered ${page.slice(0, 200)} instead of ${wants}`]),
  ];
}

async function problemsUnserved(world: World, branch: string): Promise<readonly string[]> {
  const page = await pageOf(world, sessionOf(branch));
  return page.includes('"image":') ? [`${sessionOf(branch)} is not wanted, and answers ${page.slice(0, 200)}`] : [];
}

async function pageOf(world: World, session: string): Promise<string> {
  try {
    const { status, body } = await visit({
      port: world.ports.balancer,
      host: `${session}.localhost`,
      accept: 'application/json',
    });
    return `${status} ${body}`;
  } catch (error) {
    return String(error);
  }
}
