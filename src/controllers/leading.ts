/**
 * What only the leader does: it watches the table, reconciles environments, keeps the comments true, and looks at
 * everything afresh now and then. Begun with a term, and ended with it.
 */
import { type Applier, makeApplier } from '../apply/applier.ts';
import type { Aws } from '../aws/ports.ts';
import type { ControlPort } from '../control/port.ts';
import type { GitHubPort } from '../github/port.ts';
import { correctedPulls, knownPulls, type PullRef } from '../intake/known-pulls.ts';
import type { Config } from '../model/config.ts';
import type { StoredEnvironment } from '../model/environment.ts';
import type { InstallationPause } from '../model/installation.ts';
import { makeObserver } from '../observe/environment.ts';
import type { LogTail } from '../observe/log-tail.ts';
import { makeSnapshots, type Snapshots } from '../observe/snapshot.ts';
import { type Clock, every, type Timer } from '../runtime/clock.ts';
import { type Controller, type Reconcile, startController } from '../runtime/controller.ts';
import type { Led } from '../runtime/lease.ts';
import type { Priority } from '../runtime/workqueue.ts';
import { makeReporter } from '../status/reporter.ts';
import { type StoreWatch, watchStore } from '../store/changes.ts';
import { type PauseWatch, watchPause } from '../store/pause.ts';
import type { EnvironmentStore } from '../store/port.ts';
import type { Health } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Metrics, setToZero } from '../telemetry/metrics.ts';
import { makeEnvironmentReconcile } from './environment.ts';
import { countEnvironments } from './fleet.ts';
import { type Freshness, makeFreshness } from './freshness.ts';
import { makeOrphanReconcile, ORPHANS } from './orphans.ts';
import { makeReportReconcile } from './report.ts';

/** The adapters and settings that the loops work with. */
export interface LoopParts {
  readonly config: Config;
  /** Ed25519, that tasks verify control requests with. */
  readonly publicKey: string;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly aws: Aws;
  readonly github: GitHubPort;
  readonly control: ControlPort;
  readonly store: EnvironmentStore;
  readonly logTail: LogTail;
}

export interface Leading extends Led {
  enqueue(sessionId: string, priority: Priority): void;
  /** For the liveness check. */
  readonly controllers: readonly Controller[];
}

export type Reread = (pulls: readonly PullRef[], priority: Priority) => void;

/** What ends with the term. */
interface Begun {
  readonly controllers: Controller[];
  readonly watches: { stop(): Promise<void> }[];
  readonly timers: (Timer | undefined)[];
}

/**
 * `parts` are bound to the term: they refuse what a former leader changes. When it throws, what was begun is told to end.
 */
export function startLeading(parts: LoopParts, reread: Reread): Leading {
  const begun: Begun = { controllers: [], watches: [], timers: [] };
  try {
    const environments = begin(parts, reread, begun);
    return {
      enqueue: environments.enqueue,
      controllers: begun.controllers,
      stop: (graceMs) => end(parts.metrics, begun, graceMs),
    };
  } catch (error) {
    void end(parts.metrics, begun, 0);
    throw error;
  }
}

/** Returns the loop of the environments. */
function begin(parts: LoopParts, reread: Reread, { controllers, watches, timers }: Begun): Controller {
  const loop = (name: string, reconcile: Reconcile): Controller => {
    const controller = startLoop(parts, name, reconcile);
    controllers.push(controller);
    return controller;
  };
  const freshness = makeFreshness(parts.clock, parts.config.policy);
  const shared = { ...parts, ...sharedParts(parts), pause: () => pause.current() };
  const reports = loop('report', reportReconcile(parts));
  const environments = loop(
    'environment',
    environmentReconcile(shared, freshness, (sessionId) => reports.enqueue(sessionId, 'high')),
  );
  const orphans = loop(ORPHANS, makeOrphanReconcile({ ...shared, paused: () => pause.current() !== undefined }));
  const watch = startWatch(parts, { environments, reports, reread });
  watches.push(watch);
  const everybody = (priority: Priority): void => {
    for (const { sessionId } of watch.current()) environments.enqueue(sessionId, priority);
  };
  const pause = startPauseWatch(parts, () => {
    everybody('high');
    orphans.enqueue(ORPHANS, 'low');
  });
  watches.push(pause);
  timers.push(startResync(parts, freshness, () => everybody('low')));
  timers.push(startRereads(parts, watch, reread));
  orphans.enqueue(ORPHANS, 'low');
  return environments;
}

