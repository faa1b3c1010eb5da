/**
 * The health that polling would have found, computed when somebody asks: between two announced changes all checks find
 * the same, so a loop needs no timer, and hours cost no more than seconds. A check that is due at the very moment of a
 * change finds what was before it.
 */
import { type CheckLoop, type CheckLoopOptions, questionOf, type StartLoop } from './check-loop.ts';
import { initialChecking, nextHealth, registering } from './health.ts';
import type { SteadyProber } from './prober.ts';
import type { HealthCheck, Target } from './state.ts';

export const computedLoops =
  (options: CheckLoopOptions, prober: SteadyProber): StartLoop =>
  (target, check) =>
    startComputedLoop(options, prober, { target, check });

/** Thresholds are at most 10: so many equal outcomes in a row lead to a health that further ones do not change. */
const settledAfter = 10;

interface Checked {
  readonly target: Target;
  readonly check: HealthCheck;
}

function startComputedLoop(options: CheckLoopOptions, prober: SteadyProber, checked: Checked): CheckLoop {
  const { clock, intervalScale } = options;
  const { target } = checked;
  let { check } = checked;
  let outcome = prober.answersNow(questionOf(target, check));
  let health = registering;
  let due = clock.now() + options.registrationMs * intervalScale;

  /** Makes up for all checks that are due by now. */
  const catchUp = (): void => {
    const now = clock.now();
    const interval = check.intervalSeconds * 1000 * intervalScale;
    for (let count = 0; due <= now && count < settledAfter; count++) {
      health = nextHealth(health === registering ? initialChecking : health, outcome, check);
      due += interval;
    }
    if (due <= now) due += interval * (Math.floor((now - due) / interval) + 1);
  };

  return {
    health() {
      catchUp();
      return health;
    },
    settings(newest) {
      if (newest === check) return;
      catchUp();
      check = newest;
      outcome = prober.answersNow(questionOf(target, check));
    },
    targetChanged() {
      catchUp();
      outcome = prober.answersNow(questionOf(target, check));
    },
    stop: () => {},
  };
}
