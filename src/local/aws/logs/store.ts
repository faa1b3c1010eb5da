/**
 * Log groups and streams in memory, bounded: the newest lines of the newest streams are kept. Groups can outlive the
 * process, since tasks do not start without theirs; what was written in them does not.
 */

export interface LogEvent {
  /** Position in the stream since its beginning; never reused. */
  readonly seq: number;
  /** Ms since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogStream {
  readonly name: string;
  readonly createdAt: number;
  /** Ascending by `seq`; the oldest are dropped beyond the bound. */
  readonly events: readonly LogEvent[];
  /** `seq` of the next event. */
  readonly nextSeq: number;
}

export interface LogGroup {
  readonly name: string;
  readonly createdAt: number;
  readonly streams: ReadonlyMap<string, LogStream>;
}

export interface LogLimits {
  readonly eventsPerStream: number;
  readonly streamsPerGroup: number;
  /** UTF-8 bytes; longer messages are cut. The awslogs driver splits its lines at 256 KB; CloudWatch takes 1 MB an event. */
  readonly messageBytes: number;
}

const DEFAULT_LIMITS: LogLimits = { eventsPerStream: 10_000, streamsPerGroup: 1000, messageBytes: 256 * 1024 };

export interface LogStore {
  readonly limits: LogLimits;
  /** False when the group exists. */
  createGroup(name: string): boolean;
  group(name: string): LogGroup | undefined;
  groups(): readonly LogGroup[];
  /** False when the group does not exist; an existing stream is kept. */
  createStream(group: string, stream: string): boolean;
  /** Dropped when the stream does not exist (any more). */
  append(group: string, stream: string, message: string): void;
}

/** A group as it is kept over a restart. */
export interface KeptGroup {
  readonly name: string;
  readonly createdAt: number;
}

export interface GroupMemory {
  /** Of an earlier life, and added to. */
  readonly groups: KeptGroup[];
  changed(): void;
}

interface Stream extends LogStream {
  events: LogEvent[];
  nextSeq: number;
}

interface Group extends LogGroup {
  readonly streams: Map<string, Stream>;
}

export function makeLogStore(
  now: () => number,
  limits: LogLimits = DEFAULT_LIMITS,
  memory: GroupMemory = { groups: [], changed: () => undefined },
): LogStore {
  const groups = new Map<string, Group>(
    memory.groups.map(({ name, createdAt }) => [name, { name, createdAt, streams: new Map() }]),
  );
  return {
    limits,
    createGroup(name) {
      if (groups.has(name)) {
        return false;
      }
      const kept: KeptGroup = { name, createdAt: now() };
      groups.set(name, { ...kept, streams: new Map() });
      memory.groups.push(kept);
      memory.changed();
      return true;
    },
    group: (name) => groups.get(name),
    groups: () => [...groups.values()].sort(byName),
    createStream(groupName, name) {
      const group = groups.get(groupName);
      if (group !== undefined && !group.streams.has(name)) {
        group.streams.set(name, { name, createdAt: now(), events: [], nextSeq: 0 });
        dropOldest(group, limits.streamsPerGroup);
      }
      return group !== undefined;
    },
    append(groupName, name, message) {
      const stream = groups.get(groupName)?.streams.get(name);
      if (stream !== undefined) {
        stream.events.push({ seq: stream.nextSeq, timestamp: now(), message: cut(message, limits.messageBytes) });
        stream.nextSeq += 1;
        trim(stream, limits.eventsPerStream);
      }
    },
  };
}

/** A Map keeps the order of insertion, so the first stream is the oldest. */
function dropOldest(group: Group, limit: number): void {
  for (const name of group.streams.keys()) {
    if (group.streams.size <= limit) {
      return;
    }
    group.streams.delete(name);
  }
}

/** Trims only now and then, since each trim copies the list. */
function trim(stream: Stream, limit: number): void {
  if (stream.events.length > limit + Math.ceil(limit / 10)) {
    stream.events = stream.events.slice(-limit);
  }
}

function cut(message: string, bytes: number): string {
  if (Buffer.byteLength(message) <= bytes) {
    return message;
  }
  // A character cut in half at the end would decode to U+FFFD.
  return Buffer.from(message)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