/** False when a reconcile still runs. */
async function end(metrics: Metrics, { controllers, watches, timers }: Begun, graceMs: number): Promise<boolean> {
  for (const timer of timers) timer?.cancel();
  const ends = controllers.toReversed().map((controller) => controller.stop({ graceMs }));
  const [haveEnded] = await Promise.all([Promise.all(ends), ...watches.map((watch) => watch.stop())]);
  // Whoever leads next counts these; a number that stood still here would tell of a past without end.
  for (const gauge of [metrics.orphans, metrics.orphansHeld]) await setToZero<string>(gauge);
  await setToZero(metrics.environments);
  return haveEnded.every(Boolean);
}

/** One look at AWS, and one hand on it, for all loops. */
function sharedParts({ config, aws, control, clock, metrics }: LoopParts): Pick<Shared, 'snapshots' | 'applier'> {
  const snapshots = makeSnapshots({
    aws,
    installation: config.installation,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  return { snapshots, applier: makeApplier({ aws, control, clock, metrics }) };
}

interface Shared extends LoopParts {
  readonly snapshots: Snapshots;
  readonly applier: Applier;
  readonly pause: () => InstallationPause | undefined;
}

/** One controller with the settings that all of them share. */
export function startLoop(parts: LoopParts, name: string, reconcile: Reconcile): Controller {
  const { config, clock, random, logger, metrics } = parts;
  return startController({
    name,
    workers: config.workers,
    reconcile,
    clock,
    random,
    logger,
    metrics,
    backoff: { baseMs: config.policy.transitionMs, maxMs: config.policy.backoffMaxMs },
  });
}

function reportReconcile({ config, github, store, clock, logger, metrics }: LoopParts): Reconcile {
  const { installation, projects } = config;
  const reporter = makeReporter({ github, installation, webUrl: config.github.webUrl, clock, logger, metrics });
  return makeReportReconcile({ projects, store, reporter, clock });
}

function environmentReconcile(parts: Shared, freshness: Freshness, onChanged: (sessionId: string) => void): Reconcile {
  const { config, aws, github, control, clock, snapshots } = parts;
  const { installation } = config;
  const observer = makeObserver({ snapshots, aws, github, control, installation, clock });
  return makeEnvironmentReconcile({ ...parts, observer, freshness, onChanged });
}

/** A person pauses the whole installation by an item of the table. */
function startPauseWatch({ store, clock, logger, config }: LoopParts, onChange: () => void): PauseWatch {
  return watchPause({
    store,
    pollMs: config.intervals.pollMs,
    clock,
    logger,
    onChange,
    onError: (error) => logger.warn({ err: error }, 'whether the installation is paused could not be read'),
  });
}

interface Watched {
  readonly environments: Controller;
  readonly reports: Controller;
  readonly reread: Reread;
}

/** People edit the table: what changed there is a person's change. */
function startWatch(parts: LoopParts, { environments, reports, reread }: Watched): StoreWatch {
  const { store, clock, logger, metrics, health, config } = parts;
  const { projects } = config;
  let before: readonly StoredEnvironment[] | undefined;
  return watchStore({
    store,
    pollMs: config.intervals.pollMs,
    clock,
    logger,
    onRead(records) {
      health.set('store', true, 'the table is read');
      countEnvironments(metrics, projects, records);
      if (before) reread(correctedPulls(before, records, projects), 'high');
      else reread(knownPulls(records, projects), 'low');
      before = records;
    },
    onChange(sessionId) {
      environments.enqueue(sessionId, 'high');
      reports.enqueue(sessionId, 'low');
    },
    onError(error) {
      health.set('store', false, error.message);
      logger.warn({ err: error }, 'the table could not be read');
    },
  });
}

/** Every environment is looked at afresh now and then, whatever was missed. */
function startResync({ config, clock }: LoopParts, freshness: Freshness, everybody: () => void): Timer {
  return every(clock, config.intervals.resyncMs, () => {
    freshness.resync();
    everybody();
  });
}

/** An event that was lost is made good, for one call to GitHub a pull request. */
function startRereads({ config, clock }: LoopParts, watch: StoreWatch, reread: Reread): Timer | undefined {
  const { rereadMs } = config.intervals;
  if (rereadMs === undefined) return undefined;
  return every(clock, rereadMs, () => reread(knownPulls(watch.current(), config.projects), 'low'));
}
