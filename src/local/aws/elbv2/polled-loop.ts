/** Checks a target by asking it, once an interval, for as long as the loop runs. */
import { type CheckLoop, type CheckLoopOptions, questionOf, type StartLoop } from './check-loop.ts';
import { initialChecking, nextHealth, registering } from './health.ts';
import type { Prober } from './prober.ts';
import type { HealthCheck, Target } from './state.ts';

export const polledLoops =
  (options: CheckLoopOptions, prober: Prober): StartLoop =>
  (target, check) =>
    startPolledLoop(options, prober, { target, check });

interface Checked {
  readonly target: Target;
  readonly check: HealthCheck;
}

function startPolledLoop(options: CheckLoopOptions, prober: Prober, checked: Checked): CheckLoop {
  const { clock, intervalScale } = options;
  const stopped = new AbortController();
  let { check } = checked;
  let health = registering;
  let timer = clock.after(options.registrationMs * intervalScale, begin);

  /** Checks once; the next check begins an interval after this one began. */
  async function run(): Promise<void> {
    const began = clock.now();
    const outcome = await prober.probe({
      ...questionOf(checked.target, check),
      timeoutMs: check.timeoutSeconds * 1000,
      signal: stopped.signal,
    });
    if (stopped.signal.aborted) return;
    // The settings may have changed while the check was under way: the newest decide.
    health = nextHealth(health, outcome, check);
    const next = check.intervalSeconds * 1000 * intervalScale - (clock.now() - began);
    timer = clock.after(Math.max(0, next), begin);
  }

  function begin(): void {
    if (health === registering) health = initialChecking;
    void run();
  }

  return {
    health: () => health,
    settings(newest) {
      check = newest;
    },
    // The next check finds out.
    targetChanged: () => {},
    stop() {
      timer.cancel();
      stopped.abort();
    },
  };
}
