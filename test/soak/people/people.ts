/** The people of the soak: a seeded stream of labels, pushes, closes and hand edits over all environments. */
import { commitChange } from '../../../src/local/demo/sample-repo.ts';
import type { LocalPull } from '../../../src/local/github/client.ts';
import type { Override } from '../../../src/model/environment.ts';
import type { Random } from '../../sim/kernel/random.ts';
import { labelOf, sessionOf } from '../judge/judge.ts';
import { recordsOf } from '../judge/reading.ts';
import type { Label } from '../world/config.ts';
import type { World } from '../world/world.ts';
import { deleteRule, deregister, editRecord, stopTask, turnWeights } from './edits.ts';
import { handOf, type Hands } from './memory-of-people.ts';

export interface People {
  /** One thing that somebody does, told in a few words. Rejects when AWS or GitHub is away just now. */
  act(): Promise<string>;
  readonly hands: Hands;
  readonly counts: ReadonlyMap<string, number>;
  /** Takes away what keeps environments from being looked after. */
  unpause(): Promise<void>;
}

interface Actor {
  readonly world: World;
  readonly random: Random;
  readonly hands: Hands;
  readonly branch: string;
  readonly session: string;
  readonly pull: LocalPull;
  readonly longestMs: number;
}

type Act = (actor: Actor) => Promise<string>;

/** `longestMs`: overrides that end by themselves do so within this. */
export function makePeople(world: World, branches: readonly string[], random: Random, longestMs: number): People {
  const hands: Hands = new Map();
  const counts = new Map<string, number>();
  return {
    hands,
    counts,
    async act() {
      const branch = random.pick(branches);
      // All drawn at once, so that what happens elsewhere changes as little as can be of what is done.
      const own = random.stream(`${branch} ${random.int(0, 1e9)}`);
      const pull = await world.github.pull(branch);
      const actor = { world, random: own, hands, branch, session: sessionOf(branch), pull, longestMs };
      const [name, act] = chosen(pull, own);
      const done = await act(actor);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return `${branch}: ${done}`;
    },
    async unpause() {
      for (const [session, { override }] of hands)
        if (override?.paused) await putOverride({ world, hands, session }, null);
    },
  };
}

/** Weights beside the names. */
const WHEN_WANTED: readonly (readonly [number, string, Act])[] = [
  [30, 'push', push],
  [10, 'unlabel', unlabel],
  [8, 'close', close],
  [6, 'other label', otherLabel],
  [8, 'image_tag', editImage],
  [14, 'override', override],
  [6, 'stop task', async ({ world, session }) => ((await stopTask(world, session)) ? 'StopTask' : 'no task to stop')],
  [
    6,
    'delete rule',
    async ({ world, session }) => ((await deleteRule(world, session)) ? 'DeleteRule' : 'no rule to delete'),
  ],
  [
    4,
    'turn weights',
    async ({ world, session }) => ((await turnWeights(world, session)) ? 'weights turned' : 'no weights'),
  ],
  [
    3,
    'deregister',
    async ({ world, session }) => ((await deregister(world, session)) ? 'target taken out' : 'no target'),
  ],
];

function chosen(pull: LocalPull, random: Random): readonly [string, Act] {
  if (pull.state === 'closed') return ['reopen', reopen];
  if (!labelOf(pull)) return random.chance(0.8) ? ['label', label] : ['push', push];
  let draw = random() * WHEN_WANTED.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, name, act] of WHEN_WANTED) {
    if (draw < weight) return [name, act];
    draw -= weight;
  }
  return ['push', push];
}

async function push({ world, branch, random }: Actor): Promise<string> {
  const change = { file: 'text.txt', content: `${branch} ${random.int(0, 1e9)}\n` };
  const commit = await commitChange(world.repo, branch, change, `Say something else on ${branch}`);
  return `push ${commit.slice(0, 7)}`;
}

async function label({ world, pull, random, hands, session }: Actor): Promise<string> {
  const name: Label = random.chance(0.75) ? 'uat' : 'uat-staging';
  handOf(hands, session).imageTag = undefined;
  await world.github.addLabel(pull.number, name);
  return `label ${name}`;
}

async function unlabel({ world, pull, hands, session }: Actor): Promise<string> {
  handOf(hands, session).imageTag = undefined;
  for (const name of pull.labels) await world.github.removeLabel(pull.number, name);
  return `unlabel ${pull.labels.join(', ')}`;
}

async function otherLabel({ world, pull, hands, session }: Actor): Promise<string> {
  handOf(hands, session).imageTag = undefined;
  const [first = 'uat'] = pull.labels;
  const next = first === 'uat' ? 'uat-staging' : 'uat';
  await world.github.addLabel(pull.number, next);
  await world.github.removeLabel(pull.number, first);
  return `label ${first} → ${next}`;
}

async function close({ world, pull, hands, session }: Actor): Promise<string> {
  handOf(hands, session).imageTag = undefined;
  await world.github.closePull(pull.number);
  return 'close';
}

async function reopen({ world, pull, hands, session }: Actor): Promise<string> {
  handOf(hands, session).imageTag = undefined;
  await world.github.reopenPull(pull.number);
  return 'reopen';
}

/** An edit holds until GitHub's side changes: only one that was made after all of GitHub's changes had arrived counts. */
async function editImage({ world, pull, hands, session, random }: Actor): Promise<string> {
  const record = (await recordsOf(world)).find(({ sessionId }) => sessionId === session);
  const source = record?.ok ? record.desired.sources[`pull/${pull.number}`] : undefined;
  const settled = source?.wanted && source.open && Date.parse(source.at) === Date.parse(pull.updatedAt);
  const imageTag = random.pick(['latest', 'staging']);
  if (!settled) return 'image_tag left alone: GitHub’s last word is still under way';
  await editRecord(world, session, 'image_tag', imageTag);
  handOf(hands, session).imageTag = imageTag;
  return `image_tag = ${imageTag}`;
}

async function override({ world, hands, session, random, longestMs }: Actor): Promise<string> {
  const until = new Date(Date.now() + random.int(longestMs / 8, longestMs)).toISOString();
  const values: readonly (Omit<Override, 'reason' | 'by'> | null)[] = [
    { wanted: false },
    { wanted: false, until },
    { imageTag: random.pick(['latest', 'staging']) },
    { env: { SOAK_EXTRA: String(random.int(1, 999)) } },
    { env: { SOAK_EXTRA: String(random.int(1, 999)) }, until },
    { paused: true, until },
    null,
    null,
  ];
  const value = random.pick(values);
  await putOverride({ world, hands, session }, value && { ...value, by: 'a person', reason: 'the soak' });
  return value ? `override ${JSON.stringify(value)}` : 'override taken away';
}

async function putOverride(
  { world, hands, session }: Pick<Actor, 'world' | 'hands' | 'session'>,
  value: Override | null,
): Promise<void> {
  const { imageTag, ...others } = value ?? {};
  const item = value && { ...others, ...(imageTag !== undefined && { image_tag: imageTag }) };
  await editRecord(world, session, 'override', item);
  handOf(hands, session).override = value;
}
