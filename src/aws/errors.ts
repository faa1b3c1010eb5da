/** One place that says what each AWS error code means for the operator. */

/**
 * - `throttled`: slow down; also when disguised as another code (AWS-FACTS ECS "hidden throttle")
 * - `conflict`: the client token belongs to another request
 * - `not-found`, `in-use`, `taken` (priority, name), `quota`, `denied`, `invalid`: as they say
 * - `unavailable`: no answer, a 5xx, or a timeout: the call may or may not have been applied
 */
export type AwsErrorKind =
  | 'throttled'
  | 'conflict'
  | 'not-found'
  | 'in-use'
  | 'taken'
  | 'quota'
  | 'denied'
  | 'invalid'
  | 'unavailable';

export class AwsError extends Error {
  readonly kind: AwsErrorKind;
  /** AWS's own code, e.g. `PriorityInUse`. */
  readonly code: string;
  /** e.g. `ecs:RunTask` */
  readonly operation: string;
  /** Of a ConflictException: the tasks that the token already made. */
  readonly resourceIds: readonly string[];

  constructor(
    kind: AwsErrorKind,
    code: string,
    operation: string,
    message: string,
    { resourceIds = [], cause }: { readonly resourceIds?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'AwsError';
    this.kind = kind;
    this.code = code;
    this.operation = operation;
    this.resourceIds = resourceIds;
  }
}
