/** Reading events: one stream in both directions (GetLogEvents), or many by time (FilterLogEvents). */
import type {
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  FilteredLogEvent,
  GetLogEventsRequest,
  GetLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { pageSize, paginate } from '../paging.ts';
import { ApiError } from '../service.ts';
import { compilePattern } from './filter-pattern.ts';
import { groupOf } from './lookup.ts';
import type { LogEvent, LogGroup, LogStore } from './store.ts';

const MAX_EVENTS = 10_000;

/** Digits in a token: AWS's are 56 long as well. */
const TOKEN_DIGITS = 56;

/**
 * Tokens name a position, `f/` to read on from it and `b/` to read what is before it. At either end the same token
 * comes back, as documented.
 */
export function getLogEvents(store: LogStore, input: GetLogEventsRequest): GetLogEventsResponse {
  const group = groupOf(store, input.logGroupName ?? input.logGroupIdentifier);
  const stream = group.streams.get(input.logStreamName ?? '');
  if (stream === undefined) {
    throw new ApiError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  const limit = pageSize('limit', input.limit, MAX_EVENTS);
  const inRange = newest(stream.events, store).filter((event) => isInRange(event, input.startTime, input.endTime));
  const start = startOf(input, stream.nextSeq);
  const page =
    start.direction === 'f'
      ? inRange.filter((event) => event.seq >= start.seq).slice(0, limit)
      : inRange.filter((event) => event.seq < start.seq).slice(-limit);
  return {
    events: page.map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
    nextForwardToken: token('f', (page.at(-1)?.seq ?? start.seq - 1) + 1),
    nextBackwardToken: token('b', page[0]?.seq ?? start.seq),
  };
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
  const group = groupOf(store, input.logGroupName ?? input.logGroupIdentifier);
  const matches = compilePattern(input.filterPattern ?? '');
  const found = chosenStreams(group, input).flatMap((name) =>
    newest(group.streams.get(name)?.events ?? [], store)
      .filter((event) => isInRange(event, input.startTime, input.endTime) && matches(event.message))
      .map((event) => ({ name, event, key: keyOf(name, event) })),
  );
  const sorted = found.sort((a, b) => (a.key < b.key ? -1 : 1));
  const request = { limit: pageSize('limit', input.limit, MAX_EVENTS), token: input.nextToken };
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
