/**
 * The loop that makes desired state real, one key at a time, after controller-runtime's internal controller: workers
 * take keys from the queue, reconcile, and ONE switch decides by the outcome when the key comes back. Nothing that a
 * reconcile does (throw, reject with anything, never settle) stops a worker or another key.
 */
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Backoff, type BackoffOptions, makeBackoff } from './backoff.ts';
import { type Clock, sleep } from './clock.ts';
import { runWithDeadline } from './deadline.ts';
import { OUTCOMES, type Outcome, outcomeOf, type Result } from './outcome.ts';
import { makeWorkQueue, type Priority, type QueueItem, type WorkQueue } from './workqueue.ts';

export interface ReconcileContext {
  /** Aborts at the deadline, and when the controller stops and does not wait any longer. */
  readonly signal: AbortSignal;
  /** Every line carries `controller`, `session` (the key) and `reconcileId`. */
  readonly logger: Logger;
  readonly priority: Priority;
}

export type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

export interface ControllerOptions {
  readonly name: string;
  readonly workers: number;
  readonly reconcile: Reconcile;
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Pauses after errors that are neither waiting nor terminal. */
  readonly backoff: BackoffOptions;
  /** When a reconcile is told to give up; 5 minutes by default. */
  readonly deadlineMs?: number | undefined;
  /** Made by the controller unless given. The controller shuts it down in either case. */
  readonly queue?: WorkQueue | undefined;
}

export interface Controller {
  readonly name: string;
  enqueue(key: string, priority: Priority): void;
  /** Priority 'low' unless given. */
  enqueueAfter(key: string, ms: number, priority?: Priority): void;
  /** Keys that are being reconciled now. */
  running(): readonly string[];
  /** True when no key waits or runs; keys that come back later do not count. */
  idle(): boolean;
  /** True until stopped, as long as every worker takes keys. For the liveness check. */
  alive(): boolean;
  /**
   * Takes no more keys, waits up to `graceMs` (10 s by default; 0 when leadership is lost) for those that run, then
   * aborts their signals and waits a moment more. False when a reconcile still runs that ignores its signal. Never
   * rejects, never hangs; can be called again.
   */
  stop(options?: { readonly graceMs?: number }): Promise<boolean>;
}

const DEADLINE_MS = 300_000;
const GRACE_MS = 10_000;
/** How long aborted reconciles get to notice. */
const ABORT_MS = 2_000;

export function startController(options: ControllerOptions): Controller {
  const { name, clock, metrics, random } = options;
  const queue = options.queue ?? makeWorkQueue({ name, clock, metrics });
  const backoff = makeBackoff(options.backoff, random);
  const running: Running = new Map();
  let stopping: Promise<boolean> | undefined;
  let workersAlive = options.workers;

  startSeries(options);
  const isStopping = (): boolean => stopping !== undefined;
  const context: WorkerContext = { options, queue, backoff, running, isStopping, unfinished: 0, isOver: false };
  const workers = Array.from({ length: options.workers }, () => work(context).finally(() => (workersAlive -= 1)));

  return {
    name,
    enqueue: queue.add,
    enqueueAfter: (key, ms, priority = 'low') => queue.addAfter(key, ms, priority),
    running: () => [...running.keys()].map(({ key }) => key),
    idle: () => running.size === 0 && queue.size().high + queue.size().low + queue.size().held === 0,
    alive: () => stopping === undefined && workersAlive === options.workers,
    stop({ graceMs = GRACE_MS } = {}) {
      queue.shutDown();
      stopping ??= stop(context, Promise.allSettled(workers), graceMs);
      if (graceMs === 0) abortAll(running, name);
      return stopping;
    },
  };
}

type Running = Map<QueueItem, { readonly abort: AbortController; readonly released: Promise<void> }>;

interface WorkerContext {
  readonly options: ControllerOptions;
  readonly queue: WorkQueue;
  readonly backoff: Backoff;
  readonly running: Running;
  readonly isStopping: () => boolean;
  /** Reconciles that have not really ended, also those whose keys were given to others. */
  unfinished: number;
  /** Stopped: what ends now is of no gauge's interest, which may count for another controller of this name. */
  isOver: boolean;
}

function startSeries({ name, metrics, workers }: ControllerOptions): void {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`workers: found ${workers}, allowed a whole number from 1 up`);
  }
  for (const result of OUTCOMES) metrics.reconciles.inc({ controller: name, result }, 0);
  metrics.reconcileErrors.inc({ controller: name }, 0);
  metrics.reconcileSeconds.zero({ controller: name });
  metrics.workSeconds.zero({ name });
  metrics.activeWorkers.set({ controller: name }, 0);
}

