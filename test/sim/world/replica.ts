/** One replica of the operator, built of the operator's own parts as `src/operator.ts` builds it, but for its doors. */
import { pino } from 'pino';
import { makeBuckets } from '../../../src/aws/buckets.ts';
import { makeCaller } from '../../../src/aws/call.ts';
import { limitedPortsOver } from '../../../src/aws/make-aws.ts';
import { type Replica, startReplica } from '../../../src/controllers/replica.ts';
import { type Answer, makeAnswerer } from '../../../src/intake/webhook-answer.ts';
import type { Config } from '../../../src/model/config.ts';
import { makeLogTail } from '../../../src/observe/log-tail.ts';
import { DEFAULT_LEASE_TIMINGS, makeLeadership } from '../../../src/runtime/leader.ts';
import type { Leadership, LeasePort } from '../../../src/runtime/lease.ts';
import type { EnvironmentStore } from '../../../src/store/port.ts';
import { makeHealth } from '../../../src/telemetry/health.ts';
import { makeMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import type { SimDelivery } from '../github/hook.ts';
import type { SimGitHub } from '../github/port.ts';
import type { Actor } from '../kernel/actor.ts';
import type { Random } from '../kernel/random.ts';
import type { SimTime } from '../kernel/time.ts';
import type { SimSupervisors } from '../supervisors/port.ts';
import type { SimAws } from './aws.ts';
import { gatedControl, gatedGitHub, gatedLease, gatedStore } from './gates.ts';

export interface ReplicaWorld {
  readonly config: Config;
  readonly time: SimTime;
  readonly aws: SimAws;
  readonly store: EnvironmentStore;
  readonly lease: LeasePort;
  readonly github: SimGitHub;
  readonly supervisors: SimSupervisors;
  readonly random: Random;
  /** A nudge that arrives at the replica of this URL; false when it does not lead. */
  readonly nudge: (url: string, sessions: readonly string[]) => boolean;
}

export interface SimReplica {
  readonly name: string;
  readonly actor: Actor;
  readonly leadership: Leadership;
  readonly metrics: Metrics;
  /** Virtual ms since the start of the run. */
  readonly startedAt: number;
  /** Of work after an answer that failed. */
  readonly backgroundErrors: readonly Error[];
  webhook(delivery: SimDelivery): Promise<Answer>;
  onNudge: Replica['onNudge'];
  dead: Replica['dead'];
  /** As by SIGTERM. */
  stop(): Promise<void>;
}

const LOGGER = pino({ level: 'silent' });

/** `holder` is a name that no start of a process ever had. */
export function startSimReplica(world: ReplicaWorld, actor: Actor, holder: string): SimReplica {
  const { config, random } = world;
  const { clock } = actor;
  const metrics = makeMetrics();
  const leadership = makeLeadership({
    lease: gatedLease(actor, world.lease),
    holder,
    nudgeUrl: () => urlOf(actor.name),
    timings: DEFAULT_LEASE_TIMINGS,
    clock,
    logger: LOGGER,
    metrics,
  });
  const draw = random.stream(holder);
  const buckets = makeBuckets(clock, draw);
  const caller = makeCaller({ clock, metrics, buckets, beforeMutation: refuse });
  const aws = limitedPortsOver(world.aws.clientsFor(actor), caller, clock);
  const store = gatedStore(actor, world.store);
  const replica = startReplica({
    config,
    publicKey: 'PUBLIC KEY',
    clock,
    random: draw,
    logger: LOGGER,
    metrics,
    health: makeHealth(),
    aws,
    github: gatedGitHub(actor, world.github.port),
    control: gatedControl(actor, world.supervisors.control),
    store,
    logTail: makeLogTail({ aws, clock, secrets: [] }),
    leadership,
    nudge: (url, sessions) => void nudge(world, actor, url, sessions),
  });
  const backgroundErrors: Error[] = [];
  const answer = makeAnswerer({
    secret: config.secrets.webhookSecret,
    projects: config.projects,
    store,
    clock,
    deadlineMs: 8_000,
    onIntent: replica.onIntent,
    reread: (repo, number) => replica.reread([{ repo, number }], 'high'),
    track: () => undefined,
    onBackgroundError: (error) => void backgroundErrors.push(error),
  });
  return {
    name: actor.name,
    actor,
    leadership,
    metrics,
    startedAt: world.time.monotonic(),
    backgroundErrors,
    onNudge: replica.onNudge,
    dead: replica.dead,
    stop: replica.stop,
    webhook: ({ headers, event, body }) =>
      answer({ signature: headers['x-hub-signature-256'] ?? '', event, body: Buffer.from(body) }, Promise.resolve()),
  };
}

function refuse(operation: string): never {
  throw new Error(`${operation} would change something outside of a term`);
}

export function urlOf(name: string): string {
  return `http://${name}.test`;
}

/** A nudge that is lost costs nothing but time. */
async function nudge(world: ReplicaWorld, actor: Actor, url: string, sessions: readonly string[]): Promise<void> {
  const request = {
    service: 'control' as const,
    operation: 'nudge',
    mutates: false,
    about: `${url} ${sessions.join(' ')}`,
    input: sessions,
    perform: () => world.nudge(url, sessions),
    timeoutMs: 2_000,
  };
  await actor.call(request).catch(() => undefined);
}
