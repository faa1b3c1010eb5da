/**
 * The composition root: builds every part of the operator, starts them from the floor up, and stops them in the
 * opposite order. The only place that constructs adapters.
 */
import { makeApplier } from './apply/applier.ts';
import { makeAws } from './aws/make-aws.ts';
import type { Aws } from './aws/ports.ts';
import { makeControlClient } from './control/client.ts';
import { publicKeyOf } from './control/signing.ts';
import { makeEnvironmentReconcile } from './controllers/environment.ts';
import { countEnvironments } from './controllers/fleet.ts';
import { makeFreshness } from './controllers/freshness.ts';
import { startProgressAtZero } from './controllers/progress.ts';
import { makeReportReconcile } from './controllers/report.ts';
import { makeRereadReconcile, rereadKey } from './controllers/reread.ts';
import { startFrontDoor } from './front-door/server.ts';
import { makeGitHub } from './github/client.ts';
import type { GitHubPort } from './github/port.ts';
import { correctedPulls, knownPulls, type PullRef } from './intake/known-pulls.ts';
import { startWebhookServer } from './intake/webhook-server.ts';
import type { Config } from './model/config.ts';
import { projectOf } from './model/project.ts';
import type { StoredEnvironment } from './model/environment.ts';
import { makeObserver } from './observe/environment.ts';
import { type LogTail, makeLogTail } from './observe/log-tail.ts';
import { startPrerequisites } from './observe/prerequisites.ts';
import { makeSnapshots } from './observe/snapshot.ts';
import { type Clock, every, sleep, systemClock, type Timer } from './runtime/clock.ts';
import { type Controller, type Reconcile, startController } from './runtime/controller.ts';
import type { Priority } from './runtime/workqueue.ts';
import { makeReporter } from './status/reporter.ts';
import { type EnvironmentView, viewOf } from './status/view.ts';
import { type StoreWatch, watchStore } from './store/changes.ts';
import { makeDynamoClient, makeDynamoStore } from './store/dynamodb.ts';
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
  readonly aws: Aws;
  readonly github: GitHubPort;
  readonly store: EnvironmentStore;
  readonly logTail: LogTail;
  /** Filled as they start; the liveness check looks at them. */
  readonly controllers: Controller[];
}

interface Loops {
  readonly environments: Controller;
  readonly reports: Controller;
  reread(pulls: readonly PullRef[], priority: Priority): void;
  resync(): void;
}

const CONTROL_TIMEOUT_MS = 2_000;
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
    const loops = startLoops(parts, closers);
    const watch = startWatch(parts, loops);
    const timers = [startResync(parts, loops, watch), startRereads(parts, loops, watch)];
    closers.push(watch.stop, () => timers.forEach((timer) => timer?.cancel()));
    const doors = await startDoors(parts, loops, closers);
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
  const { region, awsEndpoint: endpoint, secrets } = config;
  const aws = makeAws({ region, endpoint, clock, metrics });
  const client = makeDynamoClient({ region, endpoint });
  closers.push(aws.close, () => client.destroy());
  const store = makeDynamoStore({ client, table: config.store.table, metrics, logger, clock });
  const github = makeGitHub({ apiUrl: config.github.apiUrl, token: secrets.githubToken, clock, metrics, logger });
  const logTail = makeLogTail({ aws, clock, secrets: hiddenOf(config) });
  return { config, logger, clock, metrics, health, aws, github, store, logTail, controllers: [] };
}

/** What must never be seen in a text that comes out of a task. */
function hiddenOf({ secrets }: Config): readonly string[] {
  return [secrets.webhookSecret, secrets.githubToken ?? '', secrets.signingKey].filter(Boolean);
}

