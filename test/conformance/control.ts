/** What AWS decides by itself, or what happens to it; an arena with `control` makes it happen. */
export interface Control {
  /** For the next RunTask calls, until `undefined`. */
  refuseTasks(why: Refusal | undefined): void;
  /** Stops a task as AWS does without being asked. */
  interrupt(taskArn: string, code: InterruptCode, reason: string): void;
  /** New tasks stay invisible for so long. */
  hideNewTasks(ms: number): void;
  /** From now on calls are limited as AWS limits them, with full buckets. */
  throttle(): void;
  /** So many addresses of the subnet are left. */
  readonly smallSubnet: { readonly id: string; readonly addresses: number };
}

export interface Refusal {
  readonly reason: string;
  readonly detail?: string;
  /** The task runs in spite of the failure. */
  readonly startsAnyway?: boolean;
}

export type InterruptCode = 'SpotInterruption' | 'TerminationNotice' | 'InfrastructureHealth';
