/**
 * A whole installation in one thread: replicas of the operator, the local AWS, GitHub, the supervisors in the tasks and
 * the table, all under one clock and one seed.
 */
import { WEBHOOK_REASONS } from '../../../src/intake/webhook-reasons.ts';
import type { Config } from '../../../src/model/config.ts';
import { makeMemoryLease } from '../../../src/store/lease-memory.ts';
import { makeMemoryStore, type MemoryStore } from '../../../src/store/memory.ts';
import type { RunTaskFailure } from '../../../src/local/aws/ecs/switches.ts';
import { INTERRUPTIONS, type StopReason } from '../../../src/local/aws/ecs/interruptions.ts';
import type { EcsSettings } from '../../../src/local/aws/ecs/service.ts';
import type { Elbv2Options } from '../../../src/local/aws/elbv2/elbv2.ts';
import { makeSimGitHub } from '../github/sim-github.ts';
import type { SimDelivery } from '../github/hook.ts';
import type { SimGitHub } from '../github/port.ts';
import { type Actor, makeActor } from '../kernel/actor.ts';
import { type Call, FAIR, type Weather } from '../kernel/calls.ts';
import { makeJournal, type SimJournal } from '../kernel/journal.ts';
import { hashOf, makeRandom, type Random } from '../kernel/random.ts';
import { makeSimTime, type SimTime } from '../kernel/time.ts';
import type { SimSupervisors, SupervisorTimings } from '../supervisors/port.ts';
import { makeSimSupervisors } from '../supervisors/sim-supervisors.ts';
import { makeSimAws, type SimAws } from './aws.ts';
import { type ConfigChange, configFor, REPO } from './config.ts';
import { type SimReplica, startSimReplica, urlOf } from './replica.ts';

export interface WorldOptions extends ConfigChange {
  readonly seed: number;
  readonly weather?: Weather;
  /** See `SimAwsOptions`. */
  readonly overTheWire?: boolean;
  readonly ecs?: Partial<EcsSettings>;
  readonly elbv2?: Partial<Elbv2Options>;
  readonly supervisorTimings?: Partial<SupervisorTimings>;
  /** Sessions that nothing in the story may interrupt once they serve. */
  readonly alwaysServed?: readonly string[];
  /** For how long a replica may be shown what is no more, in ms: what it should notice, it may notice so much later. */
  readonly blindMs?: number;
  /** Delays after which a delivery arrives, one for each arrival; none: it is dropped (P4). */
  readonly arrivals?: (delivery: SimDelivery) => readonly number[];
  /** What comes after a crash that a fault asked for: the same replica anew, or nothing for long, so that another leads. */
  readonly afterCrash?: 'restart' | 'handover';
}

/** A webhook that was answered with a promise. */
export interface Accepted {
  readonly delivery: SimDelivery;
  readonly at: number;
}

export interface World {
  readonly options: WorldOptions;
  readonly time: SimTime;
  readonly random: Random;
  readonly journal: SimJournal;
  readonly config: Config;
  readonly aws: SimAws;
  readonly github: SimGitHub;
  readonly supervisors: SimSupervisors;
  readonly store: MemoryStore;
  readonly lease: ReturnType<typeof makeMemoryLease>;
  /** Those that are alive, by name. */
  readonly replicas: ReadonlyMap<string, SimReplica>;
  readonly accepted: readonly Accepted[];
  /** ARNs of what is not ours, and of rules of ours that people changed or made. */
  readonly foreign: Set<string>;
  readonly madeByPeople: Set<string>;
  /** Pull requests whose record a person deleted. */
  readonly forgotten: Set<number>;
  /** False once a replica's clock runs at another speed. */
  clocksAreTrue: boolean;
  /** What RunTask answers in `failures[]`; undefined: there is capacity. */
  refusal: RunTaskFailure | undefined;
  /** Since when the installation is paused, in ms since the start. */
  pausedSince: number | undefined;
  /** Whether something may have changed since this was last asked for the topic: a change was made, or a second passed. */
  changed(topic: string): boolean;
  /** Something changed that no call of a replica changed. */
  touch(): void;
  boot(name: string, rate?: number): SimReplica;
  /** kill -9. */
  kill(name: string): void;
  /** SIGTERM; gone when it resolves. */
  stop(name: string): Promise<void>;
  /** Lets time pass. */
  run(ms: number): Promise<void>;
  /** Lets time pass until it is so, looking after each timer, at most `ms`; false when it never was. */
  until(isSo: () => boolean, ms: number): Promise<boolean>;
  /** Called after everything that happened, once all it led to at the same moment has happened too. */
  eachMoment(look: () => void): void;
}

