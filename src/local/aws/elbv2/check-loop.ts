/** The checks of one target, by a timer for each or computed when somebody asks: what both have in common. */
import type { LocalClock } from '../service.ts';
import type { Health } from './health.ts';
import type { HealthCheck, Target } from './state.ts';

export interface CheckLoop {
  health(): Health;
  /** The group's settings may have changed: from the next check on, these are meant. */
  settings(check: HealthCheck): void;
  /** What the target answers has changed. */
  targetChanged(): void;
  stop(): void;
}

export interface CheckLoopOptions {
  readonly clock: LocalClock;
  /** Real seconds between two checks for each second that the target group says; 0.2 makes checks five times as frequent. */
  readonly intervalScale: number;
  /** From a target's registration until its first check, before scaling. */
  readonly registrationMs: number;
}

/** Begins to check the target. */
export type StartLoop = (target: Target, check: HealthCheck) => CheckLoop;

/** What is asked of the target, without the means of asking. */
export const questionOf = (target: Target, check: HealthCheck) => ({
  ip: target.ip,
  port: check.port === 'traffic-port' ? target.port : Number(check.port),
  path: check.path,
});
