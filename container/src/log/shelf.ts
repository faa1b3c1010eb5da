/** Which logs there are: of each phase the newest job's and the one before, of each process of the app one. */
import { PHASES } from '../updates/progress.ts';
import type { LogSource } from './entry.ts';
import { type LogFiles, makeLogFiles } from './files.ts';
import type { Part } from './parts.ts';
import { notice } from './render.ts';
import { makeSpool, type Spool } from './spool.ts';

export interface Shelf {
  /** Where lines of this source go now. */
  spool(source: LogSource): Spool;
  beginJob(): void;
  /** Parts of each log; of all, when no source is given. */
  logs(source?: LogSource): Part[][];
  close(): Promise<void>;
}

/** In bytes but where another unit is named. */
export interface LogLimits {
  /** Of a phase's log in one job, and of the supervisor's own. */
  readonly phase: number;
  /** Of the log of one process of the app. */
  readonly app: number;
  /** Processes of which there are logs; beyond that the one goes that was silent for the longest time. */
  readonly apps: number;
  /** What may wait in memory: of each log for the disk, and for each follower. */
  readonly waiting: number;
  /** Written at once. */
  readonly batch: number;
}

export interface ShelfOptions {
  /** Path of a file with this name. */
  readonly path: (name: string) => string;
  readonly ready: () => Promise<void>;
  readonly limits: LogLimits;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

interface Log {
  readonly job: number;
  readonly spool: Spool;
  readonly files: LogFiles;
}

interface Place {
  /** Grows with every line of any log. */
  used: number;
  newest: Log;
  before?: Log;
}

/** So many files make a log; the oldest goes as a whole. */
const FILES = 4;

export function makeShelf(options: ShelfOptions): Shelf {
  const { limits, onError } = options;
  const places = new Map<LogSource, Place>();
  const leaving = new Set<Promise<void>>();
  let job = 0;
  let made = 0;
  let uses = 0;

  function makeLog(source: LogSource): Log {
    made += 1;
    const name = `${made}-${source.replace(/[^\w-]/g, '_').slice(0, 64)}`;
    const size = isApp(source) ? limits.app : limits.phase;
    const files = makeLogFiles({
      path: (number) => options.path(`${name}.${number}.log`),
      ready: options.ready,
      fileBytes: size / FILES,
      files: FILES,
      keepFirst: !isApp(source),
    });
    const batchBytes = Math.min(limits.batch, size / FILES);
    const told = (text: string, time = new Date(options.now()).toISOString()): string => notice(source, text, time);
    const spool = makeSpool({ files, waitingBytes: limits.waiting, batchBytes, notice: told, onError });
    return { job, spool, files };
  }

  /** Behind the caller's back; `close` waits for it. */
  function leave(work: Promise<void>): void {
    const done = work.catch(onError).finally(() => leaving.delete(done));
    leaving.add(done);
  }

  function remove({ spool, files }: Log): void {
    leave(spool.close().then(() => files.remove()));
  }

  function makePlace(source: LogSource): Place {
    if (isApp(source)) makeRoom();
    const place = { used: 0, newest: makeLog(source) };
    places.set(source, place);
    return place;
  }

  function makeRoom(): void {
    const apps = [...places].filter(([source]) => isApp(source));
    if (apps.length < limits.apps) return;
    const [source, place] = apps.reduce((oldest, each) => (each[1].used < oldest[1].used ? each : oldest));
    places.delete(source);
    remove(place.newest);
  }

  /** The log of a phase stays that of the job before until the phase runs again. */
  function turn(place: Place, source: LogSource): void {
    if (place.before) remove(place.before);
    place.before = place.newest;
    leave(place.before.spool.close());
    place.newest = makeLog(source);
  }

  return {
    spool(source) {
      const place = places.get(source) ?? makePlace(source);
      place.used = uses += 1;
      if (isPhase(source) && place.newest.job !== job) turn(place, source);
      return place.newest.spool;
    },
    beginJob() {
      job += 1;
    },
    logs(source) {
      const chosen = source === undefined ? [...places.keys()].sort(byPlace) : [source];
      return chosen.map((each) => {
        const place = places.get(each);
        return [...(place?.before?.spool.parts() ?? []), ...(place?.newest.spool.parts() ?? [])];
      });
    },
    async close() {
      await Promise.all([...places.values()].map((place) => place.newest.spool.close()));
      await Promise.all(leaving);
    },
  };
}

function isApp(source: LogSource): boolean {
  return source.startsWith('app/');
}

function isPhase(source: LogSource): boolean {
  return PHASES.some((phase) => phase === source);
}

/** The supervisor's own first, then phases in their order, then the app's processes by name. */
function byPlace(one: LogSource, other: LogSource): number {
  return rank(one) - rank(other) || (one < other ? -1 : 1);
}

function rank(source: LogSource): number {
  if (source === 'mayfly') return -1;
  return isApp(source) ? PHASES.length : PHASES.findIndex((phase) => phase === source);
}
