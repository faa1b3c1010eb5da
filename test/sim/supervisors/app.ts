/** The app that a supervisor serves: it comes up, dies as its commit's plan says, and is started again with growing pauses. */
import { makeAlarm, type Surroundings } from './container.ts';

export interface SimApp {
  commit(): string | undefined;
  isUp(): boolean;
  /** Serves from now on, in place of the one before. */
  adopt(commit: string | undefined): void;
  /** It dies now. */
  die(): void;
  /** For good. */
  stop(): void;
}

export interface AppOptions {
  readonly around: Surroundings;
  /** It died too often in a row. True: go on trying, since a newer version is on its way. */
  readonly onCrashLoop: () => boolean;
}

export function makeSimApp({ around, onCrashLoop }: AppOptions): SimApp {
  const { clock, timings, planOf, changed, tell } = around;
  const alarm = makeAlarm(clock);
  let commit: string | undefined;
  let up = false;
  let deaths = 0;
  let healthySince = 0;

  function comeUp(): void {
    up = true;
    healthySince = clock.monotonic();
    const { outcome } = planOf(commit);
    if (outcome?.kind === 'crashes') alarm.set(outcome.afterMs, die);
    if (outcome?.kind === 'out-of-memory') alarm.set(outcome.afterMs, around.outOfMemory);
    changed();
  }

  function die(): void {
    if (!up) return;
    up = false;
    alarm.cancel();
    deaths = clock.monotonic() - healthySince >= timings.stable ? 1 : deaths + 1;
    tell(`the app died (${deaths} in a row)`);
    changed();
    const pause = timings.restarts[deaths - 1];
    if (pause === undefined && !onCrashLoop()) return;
    const start = planOf(commit).phases?.start ?? timings.phases.start;
    alarm.set((pause ?? timings.restarts.at(-1) ?? 0) + start, comeUp);
  }

  return {
    commit: () => commit,
    isUp: () => up,
    adopt(next) {
      alarm.cancel();
      commit = next;
      deaths = 0;
      comeUp();
    },
    die,
    stop() {
      alarm.cancel();
      up = false;
    },
  };
}
