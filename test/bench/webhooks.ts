/**
 * How fast webhooks are taken: the real server in this process, the sender and DynamoDB in processes of their own. Next
 * to it the least that any receiver must do, so that the figures of one run can be compared with those of another.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { startWebhookServer } from '../../src/intake/webhook-server.ts';
import { startChild } from '../../src/local/demo/child.ts';
import type { Project } from '../../src/model/project.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { makeDynamoClient, makeDynamoStore } from '../../src/store/dynamodb.ts';
import { makeMemoryStore } from '../../src/store/memory.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import type { Bench, BenchContext, BenchResult } from './bench.ts';
import { PRETEND_AWS, type PretendAwsReady } from './pretend-aws-wire.ts';
import { median } from './statistics.ts';
import { LABEL, type LoadOrder, type LoadReport, REPO, SECRET } from './webhook-wire.ts';

const ROUNDS = 3;
const LOAD = { connections: 32, seconds: 4, warmUpSeconds: 1, pullsEach: 8 } as const;

export const webhooks: Bench = {
  name: 'webhooks',
  about: 'webhooks a second beside a plain server that only verifies and parses',
  run: measure,
};

/** Something that takes webhooks at a port. */
interface Receiver {
  readonly port: number;
  /** Webhooks whose intent was written; undefined for one that writes nothing. */
  written(): Promise<number | undefined>;
  close(): Promise<void>;
}

interface Round extends LoadReport {
  readonly cpuMicros: number;
  readonly written: number | undefined;
}

