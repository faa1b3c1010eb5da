/**
 * Leader election over a lease (DESIGN §6). One replica leads; it renews the lease, and gives up by its own clock before
 * anybody else may take over by theirs. Two things keep a mistake harmless: a term's `require` refuses to begin a call that could
 * outlive the lease, and each write of status carries the epoch. Clocks are monotonic, and only run at about the same
 * speed: with a margin above half of the duration, not even one that runs twice as fast lets two replicas begin calls.
 */
import type { Health } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Clock, Timer } from './clock.ts';
import { runWithDeadline, type Settled } from './deadline.ts';
import { LeaseLostError, toError } from './errors.ts';
import type { Leadership, Lease, LeasePort, Led, Term } from './lease.ts';
import { type LeaseBeats, makeLeaseBeats } from './lease-beats.ts';
import { type LeaseWatch, makeLeaseWatch } from './lease-watch.ts';

export interface LeaseTimings {
  /** How long the lease holds without a renewal. */
  readonly durationMs: number;
  /** Between renewals; also how long a call to the lease may take. */
  readonly renewMs: number;
  /** Between a standby's looks, and before a renewal that failed is tried again. */
  readonly standbyPollMs: number;
  /** What must be left of the lease when a call begins: longer than any call may take. */
  readonly marginMs: number;
}

/** The margin is above `CALL_TIMEOUT_MS` of the calls to AWS, 10 s. */
export const DEFAULT_LEASE_TIMINGS: LeaseTimings = {
  durationMs: 20_000,
  renewMs: 2_000,
  standbyPollMs: 400,
  marginMs: 11_000,
};

export interface LeadershipOptions {
  readonly lease: LeasePort;
  /** Never the same for two starts of a process. */
  readonly holder: string;
  /** Where others nudge this replica; asked at each renewal. */
  readonly nudgeUrl?: (() => string | undefined) | undefined;
  readonly timings: LeaseTimings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Is told under the name `leadership`. */
  readonly health?: Pick<Health, 'set'> | undefined;
}

export function makeLeadership(options: LeadershipOptions): Leadership {
  const elector = new Elector(options);
  return {
    start: (lead) => elector.start(lead),
    isLeader: () => elector.remainingMs() > 0,
    epoch: () => elector.epoch(),
    other: () => elector.watch.other(),
    stop: () => elector.stop(),
  };
}

/** At a clean stop: for as long as this is above the margin, calls may begin; the rest is for those under way to end. */
const GRACE_MS = 13_000;
/** After the grace, for what was begun to say whether it has ended. */
const ABANDON_MS = 4_000;
const RENEWALS = ['renewed', 'refused', 'unknown'] as const;
const LATE = 'it was not renewed in time';

interface TermUnderWay {
  readonly epoch: number;
  /** What the table is known to hold; undefined when the lease was lost from it. */
  lease: Lease | undefined;
  /** When the term is over, by the holder's own monotonic clock. */
  deadline: number;
  /** What the table holds is not known: look before the next renewal. */
  isUncertain: boolean;
  timer: Timer | undefined;
  led: Led | undefined;
  /** Aborted when nothing may begin in it any more. */
  readonly over: AbortController;
}

class Elector {
  readonly watch: LeaseWatch;
  readonly #options: LeadershipOptions;
  #lead: ((term: Term) => Led) | undefined;
  #term: TermUnderWay | undefined;
  readonly #beats: LeaseBeats;
  /** Of the newest term. */
  #lastEpoch = -1;
  #loop: Promise<void> = Promise.resolve();
  /** Resolves when what the last term began has ended. Always settles. */
  #ending: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  /** When the table last answered. */
  #heardAt: number;
  #isSilent = false;
  /** Why the last term could not begin. */
  #fault: string | undefined;

