/**
 * Keeps one loop of checks for each target of each target group that is in use, and forgets draining targets when
 * their time has passed. Knows neither sockets nor the system's clock: both come from outside.
 */
import type { CheckLoop, CheckLoopOptions, StartLoop } from './check-loop.ts';
import { computedLoops } from './computed-loop.ts';
import { makeDrains } from './drains.ts';
import type { Health } from './health.ts';
import { polledLoops } from './polled-loop.ts';
import type { Prober, SteadyProber } from './prober.ts';
import type { Target, TargetGroup } from './state.ts';
import { isDraining, type Store, targetKey } from './store.ts';

export interface HealthChecksOptions extends CheckLoopOptions {
  readonly store: Store;
  readonly prober: Prober | SteadyProber;
  /** A draining target's time has passed. */
  onDrained(targetGroupArn: string, target: Target): void;
}

export interface HealthChecks {
  /** Starts and stops loops to fit the records; called after each change of them. */
  sync(): void;
  /** Of a target that is being checked; undefined when its group is not in use or it drains. */
  healthOf(targetGroupArn: string, target: Target): Health | undefined;
  /** What a target answers has changed; all of them when no address is named. For a `SteadyProber`. */
  targetChanged(ip?: string): void;
  stop(): void;
}

/** A target group as it was at the last sync, and the loops of its targets by `targetKey`. */
interface Watched {
  readonly group: TargetGroup;
  readonly inUse: boolean;
  readonly loops: ReadonlyMap<string, Loop>;
}

interface Loop extends CheckLoop {
  readonly ip: string;
}

const noLoops: ReadonlyMap<string, Loop> = new Map();

export function makeHealthChecks(options: HealthChecksOptions): HealthChecks {
  const { store } = options;
  const startLoop = loopStarter(options);
  const drains = makeDrains(options.clock, (arn, target) => options.onDrained(arn, target));
  const watched = new Map<string, Watched>();

  const unwatch = (arn: string): void => {
    for (const loop of watched.get(arn)?.loops.values() ?? []) loop.stop();
    watched.delete(arn);
    drains.fit(arn, undefined);
  };

  return {
    sync() {
      const { loadBalancerByGroup } = store.wiring();
      for (const arn of watched.keys()) if (!store.targetGroups.has(arn)) unwatch(arn);
      for (const group of store.targetGroups.values()) {
        const inUse = loadBalancerByGroup.has(group.arn);
        const before = watched.get(group.arn);
        if (before?.group === group && before.inUse === inUse) continue;
        watched.set(group.arn, {
          group,
          inUse,
          loops: fitLoops(before?.loops ?? noLoops, inUse ? group : undefined, startLoop),
        });
        drains.fit(group.arn, group);
      }
    },
    healthOf: (arn, target) => watched.get(arn)?.loops.get(targetKey(target))?.health(),
    targetChanged(ip) {
      for (const { loops } of watched.values()) {
        for (const loop of loops.values()) if (ip === undefined || loop.ip === ip) loop.targetChanged();
      }
    },
    stop() {
      for (const arn of watched.keys()) unwatch(arn);
      drains.stop();
    },
  };
}

const loopStarter = (options: HealthChecksOptions): StartLoop =>
  'answersNow' in options.prober ? computedLoops(options, options.prober) : polledLoops(options, options.prober);

/** A loop for each target that is to be checked: those that run go on, with the group's newest settings. */
function fitLoops(
  before: ReadonlyMap<string, Loop>,
  group: TargetGroup | undefined,
  startLoop: StartLoop,
): ReadonlyMap<string, Loop> {
  const loops = group === undefined ? noLoops : loopsOf(group, before, startLoop);
  for (const [key, loop] of before) if (loops.get(key) !== loop) loop.stop();
  return loops;
}

function loopsOf(
  group: TargetGroup,
  before: ReadonlyMap<string, Loop>,
  startLoop: StartLoop,
): ReadonlyMap<string, Loop> {
  const loops = new Map<string, Loop>();
  for (const target of group.targets) {
    if (isDraining(target)) continue;
    const key = targetKey(target);
    const running = before.get(key);
    running?.settings(group.healthCheck);
    loops.set(key, running ?? { ip: target.ip, ...startLoop(target, group.healthCheck) });
  }
  return loops;
}
