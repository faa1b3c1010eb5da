/** The local AWS as a whole: its services on one port, its tasks as processes, its state in one directory. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { isDynamoDb, makeDynamoDb } from './dynamodb.ts';
import { lockDirectory } from './directory-lock.ts';
import { makeEcr } from './ecr/service.ts';
import { firstAddress } from './ecs/addresses.ts';
import type { EcsOptions } from './ecs/context.ts';
import { makeEcs } from './ecs/service.ts';
import type { Ecs } from './ecs/service.ts';
import { emptyEcsState, parseEcsState } from './ecs/state.ts';
import type { EcsSwitches } from './ecs/switches.ts';
import { DEFAULT_TIMINGS } from './ecs/timings.ts';
import type { TaskTimings } from './ecs/timings.ts';
import { listen } from './http.ts';
import { makeImages, registryHost } from './images.ts';
import type { Images, LocalImage } from './images.ts';
import { makeLogs } from './logs/service.ts';
import { makeLogStore } from './logs/store.ts';
import type { LogStore } from './logs/store.ts';
import { openState } from './persist.ts';
import { recordedDynamoDb } from './record/dynamodb.ts';
import { openRecorder } from './record/open-recorder.ts';
import type { CallRecord, CallRecorder } from './record/recorder.ts';
import type { TaskRunner } from './runner/port.ts';
import { addressProblem, makeProcessRunner } from './runner/process-runner.ts';
import type { LocalClock, Service } from './service.ts';
import { makeThrottle } from './throttle/throttle.ts';
import type { RateChanges, Throttle } from './throttle/throttle.ts';
import { makeDispatcher } from './wire/dispatcher.ts';
import { makeGate } from './wire/gate.ts';
import type { Gate } from './wire/gate.ts';
import type { Dispatch } from './wire/message.ts';

export interface LocalAwsOptions {
  /** Default 127.0.0.1. Whoever reaches the port can start programs as you. */
  readonly host?: string;
  /** Default 4566; 0 takes any that is free. */
  readonly port?: number;
  /** Absent: nothing outlives `close`. */
  readonly stateDir?: string;
  /** 12 digits. Default 000000000000. */
  readonly account?: string;
  /** Default us-east-1. */
  readonly region?: string;
  readonly images?: readonly LocalImage[];
  /** CIDR block by subnet id. Default `{ 'subnet-local': '127.20.0.0/24' }`. */
  readonly subnets?: Readonly<Record<string, string>>;
  /** Between SIGTERM and SIGKILL. Default 30. */
  readonly stopTimeoutSeconds?: number;
  /** Served beside those made here. */
  readonly extraServices?: readonly Service[];
  /** Default 20 ms a status. */
  readonly timings?: Partial<TaskTimings>;
  /** How long a new task stays invisible, in ms. Default 0. */
  readonly visibilityLagMs?: number;
  readonly failRunTask?: EcsOptions['failRunTask'];
  /** Where ECS's behaviour varies; before `timings`, `visibilityLagMs` and the others above. */
  readonly ecs?: Partial<EcsSwitches>;
  /** Default: child processes. */
  readonly runner?: TaskRunner;
  /** AWS's rates when left out or true; false limits nothing; or changes of single rates. */
  readonly throttle?: boolean | RateChanges;
  /** Access key ids that no rate holds for. */
  readonly unthrottled?: readonly string[];
  /** Keeps what IAM would be asked about each call as JSON lines in `calls.jsonl` of the state directory. Default false. */
  readonly recordCalls?: boolean;
  /** Told of the same, with or without a state directory. */
  readonly onCall?: (record: CallRecord) => void;
  /** Refuses requests without a signature, as AWS does. Default true. */
  readonly requireSignature?: boolean;
  readonly log?: (line: string) => void;
}

export interface LocalAws {
  /** For `endpoint` of SDK clients, e.g. `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** The same services without a socket: see `requestHandlerOf`. */
  readonly dispatch: Dispatch;
  readonly ecs: Ecs;
  readonly images: Images;
  readonly logs: LogStore;
  /** Calls that were refused for their rate, since the start. */
  refused(): number;
  /** `{account}.dkr.ecr.{region}.amazonaws.com` */
  readonly registry: string;
  /** Stops tasks, sockets and databases; once, however often it is called. */
  close(): Promise<void>;
}

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4566,
  account: '000000000000',
  region: 'us-east-1',
  images: [],
  subnets: { 'subnet-local': '127.20.0.0/24' },
  extraServices: [],
  visibilityLagMs: 0,
  throttle: true,
  requireSignature: true,
  log: (): void => undefined,
} satisfies LocalAwsOptions;