  constructor(options: LeadershipOptions) {
    const { holder, metrics, clock } = options;
    this.#options = options;
    this.watch = makeLeaseWatch(holder);
    this.#beats = makeLeaseBeats({ ...options, durationMs: options.timings.durationMs });
    this.#heardAt = clock.monotonic();
    metrics.leader.set(0);
    metrics.leaderTransitions.inc(0);
    for (const outcome of RENEWALS) metrics.leaseRenewals.inc({ outcome }, 0);
  }

  start(lead: (term: Term) => Led): void {
    if (this.#lead) throw new Error('the election was started before');
    this.#lead = lead;
    if (!this.#stopped) this.#loop = this.#run();
  }

  epoch(): number | undefined {
    return this.remainingMs() > 0 ? this.#term?.epoch : undefined;
  }

  /** Asked of the clock, not of a timer: after a pause of the process, timers are late. */
  remainingMs(): number {
    return this.#term ? this.#term.deadline - this.#options.clock.monotonic() : 0;
  }

  #require({ over, deadline }: TermUnderWay): void {
    over.signal.throwIfAborted();
    const { marginMs } = this.#options.timings;
    const left = deadline - this.#options.clock.monotonic();
    if (left > marginMs) return;
    if (left <= 0) throw new LeaseLostError('this replica does not lead');
    throw new LeaseLostError(`the lease holds for ${Math.round(left)} ms more, and a call needs ${marginMs} ms`);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const term = this.#term;
    this.#wake();
    // The lease is renewed meanwhile, so that work under way may end.
    const hasEnded = !term || (await this.#stopCleanly(term));
    const isHeld = term !== undefined && this.#term === term && this.remainingMs() > 0;
    if (term) this.#forget(term, 'this replica stops');
    this.#wake();
    await this.#loop;
    await this.#ending;
    // What has not ended must not meet a successor: then the lease is left to run out.
    if (isHeld && hasEnded && term.lease) await this.#giveBack(term.lease);
  }

  async #stopCleanly(term: TermUnderWay): Promise<boolean> {
    const { clock, timings } = this.#options;
    const refuse = (): void => term.over.abort(new LeaseLostError('this replica stops, and begins nothing more'));
    const timer = clock.after(GRACE_MS - timings.marginMs, refuse);
    const hasEnded = await this.#stopLed(term, GRACE_MS);
    timer.cancel();
    return hasEnded;
  }

  async #run(): Promise<void> {
    while (!this.#stopped || this.#term) {
      const pauseMs = await this.#step();
      if (pauseMs > 0 && !(this.#stopped && !this.#term)) await this.#pause(pauseMs);
    }
  }

  /** Returns how long to wait before the next one. Never rejects. */
  async #step(): Promise<number> {
    try {
      return this.#term ? await this.#renew(this.#term) : await this.#seek();
    } catch (error) {
      this.#options.logger.error({ err: toError(error) }, 'the election failed in a way nobody foresaw');
      return this.#options.timings.standbyPollMs;
    }
  }

  async #seek(): Promise<number> {
    const { lease, clock, timings } = this.#options;
    await this.#ending;
    const found = await this.#call(() => lease.read());
    if (!found.ok) return timings.standbyPollMs;
    const at = clock.monotonic();
    this.watch.saw(found.value, at);
    this.#tellStandby();
    const waitMs = this.watch.takeFrom() - at;
    if (waitMs > 0) return Math.min(Math.ceil(waitMs), timings.standbyPollMs);
    if (this.#stopped) return 0;
    const sentAt = this.#beats.sentAt(found.value);
    const isTaken = sentAt !== undefined && found.value !== undefined && found.value.epoch > this.#lastEpoch;
    return isTaken ? this.#begin(found.value, sentAt) : this.#take(found.value);
  }

  #tellStandby(): void {
    const holder = this.watch.other()?.holder;
    const seen = holder === undefined ? 'nobody leads' : `${holder} leads`;
    this.#options.health?.set('leadership', this.#fault === undefined, this.#fault ?? seen);
  }

