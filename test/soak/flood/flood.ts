/**
 * The flood: thousands of signed webhooks over the webhook servers of two replicas, doubled, out of order, malformed and
 * badly signed, with the store away for a part. Mayfly is paused meanwhile, so that all there is to see is the table.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { TABLE } from '../../../src/local/demo/provision.ts';
import { INSTALLATION_KEY } from '../../../src/model/installation.ts';
import { makeRandom, type Random } from '../../sim/kernel/random.ts';
import { recordsOf } from '../judge/reading.ts';
import type { Progress } from '../progress.ts';
import { startWorld, type World } from '../world/world.ts';
import { type Delivery, deliveriesOf } from './deliveries.ts';
import { wrongAnswers, wrongRecords } from './judge.ts';
import { livesOf, type Moment } from './payloads.ts';
import { type PretendGitHub, startPretendGitHub } from './pretend-github.ts';
import { type Outcome, sendFlood } from './send.ts';

export interface FloodOptions {
  readonly deliveries: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface FloodReport {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

const MOMENTS_EACH = 16;
/** Where the store is away, as shares of the deliveries. */
const OUTAGE = [0.4, 0.44] as const;
const PATIENCE_MS = 120_000;
const LOOK_MS = 1_000;

export async function flood(options: FloodOptions): Promise<FloodReport> {
  const { seed, progress, keep, signal } = options;
  const random = makeRandom(seed);
  const github = await startPretendGitHub();
  let report: FloodReport | undefined;
  try {
    const world = await startWorld({ branches: [], random, say: progress.say, githubUrl: github.url });
    try {
      report = await run(options, world, github, random.stream('flood'));
      return report;
    } finally {
      progress.stop();
      await world.close(keep || (report?.ok !== true && !signal.aborted));
    }
  } finally {
    progress.stop();
    github.close();
  }
}

async function run(options: FloodOptions, world: World, github: PretendGitHub, random: Random): Promise<FloodReport> {
  const { deliveries: count, progress } = options;
  await pauseMayfly(world);
  const lives = livesOf(Math.ceil((count * 0.85) / MOMENTS_EACH), MOMENTS_EACH, random.stream('lives'), Date.now());
  const deliveries = deliveriesOf(lives, count, world.secrets.webhookSecret, random.stream('order'));
  progress.phase(`${count} deliveries of ${lives.length} pull requests`);
  const begun = performance.now();
  const outcomes = await send(options, world, github, deliveries);
  const seconds = (performance.now() - begun) / 1_000;
  progress.phase('the replicas read again what they were unsure of');
  const settled = await settle(options, world, outcomes, lives);
  return reportOf(options, { outcomes, seconds, github, settled });
}

/** What is wanted would be started otherwise, hundreds of times. */
async function pauseMayfly({ aws }: World): Promise<void> {
  const Item = { session_id: { S: INSTALLATION_KEY }, paused: { BOOL: true }, reason: { S: 'the flood' } };
  await aws.dynamodb.send(new PutItemCommand({ TableName: TABLE, Item }));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}

async function send(
  { progress, signal }: FloodOptions,
  world: World,
  github: PretendGitHub,
  deliveries: readonly Delivery[],
): Promise<readonly Outcome[]> {
  const share = (part: number): number => Math.floor(deliveries.length * part);
  const everyTenth = Math.ceil(deliveries.length / 10);
  return await sendFlood({
    deliveries,
    urls: world.webhookUrls,
    outage: [share(OUTAGE[0]), share(OUTAGE[1])],
    setStoreDown(isDown) {
      if (isDown) progress.say('the store is away');
      world.proxy.setStoreDown(isDown);
    },
    onSend({ moment }) {
      if (moment) github.tell(moment);
    },
    onAnswer(answered) {
      if (answered % everyTenth === 0) progress.say(`${answered} answered`);
    },
    signal,
  });
}

interface Settled {
  readonly records: number;
  readonly wrong: readonly string[];
  readonly seconds: number;
}

async function settle(
  { signal, progress }: FloodOptions,
  world: World,
  outcomes: readonly Outcome[],
  lives: readonly (readonly Moment[])[],
): Promise<Settled> {
  const begun = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const records = await recordsOf(world);
    const wrong = wrongRecords(outcomes, lives, records);
    const ms = performance.now() - begun;
    if (wrong.length === 0 || ms > PATIENCE_MS) return { records: records.length, wrong, seconds: ms / 1_000 };
    progress.say(`${wrong.length} to go, e.g. ${wrong[0]?.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

interface Ending {
  readonly outcomes: readonly Outcome[];
  readonly seconds: number;
  readonly github: PretendGitHub;
  readonly settled: Settled;
}

function reportOf({ seed, deliveries }: FloodOptions, { outcomes, seconds, github, settled }: Ending): FloodReport {
  const answers = wrongAnswers(outcomes);
  const wrong = [...answers, ...settled.wrong];
  const during = outcomes.filter(({ storeWasDown }) => storeWasDown);
  const serverErrors = (list: readonly Outcome[]): number =>
    list.filter(({ status }) => status >= 500 || status === 0).length;
  const all = serverErrors(outcomes);
  const down = serverErrors(during);
  return {
    ok: wrong.length === 0 && outcomes.length === deliveries,
    lines: [
      `Flood: seed ${seed}, ${outcomes.length} deliveries answered in ${seconds.toFixed(0)} s`,
      ...byKind(outcomes),
      `5xx      ${all}: ${down} of the ${during.length} that saw the store away, ${all - down} of the others`,
      `table    ${settled.records} records, as they should be ${settled.seconds.toFixed(1)} s after the last answer; ${github.reads()} re-reads of pull requests`,
      wrong.length === 0
        ? 'PASS: none lost, none misapplied'
        : `FAIL\n${wrong
            .slice(0, 50)
            .map((line) => `  ${line}`)
            .join('\n')}`,
    ],
  };
}

function byKind(outcomes: readonly Outcome[]): readonly string[] {
  return [...Map.groupBy(outcomes, ({ delivery }) => delivery.kind)].map(([kind, list]) => {
    const statuses = [...Map.groupBy(list, ({ status }) => status)].toSorted(([a], [b]) => a - b);
    return `  ${kind.padEnd(21)} ${String(list.length).padStart(5)}: ${statuses.map(([status, some]) => `${status} × ${some.length}`).join(', ')}`;
  });
}
