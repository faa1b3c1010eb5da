/**
 * What only the leader does: it watches the table, reconciles environments, keeps the comments true, and looks at
 * everything afresh now and then. Begun with a term, and ended with it.
 */
import { makeApplier } from '../apply/applier.ts';
import type { Aws } from '../aws/ports.ts';
import type { ControlPort } from '../control/port.ts';
import type { GitHubPort } from '../github/port.ts';
import { correctedPulls, knownPulls, type PullRef } from '../intake/known-pulls.ts';
import type { Config } from '../model/config.ts';
import type { StoredEnvironment } from '../model/environment.ts';
import { makeObserver } from '../observe/environment.ts';
import type { LogTail } from '../observe/log-tail.ts';
import { makeSnapshots } from '../observe/snapshot.ts';
import { type Clock, every, type Timer } from '../runtime/clock.ts';
import { type Controller, type Reconcile, startController } from '../runtime/controller.ts';
import type { Led } from '../runtime/lease.ts';
import type { Priority } from '../runtime/workqueue.ts';
import { makeReporter } from '../status/reporter.ts';
import { type StoreWatch, watchStore } from '../store/changes.ts';
import type { EnvironmentStore } from '../store/port.ts';
import type { Health } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { makeEnvironmentReconcile } from './environment.ts';
import { countEnvironments } from './fleet.ts';
import { type Freshness, makeFreshness } from './freshness.ts';
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

/** `parts.store` is the fenced one: it refuses what a former leader writes. */
export function startLeading(parts: LoopParts, reread: Reread): Leading {
  const freshness = makeFreshness(parts.clock, parts.config.policy);
  const reports = startLoop(parts, 'report', reportReconcile(parts));
  const environments = startLoop(
    parts,
    'environment',
    environmentReconcile(parts, freshness, (sessionId) => reports.enqueue(sessionId, 'high')),
  );
  const watch = startWatch(parts, { environments, reports, reread });
  const timers = [startResync(parts, { environments, freshness, watch }), startRereads(parts, watch, reread)];
  const controllers = [reports, environments];
  return {
    enqueue: environments.enqueue,
    controllers,
    async stop(graceMs) {
      for (const timer of timers) timer?.cancel();
      parts.health.set('store', true, 'the leader reads the table');
      const ends = controllers.toReversed().map((controller) => controller.stop({ graceMs }));
      await Promise.all([watch.stop(), ...ends]);
    },
  };
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

function environmentReconcile(
  parts: LoopParts,
  freshness: Freshness,
  onChanged: (sessionId: string) => void,
): Reconcile {
  const { config, aws, github, control, clock, metrics } = parts;
  const { installation } = config;
  const snapshots = makeSnapshots({
    aws,
    installation,
    clusters: [...new Set(config.projects.map(({ cluster }) => cluster))],
    listenerArns: config.listeners.map(({ arn }) => arn),
    clock,
  });
  const observer = makeObserver({ snapshots, aws, github, control, installation, clock });
  const applier = makeApplier({ aws, control, clock, metrics });
  return makeEnvironmentReconcile({ ...parts, observer, applier, freshness, onChanged });
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

interface Resynced {
  readonly environments: Controller;
  readonly freshness: Freshness;
  readonly watch: StoreWatch;
}

/** Every environment is looked at afresh now and then, whatever was missed. */
function startResync({ config, clock }: LoopParts, { environments, freshness, watch }: Resynced): Timer {
  return every(clock, config.intervals.resyncMs, () => {
    freshness.resync();
    for (const { sessionId } of watch.current()) environments.enqueue(sessionId, 'low');
  });
}

/** An event that was lost is made good, for one call to GitHub a pull request. */
function startRereads({ config, clock }: LoopParts, watch: StoreWatch, reread: Reread): Timer | undefined {
  const { rereadMs } = config.intervals;
  if (rereadMs === undefined) return undefined;
  return every(clock, rereadMs, () => reread(knownPulls(watch.current(), config.projects), 'low'));
}
