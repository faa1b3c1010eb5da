import { ApiError } from '../service.ts';
import type { LogGroup, LogStore } from './store.ts';

/** By name, or by ARN as `logGroupIdentifier` allows. Throws ResourceNotFoundException. */
export function groupOf(store: LogStore, nameOrArn: string | undefined): LogGroup {
  if (nameOrArn === undefined) {
    throw new ApiError('InvalidParameterException', 'logGroupName or logGroupIdentifier is required');
  }
  const name = /^arn:aws:logs:[^:]*:[^:]*:log-group:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
  const group = store.group(name);
  if (group === undefined) {
    throw new ApiError('ResourceNotFoundException', 'The specified log group does not exist.');
  }
  return group;
}
