/** A container of an image without a supervisor: after a while it answers every host, and every path, with its own app. */
import { type Container, makeAlarm, noTroubles, type Surroundings, taskIdOf } from './container.ts';
import type { CommitPlan } from './port.ts';

const REFUSED = 'refused the connection: no supervisor listens there';
const FAILED = { exitCode: 1 };

export function makePlain(around: Surroundings): Container {
  const { spec, clock, timings, changed } = around;
  const session = spec.env['SESSION_ID'] ?? '';
  const commit = spec.env['COMMIT'] || undefined;
  const troubles = noTroubles();
  const life = makeAlarm(clock);
  const end = makeAlarm(clock);
  let up = false;
  let stopping = false;

  const outcome: CommitPlan['outcome'] = around.planOf(commit).outcome;
  const silent = (): boolean => troubles.frozen || troubles.hung;

  function comeUp(): void {
    if (outcome?.kind === 'hangs') return;
    if (outcome?.kind === 'fails') return around.exit(FAILED);
    up = true;
    if (outcome?.kind === 'crashes') life.set(outcome.afterMs, () => around.exit(FAILED));
    if (outcome?.kind === 'out-of-memory') life.set(outcome.afterMs, around.outOfMemory);
    changed();
  }

  life.set(timings.plainStart, comeUp);

  return {
    spec,
    session,
    troubles,
    view: () => ({
      taskId: taskIdOf(spec),
      ip: spec.address,
      session,
      liveCommit: up ? commit : undefined,
      jobCommit: undefined,
      healthy: up && !silent(),
      stopping,
    }),
    probe() {
      if (silent()) return { kind: 'timeout' };
      return up ? { kind: 'response', status: 200 } : { kind: 'failed' };
    },
    answer: () => (up && !silent() ? { kind: 'app', session, commit } : { kind: 'nothing' }),
    report: () => ({ ok: false, message: REFUSED }),
    sync: () => REFUSED,
    term() {
      if (stopping) return;
      stopping = true;
      end.set(timings.term, () => around.exit({ exitCode: 143 }));
    },
    crash: () => around.exit(FAILED),
    dispose() {
      life.cancel();
      end.cancel();
    },
  };
}