async function measure({ progress, signal }: BenchContext): Promise<BenchResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'mayfly-bench-'));
  const aws = startChild({
    name: 'DynamoDB',
    script: join(import.meta.dirname, 'pretend-aws.ts'),
    logFile: join(scratch, 'aws.log'),
  });
  try {
    const { endpoint } = (await aws.ready) as unknown as PretendAwsReady;
    const receivers: Readonly<Record<string, (round: number) => Promise<Receiver>>> = {
      'plain node:http: HMAC, JSON.parse': startPlain,
      'Mayfly, store in memory': () => startMayfly(makeMemoryStore(), () => undefined),
      'Mayfly, DynamoDB (dynalite)': (round) => startWithDynamo(endpoint, `webhooks-${round}`),
    };
    const rounds = new Map<string, Round[]>(Object.keys(receivers).map((name) => [name, []]));
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const [name, start] of Object.entries(receivers)) {
        signal.throwIfAborted();
        progress(`${name}, round ${round} of ${ROUNDS}`);
        rounds.get(name)?.push(await measureOne(await start(round), scratch));
      }
    }
    return resultOf(rounds);
  } finally {
    await aws.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** CPU is that of this whole process, from the first request to the last. */
async function measureOne(receiver: Receiver, scratch: string): Promise<Round> {
  try {
    const order: LoadOrder = { ...LOAD, port: receiver.port };
    const sender = startChild({
      name: 'the sender',
      script: join(import.meta.dirname, 'webhook-load.ts'),
      args: [JSON.stringify(order)],
      logFile: join(scratch, 'sender.log'),
    });
    const cpu = process.cpuUsage();
    const report = (await sender.ready) as unknown as LoadReport;
    const { user, system } = process.cpuUsage(cpu);
    await sender.exited;
    return { ...report, cpuMicros: (user + system) / report.sent, written: await receiver.written() };
  } finally {
    await receiver.close();
  }
}

/** The least that a receiver must do with a webhook: read it whole, verify it, parse it. */
async function startPlain(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answerPlain(request, response, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    written: async () => undefined,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answerPlain({ headers }: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const expected = Buffer.from(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
  const found = Buffer.from(String(headers['x-hub-signature-256']));
  const signed = found.length === expected.length && timingSafeEqual(found, expected);
  const { action } = signed ? (JSON.parse(body.toString()) as { action?: string }) : {};
  response.statusCode = action === 'labeled' ? 200 : 400;
  response.setHeader('content-length', 2);
  response.end('ok');
}

async function startWithDynamo(endpoint: string, table: string): Promise<Receiver> {
  const client = makeDynamoClient({ region: PRETEND_AWS.region, endpoint });
  const store = makeDynamoStore({ client, table });
  await store.prepare(true);
  return await startMayfly(store, () => client.destroy());
}

/** With its log lines made and thrown away, as in production at level info. */
async function startMayfly(store: EnvironmentStore, closeStore: () => void): Promise<Receiver> {
  const metrics = makeMetrics();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const server = await startWebhookServer({
    address: { host: '127.0.0.1', port: 0 },
    secret: SECRET,
    projects: [PROJECT],
    store,
    clock: systemClock,
    metrics,
    logger: makeLogger('info', false, nowhere),
    onIntent: () => undefined,
    reread: () => undefined,
  });
  return {
    port: Number(new URL(server.url).port),
    async written() {
      const { values } = await metrics.webhooks.get();
      return values
        .filter(({ labels }) => labels.reason === 'created' || labels.reason === 'updated')
        .reduce((total, { value }) => total + value, 0);
    },
    async close() {
      await server.close();
      closeStore();
    },
  };
}

const PROJECT: Project = {
  name: 'web',
  repo: REPO,
  prefix: 'web',
  labels: [{ label: LABEL, imageTag: 'latest', agent: false }],
  defaultTag: 'latest',
  listener: {
    name: 'main',
    arn: 'arn:listener',
    vpcId: 'vpc-1',
    frontDoorTargetGroupArn: 'arn:front-door',
    domain: 'preview.test',
    url: 'https://{host}',
  },
  cluster: 'main',
  launchType: 'FARGATE',
  network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: false },
  taskDefinition: 'web',
  container: 'app',
  port: 3001,
  env: {},
  supervisor: true,
};

function resultOf(rounds: ReadonlyMap<string, readonly Round[]>): BenchResult {
  const [plain = []] = rounds.values();
  const rateOf = ({ answered, seconds }: Round): number => answered / seconds;
  const rows = [...rounds].map(([name, seen]) => {
    const rates = seen.map(rateOf);
    const ratio = (value: (round: Round) => number): string =>
      median(seen.map((round, index) => value(round) / value(plain[index] ?? round))).toFixed(2);
    return [
      name,
      median(rates).toFixed(0),
      `${Math.min(...rates).toFixed(0)}-${Math.max(...rates).toFixed(0)}`,
      ratio(rateOf),
      median(seen.map(({ p50 }) => p50)).toFixed(1),
      median(seen.map(({ p99 }) => p99)).toFixed(1),
      median(seen.map(({ cpuMicros }) => cpuMicros)).toFixed(0),
      ratio(({ cpuMicros }) => cpuMicros),
    ];
  });
  const bytes = plain[0]?.bodyBytes ?? 0;
  return {
    title: 'Webhooks taken',
    method: [
      `Signed pull_request.labeled of ${(bytes / 1_000).toFixed(1)} KB, ${LOAD.connections} connections, ${LOAD.seconds} s after ${LOAD.warmUpSeconds} s of warm-up, median of ${ROUNDS} interleaved rounds (least-most).`,
      'Each names a newer commit: Mayfly reads and conditionally writes the record before it answers. Sender and DynamoDB are other processes.',
    ],
    head: ['', 'req/s', 'spread', 'x plain', 'p50 ms', 'p99 ms', 'CPU us/req', 'x plain'],
    rows,
    broken: [...rounds].flatMap(([name, seen]) => seen.flatMap((round) => brokenClaims(name, round))),
  };
}

/** Every webhook is answered 200, and none of them before its intent was written. */
function brokenClaims(name: string, { sent, statuses, written }: Round): readonly string[] {
  const claims = [
    statuses['200'] !== sent && `${name}: of ${sent} webhooks ${JSON.stringify(statuses)} answered`,
    written !== undefined && written !== sent && `${name}: ${sent} webhooks led to ${written} writes`,
  ];
  return claims.filter((claim) => claim !== false);
}
