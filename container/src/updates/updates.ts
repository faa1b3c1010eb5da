/** Orders and what becomes of them: one job at a time, the newest counts, and a failure leaves what serves alone. */
import { type LiveApp, makeLiveApp } from '../app/live-app.ts';
import { track } from '../app/retirement.ts';
import { HttpError } from '../control/answers.ts';
import type { SyncOrder } from '../control/orders.ts';
import { EXIT } from '../exit-codes.ts';
import type { PhaseContext } from '../phases/phase.ts';
import { start } from '../phases/start.ts';
import { remove } from '../processes/ownership.ts';
import type { Identity } from '../processes/process-group.ts';
import { isRefused, type Repository } from '../repository/repository.ts';
import { makeCountdown } from './countdown.ts';
import { type Jobs, makeJobs } from './jobs.ts';
import { keep } from './keep.ts';
import { PhaseError, type Progress } from './progress.ts';
import type { Version } from './version.ts';
import { makeWork } from './work.ts';

export interface Updates {
  readonly live: LiveApp;
  /** Takes the order, or throws an HttpError. A commit that serves already, or is being built, is left alone. */
  sync(order: SyncOrder): void;
  /** Nothing happens until an order comes. */
  awaitOrder(): void;
  /** What only the operator can bring. */
  waitingFor(): 'credential' | 'order' | undefined;
  /** Cancels what runs and takes nothing new. What serves goes on serving. */
  close(): Promise<void>;
}

export interface UpdatesOptions {
  /** All but the signal, of which each job has its own. */
  readonly context: Omit<PhaseContext, 'signal'>;
  readonly repository: Repository;
  readonly progress: Progress;
  readonly workDir: string;
  /** As it was lent last. */
  readonly credential: () => string | undefined;
  /** What is logged from now on belongs to another job. */
  readonly onJob: () => void;
  /** There is nothing to serve, or it does not stay up: the task should end with this code after a while. */
  readonly onEnd: (code: number, lingerMs: number) => void;
}

export function makeUpdates(options: UpdatesOptions): Updates {
  const { context, repository, progress, workDir } = options;
  const { settings, timings, log } = context;
  const lifetime = new AbortController();
  const background = new Set<Promise<void>>();
  const waiting = makeCountdown(timings.orderWaitMs, () => {
    log.say('nothing came over the control port in time');
    conclude(EXIT.fetch, 0);
  });
  const contextOf = (signal: AbortSignal): PhaseContext => ({
    ...context,
    signal: AbortSignal.any([signal, lifetime.signal]),
  });
  const live: LiveApp = makeLiveApp({
    timings,
    log,
    start: async ({ checkout, recipe }, signal) => (await start(contextOf(signal), checkout, recipe)).healthy(),
    remove: (version) => removeVersion(version, live.version(), settings.runAs),
    onCrashLoop: (reason) => jobs.newest() !== undefined || giveUp(reason),
    onChange: progress.touch,
  });
  const onServing = (version: Version): void => track(background, keep(contextOf(lifetime.signal), version));
  const work = makeWork({ repository, progress, workDir, live, onServing });
  const jobs: Jobs<SyncOrder> = makeJobs(run);
  let closed = false;

  async function run(order: SyncOrder, signal: AbortSignal): Promise<void> {
    options.onJob();
    progress.begin(order.commit);
    const job = contextOf(signal);
    const credential = options.credential();
    try {
      await work(job, order);
      progress.end();
    } catch (error) {
      if (job.signal.aborted) progress.end();
      else failed(asPhaseError(error, progress.job()?.phase ?? 'fetch'), order, credential);
    }
  }

  function failed(failure: PhaseError, order: SyncOrder, credential: string | undefined): void {
    progress.end(failure);
    // Another one may have come while the server was asked.
    if (isRefused(failure) && credential !== options.credential()) return jobs.submit(order);
    log.say(`${failure.phase} failed: ${failure.message}`);
    if (live.version()) return log.say('the version before keeps serving');
    if (!isRefused(failure) || credential !== undefined) return conclude(EXIT[failure.phase], timings.lingerMs);
    log.say('waiting for a credential, which may come over the control port');
    waiting.begin('credential');
  }

  function giveUp(reason: string): false {
    log.say(`${reason}; giving up`);
    conclude(EXIT.crashLoop, 0);
    return false;
  }

  function isServing({ commit }: SyncOrder): boolean {
    const version = live.version();
    return version !== undefined && version.checkout.commit === commit && !version.mixed && live.lastHealthy();
  }

  function conclude(code: number, lingerMs: number): void {
    closed = true;
    options.onEnd(code, lingerMs);
  }

  return {
    live,
    awaitOrder: () => waiting.begin('order'),
    waitingFor: () => waiting.purpose(),
    sync(order) {
      if (closed) throw new HttpError(503, 'stopping', 'the supervisor is stopping');
      waiting.end();
      if (order.commit !== undefined && jobs.newest()?.commit === order.commit) return;
      if (isServing(order)) jobs.cancel();
      else jobs.submit(order);
    },
    async close() {
      closed = true;
      waiting.end();
      lifetime.abort(new Error('the supervisor is stopping'));
      await jobs.close();
      await Promise.all(background);
    },
  };
}

/** Modules may still be on their way out of it, to the version that took over, or into it. */
async function removeVersion(
  { checkout, prepared }: Version,
  successor: Version | undefined,
  runAs: Identity | undefined,
): Promise<void> {
  prepared.modules.cancel();
  await Promise.all([prepared.modules.settled, successor?.prepared.modules.settled]);
  await remove(checkout.dir, runAs);
}

function asPhaseError(error: unknown, phase: PhaseError['phase']): PhaseError {
  if (error instanceof PhaseError) return error;
  return new PhaseError(phase, `unexpected: ${error instanceof Error ? error.message : String(error)}`);
}
