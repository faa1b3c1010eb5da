/** Replicas of the operator without doors, over one memory store, one lease, and the local AWS. */
import { pino } from 'pino';
import { type Replica, type ReplicaParts, startReplica } from '../../src/controllers/replica.ts';
import { makeLogTail } from '../../src/observe/log-tail.ts';
import { DEFAULT_LEASE_TIMINGS, makeLeadership } from '../../src/runtime/leader.ts';
import type { Leadership } from '../../src/runtime/lease.ts';
import { makeMemoryLease } from '../../src/store/lease-memory.ts';
import type { EnvironmentStore } from '../../src/store/port.ts';
import { type Health, makeHealth } from '../../src/telemetry/health.ts';
import { makeMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type ControllerWorld, fakeGitHub, makeControllerWorld } from './world.ts';

export interface StartedReplica {
  readonly replica: Replica;
  readonly leadership: Leadership;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly parts: ReplicaParts;
}

export interface ReplicaWorld extends ControllerWorld {
  readonly lease: ReturnType<typeof makeMemoryLease>;
  start(holder: string, change?: Partial<ReplicaParts>): StartedReplica;
}

export async function makeReplicaWorld(): Promise<ReplicaWorld> {
  const world = await makeControllerWorld();
  const lease = makeMemoryLease();
  const logger = pino({ level: 'silent' });
  const { clock, aws } = world.local;
  return {
    ...world,
    lease,
    start(holder, change = {}) {
      const [health, metrics] = [makeHealth(['store', 'leadership']), makeMetrics()];
      const timings = DEFAULT_LEASE_TIMINGS;
      const leadership = makeLeadership({ lease, holder, timings, clock, logger, metrics, health });
      const parts: ReplicaParts = {
        config: world.config,
        publicKey: 'PUBLIC KEY',
        clock,
        random: () => 0.5,
        logger,
        metrics,
        health,
        aws,
        github: fakeGitHub(world.heads),
        control: world.supervisors,
        store: world.store,
        logTail: makeLogTail({ aws, clock, secrets: [] }),
        leadership,
        nudge: () => undefined,
        ...change,
      };
      return { replica: startReplica(parts), leadership, health, metrics, parts };
    },
  };
}

/** The store, but it cannot be read while `isDown` says so. */
export function unreadable(store: EnvironmentStore, isDown: () => boolean): EnvironmentStore {
  const guard = (): void => {
    if (isDown()) throw new Error('AccessDeniedException');
  };
  return {
    ...store,
    async installation() {
      guard();
      return await store.installation();
    },
    async list() {
      guard();
      return await store.list();
    },
  };
}

/** The values of all series that are not 0, e.g. `orphan_rule: 1`. */
export async function notZero(metrics: Metrics): Promise<readonly string[]> {
  const gauges = [metrics.environments, metrics.orphans, metrics.orphansHeld, metrics.activeWorkers];
  const all = await Promise.all(gauges.map(async (gauge) => await gauge.get()));
  return all.flatMap(({ name, values }) =>
    values.flatMap(({ labels, value }) =>
      value === 0 ? [] : [`${[name, ...Object.values(labels)].join(' ')}: ${value}`],
    ),
  );
}
