/** Answers of ECS that say no, worded as AWS words them: for `EcsSwitches.failRunTask` and `EcsSwitches.refuse`. */
import { ApiError } from '../service.ts';
import { clientError, invalid } from './context.ts';
import type { FailureRecord } from './state.ts';

/**
 * AWS-FACTS ECS "failures[]": all answered with HTTP 200, those of Fargate without an ARN (gchq/sleeper#904). The
 * apostrophe is AWS's.
 */
export const FAILURES = {
  cpu: { reason: 'RESOURCE:CPU' },
  memory: { reason: 'RESOURCE:MEMORY' },
  interface: { reason: 'RESOURCE:ENI' },
  gpu: { reason: 'RESOURCE:GPU' },
  agent: { reason: 'AGENT' },
  location: { reason: 'LOCATION' },
  attribute: { reason: 'ATTRIBUTE' },
  capacity: {
    reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone',
  },
  vcpus: { reason: 'You’ve reached the limit on the number of vCPUs you can run concurrently' },
} as const satisfies Record<string, FailureRecord>;

/** AWS-FACTS ECS "throttle buckets". */
export function throttled(): ApiError {
  return new ApiError('ThrottlingException', 'Rate exceeded');
}

/** AWS-FACTS ECS "hidden throttle": of EC2, which ECS asks for the subnet. */
export function throttledSubnet(subnetId: string): ApiError {
  return invalid(`Error retrieving subnet information for [${subnetId}]: Rate exceeded (ErrorCode: Throttling)`);
}

/** AWS-FACTS ECS "Register race". */
export function registerRace(): ApiError {
  return clientError('Too many concurrent attempts to create a new revision of the specified family.');
}

/** AWS-FACTS ECS "failures[]": the same words are also thrown. */
export function vcpusExhausted(): ApiError {
  return clientError(FAILURES.vcpus.reason);
}

/** The other errors of AWS-FACTS ECS "RunTask errors" that no request provokes here. */
export function blocked(): ApiError {
  return new ApiError('BlockedException', 'Your AWS account was blocked. For more information, contact AWS Support.');
}

export function denied(action: string): ApiError {
  return new ApiError('AccessDeniedException', `User is not authorized to perform: ecs:${action}`);
}

export function serverError(): ApiError {
  return new ApiError('ServerException', 'Service Unavailable. Please try again later.', 500);
}
