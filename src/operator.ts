/**
 * The composition root: builds every part of the operator, starts them from the floor up, and stops them in the
 * opposite order. The only place that constructs adapters.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type LimitedAws, makeAws } from './aws/make-aws.ts';
import type { Aws } from './aws/ports.ts';
import { advertisedUrl } from './control/advertise.ts';
import { makeControlClient } from './control/client.ts';
import { makeNudger, makeNudgeVerifier } from './control/nudge.ts';
import type { ControlPort } from './control/port.ts';
import { publicKeyOf } from './control/signing.ts';
import { startProgressAtZero } from './controllers/progress.ts';
import { type Replica, startReplica } from './controllers/replica.ts';
import { startFrontDoor } from './front-door/server.ts';
import { makeGitHub } from './github/client.ts';
import type { GitHubPort } from './github/port.ts';
import { startWebhookServer } from './intake/webhook-server.ts';
import type { Config, ReaderConfig } from './model/config.ts';
import { projectOf } from './model/project.ts';
import type { StoredEnvironment } from './model/environment.ts';
import { makeObserver, type Observer } from './observe/environment.ts';
import { type LogTail, makeLogTail } from './observe/log-tail.ts';
import { startPrerequisites } from './observe/prerequisites.ts';
import { makeSnapshots, type Snapshots } from './observe/snapshot.ts';
import { type Clock, sleep, systemClock } from './runtime/clock.ts';
import { DEFAULT_LEASE_TIMINGS, makeLeadership } from './runtime/leader.ts';
import type { Leadership } from './runtime/lease.ts';
import { type EnvironmentView, viewOf } from './status/view.ts';
import { makeDynamoClient, makeDynamoStore } from './store/dynamodb.ts';
import { makeDynamoLease } from './store/lease-dynamodb.ts';
import type { LeaseStore } from './store/lease-record.ts';
import { type EnvironmentStore, StoreError } from './store/port.ts';
import { startAdminServer } from './telemetry/admin-server.ts';
import { type Health, makeHealth } from './telemetry/health.ts';
import type { Logger } from './telemetry/logger.ts';
import { makeMetrics, type Metrics } from './telemetry/metrics.ts';

export interface Operator {
  /** Where each part listens, e.g. `http://127.0.0.1:8080`; tells the port that was taken for port 0. */
  readonly urls: Readonly<Record<'webhooks' | 'frontDoor' | 'admin', string>>;
  /** Takes no new work, lets running work end, closes every port. Never rejects; can be called again. */
  stop(): Promise<void>;
}

type Close = () => Promise<void> | void;

/** What is built once and shared by the parts. */
interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly aws: LimitedAws;
  readonly github: GitHubPort;
  readonly control: ControlPort;
  readonly store: EnvironmentStore;
  readonly lease: LeaseStore;
  readonly leadership: Leadership;
  readonly logTail: LogTail;
  /** Set once it has started. */
  replica?: Replica;
  /** Where other replicas reach this one. */
  nudgeUrl?: string | undefined;
}

const CONTROL_TIMEOUT_MS = 2_000;
const NUDGE_TIMEOUT_MS = 2_000;
const LOG_LINES = 30;

/**
 * Resolves when everything listens. Rejects with `StoreError` of kind `misconfigured` when the table is not usable, and
 * with a message that names the port when one is taken.
 */
export async function startOperator(config: Config, logger: Logger, signal: AbortSignal): Promise<Operator> {
  const closers: Close[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= closeAll(closers, logger));
  try {
    const parts = buildParts(config, logger, closers);
    const admin = await startAdmin(parts, closers);
    await prepareStore(parts, signal);
    closers.push(startPrerequisites({ ...parts, everyMs: config.intervals.resyncMs }).stop);
    const replica = startOwnReplica(parts, closers);
    const doors = await startDoors(parts, replica, closers);
    parts.health.set('start', true, 'everything listens');
    return { urls: { ...doors, admin }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** In reverse order of opening; all of them, whatever one of them does. */
async function closeAll(closers: readonly Close[], logger: Logger): Promise<void> {
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, 'a part did not close cleanly');
    }
  }
}

