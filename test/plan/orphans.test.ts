/** What becomes of things that no record names, row by row. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { targetGroupName } from '../../src/model/names.ts';
import type { ObservedRule, ObservedTargetGroup } from '../../src/model/observed.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/model/policy.ts';
import {
  arnsToVerify,
  type Memory,
  type OrphanInput,
  type OrphanPlan,
  type OwnedTask,
  planOrphans,
} from '../../src/plan/orphans.ts';
import { NOW, task } from './world.ts';

const GRACE = DEFAULT_POLICY.orphanGraceMs;
/** Of the monotonic clock; `old` was seen first when the grace would just be over. */
const AT = 10_000_000;
const old = { since: AT - GRACE };
const known = ['tt-k1', 'tt-k2', 'tt-k3', 'tt-k4'];

const nameOf = (session: string): string => targetGroupName('test', session);
const group = (session: string): ObservedTargetGroup => ({ arn: `group/${session}`, name: nameOf(session) });
const rule = (session: string, id = 'own'): ObservedRule => ({
  arn: `rule/${session}/${id}`,
  priority: 1_000,
  hosts: [`${session}.test`],
  forward: [{ targetGroupArn: `group/${session}`, weight: 1 }],
});
const running = (session: string, change: Parameters<typeof task>[0] = {}): OwnedTask => ({
  cluster: 'main',
  task: task({ arn: `task/${session}`, session, createdAt: NOW - GRACE, ...change }),
});
const tagsOf = (session: string, installation = 'test') => ({
  'mayfly:installation': installation,
  'mayfly:session': session,
});

interface World {
  readonly tasks?: readonly OwnedTask[];
  readonly groups?: readonly ObservedTargetGroup[];
  readonly rules?: readonly ObservedRule[];
  readonly tags?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly sessions?: readonly string[];
  readonly seen?: Readonly<Record<string, { since: number; unroutedAt?: number }>>;
  readonly whole?: boolean;
  readonly paused?: boolean;
  readonly policy?: Partial<Policy>;
}

function inputOf(world: World): OrphanInput {
  const { tasks = [], groups = [], rules = [], seen = {}, whole = true, paused = false } = world;
  const own = [...groups.map(({ arn }) => arn), ...rules.map(({ arn }) => arn)];
  const tags = { ...Object.fromEntries(own.map((arn) => [arn, tagsOf(arn.split('/')[1] ?? '')])), ...world.tags };
  const memory: Memory = new Map(Object.entries(seen).map(([session, value]) => [nameOf(session), value]));
  return {
    installation: 'test',
    listing: { tasks, groups, rules, whole },
    sessions: new Set(world.sessions ?? known),
    tags: new Map(Object.entries(tags)),
    memory,
    policy: { ...DEFAULT_POLICY, ...world.policy },
    paused,
    now: NOW,
    monotonic: AT,
  };
}

/** One word a fact: steps as `kind arn`, and who is young, blocked or held. */
function wordsOf({ collect, young, blocked, held }: OrphanPlan): readonly string[] {
  return [
    ...collect.flatMap(({ steps }) =>
      steps.map((step) => {
        if (step.kind === 'stop-task') return `stop ${step.taskArn}`;
        if (step.kind === 'delete-rule') return `delete ${step.ruleArn}`;
        return step.kind === 'delete-target-group' ? `delete ${step.targetGroupArn}` : step.kind;
      }),
    ),
    ...young.map(({ session }) => `young ${session ?? '?'}`),
    ...blocked.map(({ session }) => `blocked ${session ?? '?'}`),
    ...(held ? [`held ${held.reason} ${held.count}/${held.allowed}`] : []),
  ];
}

const whole = { tasks: [running('tt-a')], groups: [group('tt-a')], rules: [rule('tt-a')] };
const routed = ['delete rule/tt-a/own', 'delete group/tt-a'];
const many = ['tt-a', 'tt-b', 'tt-c', 'tt-d'];
const manyOld = Object.fromEntries(many.map((session) => [session, old]));

type Row = [name: string, world: World, words: readonly string[]];

