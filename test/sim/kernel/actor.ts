/**
 * One replica seen from outside: its clock and the one way by which it reaches the world. Here it can be frozen (SIGSTOP:
 * time goes on, it does not notice), ended between any two calls, and given a clock of another speed.
 */
import type { Clock, Timer } from '../../../src/runtime/clock.ts';
import { toError } from '../../../src/runtime/errors.ts';
import { type Call, type Fault, type Finished, type ServiceName, type Weather } from './calls.ts';
import { SIM_EPOCH, type SimTime } from './time.ts';

export interface Journal {
  begun(call: Call): void;
  finished(call: Finished): void;
}

export interface ActorOptions {
  readonly name: string;
  /** Of this start; no other has it. */
  readonly process: string;
  readonly time: SimTime;
  readonly journal: Journal;
  readonly weather: Weather;
  /** How long the answer of this call takes, in virtual ms. */
  readonly latency: (call: Call) => number;
  /** Seconds of its clock for each true second. */
  readonly rate?: number;
  /** What a fault asked for has happened. */
  readonly onFate: (actor: Actor, fate: 'crashed' | 'frozen') => void;
}

export interface Request<T> {
  readonly service: ServiceName;
  readonly operation: string;
  readonly mutates: boolean;
  readonly about: string;
  readonly input: unknown;
  readonly perform: () => T | Promise<T>;
  /** Where the adapter that this stands for gives up by itself, in ms; absent: the caller bounds its calls. */
  readonly timeoutMs?: number;
}

export interface Actor {
  readonly name: string;
  readonly process: string;
  readonly clock: Clock;
  call<T>(request: Request<T>): Promise<T>;
  /** Nothing of it happens any more: no timer, no answer, no call. */
  kill(): void;
  alive(): boolean;
  freeze(): void;
  thaw(): void;
  frozen(): boolean;
}

/** As the network's own errors look to the SDK's caller. */
export function networkError(code = 'ECONNRESET'): Error {
  return Object.assign(new Error(code === 'ECONNRESET' ? 'socket hang up' : code), { code });
}

/** A new one each time: what waits for it goes with it, instead of gathering at one that lives for ever. */
const never = (): Promise<never> => new Promise(() => undefined);

export function makeActor(options: ActorOptions): Actor {
  const { name, process, time, journal, weather, latency, rate = 1 } = options;
  let calls = 0;
  const born = time.monotonic();
  let alive = true;
  let frozen = false;
  /** What would have happened while it was frozen. */
  let parked: (() => void)[] = [];

  const deliver = (fn: () => void): void => {
    if (!alive) return;
    if (frozen) parked.push(fn);
    else fn();
  };
  const clock: Clock = {
    now: () => SIM_EPOCH + born + (time.monotonic() - born) * rate,
    monotonic: () => (time.monotonic() - born) * rate,
    after: (ms, fn): Timer => (alive ? time.after(ms / rate, () => deliver(fn)) : { cancel: () => undefined }),
  };
  const kill = (): void => {
    alive = false;
    parked = [];
  };
  const crash = (): Promise<never> => {
    kill();
    options.onFate(actor, 'crashed');
    return never();
  };

  const freezeFor = (ms: number): void => {
    actor.freeze();
    options.onFate(actor, 'frozen');
    time.after(ms, () => actor.thaw());
  };

  const actor: Actor = {
    name,
    process,
    clock,
    kill,
    alive: () => alive,
    frozen: () => frozen,
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
      const due = parked;
      parked = [];
      for (const fn of due) deliver(fn);
    },
    async call<T>(request: Request<T>): Promise<T> {
      if (!alive) return never();
      const { perform, timeoutMs, ...told } = request;
      const call: Call = { ...told, index: calls++, at: time.monotonic(), actor: name, process };
      journal.begun(call);
      const fault = weather.faultOf(call);
      if (fault?.kind === 'crash' && fault.when === 'before') {
        journal.finished({ ...call, outcome: 'crash', answeredAt: time.monotonic() });
        return crash();
      }
      if (fault?.kind === 'frozen') freezeFor(fault.ms);
      const result = await settle(() => struck(fault, perform, time));
      if (fault?.kind === 'crash') {
        journal.finished({ ...call, outcome: 'crash', answeredAt: time.monotonic() });
        return crash();
      }
      return new Promise<T>((resolve, reject) => {
        if (result.kind === 'never') {
          journal.finished({ ...call, outcome: 'hangs', answeredAt: Number.POSITIVE_INFINITY });
          if (timeoutMs !== undefined) time.after(timeoutMs, () => deliver(() => reject(networkError('ETIMEDOUT'))));
          return;
        }
        time.after(latency(call), () => {
          const answeredAt = time.monotonic();
          if (result.kind === 'error') {
            const error = toError(result.error).message;
            journal.finished({ ...call, outcome: fault?.kind ?? 'error', answeredAt, error });
            deliver(() => reject(toError(result.error)));
          } else {
            journal.finished({ ...call, outcome: fault?.kind ?? 'ok', answeredAt, answer: result.value });
            deliver(() => resolve(result.value));
          }
        });
      });
    },
  };
  return actor;
}

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'never' };

class NeverAnswered extends Error {}

async function settle<T>(work: () => T | Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'value', value: await work() };
  } catch (error) {
    return error instanceof NeverAnswered ? { kind: 'never' } : { kind: 'error', error };
  }
}

/** What the call does to the world, and what the caller hears of it. */
async function struck<T>(fault: Fault | undefined, perform: () => T | Promise<T>, time: SimTime): Promise<T> {
  switch (fault?.kind) {
    case undefined:
    case 'crash':
      return await perform();
    case 'lost':
      throw networkError();
    case 'answer-lost':
      await settle(perform);
      throw networkError();
    case 'late':
      time.after(fault.ms, () => void settle(perform));
      throw networkError();
    case 'doubled':
      await settle(perform);
      return await perform();
    case 'hangs':
      if (fault.applied) await settle(perform);
      throw new NeverAnswered();
    case 'refused':
      throw fault.error();
    case 'frozen':
      if (fault.applied === 'now') return await perform();
      return await new Promise<T>((resolve, reject) => {
        time.after(
          fault.ms,
          () =>
            void settle(perform).then((done) => (done.kind === 'value' ? resolve(done.value) : reject(networkError()))),
        );
      });
    case 'answered':
      return fault.answer(await perform()) as T;
  }
}
