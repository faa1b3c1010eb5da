/** A standby reads little; it looks now and then whether it could, so that one that cannot is not counted on. */
import type { Timer } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import type { LoopParts } from './leading.ts';

type StandbyParts = Pick<LoopParts, 'store' | 'health' | 'clock' | 'logger' | 'config'>;

/**
 * Sets the health check `store` while `leads` is false, by the cheapest read of the records' table; the leader, which
 * reads all of it, sets it while it leads. The first look comes after a pause: the table was just prepared.
 */
export function startStandbyCheck({ store, health, clock, logger, config }: StandbyParts, leads: () => boolean): Timer {
  const { pollMs } = config.intervals;
  let timer = clock.after(pollMs, loop);
  let isStopped = false;

  async function look(): Promise<void> {
    if (leads()) return;
    const failure = await store.installation().then(() => undefined, toError);
    if (isStopped || leads()) return;
    health.set('store', !failure, failure?.message ?? 'the table is read');
    if (failure) logger.warn({ err: failure }, 'this standby could not read the table');
  }
  function loop(): void {
    void look().then(() => {
      if (!isStopped) timer = clock.after(pollMs, loop);
    });
  }
  return {
    cancel() {
      isStopped = true;
      timer.cancel();
    },
  };
}
