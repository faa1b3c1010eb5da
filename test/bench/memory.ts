/** Resident memory of the long-lived processes, as Linux tells it. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { TABLE } from '../../src/local/demo/provision.ts';
import { label, tasksOf } from '../../src/local/demo/scenario.ts';
import type { Stack } from '../../src/local/demo/stack.ts';
import { until } from '../../src/local/demo/until.ts';
import { visit } from '../../src/local/demo/visit.ts';
import { openTestStack, type TestStack } from '../e2e/support/test-stack.ts';
import type { Bench, BenchContext, BenchResult } from './bench.ts';
import { median } from './statistics.ts';

const RECORDS = 100;
const REQUESTS = 2_000;
const SAMPLES = 20;
const EVERY_MS = 250;
const BRANCH = 'one';

export const memory: Bench = {
  name: 'memory',
  about: 'resident memory of the supervisor and of the operator',
  run: measure,
};

interface Memory {
  /** All in kB. */
  readonly rss: number;
  /** Heaps and stacks: what is not backed by a file. */
  readonly anonymous: number;
  readonly peak: number;
}

async function measure({ progress, signal }: BenchContext): Promise<BenchResult> {
  if (process.platform !== 'linux') return unknownHere();
  progress('starting the stack');
  const world = await openTestStack({ addresses: '127.50.0.0/24' });
  try {
    const { stack } = world;
    await label(stack, BRANCH, 'uat');
    await until('the tiny app serves', async () => (await ask(stack)) === 200, 60_000);
    await addRecords(stack);
    await until(`${RECORDS} records are settled`, () => allSettled(stack), 60_000);
    signal.throwIfAborted();
    progress(`${REQUESTS} requests through the supervisor`);
    await load(stack);
    const processes = processesOf(world);
    const samples = new Map<string, Memory[]>(Object.keys(processes).map((name) => [name, []]));
    for (let sample = 1; sample <= SAMPLES; sample += 1) {
      progress(`looking at the memory, ${sample} of ${SAMPLES}`);
      signal.throwIfAborted();
      for (const [name, pid] of Object.entries(processes)) samples.get(name)?.push(memoryOf(pid));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    const tasks = (await tasksOf(stack, BRANCH)).length;
    return resultOf(samples, tasks);
  } finally {
    await world.close();
  }
}

function unknownHere(): BenchResult {
  return { title: 'Memory', method: ['Not measured: this needs /proc (Linux).'], head: [], rows: [], broken: [] };
}

async function ask(stack: Stack, agent?: Agent): Promise<number> {
  const host = `${stack.prefix}-${BRANCH}.localhost`;
  const { status } = await visit({ port: stack.ports.balancer, host, ...(agent && { agent }) });
  return status;
}

async function load(stack: Stack): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  await Promise.all(Array.from({ length: REQUESTS }, () => ask(stack, agent)));
  agent.destroy();
}

/** Records as people make them, of environments that nobody wants now. */
async function addRecords({ aws, project }: Stack): Promise<void> {
  for (let index = 0; index < RECORDS; index += 1) {
    const item = {
      session_id: `${project}-kept-${index}`,
      project,
      repo: `demo/${project}`,
      branch: `kept-${index}`,
      wanted: false,
    };
    await aws.dynamodb.send(new PutItemCommand({ TableName: TABLE, Item: marshall(item) }));
  }
}

async function allSettled(stack: Stack): Promise<boolean> {
  const states = (await stack.environments()).map(({ state }) => state);
  return states.length === RECORDS + 1 && states.every((state) => state === 'STOPPED' || state === 'RUNNING');
}

function processesOf({ stack, processes }: TestStack): Readonly<Record<string, number>> {
  const found = processes();
  const pidOf = (program: RegExp): number => {
    const one = found.find(({ command }) => program.test(command));
    if (!one) throw new Error(`no process of ${program} among ${found.map(({ command }) => command).join('; ')}`);
    return one.pid;
  };
  return {
    [`operator, ${RECORDS + 1} records`]: stack.operatorPid(),
    'supervisor, serving': pidOf(/^\S*node \S*container\/src\/main\.ts/),
    'the tiny app itself (node:http)': pidOf(/^\S*node server\.js/),
  };
}

function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kB = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  return { rss: kB('VmRSS'), anonymous: kB('RssAnon'), peak: kB('VmHWM') };
}

function resultOf(samples: ReadonlyMap<string, readonly Memory[]>, tasks: number): BenchResult {
  const MB = (kB: number): string => (kB / 1_024).toFixed(0);
  const rows = [...samples].map(([name, seen]) => {
    const rss = seen.map((one) => one.rss);
    const anonymous = median(seen.map((one) => one.anonymous));
    const peak = Math.max(...seen.map((one) => one.peak));
    const spread = `${MB(Math.min(...rss))}-${MB(Math.max(...rss))}`;
    return [name, MB(median(rss)), spread, MB(anonymous), MB(peak), String(seen.length)];
  });
  return {
    title: 'Memory, in MiB',
    method: [
      `/proc/<pid>/status, ${SAMPLES} looks ${EVERY_MS} ms apart, after ${REQUESTS} requests; ${tasks} running environment and ${RECORDS} stopped records.`,
      'Anonymous memory is heap and stacks; the rest of RSS is the file of Node itself, which processes share.',
    ],
    head: ['', 'RSS', 'spread', 'anonymous', 'peak RSS', 'n'],
    rows,
    broken: [],
  };
}