function buildParts(config: Config, logger: Logger, closers: Close[]): Parts {
  const clock = systemClock;
  const metrics = makeMetrics();
  startProgressAtZero(
    metrics,
    config.projects.map(({ name }) => name),
  );
  const health = makeHealth();
  health.set('start', false, 'starting');
  const { region, awsEndpoint: endpoint, installation, secrets } = config;
  const client = makeDynamoClient({ region, endpoint });
  const lease = makeDynamoLease({ client, table: config.store.leaseTable, installation, metrics, logger, clock });
  const leadership = makeLeadership({
    lease,
    holder: `${hostname()}.${process.pid}.${randomUUID().slice(0, 8)}`,
    nudgeUrl: () => parts.nudgeUrl,
    timings: DEFAULT_LEASE_TIMINGS,
    clock,
    logger,
    metrics,
    health,
  });
  const aws = makeAws({ region, endpoint, clock, metrics, random: Math.random, beforeMutation: refuse });
  closers.push(aws.close, () => client.destroy());
  const parts: Parts = {
    config,
    logger,
    clock,
    metrics,
    health,
    aws,
    github: makeGitHub({ apiUrl: config.github.apiUrl, token: secrets.githubToken, clock, metrics, logger }),
    control: controlOf(config, clock),
    store: makeDynamoStore({ client, table: config.store.table, metrics, logger, clock }),
    lease,
    leadership,
    logTail: makeLogTail({ aws, clock, secrets: hiddenOf(config) }),
  };
  return parts;
}

function controlOf(config: Config | ReaderConfig, clock: Clock): ControlPort {
  const { signingKey } = config.secrets;
  return makeControlClient({ signingKey, timeoutMs: CONTROL_TIMEOUT_MS, clock, secrets: hiddenOf(config) });
}

/** What must never be seen in a text that comes out of a task. */
function hiddenOf({ secrets }: Config | ReaderConfig): readonly string[] {
  const webhookSecret = 'webhookSecret' in secrets ? secrets.webhookSecret : '';
  return [webhookSecret, secrets.githubToken ?? '', secrets.signingKey].filter(Boolean);
}

/** A store that does not answer is waited for, visibly; one that is misconfigured ends the start. */
async function prepareStore(
  { config, store, lease, logger, health, clock }: Parts,
  signal: AbortSignal,
): Promise<void> {
  const { createTables } = config.store;
  for (;;) {
    try {
      await unlessAborted(store.prepare(createTables), signal);
      await unlessAborted(lease.prepare(createTables), signal);
      health.set('store', true, 'the table is usable');
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'misconfigured') throw error;
      health.set('store', false, error.message);
      logger.error(
        { table: config.store.table, endpoint: config.awsEndpoint },
        `${error.message}; trying again in ${config.intervals.pollMs / 1_000} s`,
      );
      await sleep(clock, config.intervals.pollMs, signal);
    }
  }
}