/** A store that does not answer is waited for, visibly; one that is misconfigured ends the start. */
async function prepareStore({ config, store, logger, health, clock }: Parts, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await unlessAborted(store.prepare(config.store.createTables), signal);
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
  const { config, metrics, health, logger, store, controllers } = parts;
  const admin = await startAdminServer({
    address: config.http.admin,
    metrics,
    health,
    logger,
    dead: () => controllers.filter((controller) => !controller.alive()).map(({ name }) => name),
    environments: async () => (await store.list()).map((record) => viewIn(parts, record)),
  });
  closers.push(() => admin.close());
  const { host, port } = admin.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function viewIn({ config, clock }: Parts, record: StoredEnvironment): EnvironmentView {
  return viewOf(record, projectOf(config.projects, record), clock.now());
}

function startLoops(parts: Parts, closers: Close[]): Loops {
  const { config, clock, metrics, store, logger } = parts;
  const start = (name: string, reconcile: Reconcile): Controller => {
    const backoff = { baseMs: config.policy.transitionMs, maxMs: config.policy.backoffMaxMs };
    const controller = startController({
      name,
      workers: config.workers,
      reconcile,
      clock,
      random: Math.random,
      logger,
      metrics,
      backoff,
    });
    parts.controllers.push(controller);
    closers.push(() => controller.stop());
    return controller;
  };
  const reporter = makeReporter({
    github: parts.github,
    installation: config.installation,
    webUrl: config.github.webUrl,
    clock,
    logger,
    metrics,
  });
  const reports = start('report', makeReportReconcile({ projects: config.projects, store, reporter, clock }));
  const freshness = makeFreshness(clock, config.policy);
  const onChanged = (sessionId: string): void => reports.enqueue(sessionId, 'high');
  const environments = start(
    'environment',
    makeEnvironmentReconcile({ ...environmentParts(parts), freshness, onChanged }),
  );
  const onIntent = (sessionId: string): void => environments.enqueue(sessionId, 'high');
  const rereads = start(
    'reread',
    makeRereadReconcile({ projects: config.projects, github: parts.github, store, clock, onIntent }),
  );
  return {
    environments,
    reports,
    reread(pulls, priority) {
      for (const { repo, number } of pulls) rereads.enqueue(rereadKey(repo, number), priority);
    },
    resync: () => freshness.resync(),
  };
}

function environmentParts({ config, aws, github, store, logTail, clock, metrics }: Parts) {
  const { signingKey } = config.secrets;
  const control = makeControlClient({ signingKey, timeoutMs: CONTROL_TIMEOUT_MS, clock, secrets: hiddenOf(config) });
  const snapshots = makeSnapshots({
    aws,
    installation: config.installation,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  const observer = makeObserver({ snapshots, aws, github, control, installation: config.installation, clock });
  const applier = makeApplier({ aws, control, clock, metrics });
  return { config, publicKey: publicKeyOf(signingKey), store, observer, applier, logTail, clock, metrics };
}

/** People edit the table: what changed there is a person's change. */
function startWatch({ config, store, clock, logger, metrics, health }: Parts, loops: Loops): StoreWatch {
  const { projects } = config;
  let before: readonly StoredEnvironment[] | undefined;
  const watch = watchStore({
    store,
    pollMs: config.intervals.pollMs,
    clock,
    logger,
    onRead(records) {
      health.set('store', true, 'the table is read');
      countEnvironments(metrics, projects, records);
      if (before) loops.reread(correctedPulls(before, records, projects), 'high');
      else loops.reread(knownPulls(records, projects), 'low');
      before = records;
    },
    onChange(sessionId) {
      loops.environments.enqueue(sessionId, 'high');
      loops.reports.enqueue(sessionId, 'low');
    },
    onError(error) {
      health.set('store', false, error.message);
      logger.warn({ err: error }, 'the table could not be read');
    },
  });
  return watch;
}

/** Every environment is looked at afresh now and then, whatever was missed. */
function startResync({ config, clock }: Parts, loops: Loops, watch: StoreWatch): Timer {
  return every(clock, config.intervals.resyncMs, () => {
    loops.resync();
    for (const { sessionId } of watch.current()) loops.environments.enqueue(sessionId, 'low');
  });
}

/** An event that was lost is made good, for one call to GitHub a pull request. */
function startRereads({ config, clock }: Parts, loops: Loops, watch: StoreWatch): Timer | undefined {
  const { rereadMs } = config.intervals;
  if (rereadMs === undefined) return undefined;
  return every(clock, rereadMs, () => loops.reread(knownPulls(watch.current(), config.projects), 'low'));
}

/** Where GitHub and people come in: last to open, first to close. */
async function startDoors(
  parts: Parts,
  loops: Loops,
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
    onIntent: (sessionId) => loops.environments.enqueue(sessionId, 'high'),
    reread: (repo, number) => loops.reread([{ repo, number }], 'high'),
  });
  closers.push(() => webhooks.close());
  return { webhooks: webhooks.url, frontDoor: frontDoor.url };
}
