/** Replicas that contend for one lease: each with a clock, a network and a life of its own. */
import { type Clock, sleep } from '../../src/runtime/clock.ts';
import { LeaseLostError } from '../../src/runtime/errors.ts';
import { DEFAULT_LEASE_TIMINGS, makeLeadership } from '../../src/runtime/leader.ts';
import type { LeasePort, Led, Term } from '../../src/runtime/lease.ts';
import { makeMemoryLease } from '../../src/store/lease-memory.ts';
import { makeHealth } from '../../src/telemetry/health.ts';
import { makeLogger } from '../../src/telemetry/logger.ts';
import { makeMetrics } from '../../src/telemetry/metrics.ts';
import { type FakeClock, makeFakeClock } from './fake-clock.ts';

/** What happens to one call. The memory of the lease is reached after `requestMs`, its answer arrives `answerMs` later. */
export interface CallFate {
  readonly requestMs: number;
  readonly answerMs: number;
  /** `hung`: it never arrives, and nobody says so; `silent`: it is applied, and nobody says so. */
  readonly lost?: 'request' | 'answer' | 'silent' | 'hung' | undefined;
}

export interface ReplicaOptions {
  /** Of its clock: 2 runs twice as fast as the world's. */
  readonly rate?: number;
  readonly lead?: (term: Term) => Led;
  /** Of the next call; at once and well by default. */
  readonly fate?: () => CallFate | undefined;
}

export type Replica = ReturnType<ReturnType<typeof makeLeaseWorld>['replica']>;

export function makeLeaseWorld() {
  const clock = makeFakeClock();
  const lease = makeMemoryLease();
  const logger = makeLogger('silent', false);

  function replica(holder: string, options: ReplicaOptions = {}) {
    const life = makeLife(clock, options.rate ?? 1);
    const terms: { epoch: number; graces: number[] }[] = [];
    let newest: Term | undefined;
    const lead = (term: Term): Led => {
      newest = term;
      const record = { epoch: term.epoch, graces: [] as number[] };
      terms.push(record);
      const led = options.lead?.(term);
      return {
        async stop(graceMs) {
          record.graces.push(graceMs);
          return (await led?.stop(graceMs)) ?? true;
        },
      };
    };
    const metrics = makeMetrics();
    const health = makeHealth(['leadership']);
    const port = makeNetwork(clock, lease, life, options.fate ?? (() => undefined));
    const timings = DEFAULT_LEASE_TIMINGS;
    const nudgeUrl = (): string => `http://${holder}.test:9464`;
    const parts = { clock: life.clock, logger, metrics, health };
    const leadership = makeLeadership({ lease: port, holder, nudgeUrl, timings, ...parts });
    leadership.start(lead);
    return { ...life, leadership, terms, metrics, health, term: () => newest, mayCall: () => mayCall(newest) };
  }

  return { clock, lease, replica };
}

/** A process that can be paused (its timers and answers wait) or killed (a pause without end). */
function makeLife(clock: FakeClock, rate: number) {
  let held: (() => void)[] | undefined;
  const run = (fn: () => void): void => void (held ? held.push(fn) : fn());
  const own: Clock = {
    now: clock.now,
    monotonic: () => clock.monotonic() * rate,
    after: (ms, fn) => {
      let isCancelled = false;
      const timer = clock.after(ms / rate, () => run(() => isCancelled || fn()));
      return {
        cancel() {
          isCancelled = true;
          timer.cancel();
        },
      };
    },
  };
  return {
    clock: own,
    run,
    pause: () => void (held ??= []),
    resume() {
      const waiting = held ?? [];
      held = undefined;
      for (const fn of waiting) fn();
    },
  };
}

function makeNetwork(
  clock: FakeClock,
  lease: LeasePort,
  life: Pick<ReturnType<typeof makeLife>, 'run'>,
  fate: () => CallFate | undefined,
): LeasePort {
  const after = (ms: number, fn: () => void): void => void (ms === 0 ? fn() : clock.after(ms, fn));
  const send = async <T>(work: () => Promise<T>): Promise<T> => {
    const { requestMs, answerMs, lost } = fate() ?? { requestMs: 0, answerMs: 0 };
    const answer = Promise.withResolvers<T>();
    const fail = (): void => life.run(() => answer.reject(new Error('the connection broke')));
    after(requestMs, () => {
      if (lost === 'request') fail();
      if (lost === 'request' || lost === 'hung') return;
      void work().then((value) =>
        after(answerMs, () => {
          if (lost === 'answer') fail();
          else if (lost === undefined) life.run(() => answer.resolve(value));
        }),
      );
    });
    return await answer.promise;
  };
  return { read: () => send(() => lease.read()), swap: (previous, next) => send(() => lease.swap(previous, next)) };
}

/** Makes one call after the other for as long as the term allows it, and tells of each; ends with the refusal. */
export async function callsOf(clock: Clock, term: Term, callMs: number, tell: (what: string) => void): Promise<void> {
  for (;;) {
    try {
      term.require();
    } catch (error) {
      return tell(error instanceof LeaseLostError ? error.reason : String(error));
    }
    tell('sent');
    await sleep(clock, callMs);
    tell('done');
  }
}

function mayCall(term: Term | undefined): boolean {
  try {
    term?.require();
    return term !== undefined;
  } catch {
    return false;
  }
}