  async #take(previous: Lease | undefined): Promise<number> {
    const { lease, clock, timings } = this.#options;
    const next = this.#beats.next(previous, this.watch.nextEpoch(clock.now()));
    const answer = await this.#call(() => lease.swap(previous, next));
    // When the answer was lost, the next look finds a lease of this replica's own, which need not be waited for.
    if (!answer.ok || !answer.value) return timings.standbyPollMs;
    const sentAt = this.#beats.sentAt(next);
    if (this.#stopped) await this.#giveBack(next);
    else if (sentAt !== undefined) return this.#begin(next, sentAt);
    return timings.standbyPollMs;
  }

  async #begin(lease: Lease, sentAt: number): Promise<number> {
    const { logger, metrics, health, timings } = this.#options;
    const { epoch } = lease;
    const deadline = sentAt + timings.durationMs;
    const over = new AbortController();
    const term: TermUnderWay = { epoch, lease, deadline, isUncertain: false, timer: undefined, led: undefined, over };
    this.#term = term;
    this.#lastEpoch = epoch;
    this.watch.forget();
    this.#arm(term);
    metrics.leader.set(1);
    metrics.leaderTransitions.inc();
    logger.info({ epoch, holder: lease.holder }, 'this replica leads now');
    try {
      term.led = this.#lead?.(this.#told(term));
      this.#fault = undefined;
      health?.set('leadership', true, `leads, epoch ${epoch}`);
      return timings.renewMs;
    } catch (thrown) {
      const error = toError(thrown);
      logger.error({ err: error }, 'leading could not begin; another replica may try');
      this.#fault = `leading could not begin: ${error.message}`;
      health?.set('leadership', false, this.#fault);
      this.#forget(term, this.#fault);
      await this.#giveBack(lease);
      return timings.durationMs;
    }
  }

  #told(term: TermUnderWay): Term {
    const { epoch, over } = term;
    const outranked = (found: number): void => this.#outranked(term, found);
    return { epoch, signal: over.signal, require: () => this.#require(term), outranked };
  }

