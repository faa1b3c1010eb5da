/** Forgets each draining target when its time has passed: one timer for each. */
import type { LocalClock } from '../service.ts';
import type { Target, TargetGroup } from './state.ts';
import { isDraining, targetKey } from './store.ts';

export interface Drains {
  /** Fits the timers to the group's targets; `undefined` for a group that is gone. */
  fit(targetGroupArn: string, group: TargetGroup | undefined): void;
  stop(): void;
}

interface Drain {
  readonly until: number;
  cancel(): void;
}

export function makeDrains(clock: LocalClock, onDrained: (targetGroupArn: string, target: Target) => void): Drains {
  /** By target group and target. */
  const drains = new Map<string, Map<string, Drain>>();

  const keepOrStart = (arn: string, target: Target, known: Drain | undefined): Drain => {
    const until = target.drainingUntil ?? clock.now();
    if (known?.until === until) return known;
    const timer = clock.after(Math.max(0, until - clock.now()), () => onDrained(arn, target));
    return { until, cancel: () => timer.cancel() };
  };

  return {
    fit(arn, group) {
      const before = drains.get(arn);
      const draining = (group?.targets ?? []).filter(isDraining);
      const after = new Map(
        draining.map((target) => [targetKey(target), keepOrStart(arn, target, before?.get(targetKey(target)))]),
      );
      for (const [key, drain] of before ?? []) if (after.get(key) !== drain) drain.cancel();
      if (after.size > 0) drains.set(arn, after);
      else drains.delete(arn);
    },
    stop() {
      for (const each of drains.values()) for (const drain of each.values()) drain.cancel();
      drains.clear();
    },
  };
}
