/** From an order to a version that serves: runs jobs, switches over, and says why when one failed. */
import { HttpError } from '../control/answers.ts';
import { EXIT } from '../exit-codes.ts';
import { type Jobs, makeJobs } from './jobs.ts';
import { type LiveApp, makeLiveApp } from '../app/live-app.ts';
import type { Log } from '../log/log.ts';
import { remove } from '../processes/ownership.ts';
import type { Wanted } from '../phases/fetch.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { start } from '../phases/start.ts';
import { makeProgress, PhaseError, type Progress } from './progress.ts';
import type { Settings } from '../settings.ts';
import type { Timings } from '../timings.ts';
import { makeVersion, versionDir } from './version.ts';

export interface Updates {
  readonly live: LiveApp;
  readonly progress: Progress;
  /** Takes the order, or throws an HttpError. A commit that serves already, or is being built, is left alone. */
  sync(wanted: Wanted): void;
  /** Cancels what runs and takes nothing new. What serves goes on serving. */
  close(): Promise<void>;
}

export interface UpdatesOptions {
  readonly settings: Settings;
  readonly timings: Timings;
  readonly log: Log;
  readonly workDir: string;
  /** There is nothing to serve, or it does not stay up: the task should end with this code after a while. */
  readonly onEnd: (code: number, lingerMs: number) => void;
}

export function makeUpdates(options: UpdatesOptions): Updates {
  const { settings, timings, log, workDir } = options;
  const progress = makeProgress();
  const contextOf = (signal: AbortSignal): PhaseContext => ({ settings, timings, log, signal });
  const live: LiveApp = makeLiveApp({
    timings,
    log,
    start: (version, signal) => start(contextOf(signal), version.checkout, version.recipe),
    remove: (version) => remove(version.checkout.dir, settings.runAs),
    onCrashLoop: (reason) => jobs.newest() !== undefined || giveUp(reason),
  });
  const jobs: Jobs<Wanted> = makeJobs(runJob);
  let versions = 0;
  let closed = false;

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
      await remove(dir, settings.runAs);
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
    else conclude(EXIT[failure.phase], timings.lingerMs);
  }

  function giveUp(reason: string): false {
    log.say(`${reason}; giving up`);
    conclude(EXIT.crashLoop, 0);
    return false;
  }

  function conclude(code: number, lingerMs: number): void {
    closed = true;
    options.onEnd(code, lingerMs);
  }

  return {
    live,
    progress,
    sync(wanted) {
      if (closed) throw new HttpError(503, 'stopping', 'the supervisor is stopping');
      if (wanted.commit !== undefined && jobs.newest()?.commit === wanted.commit) return;
      if (live.version()?.checkout.commit === wanted.commit && live.lastHealthy()) jobs.cancel();
      else jobs.submit(wanted);
    },
    async close() {
      closed = true;
      await jobs.close();
    },
  };
}

function asPhaseError(error: unknown, phase: PhaseError['phase']): PhaseError {
  if (error instanceof PhaseError) return error;
  return new PhaseError(phase, `unexpected: ${error instanceof Error ? error.message : String(error)}`);
}
