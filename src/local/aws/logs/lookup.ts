import { ApiError } from '../service.ts';
import { InvalidMember } from '../wire/validation.ts';
import type { LogGroup, LogStore } from './store.ts';

/** Of the API model: LogGroupName, LogStreamName, LogGroupIdentifier. */
const GROUP_NAME = /^[.\-_/#A-Za-z0-9]{1,512}$/;
const STREAM_NAME = /^[^:*]{1,512}$/;
const GROUP_IDENTIFIER = /^[\w#+=/:,.@-]{1,2048}$/;

export interface NamesGroup {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/**
 * By name, or by ARN as `logGroupIdentifier` allows; one of the two, and not both. Throws ResourceNotFoundException and
 * InvalidParameterException.
 */
export function groupOf(store: LogStore, { logGroupName, logGroupIdentifier }: NamesGroup): LogGroup {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw new ApiError('InvalidParameterException', 'LogGroupName and LogGroupIdentifier cannot both be specified.');
  }
  const nameOrArn = logGroupName ?? logGroupIdentifier;
  if (nameOrArn === undefined) {
    throw new ApiError('InvalidParameterException', 'Either logGroupName or logGroupIdentifier must be specified.');
  }
  if (logGroupName === undefined) {
    checkName('logGroupIdentifier', nameOrArn, GROUP_IDENTIFIER);
  } else {
    checkGroupName(logGroupName);
  }
  const name = /^arn:aws:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
  const group = store.group(name);
  if (group === undefined) {
    throw new ApiError('ResourceNotFoundException', 'The specified log group does not exist.');
  }
  return group;
}

export function checkGroupName(name: string): void {
  checkName('logGroupName', name, GROUP_NAME);
}

export function checkStreamName(name: string): void {
  checkName('logStreamName', name, STREAM_NAME);
}

/** As the service words what does not fit its model. Absent: `max`. */
export function checkLimit(value: number | undefined, max: number): number {
  if (value === undefined) return max;
  if (value > max) throw invalid('limit', String(value), `have value less than or equal to ${max}`);
  if (value < 1) throw invalid('limit', String(value), 'have value greater than or equal to 1');
  return value;
}

function checkName(member: string, value: string, pattern: RegExp): void {
  if (pattern.test(value)) return;
  const shape = pattern.source.slice(1, -1).replace(/\{\d+,\d+\}$/, '+');
  throw invalid(member, value.slice(0, 200), `satisfy regular expression pattern: ${shape}`);
}

function invalid(member: string, value: string, constraint: string): ApiError {
  return new ApiError('InvalidParameterException', new InvalidMember(member, constraint, `'${value}'`).message);
}
