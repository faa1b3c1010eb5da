/**
 * The change source: reads the whole table every so often and names the records of which desired state changed. People
 * edit the table with whatever they like, so nothing less than reading it tells. A lost look costs nothing: the next one
 * compares with the last that succeeded.
 */
import { canonical, digest } from '../model/digest.ts';
import type { StoredEnvironment } from '../model/environment.ts';
import type { Clock, Timer } from '../runtime/clock.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { EnvironmentStore } from './port.ts';

export interface WatchOptions {
  readonly store: Pick<EnvironmentStore, 'list'>;
  /** Between the end of one look and the start of the next. */
  readonly pollMs: number;
  readonly clock: Clock;
  /** A record's desired state changed, appeared or disappeared. The first look names every record. */
  readonly onChange: (sessionId: string) => void;
  /** Each look that succeeded, with everything it read. */
  readonly onRead?: ((records: readonly StoredEnvironment[]) => void) | undefined;
  readonly onError: (error: Error) => void;
  readonly logger: Logger;
}

export interface StoreWatch {
  /** No call of `onChange` begins after this; resolves when a look under way has ended. */
  stop(): Promise<void>;
  /** The records as last read; empty before the first look has ended. */
  current(): readonly StoredEnvironment[];
}

export function watchStore(options: WatchOptions): StoreWatch {
  const { store, pollMs, clock, onError, logger } = options;
  let records: readonly StoredEnvironment[] = [];
  let known: ReadonlyMap<string, string> = new Map();
  let stopped = false;
  let timer: Timer | undefined;

  const look = async (): Promise<void> => {
    try {
      const found = await store.list();
      if (stopped) return;
      records = found;
      const before = known;
      known = new Map(found.map((record) => [record.sessionId, desiredDigest(record)]));
      const changed = changedKeys(before, known);
      if (changed.length > 0) logger.debug({ changed: changed.length, records: found.length }, 'desired state changed');
      options.onRead?.(found);
      for (const sessionId of changed) notify(options, sessionId);
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
    async stop() {
      stopped = true;
      timer?.cancel();
      await looking;
    },
    current: () => records,
  };
}

/** One listener's fault must not hide the other changes. */
function notify({ onChange, onError }: WatchOptions, sessionId: string): void {
  try {
    onChange(sessionId);
  } catch (error) {
    onError(toError(error));
  }
}

function changedKeys(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const changed = [...after].filter(([key, value]) => before.get(key) !== value).map(([key]) => key);
  const gone = [...before.keys()].filter((key) => !after.has(key));
  return [...changed, ...gone];
}

/** Of desired state, or of what is wrong with it: status alone never triggers. */
function desiredDigest(record: StoredEnvironment): string {
  return digest(canonical(record.ok ? record.desired : record.faults));
}