  #outranked(term: TermUnderWay, found: number): void {
    if (this.#term !== term || found <= term.epoch) return;
    const isAbove = this.watch.raise(found);
    const cure = isAbove ? 'the next term is above it' : 'no term can be above it: set status.epoch of the record to 0';
    this.#options.logger.error(
      { epoch: term.epoch, found },
      `a record carries a higher epoch than the leader's; ${cure}`,
    );
    if (isAbove) this.#lose(term, `a record carries epoch ${found}`);
  }

  async #renew(term: TermUnderWay): Promise<number> {
    const { timings } = this.#options;
    if (this.remainingMs() <= 0) this.#lose(term, LATE);
    else if (term.isUncertain) await this.#reread(term);
    if (this.#term !== term) return 0;
    const isRenewed = !term.isUncertain && (await this.#sendRenewal(term));
    if (this.#term !== term) return 0;
    return isRenewed ? timings.renewMs : timings.standbyPollMs;
  }

  async #sendRenewal(term: TermUnderWay): Promise<boolean> {
    const { lease, metrics } = this.#options;
    const next = this.#beats.next(term.lease, term.epoch);
    const answer = await this.#call(() => lease.swap(term.lease, next));
    metrics.leaseRenewals.inc({ outcome: outcomeOf(answer) });
    if (answer.ok && answer.value) {
      this.#confirm(term, next);
      return true;
    }
    term.isUncertain = true;
    if (answer.ok && this.#term === term) await this.#reread(term);
    return false;
  }

  /** Who wrote? A renewal of this term's own whose answer was lost counts from when it was sent. */
  async #reread(term: TermUnderWay): Promise<void> {
    const { lease, clock, holder } = this.#options;
    const found = await this.#call(() => lease.read());
    if (!found.ok || this.#term !== term) return;
    const seen = found.value;
    if (!seen || (seen.holder === holder && seen.epoch === term.epoch && seen.durationMs > 0)) {
      this.#confirm(term, seen);
      return;
    }
    this.watch.saw(seen, clock.monotonic());
    this.#lose(term, `${seen.holder} has it, epoch ${seen.epoch}`);
  }

  /** The table is known to hold `lease` of this term; undefined when it was lost from the table. */
  #confirm(term: TermUnderWay, lease: Lease | undefined): void {
    const { clock, health, timings } = this.#options;
    const sentAt = this.#beats.sentAt(lease);
    term.lease = lease;
    term.isUncertain = false;
    // What has run out stays so: nobody may find the term alive who has found it over.
    if (sentAt === undefined || clock.monotonic() >= term.deadline) return;
    term.deadline = Math.max(term.deadline, sentAt + timings.durationMs);
    if (this.#term === term) health?.set('leadership', true, `leads, epoch ${term.epoch}`);
  }

  #arm(term: TermUnderWay): void {
    const { clock } = this.#options;
    term.timer = clock.after(Math.max(1, Math.ceil(term.deadline - clock.monotonic())), () => {
      if (this.#term !== term) return;
      if (clock.monotonic() < term.deadline) this.#arm(term);
      else this.#lose(term, LATE);
    });
  }

  #lose(term: TermUnderWay, why: string): void {
    this.#options.logger.warn({ epoch: term.epoch }, `the lease is lost: ${why}; this replica leads no more`);
    this.#forget(term, why);
    this.#ending = this.#stopLed(term, 0);
    this.#wake();
  }

  #forget(term: TermUnderWay, why: string): void {
    term.timer?.cancel();
    term.over.abort(new LeaseLostError(`the term of epoch ${term.epoch} is over: ${why}`));
    if (this.#term !== term) return;
    this.#term = undefined;
    this.#options.metrics.leader.set(0);
    this.#options.metrics.leaderTransitions.inc();
  }

  /** False when it did not end, or not in time: nothing waits for it any longer. */
  async #stopLed({ led }: TermUnderWay, graceMs: number): Promise<boolean> {
    if (!led) return true;
    const { clock, logger, timings } = this.#options;
    const bound = Math.max(graceMs + ABANDON_MS, timings.marginMs);
    const ended = await runWithDeadline(() => led.stop(graceMs), new AbortController(), bound, clock).outcome;
    if (!ended.ok) logger.error({ err: ended.error }, 'what was begun while leading did not end');
    return ended.ok && ended.value;
  }

  /** Others need not wait then. Tried twice; otherwise the lease runs out. */
  async #giveBack(held: Lease): Promise<void> {
    const { lease, holder, logger } = this.#options;
    let previous: Lease | undefined = held;
    for (let tries = 1; previous?.holder === holder && previous.durationMs > 0 && tries <= 2; tries += 1) {
      const from: Lease = previous;
      const next = { ...this.#beats.next(from, from.epoch), durationMs: 0 };
      const answer = await this.#call(() => lease.swap(from, next));
      if (answer.ok && answer.value) {
        logger.info({ epoch: from.epoch }, 'the lease is given back');
        return;
      }
      const found = await this.#call(() => lease.read());
      if (!found.ok) return;
      previous = found.value;
    }
  }

  /** The table may throw, hang, or answer when nobody waits any more. */
  async #call<T>(work: () => Promise<T>): Promise<Settled<T>> {
    const { clock, timings } = this.#options;
    const answer = await runWithDeadline(work, new AbortController(), timings.renewMs, clock).outcome;
    if (!answer.ok) this.#complain(answer.error);
    else {
      this.#heardAt = clock.monotonic();
      this.#isSilent = false;
    }
    return answer;
  }

  #complain(error: Error): void {
    const { clock, health, logger, timings } = this.#options;
    logger[this.#isSilent ? 'debug' : 'warn']({ err: error }, 'the table of the lease does not answer as it should');
    this.#isSilent = true;
    if (clock.monotonic() - this.#heardAt < timings.durationMs) return;
    health?.set('leadership', false, `the table of the lease cannot be used: ${error.message}`);
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(ms, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
  }
}

function outcomeOf(answer: Settled<boolean>): (typeof RENEWALS)[number] {
  if (!answer.ok) return 'unknown';
  return answer.value ? 'renewed' : 'refused';
}