async function work(context: WorkerContext): Promise<void> {
  for (let item = await context.queue.get(); item; item = await context.queue.get()) await turn(context, item);
}

/** One key, from taken to decided. Never rejects. */
async function turn(context: WorkerContext, item: QueueItem): Promise<void> {
  const { options, queue, running } = context;
  const reconcileId = Math.floor(options.random() * 36 ** 8).toString(36);
  const logger = options.logger.child({ controller: options.name, session: item.key, reconcileId });
  const abort = new AbortController();
  const measure = startMeasuring(context);
  const { outcome, end } = runWithDeadline(
    async (signal) => await reconcileOnce(context, item.key, { signal, logger, priority: item.priority }),
    abort,
    options.deadlineMs ?? DEADLINE_MS,
    options.clock,
  );
  const decided = outcome.then(outcomeOf).then((result) => {
    measure(result);
    decide(context, item, result, logger);
  });
  // After a deadline the worker goes on, but the key is kept from others until the late reconcile has really ended.
  const released = Promise.all([end, decided]).then(([how]) => {
    if (how === 'abandoned') logger.error('the reconcile ignores its signal; its key is given to others');
    running.delete(item);
    queue.done(item.key);
  });
  running.set(item, { abort, released });
  await decided;
}

async function reconcileOnce(context: WorkerContext, key: string, run: ReconcileContext): Promise<Result> {
  context.unfinished += 1;
  try {
    return { ...(await context.options.reconcile(key, run)) };
  } finally {
    context.unfinished -= 1;
  }
}

function startMeasuring(context: WorkerContext): (outcome: Outcome) => void {
  const { name, clock, metrics } = context.options;
  const started = clock.monotonic();
  metrics.activeWorkers.inc({ controller: name });
  return ({ kind }) => {
    const seconds = (clock.monotonic() - started) / 1000;
    if (!context.isOver) metrics.activeWorkers.dec({ controller: name });
    metrics.reconcileSeconds.observe({ controller: name }, seconds);
    metrics.workSeconds.observe({ name }, seconds);
    metrics.reconciles.inc({ controller: name, result: kind });
  };
}

/** The one place that says when a key comes back. */
function decide(
  { queue, backoff, options, isStopping }: WorkerContext,
  item: QueueItem,
  outcome: Outcome,
  log: Logger,
): void {
  const { key, priority } = item;
  const { name, metrics } = options;
  switch (outcome.kind) {
    case 'success':
      backoff.forget(key);
      return;
    case 'requeue_after':
      backoff.forget(key);
      queue.addAfter(key, outcome.afterMs, outcome.priority ?? priority);
      return;
    case 'waiting':
      backoff.forget(key);
      queue.addAfter(key, outcome.error.afterMs, priority);
      log.debug({ reason: outcome.error.reason, afterMs: outcome.error.afterMs }, outcome.error.message);
      return;
    case 'terminal':
      backoff.forget(key);
      metrics.reconcileErrors.inc({ controller: name });
      log.warn({ reason: outcome.error.reason, err: outcome.error }, 'a person must act');
      return;
    case 'error': {
      if (isStopping()) return;
      const afterMs = backoff.next(key);
      queue.retryAfter(key, afterMs, priority);
      metrics.reconcileErrors.inc({ controller: name });
      log.error(
        { err: outcome.error, failures: backoff.failures(key), afterMs },
        'reconcile failed; it is tried again',
      );
    }
  }
}

/** `workers` resolves when every worker has ended; no reconcile starts after that. */
async function stop(context: WorkerContext, workers: Promise<unknown>, graceMs: number): Promise<boolean> {
  const { running, options } = context;
  const { name, clock, logger, metrics } = options;
  const ended = workers.then(() => Promise.all([...running.values()].map(({ released }) => released)));
  await endsWithin(ended, graceMs, clock);
  abortAll(running, name);
  await endsWithin(ended, ABORT_MS, clock);
  context.isOver = true;
  metrics.activeWorkers.set({ controller: name }, 0);
  if (context.unfinished === 0) return true;
  const keys = [...running.keys()].map(({ key }) => key);
  logger.warn({ controller: name, keys }, 'stopped beside reconciles that ignore their signal');
  return false;
}

function abortAll(running: Running, name: string): void {
  for (const { abort } of running.values()) abort.abort(new Error(`the controller ${name} stops`));
}

/** Waits for `ended`, at most `ms`. Leaves no timer behind. */
async function endsWithin(ended: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  const done = new AbortController();
  const bound = sleep(clock, ms, done.signal).catch(() => undefined);
  await Promise.race([ended, bound]);
  done.abort();
}