/** Rejects with the signal's reason as soon as it aborts: a store that never answers must not hold up the end. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function startAdmin(parts: Parts, closers: Close[]): Promise<string> {
  const { config, metrics, health, logger, store, clock } = parts;
  const admin = await startAdminServer({
    address: config.http.admin,
    metrics,
    health,
    logger,
    dead: () => parts.replica?.dead() ?? [],
    environments: async () => (await store.list()).map((record) => viewIn(parts, record)),
    onNudge: (sessions) => parts.replica?.onNudge(sessions) ?? false,
    verifyNudge: makeNudgeVerifier({ signingKey: config.secrets.signingKey, clock }),
  });
  closers.push(() => admin.close());
  parts.nudgeUrl = advertisedUrl(config.http, admin.address);
  const { host, port } = admin.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function viewIn({ config, clock }: Parts, record: StoredEnvironment): EnvironmentView {
  return viewOf(record, projectOf(config.projects, record), clock.now());
}

function startOwnReplica(parts: Parts, closers: Close[]): Replica {
  const { config, clock, logger } = parts;
  const { signingKey } = config.secrets;
  const nudge = makeNudger({ signingKey, clock, timeoutMs: NUDGE_TIMEOUT_MS, logger });
  const replica = startReplica({
    ...parts,
    publicKey: publicKeyOf(signingKey),
    random: Math.random,
    nudge: (url, sessions) => void nudge(url, sessions),
  });
  parts.replica = replica;
  closers.push(() => replica.stop());
  return replica;
}

/** Where GitHub and people come in: last to open, first to close. */
async function startDoors(
  parts: Parts,
  replica: Replica,
  closers: Close[],
): Promise<Pick<Operator['urls'], 'webhooks' | 'frontDoor'>> {
  const { config, store, clock, metrics, logger, logTail } = parts;
  const frontDoor = await startFrontDoor({
    address: config.http.frontDoor,
    domains: config.listeners,
    clock,
    metrics,
    logger,
    async lookup(sessionId) {
      const record = await store.get(sessionId);
      return record && viewIn(parts, record);
    },
    async logTail(sessionId) {
      const record = await store.get(sessionId);
      const project = record && projectOf(config.projects, record);
      const attempt = record?.status.attempt;
      if (!project || attempt?.taskArn === undefined) return [];
      return await logTail(project, attempt.request.taskDefinition, attempt.taskArn, LOG_LINES);
    },
    onVisit: (sessionId) => store.recordVisit(sessionId, new Date(clock.now()).toISOString()),
  });
  closers.push(() => frontDoor.close());
  const webhooks = await startWebhookServer({
    address: config.http.webhooks,
    secret: config.secrets.webhookSecret,
    projects: config.projects,
    store,
    clock,
    metrics,
    logger,
    onIntent: replica.onIntent,
    reread: (repo, number) => replica.reread([{ repo, number }], 'high'),
  });
  closers.push(() => webhooks.close());
  return { webhooks: webhooks.url, frontDoor: frontDoor.url };
}

/** What commands look with. It leads nothing, and what it is made of refuses to change anything. */
export interface Reader {
  readonly config: ReaderConfig;
  readonly publicKey: string;
  readonly clock: Clock;
  readonly store: Pick<EnvironmentStore, 'get' | 'list' | 'installation'>;
  readonly snapshots: Snapshots;
  readonly observer: Observer;
  readonly aws: { readonly elbv2: Pick<Aws['elbv2'], 'describeTags'> };
  /** Never rejects. */
  close(): Promise<void>;
}

/** Makes no call by itself; whatever cannot be reached is told by the first call that needs it. */
export function openReader(config: ReaderConfig, logger: Logger): Reader {
  const clock = systemClock;
  const metrics = makeMetrics();
  const { region, awsEndpoint: endpoint, installation, secrets } = config;
  const client = makeDynamoClient({ region, endpoint });
  const {
    get,
    list,
    installation: installationItem,
  } = makeDynamoStore({
    client,
    table: config.store.table,
    metrics,
    logger,
    clock,
  });
  const aws = makeAws({ region, endpoint, clock, metrics, random: Math.random, beforeMutation: refuse });
  const github = makeGitHub({ apiUrl: config.github.apiUrl, token: secrets.githubToken, clock, metrics, logger });
  const control = { report: controlOf(config, clock).report, sync: async () => refuse('sync') };
  const snapshots = makeSnapshots({
    aws,
    installation,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  return {
    config,
    publicKey: publicKeyOf(secrets.signingKey),
    clock,
    store: { get, list, installation: installationItem },
    snapshots,
    observer: makeObserver({ snapshots, aws, github, control, installation, clock }),
    aws,
    close: () => closeAll([aws.close, () => client.destroy()], logger),
  };
}

function refuse(operation: string): never {
  throw new Error(`${operation} would change something, and this is for reading only`);
}
