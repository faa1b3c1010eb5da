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
import { makeReportReconcile } from './controllers/report.ts';
import { makeRereadReconcile, rereadKey } from './controllers/reread.ts';
import { startFrontDoor } from './front-door/server.ts';
import { makeGitHub } from './github/client.ts';
import type { GitHubPort } from './github/port.ts';
import { startWebhookServer } from './intake/webhook-server.ts';
import type { Config } from './model/config.ts';
import { projectOf } from './model/project.ts';
import type { StoredEnvironment } from './model/environment.ts';
import { makeObserver } from './observe/environment.ts';
import { type LogTail, makeLogTail } from './observe/log-tail.ts';
import { makeSnapshots } from './observe/snapshot.ts';
import { type Clock, sleep, systemClock } from './runtime/clock.ts';
import { type Controller, type Reconcile, startController } from './runtime/controller.ts';
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
  /** Takes no new work, lets running work end, closes every port. */
  stop(): Promise<void>;
}

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
  readonly rereads: Controller;
  resync(): void;
}

const CONTROL_TIMEOUT_MS = 2_000;
const LOG_LINES = 30;
const STORE_RETRY_MS = 5_000;

/**
 * Resolves when everything listens. Rejects with `StoreError` of kind `misconfigured` when the table is not usable, and
 * with a message that names the port when one is taken.
 */
export async function startOperator(config: Config, logger: Logger, signal: AbortSignal): Promise<Operator> {
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  try {
    const parts = buildParts(config, logger, closers);
    closers.push(await startAdmin(parts));
    await prepareStore(parts, signal);
    const loops = startLoops(parts, closers);
    const watch = startWatch(parts, loops);
    closers.push(watch.stop, startResync(parts, loops, watch));
    closers.push(await startDoors(parts, loops));
    parts.health.set('start', true, 'everything listens');
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

function buildParts(config: Config, logger: Logger, closers: (() => Promise<void> | void)[]): Parts {
  const clock = systemClock;
  const metrics = makeMetrics();
  const health = makeHealth();
  health.set('start', false, 'starting');
  const { region, awsEndpoint: endpoint, secrets } = config;
  const aws = makeAws({ region, endpoint, clock, metrics });
  const client = makeDynamoClient({ region, endpoint });
  closers.push(aws.close, () => client.destroy());
  const store = makeDynamoStore({ client, table: config.store.table, metrics, logger, clock });
  const github = makeGitHub({ apiUrl: config.github.apiUrl, token: secrets.githubToken, clock, metrics, logger });
  const hidden = [secrets.webhookSecret, secrets.githubToken ?? '', secrets.signingKey].filter(Boolean);
  const logTail = makeLogTail({ aws, clock, secrets: hidden });
  return { config, logger, clock, metrics, health, aws, github, store, logTail, controllers: [] };
}

/** A store that does not answer is waited for, visibly; one that is misconfigured ends the start. */
async function prepareStore({ config, store, logger, health, clock }: Parts, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await store.prepare(config.store.createTables);
      health.set('store', true, 'the table is usable');
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind === 'misconfigured') throw error;
      health.set('store', false, error.message);
      logger.error(
        { table: config.store.table, endpoint: config.awsEndpoint },
        `${error.message}; trying again in ${STORE_RETRY_MS / 1_000} s`,
      );
      await sleep(clock, STORE_RETRY_MS, signal);
    }
  }
}

async function startAdmin(parts: Parts): Promise<() => Promise<void>> {
  const { config, metrics, health, logger, store, controllers } = parts;
  const admin = await startAdminServer({
    address: config.http.admin,
    metrics,
    health,
    logger,
    dead: () => controllers.filter((controller) => !controller.alive()).map(({ name }) => name),
    environments: async () => (await store.list()).map((record) => viewIn(parts, record)),
  });
  return () => admin.close();
}

function viewIn({ config, clock }: Parts, record: StoredEnvironment): EnvironmentView {
  return viewOf(record, projectOf(config.projects, record), clock.now());
}

function startLoops(parts: Parts, closers: (() => Promise<void> | void)[]): Loops {
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
  return { environments, reports, rereads, resync: () => freshness.resync() };
}

function environmentParts({ config, aws, github, store, logTail, clock, metrics, logger }: Parts) {
  const { signingKey } = config.secrets;
  const control = makeControlClient({ signingKey, timeoutMs: CONTROL_TIMEOUT_MS, clock });
  const snapshots = makeSnapshots({
    aws,
    installation: config.installation,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  const observer = makeObserver({ snapshots, aws, github, control, installation: config.installation, clock });
  const applier = makeApplier({ aws, control, clock, metrics, logger });
  return { config, publicKey: publicKeyOf(signingKey), store, observer, applier, logTail, clock, metrics };
}

/** People edit the table: what changed there is a person's change. */
function startWatch({ config, store, clock, logger, metrics, health }: Parts, loops: Loops): StoreWatch {
  const watch = watchStore({
    store,
    pollMs: config.intervals.pollMs,
    clock,
    logger,
    onRead(records) {
      health.set('store', true, 'the table is read');
      countEnvironments(metrics, config.projects, records);
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
function startResync({ config, clock }: Parts, loops: Loops, watch: StoreWatch): () => void {
  const tick = (): void => {
    loops.resync();
    for (const { sessionId } of watch.current()) loops.environments.enqueue(sessionId, 'low');
    timer = clock.after(config.intervals.resyncMs, tick);
  };
  let timer = clock.after(config.intervals.resyncMs, tick);
  return () => timer.cancel();
}

/** Where GitHub and people come in: last to open, first to close. */
async function startDoors(parts: Parts, loops: Loops): Promise<() => Promise<void>> {
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
  const webhooks = await startWebhookServer({
    address: config.http.webhooks,
    secret: config.secrets.webhookSecret,
    projects: config.projects,
    store,
    clock,
    metrics,
    logger,
    onIntent: (sessionId) => loops.environments.enqueue(sessionId, 'high'),
    reread: (repo, number) => loops.rereads.enqueue(rereadKey(repo, number), 'high'),
  }).catch(async (error: unknown) => {
    await frontDoor.close();
    throw error;
  });
  return async () => {
    await webhooks.close();
    await frontDoor.close();
  };
}
