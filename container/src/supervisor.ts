/**
 * The composition: ports first, then the first job; after that, orders from the control port. Ends with an exit code
 * that tells the operator why.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ControlServer, HttpError, startControlServer } from './control-server.ts';
import { EXIT } from './exit-codes.ts';
import { type Jobs, makeJobs } from './jobs.ts';
import { type LiveApp, makeLiveApp } from './live-app.ts';
import type { Log } from './log.ts';
import type { Wanted } from './phases/fetch.ts';
import type { PhaseContext } from './phases/phase.ts';
import { start } from './phases/start.ts';
import { makeProgress, PhaseError } from './progress.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { describeVersion, publicVersion, statusOf } from './reports.ts';
import type { Settings } from './settings.ts';
import { makeVerifier } from './signature.ts';
import { TIMINGS, type Timings } from './timings.ts';
import { makeVersion, versionDir } from './version.ts';

export interface Supervisor {
  /** Resolves with the exit code once everything is stopped and removed. */
  readonly done: Promise<number>;
  /** Drains, stops every child, and resolves `done` with `code` (0 when absent) unless another end came first. */
  stop(code?: number): void;
}

/** Resolves once both ports listen and the first job runs; rejects when a port cannot be had. */
export async function startSupervisor(settings: Settings, log: Log, timings: Timings = TIMINGS): Promise<Supervisor> {
  const bootedAt = performance.now();
  const workDir = await makeWorkDir(settings);
  const progress = makeProgress();
  const { promise: done, resolve: finish } = Promise.withResolvers<number>();
  let ending = false;
  let versions = 0;

  const contextOf = (signal: AbortSignal): PhaseContext => ({ settings, timings, log, signal });
  const live: LiveApp = makeLiveApp({
    timings,
    log,
    start: (version, signal) => start(contextOf(signal), version.checkout, version.recipe),
    remove: (version) => remove(version.checkout.dir),
    onCrashLoop(reason) {
      if (jobs.newest()) return true;
      log.say(`${reason}; giving up`);
      void end(EXIT.crashLoop, 0);
      return false;
    },
  });
  const jobs: Jobs<Wanted> = makeJobs(runJob);
  const uptime = (): number => Math.round(performance.now() - bootedAt) / 1_000;
  const proxy: Proxy = await startProxy({
    address: settings.bindAddress,
    port: settings.port,
    session: settings.session,
    publicHost: settings.publicHost,
    upstream: () => live.upstream(),
    healthy: () => live.healthy(),
    version: () => publicVersion(live.version()?.checkout, uptime()),
  });
  const control: ControlServer = await startControlServer({
    address: settings.bindAddress,
    port: settings.controlPort,
    verifier: makeVerifier(settings.publicKey, settings.session),
    handlers: {
      health: async () => ({
        status: 'ok',
        session: settings.session,
        healthy: await live.healthy(),
        uptime: uptime(),
      }),
      status: () => statusOf({ session: settings.session, live, progress, proxy, uptime: uptime() }),
      version: () => describeVersion(live.version()?.checkout, uptime()),
      sync,
    },
  }).catch(async (error: unknown) => {
    await proxy.close(0);
    throw error;
  });

  async function runJob(wanted: Wanted, signal: AbortSignal): Promise<void> {
    versions += 1;
    const dir = versionDir(workDir, versions, wanted.commit);
    progress.begin(wanted.commit);
    try {
      const place = { dir, previous: live.version()?.installed };
      const { version, app } = await makeVersion(contextOf(signal), progress, wanted, place);
      if (signal.aborted) {
        await app.stop(timings.cancelAfterMs);
        signal.throwIfAborted();
      }
      live.adopt(version, app);
      progress.end();
      log.say(`commit ${version.checkout.commit} serves on port ${settings.port}`);
    } catch (error) {
      await remove(dir);
      jobFailed(error, signal);
    }
  }

  function jobFailed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      progress.end();
      return;
    }
    const failure = asPhaseError(error, progress.job()?.phase ?? 'fetch');
    progress.end(failure);
    log.say(`${failure.phase} failed: ${failure.message}`);
    if (live.version()) log.say('the version before keeps serving');
    else void end(EXIT[failure.phase], timings.lingerMs);
  }

  function sync(wanted: Required<Wanted>): void {
    if (ending) throw new HttpError(503, 'stopping', 'the supervisor is stopping');
    if (jobs.newest()?.commit === wanted.commit) return;
    if (live.version()?.checkout.commit === wanted.commit && live.lastHealthy()) {
      jobs.cancel();
      return;
    }
    log.say(`update to commit ${wanted.commit} of ${wanted.branch}`);
    jobs.submit(wanted);
  }

  /** The first cause counts; later ones only wait for the same end. */
  async function end(code: number, lingerMs: number): Promise<void> {
    if (ending) return;
    ending = true;
    await delay(lingerMs);
    await Promise.all([jobs.close(), proxy.close(timings.stopDrainMs)]);
    await live.stop();
    await control.close();
    await remove(workDir);
    finish(code);
  }

  jobs.submit({ branch: settings.branch, ...(settings.commit === undefined ? {} : { commit: settings.commit }) });
  return { done, stop: (code = EXIT.stopped) => void end(code, 0) };
}

/** A fresh one each time: two tasks of one session on one machine must not meet. */
async function makeWorkDir(settings: Settings): Promise<string> {
  const parent = settings.workDir ?? tmpdir();
  await mkdir(parent, { recursive: true });
  return await mkdtemp(join(parent, `mayfly-${settings.session}-`));
}

async function remove(dir: string): Promise<void> {
  // What cannot be removed costs disk space until the task ends; it is no reason to stop serving.
  await rm(dir, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
}

function asPhaseError(error: unknown, phase: PhaseError['phase']): PhaseError {
  if (error instanceof PhaseError) return error;
  return new PhaseError(phase, `unexpected: ${error instanceof Error ? error.message : String(error)}`);
}