const RESTART_MS = 5_000;
const HANDOVER_MS = 60_000;

export async function makeWorld(options: WorldOptions): Promise<World> {
  const time = makeSimTime();
  const random = makeRandom(options.seed);
  const journal = makeJournal(time);
  const looks: (() => void)[] = [];
  const replicas = new Map<string, SimReplica>();
  const accepted: Accepted[] = [];
  const post = makePost({ time, replicas, accepted, arrivals: options.arrivals ?? (() => [150]), journal });
  const github = makeSimGitHub({ clock: time, random: random.stream('github'), repo: REPO, deliver: post });
  const supervisors: SimSupervisors = makeSimSupervisors({
    clock: time,
    random: random.stream('supervisors'),
    timings: options.supervisorTimings,
    supervised: () => options.project?.supervisor ?? true,
    onHealthChange(ip) {
      aws.elbv2.targetChanged(ip);
      world.touch();
    },
    outOfMemory: (taskId) => interruptTask(aws, taskId, INTERRUPTIONS.outOfMemory),
    tell: (ip, session, line) => journal.tell(`task ${ip}`, `${session}: ${line}`),
  });
  const ecs = { failRunTask: () => world.refusal, ...options.ecs };
  const aws = await makeSimAws({
    ...options,
    ecs,
    time,
    random,
    runner: supervisors.runner,
    prober: supervisors.steadyProber,
  });
  const config = configFor(aws, options);
  const store = makeMemoryStore();
  const lease = makeMemoryLease();
  const nudge = (url: string, sessions: readonly string[]): boolean =>
    [...replicas.values()].find(({ name }) => urlOf(name) === url)?.onNudge(sessions) ?? false;
  const surroundings = { config, time, aws, store, lease, github, supervisors, random, nudge };
  const fresh = makeFreshness(time);
  journal.listen({ finished: (call) => call.mutates && fresh.touch() });
  let boots = 0;

  /** A crashed replica comes back soon, or, for a handover, late, with another beside it from now on. */
  const onFate = ({ name }: Actor, fate: 'crashed' | 'frozen'): void => {
    journal.tell('the world', `${name} ${fate}`);
    const handsOver = fate === 'frozen' || options.afterCrash === 'handover';
    if (handsOver && !replicas.has('beta')) time.after(0, () => void world.boot('beta'));
    if (fate === 'frozen') return;
    replicas.delete(name);
    time.after(handsOver ? HANDOVER_MS : RESTART_MS, () => replicas.has(name) || world.boot(name));
  };
  const world: World = {
    options,
    time,
    random,
    journal,
    config,
    aws,
    github,
    supervisors,
    store,
    lease,
    replicas,
    accepted,
    foreign: new Set(),
    madeByPeople: new Set(),
    forgotten: new Set(),
    clocksAreTrue: true,
    refusal: undefined,
    pausedSince: undefined,
    changed: fresh.changed,
    touch: fresh.touch,
    boot(name, rate = 1) {
      const running = replicas.get(name);
      if (running?.actor.alive()) return running;
      boots += 1;
      if (rate !== 1) world.clocksAreTrue = false;
      const weather = options.weather ?? FAIR;
      const process = `${name}.${boots}`;
      const latency = latencyFor(options.seed);
      const actor = makeActor({ name, process, time, journal, weather, latency, rate, onFate });
      journal.tell('the world', `${name} starts`);
      const replica = startSimReplica(surroundings, actor, process);
      replicas.set(name, replica);
      return replica;
    },
    kill(name) {
      journal.tell('the world', `${name} is killed`);
      replicas.get(name)?.actor.kill();
      replicas.delete(name);
    },
    async stop(name) {
      journal.tell('the world', `${name} is told to stop`);
      const replica = replicas.get(name);
      await replica?.stop();
      replica?.actor.kill();
      if (replicas.get(name) === replica) replicas.delete(name);
    },
    run: (ms) => time.run(time.monotonic() + ms, () => look()),
    async until(isSo, ms) {
      let met = isSo();
      await time.run(time.monotonic() + ms, () => {
        look();
        met ||= isSo();
        return met;
      });
      return met;
    },
    eachMoment: (fn) => void looks.push(fn),
  };
  const look = (): void => {
    for (const fn of looks) fn();
  };
  return world;
}

