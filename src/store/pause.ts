/** The pause of the whole installation, as last read. People edit it in the table, so nothing less than reading tells. */
import { canonical } from '../model/digest.ts';
import { type InstallationPause, pauseInForce, pauseText, type StoredInstallation } from '../model/installation.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { toError, WaitingError } from '../runtime/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EnvironmentStore } from './port.ts';

export interface PauseWatchOptions {
  readonly store: Pick<EnvironmentStore, 'installation'>;
  /** Between the end of one look and the start of the next. */
  readonly pollMs: number;
  readonly clock: Clock;
  /** A pause began, ended, or was changed; also after the first look. */
  readonly onChange: (pause: InstallationPause | undefined) => void;
  readonly onError: (error: Error) => void;
  readonly logger: Logger;
}

export interface PauseWatch {
  /**
   * What is in force now. Throws `WaitingError` until the item was read once: it may pause everything, and then nothing
   * may be changed; or nothing, and then nobody should be told of a pause.
   */
  current(): InstallationPause | undefined;
  /** No call of `onChange` begins after this; resolves when a look under way has ended. */
  stop(): Promise<void>;
}

export function watchPause({ store, pollMs, clock, onChange, onError, logger }: PauseWatchOptions): PauseWatch {
  let stored: StoredInstallation | undefined;
  let told: string | undefined;
  let stopped = false;
  let timer: Timer | undefined;

  const current = (): InstallationPause | undefined => {
    if (!stored) throw new WaitingError('Unknown', 'whether Mayfly is paused was not read yet', pollMs);
    return pauseInForce(stored, clock.now());
  };
  const look = async (): Promise<void> => {
    try {
      const found = await store.installation();
      if (stopped) return;
      stored = found;
      const pause = current();
      const next = canonical(pause ?? null);
      if (next === told) return;
      if (pause) logger.warn(pauseText(pause));
      else if (told !== undefined) logger.info('Mayfly is not paused any more');
      told = next;
      onChange(pause);
    } catch (error) {
      if (!stopped) onError(toError(error));
    }
  };
  let looking: Promise<void>;
  const loop = (): void => {
    looking = look().then(() => {
      if (!stopped) timer = clock.after(pollMs, loop);
    });
  };
  loop();

  return {
    current,
    async stop() {
      stopped = true;
      timer?.cancel();
      await looking;
    },
  };
}