// biome-ignore format: a drawn table reads by rows
const rows: Row[] = [
  ['nothing owned', {}, []],
  ['nothing owned and no record', { sessions: [] }, []],
  ['all of it has a record', { ...whole, sessions: ['tt-a'] }, []],
  ['first seen', whole, ['young tt-a']],
  ['seen a moment too short', { ...whole, seen: { 'tt-a': { since: AT - GRACE + 1 } } }, ['young tt-a']],
  ['old, but its task is young', { ...whole, tasks: [running('tt-a', { createdAt: NOW - GRACE + 1 })], seen: { 'tt-a': old } }, ['young tt-a']],
  ['due: the route goes first', { ...whole, seen: { 'tt-a': old } }, routed],
  ['due, route just removed: requests in flight end', { tasks: [running('tt-a')], seen: { 'tt-a': { ...old, unroutedAt: AT - 4_999 } } }, []],
  ['due, route removed for the settle time', { tasks: [running('tt-a')], seen: { 'tt-a': { ...old, unroutedAt: AT - 5_000 } } }, ['stop task/tt-a']],
  ['due, never routed', { tasks: [running('tt-a'), running('tt-a', { arn: 'task/2' })], seen: { 'tt-a': old } }, ['stop task/tt-a', 'stop task/2']],
  ['a group alone', { groups: [group('tt-a')], seen: { 'tt-a': old } }, ['delete group/tt-a']],
  ['a task on its way out is none', { tasks: [running('tt-a', { desiredStatus: 'STOPPED' })], seen: { 'tt-a': old } }, []],
  ['several rules, on any listener', { ...whole, rules: [rule('tt-a'), rule('tt-a', '2'), rule('tt-k1')], seen: { 'tt-a': old } }, ['delete rule/tt-a/own', 'delete rule/tt-a/2', 'delete group/tt-a']],
  ['group without tags', { ...whole, tags: { 'group/tt-a': {} }, seen: { 'tt-a': old } }, ['blocked tt-a']],
  ['group of another installation', { ...whole, tags: { 'group/tt-a': tagsOf('tt-a', 'other') }, seen: { 'tt-a': old } }, ['blocked tt-a']],
  ['group whose tag names another session', { groups: [group('tt-a')], tags: { 'group/tt-a': tagsOf('tt-b') }, seen: { 'tt-a': old } }, ['blocked tt-b']],
  ['a rule of a person forwards to it', { ...whole, tags: { 'rule/tt-a/own': {} }, seen: { 'tt-a': old } }, ['blocked tt-a']],
  ['a rule of a known environment was pointed at it', { ...whole, tags: { 'rule/tt-a/own': tagsOf('tt-k1') }, seen: { 'tt-a': old } }, ['blocked tt-a']],
  ['a task that Mayfly cannot have started', { tasks: [running('family:web')], seen: { 'family:web': old } }, ['blocked family:web']],
  ['one blocked does not hold the others', { ...whole, groups: [group('tt-a'), group('tt-b')], tags: { 'group/tt-b': {} }, seen: manyOld }, [...routed, 'blocked ?']],
  ['no record at all', { ...whole, sessions: [], seen: { 'tt-a': old } }, ['held empty-table 1/3']],
  ['no record at all, told at once', { ...whole, sessions: [] }, ['young tt-a', 'held empty-table 1/3']],
  ['a listing that is not whole', { ...whole, whole: false, seen: { 'tt-a': old } }, ['held incomplete 1/3']],
  ['a listing that is not whole, nothing due', { ...whole, whole: false }, ['young tt-a']],
  ['paused', { ...whole, paused: true, seen: { 'tt-a': old } }, ['held paused 1/3']],
  ['more than allowed', { groups: many.map(group), seen: manyOld }, ['held limit 4/3']],
  ['more than allowed, most of them young', { groups: many.map(group), seen: { 'tt-a': old } }, ['young tt-b', 'young tt-d', 'young tt-c', 'held limit 4/3']],
  ['as many as allowed', { groups: many.map(group), seen: manyOld, policy: { orphanLimit: 4 } }, ['delete group/tt-a', 'delete group/tt-b', 'delete group/tt-d', 'delete group/tt-c']],
  ['a limit of 0 asks always', { groups: [group('tt-a')], seen: manyOld, policy: { orphanLimit: 0 } }, ['held limit 1/0']],
  ['those half taken away were allowed before', { tasks: many.map((session) => running(session)), seen: Object.fromEntries(many.map((session) => [session, { ...old, unroutedAt: 0 }])) }, many.map((session) => `stop task/${session}`)],
];

test.each(rows)('%s', (_name, world, words) => {
  expect(wordsOf(planOrphans(inputOf(world))).toSorted()).toEqual(words.toSorted());
});

describe('the guard', () => {
  it('allows a quarter of what a large installation owns', () => {
    const sessions = Array.from({ length: 20 }, (_, index) => `tt-${index}`);
    const plan = planOrphans(
      inputOf({ groups: sessions.map(group), seen: Object.fromEntries(sessions.map((s) => [s, old])) }),
    );
    expect(plan.held).toEqual({ reason: 'limit', count: 20, allowed: 5 });
  });
});

