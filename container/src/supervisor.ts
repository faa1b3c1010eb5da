/**
 * The composition: ports first, then the first job; after that, orders from the control port. Ends with an exit code
 * that tells the operator why.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openStash } from './cache/caches.ts';
import type { Grants } from './control/orders.ts';
import { describeVersion, publicVersion, statusOf } from './control/reports.ts';
import { type ControlServer, startControlServer } from './control/server.ts';
import { makeVerifier } from './control/signature.ts';
import { secretsOf } from './control/sync-order.ts';
import { EXIT } from './exit-codes.ts';
import type { RootLog } from './log/log.ts';
import { type LogStore, makeLogStore } from './log/store.ts';
import { makeWorkDir, removeWorkDir } from './processes/ownership.ts';
import { type Proxy, startProxy } from './proxy/proxy.ts';
import { makeGit } from './repository/git.ts';
import { makeRepository } from './repository/repository.ts';
import type { Settings } from './settings.ts';
import { TIMINGS, type Timings } from './timings.ts';
import { makeProgress, type PhaseRecord, type Progress } from './updates/progress.ts';
import { makeUpdates, type Updates } from './updates/updates.ts';

export interface Supervisor {
  /** Resolves with the exit code once everything is stopped and removed. */
  readonly done: Promise<number>;
  /** Drains, stops every child, and resolves `done` with `code` (0 when absent) unless another end came first. */
  stop(code?: number): void;
}

/** Resolves once both ports listen and the first job runs; rejects when a port cannot be had. */
export async function startSupervisor(
  settings: Settings,
  log: RootLog,
  timings: Timings = TIMINGS,
): Promise<Supervisor> {
  const { session, runAs, branch, commit } = settings;
  const workDir = await makeWorkDir(settings.workDir ?? tmpdir(), session, runAs);
  const { promise: done, resolve: finish } = Promise.withResolvers<number>();
  const logs = makeLogStore({ dir: join(workDir, 'logs'), onError: (message) => log.say(message) });
  log.keep(logs);
  let ending = false;

  const giveUp = async (error: unknown): Promise<never> => {
    await logs.close();
    await removeWorkDir(workDir, runAs);
    throw error;
  };
  const parts = await assemble({
    settings,
    timings,
    log,
    logs,
    workDir,
    onEnd: (code, ms) => void end(code, ms),
  }).catch(giveUp);
  const { updates } = parts;
  const ports = await openPorts(settings, { ...parts, log, logs }).catch(giveUp);

  /** The first cause counts; later ones only wait for the same end. */
  async function end(code: number, lingerMs: number): Promise<void> {
    if (ending) return;
    ending = true;
    await delay(lingerMs);
    await Promise.all([updates.close(), ports.proxy.drain(timings.stopDrainMs)]);
    // WebSockets are still open, so that the app can say goodbye on them.
    await updates.live.stop();
    await ports.proxy.close();
    await ports.control.close();
    await logs.close();
    await removeWorkDir(workDir, runAs);
    finish(code);
  }

  if (settings.awaitSync) updates.awaitOrder();
  else updates.sync({ kind: 'sync', branch, ...(commit === undefined ? {} : { commit }) });
  return { done, stop: (code = EXIT.stopped) => void end(code, 0) };
}

interface AssemblyOptions {
  readonly settings: Settings;
  readonly timings: Timings;
  readonly log: RootLog;
  readonly logs: LogStore;
  readonly workDir: string;
  readonly onEnd: (code: number, lingerMs: number) => void;
}

interface Assembly {
  readonly updates: Updates;
  readonly progress: Progress;
  /** Keeps what was lent, in memory only; the newest of each kind counts. */
  readonly lend: (grants: Grants) => void;
}

async function assemble({ settings, timings, log, logs, workDir, onEnd }: AssemblyOptions): Promise<Assembly> {
  let lent: Grants = settings.gitToken === undefined ? {} : { credential: settings.gitToken };
  const [stash, repository] = await Promise.all([
    openStash({ settings, workDir, log, grant: () => lent.cache }),
    makeRepository(
      workDir,
      makeGit(settings, () => lent.credential),
      settings.commit?.length === 64 ? 'sha256' : 'sha1',
    ),
  ]);
  const progress = makeProgress({ onPhase: (record, commit) => log.event(eventOf(record, commit)) });
  const context = { settings, timings, log, stash };
  const credential = (): string | undefined => lent.credential;
  const onJob = (): void => logs.beginJob();
  const updates = makeUpdates({ context, repository, progress, workDir, credential, onJob, onEnd });
  return {
    updates,
    progress,
    lend(grants) {
      for (const secret of secretsOf(grants)) log.hide(secret);
      lent = { ...lent, ...grants };
    },
  };
}

function eventOf(record: PhaseRecord, commit: string | undefined): Record<string, string | number | undefined> {
  const { phase, outcome, startedAt, endedAt, note } = record;
  const seconds = endedAt === undefined ? undefined : (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
  return { phase, outcome, seconds, note, commit: commit?.slice(0, 7) };
}

interface Inside extends Assembly {
  readonly log: RootLog;
  readonly logs: LogStore;
}

async function openPorts(settings: Settings, inside: Inside): Promise<{ proxy: Proxy; control: ControlServer }> {
  const { session, bindAddress, port, controlPort, publicHost, publicKey } = settings;
  const { updates, progress, log, logs, lend } = inside;
  const { live } = updates;
  const bootedAt = performance.now();
  const uptime = (): number => Math.round(performance.now() - bootedAt) / 1_000;
  const checkout = () => live.version()?.checkout;
  const proxy = await startProxy({
    address: bindAddress,
    port,
    session,
    publicHost,
    upstream: (path) => live.upstream(path),
    healthy: () => live.healthy(),
    robots: () => live.version()?.recipe.robots ?? false,
    version: () => publicVersion(checkout(), uptime()),
  });
  const report = { session, live, progress, proxy, redact: log.redact, appResources: () => live.resources() };
  const control = startControlServer({
    address: bindAddress,
    port: controlPort,
    verifier: makeVerifier(publicKey, session),
    handlers: {
      health: async () => ({ status: 'ok', session, healthy: await live.healthy(), uptime: uptime() }),
      status: () =>
        statusOf({ ...report, uptime: uptime(), traffic: proxy.traffic(), waitingFor: updates.waitingFor() }),
      onChange: progress.onChange,
      logs,
      version: () => describeVersion(checkout(), uptime()),
      sync(order, grants) {
        lend(grants);
        updates.sync(order);
      },
    },
  });
  try {
    return { proxy, control: await control };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}
