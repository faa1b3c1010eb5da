/** Reading events: one stream in both directions (GetLogEvents), or many by time (FilterLogEvents). */
import type {
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  FilteredLogEvent,
  GetLogEventsRequest,
  GetLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { paginate } from '../paging.ts';
import { ApiError } from '../service.ts';
import { compilePattern } from './filter-pattern.ts';
import { checkLimit, checkStreamName, groupOf } from './lookup.ts';
import type { LogEvent, LogGroup, LogStore, LogStream } from './store.ts';

const MAX_EVENTS = 10_000;

/** Fact logs.get-log-events.page: an answer ends here, however many events were asked for. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** What an event counts beside its message, as in PutLogEvents. */
const EVENT_OVERHEAD_BYTES = 26;

export interface EventsSwitches {
  /**
   * How many events the first page of a reading has at most; may be 0. AWS may answer with less than was asked for, even
   * with nothing, and does not say when (fact logs.get-log-events.short).
   */
  readonly firstPage?: () => number;
}

/** Digits in a token: AWS's are 56 long as well. */
const TOKEN_DIGITS = 56;

/**
 * Tokens name a position, `f/` to read on from it and `b/` to read what is before it. At either end the same token
 * comes back, as documented.
 */
export function getLogEvents(
  store: LogStore,
  input: GetLogEventsRequest,
  switches: EventsSwitches = {},
): GetLogEventsResponse {
  const asked = checkLimit(input.limit, MAX_EVENTS);
  const stream = streamOf(store, input);
  const limit = input.nextToken === undefined ? Math.min(asked, switches.firstPage?.() ?? asked) : asked;
  const inRange = newest(stream.events, store).filter((event) => isInRange(event, input.startTime, input.endTime));
  const start = startOf(input, stream.nextSeq);
  const page = pageOf(inRange, start, limit);
  return {
    events: page.map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
    nextForwardToken: token('f', (page.at(-1)?.seq ?? start.seq - 1) + 1),
    nextBackwardToken: token('b', page[0]?.seq ?? start.seq),
  };
}

function streamOf(store: LogStore, input: GetLogEventsRequest): LogStream {
  const name = input.logStreamName ?? '';
  checkStreamName(name);
  const stream = groupOf(store, input).streams.get(name);
  if (stream === undefined) {
    throw new ApiError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  return stream;
}

/** Always oldest first; backwards the newest are the ones that must fit. */
function pageOf(events: readonly LogEvent[], start: Start, limit: number): readonly LogEvent[] {
  if (start.direction === 'f') {
    return fitting(events.filter((event) => event.seq >= start.seq).slice(0, limit));
  }
  const newestFirst = events.filter((event) => event.seq < start.seq).reverse();
  return fitting(newestFirst.slice(0, limit)).reverse();
}

/** As many from the start as an answer has room for, and always one. */
function fitting(events: readonly LogEvent[]): LogEvent[] {
  let bytes = 0;
  const end = events.findIndex(({ message }, index) => {
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    return bytes > MAX_PAGE_BYTES && index > 0;
  });
  return end < 0 ? [...events] : events.slice(0, end);
}

interface Start {
  readonly direction: 'f' | 'b';
  readonly seq: number;
}

/** Without a token the newest events come first, unless asked to start from the head. */
function startOf(input: GetLogEventsRequest, nextSeq: number): Start {
  if (input.nextToken === undefined) {
    return input.startFromHead ? { direction: 'f', seq: 0 } : { direction: 'b', seq: nextSeq };
  }
  const match = /^([fb])\/(\d+)$/.exec(input.nextToken);
  const seq = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(seq)) {
    throw new ApiError('InvalidParameterException', 'The specified nextToken is invalid.');
  }
  return { direction: match[1] === 'f' ? 'f' : 'b', seq };
}

function token(direction: 'f' | 'b', seq: number): string {
  return `${direction}/${String(seq).padStart(TOKEN_DIGITS, '0')}`;
}

export function filterLogEvents(store: LogStore, input: FilterLogEventsRequest): FilterLogEventsResponse {
  const group = groupOf(store, input);
  const matches = compilePattern(input.filterPattern ?? '');
  const found = chosenStreams(group, input).flatMap((name) =>
    newest(group.streams.get(name)?.events ?? [], store)
      .filter((event) => isInRange(event, input.startTime, input.endTime) && matches(event.message))
      .map((event) => ({ name, event, key: keyOf(name, event) })),
  );
  const sorted = found.sort((a, b) => (a.key < b.key ? -1 : 1));
  const request = { limit: checkLimit(input.limit, MAX_EVENTS), token: input.nextToken };
  const page = paginate(sorted, (one) => one.key, request);
  return {
    events: page.items.map(({ name, event, key }) => filtered(name, event, key)),
    searchedLogStreams: [],
    nextToken: page.nextToken,
  };
}

/** The store trims with a margin; readers see the exact bound. */
function newest(events: readonly LogEvent[], store: LogStore): readonly LogEvent[] {
  return events.slice(-store.limits.eventsPerStream);
}

function chosenStreams(group: LogGroup, input: FilterLogEventsRequest): string[] {
  if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
    throw new ApiError('InvalidParameterException', 'logStreamNamePrefix and logStreamNames exclude each other');
  }
  for (const name of input.logStreamNames ?? []) {
    if (!group.streams.has(name)) {
      throw new ApiError('ResourceNotFoundException', 'The specified log stream does not exist.');
    }
  }
  const prefix = input.logStreamNamePrefix ?? '';
  return input.logStreamNames ?? [...group.streams.keys()].filter((name) => name.startsWith(prefix));
}

/** `startTime` is included, `endTime` is not (GetLogEvents' documentation). */
function isInRange(event: LogEvent, startTime: number | undefined, endTime: number | undefined): boolean {
  return event.timestamp >= (startTime ?? 0) && event.timestamp < (endTime ?? Number.POSITIVE_INFINITY);
}

function keyOf(stream: string, event: LogEvent): string {
  return `${String(event.timestamp).padStart(16, '0')} ${stream} ${String(event.seq).padStart(16, '0')}`;
}

function filtered(logStreamName: string, event: LogEvent, eventId: string): FilteredLogEvent {
  return { logStreamName, eventId, timestamp: event.timestamp, message: event.message, ingestionTime: event.timestamp };
}
