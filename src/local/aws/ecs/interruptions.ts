/** How tasks end that nobody stopped. */
import type { StopCode } from './state.ts';

export interface StopReason {
  readonly code: StopCode;
  readonly reason: string;
  /** The containers are gone at once, without SIGTERM. */
  readonly abruptly?: boolean;
  /** Of the essential containers. */
  readonly containerReason?: string;
}

/**
 * For `Ecs.interrupt`. Reasons as in AWS-FACTS ECS "stoppedReason samples", "standalone retirement" and AWS's notes on
 * Fargate Spot; which code a retired standalone task has is not documented.
 */
export const INTERRUPTIONS = {
  spot: { code: 'SpotInterruption', reason: 'Your Spot Task was interrupted.' },
  retirement: {
    code: 'TerminationNotice',
    reason: 'ECS is performing maintenance on the underlying infrastructure hosting the task',
  },
  hostFailure: { code: 'InfrastructureHealth', reason: 'Host EC2 is unhealthy', abruptly: true },
  outOfMemory: {
    code: 'EssentialContainerExited',
    reason: 'Essential container in task exited',
    containerReason: 'OutOfMemoryError: Container killed due to memory usage',
    abruptly: true,
  },
} as const satisfies Record<string, StopReason>;

/** AWS-FACTS ECS "stoppedReason samples", "ENI late". */
export const INTERFACE_TIMEOUT: StopReason = {
  code: 'TaskFailedToStart',
  reason: 'Timeout waiting for network interface provisioning to complete.',
};
