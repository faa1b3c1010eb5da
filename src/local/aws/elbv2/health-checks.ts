/**
 * Keeps one loop of checks for each target of each target group that is in use, and forgets draining targets when
 * their time has passed. Knows neither sockets nor the system's clock: both come from outside.
 */
import type { LocalClock } from '../service.ts';
import { type Health, initialChecking, nextHealth, registering } from './health.ts';
import type { Prober } from './prober.ts';
import type { Target, TargetGroup } from './state.ts';
import { isDraining, loadBalancerByGroup, type Store, targetKey } from './store.ts';

export interface HealthChecksOptions {
  readonly store: Store;
  readonly clock: LocalClock;
  readonly prober: Prober;
  /** Real seconds between two checks for each second that the target group says; 0.2 makes checks five times as frequent. */
  readonly intervalScale: number;
  /** From a target's registration until its first check, before scaling. */
  readonly registrationMs: number;
  /** A draining target's time has passed. */
  onDrained(targetGroupArn: string, target: Target): void;
}

export interface HealthChecks {
  /** Starts and stops loops to fit the records; called after each change of them. */
  sync(): void;
  /** Of a target that is being checked; undefined when its group is not in use or it drains. */
  healthOf(targetGroupArn: string, target: Target): Health | undefined;
  stop(): void;
}

interface Loop {
  health: Health;
  timer?: { cancel(): void };
  readonly stopped: AbortController;
}

interface Checked {
  readonly group: TargetGroup;
  readonly target: Target;
}

const keyOf = (targetGroupArn: string, target: Target): string => `${targetGroupArn}|${targetKey(target)}`;

export function makeHealthChecks(options: HealthChecksOptions): HealthChecks {
  const { store, clock, prober, intervalScale } = options;
  const loops = new Map<string, Loop>();
  const drains = new Map<string, { readonly until: number; cancel(): void }>();

  const start = (key: string, { group, target }: Checked): void => {
    const loop: Loop = { health: registering, stopped: new AbortController() };
    loops.set(key, loop);
    const check = (): void => {
      if (loop.health === registering) loop.health = initialChecking;
      void runCheck(loop, group.arn, target).then((next) => {
        if (next !== undefined) loop.timer = clock.after(next, check);
      });
    };
    loop.timer = clock.after(options.registrationMs * intervalScale, check);
  };

  /** Checks once; returns the milliseconds until the next check, or undefined when the loop is over. */
  const runCheck = async (loop: Loop, groupArn: string, target: Target): Promise<number | undefined> => {
    const asked = store.targetGroups.get(groupArn)?.healthCheck;
    if (asked === undefined) return undefined;
    const began = clock.now();
    const outcome = await prober.probe({
      ip: target.ip,
      port: asked.port === 'traffic-port' ? target.port : Number(asked.port),
      path: asked.path,
      timeoutMs: asked.timeoutSeconds * 1000,
      signal: loop.stopped.signal,
    });
    // The settings may have changed while the check was under way: the newest decide.
    const check = store.targetGroups.get(groupArn)?.healthCheck;
    if (loop.stopped.signal.aborted || check === undefined) return undefined;
    loop.health = nextHealth(loop.health, outcome, check);
    return Math.max(0, check.intervalSeconds * 1000 * intervalScale - (clock.now() - began));
  };

  const stopLoop = (key: string, loop: Loop): void => {
    loops.delete(key);
    loop.timer?.cancel();
    loop.stopped.abort();
  };

  const syncLoops = (): void => {
    const wanted = checkedTargets(store);
    for (const [key, loop] of loops) if (!wanted.has(key)) stopLoop(key, loop);
    for (const [key, checked] of wanted) if (!loops.has(key)) start(key, checked);
  };

  const syncDrains = (): void => {
    const draining = drainingTargets(store);
    for (const [key, drain] of drains) {
      if (draining.get(key)?.target.drainingUntil === drain.until) continue;
      drain.cancel();
      drains.delete(key);
    }
    for (const [key, { group, target }] of draining) {
      const until = target.drainingUntil;
      if (until === undefined || drains.has(key)) continue;
      const timer = clock.after(Math.max(0, until - clock.now()), () => options.onDrained(group.arn, target));
      drains.set(key, { until, cancel: () => timer.cancel() });
    }
  };

  return {
    sync() {
      syncLoops();
      syncDrains();
    },
    healthOf: (targetGroupArn, target) => loops.get(keyOf(targetGroupArn, target))?.health,
    stop() {
      for (const [key, loop] of loops) stopLoop(key, loop);
      for (const drain of drains.values()) drain.cancel();
      drains.clear();
    },
  };
}

function checkedTargets(store: Store): ReadonlyMap<string, Checked> {
  const inUse = loadBalancerByGroup(store);
  return targetsWhere(store, (group, target) => inUse.has(group.arn) && !isDraining(target));
}

const drainingTargets = (store: Store): ReadonlyMap<string, Checked> =>
  targetsWhere(store, (_group, target) => isDraining(target));

function targetsWhere(
  store: Store,
  isMeant: (group: TargetGroup, target: Target) => boolean,
): ReadonlyMap<string, Checked> {
  const found = new Map<string, Checked>();
  for (const group of store.targetGroups.values()) {
    for (const target of group.targets) {
      if (isMeant(group, target)) found.set(keyOf(group.arn, target), { group, target });
    }
  }
  return found;
}
