/** CloudWatch Logs: groups, streams and the events that the awslogs driver of the local ECS writes. */
import {
  CreateLogGroupRequest$,
  DescribeLogGroupsRequest$,
  DescribeLogGroupsResponse$,
  DescribeLogStreamsRequest$,
  DescribeLogStreamsResponse$,
  FilterLogEventsRequest$,
  FilterLogEventsResponse$,
  GetLogEventsRequest$,
  GetLogEventsResponse$,
} from '@aws-sdk/client-cloudwatch-logs';
import type {
  CreateLogGroupRequest,
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
  FilterLogEventsRequest,
  GetLogEventsRequest,
  LogGroup as LogGroupShape,
  LogStream as LogStreamShape,
} from '@aws-sdk/client-cloudwatch-logs';
import type { StaticStructureSchema } from '@smithy/types';
import { paginate } from '../paging.ts';
import { ApiError } from '../service.ts';
import type { Service } from '../service.ts';
import { filterLogEvents, getLogEvents } from './events.ts';
import type { EventsSwitches } from './events.ts';
import { checkGroupName, checkLimit, groupOf } from './lookup.ts';
import { byName } from './store.ts';
import type { LogGroup, LogStore, LogStream } from './store.ts';

export interface LogsOptions extends EventsSwitches {
  readonly account: string;
  readonly region: string;
  readonly store: LogStore;
}

/** CreateLogGroup answers with nothing, for which the SDK publishes no schema. */
const empty$: StaticStructureSchema = [3, 'com.amazonaws.cloudwatchlogs', 'Empty', 0, [], []];

const MAX_DESCRIBED = 50;

export function makeLogs(options: LogsOptions): Service {
  const { store } = options;
  return {
    protocol: 'json1.1',
    target: 'Logs_20140328',
    signingName: 'logs',
    operations: {
      CreateLogGroup: {
        input: CreateLogGroupRequest$,
        output: empty$,
        handle: (input: CreateLogGroupRequest) => createLogGroup(store, input),
      },
      DescribeLogGroups: {
        input: DescribeLogGroupsRequest$,
        output: DescribeLogGroupsResponse$,
        handle: (input: DescribeLogGroupsRequest) => describeLogGroups(options, input),
      },
      DescribeLogStreams: {
        input: DescribeLogStreamsRequest$,
        output: DescribeLogStreamsResponse$,
        handle: (input: DescribeLogStreamsRequest) => describeLogStreams(options, input),
      },
      GetLogEvents: {
        input: GetLogEventsRequest$,
        output: GetLogEventsResponse$,
        handle: (input: GetLogEventsRequest) => getLogEvents(store, input, options),
      },
      FilterLogEvents: {
        input: FilterLogEventsRequest$,
        output: FilterLogEventsResponse$,
        handle: (input: FilterLogEventsRequest) => filterLogEvents(store, input),
      },
    },
  };
}

function createLogGroup(store: LogStore, input: CreateLogGroupRequest): object {
  const name = input.logGroupName ?? '';
  checkGroupName(name);
  if (!store.createGroup(name)) {
    throw new ApiError('ResourceAlreadyExistsException', 'The specified log group already exists');
  }
  return {};
}

function describeLogGroups(options: LogsOptions, input: DescribeLogGroupsRequest): DescribeLogGroupsResponse {
  const prefix = input.logGroupNamePrefix ?? '';
  const pattern = (input.logGroupNamePattern ?? '').toLowerCase();
  const groups = options.store
    .groups()
    .filter((group) => group.name.startsWith(prefix) && group.name.toLowerCase().includes(pattern));
  const request = { limit: checkLimit(input.limit, MAX_DESCRIBED), token: input.nextToken };
  const page = paginate(groups, (group) => group.name, request);
  return { logGroups: page.items.map((group) => groupShape(options, group)), nextToken: page.nextToken };
}

/** Ordered by name, or by the time of the last event; `descending` turns either round. */
function describeLogStreams(options: LogsOptions, input: DescribeLogStreamsRequest): DescribeLogStreamsResponse {
  const group = groupOf(options.store, input);
  const byTime = input.orderBy === 'LastEventTime';
  if (byTime && input.logStreamNamePrefix !== undefined) {
    throw new ApiError('InvalidParameterException', 'Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const prefix = input.logStreamNamePrefix ?? '';
  const streams = [...group.streams.values()].filter((stream) => stream.name.startsWith(prefix));
  const ascending = streams.sort(byTime ? (a, b) => lastEventTime(a) - lastEventTime(b) : byName);
  const ordered = input.descending ? ascending.reverse() : ascending;
  // A position, and not a name: the order by time has no stable key.
  const numbered = ordered.map((stream, index) => ({ stream, index }));
  const request = { limit: checkLimit(input.limit, MAX_DESCRIBED), token: input.nextToken };
  const page = paginate(numbered, (one) => one.index, request);
  return {
    logStreams: page.items.map(({ stream }) => streamShape(options, group, stream)),
    nextToken: page.nextToken,
  };
}

function lastEventTime(stream: LogStream): number {
  return stream.events.at(-1)?.timestamp ?? 0;
}

function groupArn(options: LogsOptions, group: LogGroup): string {
  return `arn:aws:logs:${options.region}:${options.account}:log-group:${group.name}`;
}

function groupShape(options: LogsOptions, group: LogGroup): LogGroupShape {
  const arn = groupArn(options, group);
  return { logGroupName: group.name, creationTime: group.createdAt, arn: `${arn}:*`, logGroupArn: arn };
}

function streamShape(options: LogsOptions, group: LogGroup, stream: LogStream): LogStreamShape {
  const last = stream.events.at(-1)?.timestamp;
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    firstEventTimestamp: stream.events[0]?.timestamp,
    lastEventTimestamp: last,
    lastIngestionTime: last,
    arn: `${groupArn(options, group)}:log-stream:${stream.name}`,
  };
}
