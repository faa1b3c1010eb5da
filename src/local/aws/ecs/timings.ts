/** How long a task stays in each status before the next, in ms. AWS-FACTS ECS "lifecycle". */
export interface TaskTimings {
  readonly provisioning: number;
  /** With pulling the image. */
  readonly pending: number;
  /** 0 leaves ACTIVATING out, as ECS does for tasks that no service registers. */
  readonly activating: number;
  readonly deactivating: number;
  readonly deprovisioning: number;
  /** DELETED, after the hour of STOPPED: described, but not listed. Absent or 0 leaves it out. */
  readonly deleted?: number;
}

/** A walk through all statuses that people can follow and tests can wait for. */
export const DEFAULT_TIMINGS: TaskTimings = {
  provisioning: 20,
  pending: 20,
  activating: 0,
  deactivating: 20,
  deprovisioning: 20,
};

/** From and to, in seconds. STOPPING lasts as long as the containers take. (memory: seen with small images on Fargate) */
const AWS_SECONDS = {
  provisioning: [10, 20],
  pending: [15, 30],
  deactivating: [1, 3],
  deprovisioning: [10, 20],
} as const;

/** Fargate's own times, as one task would see them: `timings: () => AWS_TIMINGS(random)`. Asks `random` four times. */
export function AWS_TIMINGS(random: () => number): TaskTimings {
  const between = ([from, to]: readonly [number, number]): number => Math.round((from + random() * (to - from)) * 1000);
  return {
    provisioning: between(AWS_SECONDS.provisioning),
    pending: between(AWS_SECONDS.pending),
    activating: 0,
    deactivating: between(AWS_SECONDS.deactivating),
    deprovisioning: between(AWS_SECONDS.deprovisioning),
  };
}