function interruptTask({ ecs }: SimAws, taskId: string, why: StopReason): boolean {
  const task = ecs.state.tasks[taskId];
  return task !== undefined && ecs.interrupt(task.arn, why);
}

const LOOK_EVERY_MS = 1_000;

/** Topics that were looked at since the last change, and when. */
function makeFreshness(time: SimTime): Pick<World, 'changed' | 'touch'> {
  const looked = new Map<string, number>();
  return {
    touch: () => looked.clear(),
    changed(topic) {
      const now = time.monotonic();
      const last = looked.get(topic);
      if (last !== undefined && now - last < LOOK_EVERY_MS) return false;
      looked.set(topic, now);
      return true;
    },
  };
}

/** Milliseconds from a call to its answer, from its number alone: a fault elsewhere does not change it. */
function latencyFor(seed: number): (call: Call) => number {
  const spans = { aws: [20, 80], store: [3, 12], lease: [3, 12], github: [80, 200], control: [3, 20] } as const;
  return ({ service, process, index }) => {
    const [least, most] = spans[service];
    return least + (hashOf(`${seed} ${process} ${index}`) % (most - least));
  };
}

interface PostOptions {
  readonly time: SimTime;
  readonly replicas: ReadonlyMap<string, SimReplica>;
  readonly accepted: Accepted[];
  readonly arrivals: (delivery: SimDelivery) => readonly number[];
  readonly journal: SimJournal;
}

/** GitHub does not try again by itself; somebody who sees a failed delivery does. */
const REDELIVERED_MS = 60_000;
const ANSWER_WITHIN_MS = 10_000;

/** The way of a webhook: through a load balancer to whichever replica is up. */
function makePost({ time, replicas, accepted, arrivals, journal }: PostOptions): (delivery: SimDelivery) => void {
  let turn = 0;
  const arrive = (delivery: SimDelivery): void => {
    const what = `${delivery.event} ${delivery.action ?? ''} #${delivery.pull ?? ''}`;
    let answered = false;
    const redeliver = (why: string): void => {
      journal.tell('github', `${what}: ${why}; somebody has it delivered again`);
      time.after(REDELIVERED_MS, () => arrive(delivery));
    };
    const up = [...replicas.values()].filter(({ actor }) => actor.alive() && !actor.frozen());
    const replica = up[turn++ % up.length];
    if (!replica) return redeliver('nobody answers');
    time.after(ANSWER_WITHIN_MS, () => answered || redeliver('no answer'));
    void replica.webhook(delivery).then(({ reason }) => {
      if (answered) return;
      answered = true;
      const { status, outcome } = WEBHOOK_REASONS[reason];
      journal.tell('github', `${what} → ${replica.name}: ${status} ${reason}`);
      if (outcome === 'accepted') accepted.push({ delivery, at: time.monotonic() });
      if (status >= 300) redeliver(String(status));
    });
  };
  return (delivery) => {
    const delays = arrivals(delivery);
    if (delays.length === 0) journal.tell('github', `${delivery.event} ${delivery.action ?? ''} is lost on its way`);
    for (const ms of delays) time.after(ms, () => arrive(delivery));
  };
}