/** The real one. Timers keep the process alive: `close` cancels them. */
export const systemClock: LocalClock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Throws, with nothing left open, when the port is taken, the state directory is in use or cannot be read, or the
 * subnets' addresses cannot be listened on.
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const closers: (() => Promise<void>)[] = [];
  /** In reverse order of opening; all of them, even when one fails. */
  const closeAll = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const close of closers.splice(0).reverse()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, `the local AWS did not close cleanly: ${errors.map(String).join('; ')}`);
    }
  };
  try {
    return await open(options, closers, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function open(
  given: LocalAwsOptions,
  closers: (() => Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<LocalAws> {
  const options = { ...DEFAULTS, ...given };
  const { account, region, log } = options;
  checkAccount(account);
  const stateDir = given.stateDir === undefined ? undefined : resolve(given.stateDir);
  if (stateDir !== undefined) {
    closers.push(await lockDirectory(stateDir));
  }
  const now = (): number => systemClock.now();
  const registry = registryHost(account, region);
  const images = makeImages(registry, now, options.images);
  const logs = await openLogs(stateDir, now, log, closers);
  const dynamodb = await makeDynamoDb(stateDir && join(stateDir, 'dynamodb'));
  closers.push(() => dynamodb.close());
  const runner = given.runner ?? (await makeRunner(stateDir, options.subnets, closers));
  const ecs = await openEcs({ ...options, stateDir }, { images, logs, runner }, closers);
  const own = [ecs.service, makeLogs({ account, region, store: logs }), makeEcr({ account, region, images })];
  const services = [...own, ...options.extraServices];
  const throttle = throttleOf(options.throttle);
  const recorder = await openRecorder({ ...options, clock: systemClock, services, stateDir }, closers);
  const gate = throttle || recorder ? makeGate({ throttle, recorder, unthrottled: given.unthrottled }) : undefined;
  const dispatch = dispatchOver({ services, gate, dynamodb: dynamodb.dispatch, recorder }, options);
  const http = await listen(dispatch, options.host, options.port);
  closers.push(() => http.close());
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll());
  const refused = (): number => throttle?.refused() ?? 0;
  return { endpoint: http.url, dispatch, ecs, images, logs, refused, registry, close };
}

interface Parts {
  readonly services: readonly Service[];
  readonly gate: Gate | undefined;
  readonly recorder: CallRecorder | undefined;
  readonly dynamodb: Dispatch;
}

function dispatchOver(parts: Parts, options: Pick<Known, 'log' | 'requireSignature'>): Dispatch {
  const { recorder, gate } = parts;
  const answer = makeDispatcher(parts.services, {
    onFault: (error, name) => options.log(`${name}: ${describe(error)}`),
    requireSignature: options.requireSignature,
    ...(gate && { gate }),
  });
  const database = recorder === undefined ? parts.dynamodb : recordedDynamoDb(parts.dynamodb, recorder);
  return (request) => (isDynamoDb(request) ? database(request) : answer(request));
}

function throttleOf(wanted: boolean | RateChanges): Throttle | undefined {
  if (wanted === false) return undefined;
  return makeThrottle({ clock: systemClock, rates: wanted === true ? {} : wanted });
}

function checkAccount(account: string): void {
  if (!/^\d{12}$/.test(account)) {
    throw new Error(`account must be 12 digits; found '${account}'`);
  }
}

/** Child processes; first makes sure that the subnets' addresses are there to listen on. */
async function makeRunner(
  stateDir: string | undefined,
  subnets: Readonly<Record<string, string>>,
  closers: (() => Promise<void>)[],
): Promise<TaskRunner> {
  for (const [id, cidr] of Object.entries(subnets)) {
    const problem = await addressProblem(firstAddress(id, cidr));
    if (problem !== undefined) {
      throw new Error(`subnet ${id}: ${problem}`);
    }
  }
  if (stateDir !== undefined) {
    return makeProcessRunner({ directory: join(stateDir, 'tasks') });
  }
  const directory = await mkdtemp(join(tmpdir(), 'mayfly-tasks-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  return makeProcessRunner({ directory });
}

const keptGroups = z.object({ groups: z.array(z.object({ name: z.string(), createdAt: z.number() })) });

async function openLogs(
  stateDir: string | undefined,
  now: () => number,
  log: (line: string) => void,
  closers: (() => Promise<void>)[],
): Promise<LogStore> {
  const file = stateDir && join(stateDir, 'logs.json');
  const onError = (error: unknown): void => log(`cannot save ${file}: ${describe(error)}`);
  const state = await openState(file, { groups: [] }, { parse: (raw) => keptGroups.parse(raw), onError });
  closers.push(() => state.close());
  return makeLogStore(now, undefined, { groups: state.value.groups, changed: () => state.save() });
}

type Known = Required<
  Pick<LocalAwsOptions, 'account' | 'region' | 'subnets' | 'log' | 'visibilityLagMs' | 'requireSignature'>
>;

async function openEcs(
  options: Omit<LocalAwsOptions, 'stateDir'> & Known & { readonly stateDir: string | undefined },
  parts: Pick<EcsOptions, 'images' | 'logs' | 'runner'>,
  closers: (() => Promise<void>)[],
): Promise<Ecs> {
  const { account, region, subnets, log, stopTimeoutSeconds, failRunTask } = options;
  const file = options.stateDir && join(options.stateDir, 'ecs.json');
  const onError = (error: unknown): void => log(`cannot save ${file}: ${describe(error)}`);
  const state = await openState(file, emptyEcsState(), { parse: parseEcsState, onError });
  closers.push(() => state.close());
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const ecs = makeEcs({
    ...parts,
    account,
    region,
    subnets,
    clock: systemClock,
    random: () => randomInt(2 ** 47) / 2 ** 47,
    timings: () => timings,
    visibilityLagMs: () => options.visibilityLagMs,
    state: state.value,
    changed: () => state.save(),
    ...(stopTimeoutSeconds !== undefined && { stopTimeoutSeconds }),
    ...(failRunTask !== undefined && { failRunTask }),
    ...options.ecs,
  });
  closers.push(() => ecs.close());
  return ecs;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