describe('the memory', () => {
  it('keeps since when, and forgets what was no orphan in one pass', () => {
    const seen = { 'tt-a': { since: AT - 7 }, 'tt-gone': { since: 8 } };
    const plan = planOrphans(inputOf({ ...whole, groups: [...whole.groups, group('tt-b')], seen }));
    expect([...plan.seen]).toEqual(
      expect.arrayContaining([
        [nameOf('tt-a'), { since: AT - 7 }],
        [nameOf('tt-b'), { since: AT }],
      ]),
    );
    expect(plan.seen.size).toBe(2);
  });

  it('does not take what is planned for done', () => {
    const plan = planOrphans(inputOf({ ...whole, seen: { 'tt-a': old } }));
    expect(wordsOf(plan)).toEqual(routed);
    expect(plan.seen.get(nameOf('tt-a'))).toEqual(old);
  });
});

it('comes back soon after a route went, and not while AWS holds on to it', () => {
  const settling = (seen: World['seen'], more: World = {}): boolean =>
    planOrphans(inputOf({ ...whole, ...more, ...(seen && { seen }) })).settling;
  const unrouted = { 'tt-a': { ...old, unroutedAt: AT - 1 } };
  expect(settling({})).toBe(false);
  expect(settling({ 'tt-a': old })).toBe(false);
  expect(settling(unrouted, { groups: [], rules: [] })).toBe(true);
  expect(settling(unrouted)).toBe(false);
  expect(settling(unrouted, { groups: [], rules: [], tasks: [] })).toBe(false);
});

it('asks for the tags of orphans only', () => {
  const input = inputOf({
    groups: [group('tt-a'), group('tt-k1')],
    rules: [rule('tt-a'), rule('tt-k1'), rule('tt-x')],
  });
  expect(arnsToVerify(input)).toEqual(['group/tt-a', 'rule/tt-a/own']);
});

it('leaves alone what went away since it was listed', () => {
  const input = inputOf({ ...whole, seen: { 'tt-a': old } });
  expect(wordsOf(planOrphans({ ...input, tags: new Map() }))).toEqual(['stop task/tt-a']);
});

it('gives every step and every block its reason', () => {
  const plan = planOrphans(
    inputOf({ ...whole, groups: [...whole.groups, group('tt-b')], tags: { 'group/tt-b': {} }, seen: manyOld }),
  );
  for (const { steps } of plan.collect) for (const { why } of steps) expect(why).not.toBe('');
  expect(plan.blocked.map(({ why }) => why)).toEqual([expect.stringContaining('by hand')]);
});

it('touches nothing known, young, untagged or foreign, and never more than allowed, whatever there is', () => {
  const sessions = Array.from({ length: 24 }, (_, index) => `tt-${index}`);
  const some = fc.subarray(sessions);
  const anyWorld = fc.record({
    records: some,
    groups: some,
    tasks: some,
    rules: some,
    young: some,
    untagged: some,
    foreign: some,
    begun: some,
    whole: fc.boolean(),
    orphanLimit: fc.option(fc.nat(30), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      anyWorld,
      ({ records, groups, tasks, rules, young, untagged, foreign, begun, whole: all, orphanLimit }) => {
        const input = inputOf({
          sessions: records,
          groups: groups.map(group),
          tasks: tasks.map((session) => running(session)),
          rules: rules.filter((session) => groups.includes(session)).map((session) => rule(session)),
          tags: Object.fromEntries([
            ...untagged.map((session) => [`group/${session}`, {}]),
            ...foreign.map((session) => [`rule/${session}/own`, { team: 'qa' }]),
          ]),
          seen: Object.fromEntries(
            sessions
              .filter((session) => !young.includes(session))
              .map((session) => [session, { ...old, ...(begun.includes(session) && { unroutedAt: 0 }) }]),
          ),
          whole: all,
          policy: { orphanLimit },
        });
        const { collect, held } = planOrphans(input);
        const touched = collect.map(({ session }) => session);
        for (const session of touched) {
          expect([records, young].flat()).not.toContain(session);
          if (groups.includes(session)) expect(untagged).not.toContain(session);
          if (groups.includes(session) && rules.includes(session)) expect(foreign).not.toContain(session);
        }
        const owned = new Set([...groups, ...tasks]).size;
        const fresh = touched.filter((session) => !begun.includes(session));
        expect(fresh.length).toBeLessThanOrEqual(orphanLimit ?? Math.max(3, Math.floor(owned / 4)));
        if (held || !all || records.length === 0) expect(touched).toEqual([]);
      },
    ),
  );
});
