/** The one table that says what an error of the SDK means (`AwsErrorKind`). Codes as in AWS-FACTS, without `Exception`. */
import { AwsError, type AwsErrorKind } from './errors.ts';

const CODES: Readonly<Record<Exclude<AwsErrorKind, 'invalid'>, readonly string[]>> = {
  throttled: [
    'Throttling',
    'Throttled',
    'ThrottledRequest',
    'TooManyRequests',
    'RequestLimitExceeded',
    'RequestThrottled',
    'SlowDown',
    'PriorRequestNotComplete',
    'BandwidthLimitExceeded',
  ],
  conflict: ['Conflict'],
  taken: ['PriorityInUse', 'DuplicateTargetGroupName'],
  'in-use': ['ResourceInUse'],
  quota: ['TargetGroupAssociationLimit', 'LimitExceeded', 'ServiceQuotaExceeded'],
  denied: [
    'AccessDenied',
    'UnauthorizedOperation',
    'Unauthorized',
    'NotAuthorized',
    'AuthFailure',
    'UnrecognizedClient',
    'InvalidClientTokenId',
    'InvalidSignature',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'MissingAuthenticationToken',
    'ExpiredToken',
    'RequestExpired',
    'RequestTimeTooSkewed',
    'OptInRequired',
    'Blocked',
    'CredentialsProviderError',
  ],
  unavailable: [
    'Server',
    'InternalFailure',
    'InternalError',
    'ServiceUnavailable',
    'RequestTimeout',
    'HealthUnavailable',
  ],
  'not-found': ['ResourceNotFound', 'ClusterNotFound', 'ImageNotFound', 'RepositoryNotFound'],
};

const KIND_OF_CODE: ReadonlyMap<string, AwsErrorKind> = new Map(
  (Object.keys(CODES) as (keyof typeof CODES)[]).flatMap((kind) => CODES[kind].map((code) => [code, kind] as const)),
);

/** Meanings that AWS gives in words, under a code that says something else; looked at before the codes. */
const MESSAGES: readonly (readonly [RegExp, AwsErrorKind])[] = [
  // AWS-FACTS ECS "hidden throttle": an InvalidParameterException
  [/rate exceeded|ErrorCode: Throttling/i, 'throttled'],
  // AWS-FACTS ECS "Register race": a ClientException
  [/too many concurrent attempts/i, 'throttled'],
  // AWS-FACTS ECS "failures[]": also thrown, as a ClientException
  [/limit on the number of vCPUs/i, 'quota'],
  // DescribeTaskDefinition of what does not exist: a ClientException
  [/unable to describe task definition/i, 'not-found'],
  // StopTask of a task that ECS no longer knows: an InvalidParameterException
  [/referenced task was not found/i, 'not-found'],
];

/** Any error of a call as `AwsError`. An error that is not an answer of the service (network, timeout) is `unavailable`. */
export function toAwsError(error: unknown, operation: string): AwsError {
  if (error instanceof AwsError) return error;
  const fields = fieldsOf(error);
  const { code } = fields;
  return new AwsError(kindOf(fields), code, operation, `${operation}: ${code}: ${fields.message}`, {
    resourceIds: fields.resourceIds,
    cause: error,
  });
}

/** AWS answered, and left out what we rely on. Nobody knows what was applied, so it is `unavailable`. */
export function malformed(operation: string, what: string): AwsError {
  const message = `${operation}: MalformedAnswer: ${what} is missing from the answer`;
  return new AwsError('unavailable', 'MalformedAnswer', operation, message);
}

/** The value, or a MalformedAnswer naming `what`. */
export function required<T>(value: T | undefined | null, operation: string, what: string): T {
  if (value === undefined || value === null || value === '') throw malformed(operation, what);
  return value;
}

/** For `catch`: what does not exist is undefined; every other error goes on. */
export function undefinedIfNotFound(error: unknown): undefined {
  if (error instanceof AwsError && error.kind === 'not-found') return undefined;
  throw error;
}

interface ErrorFields {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  /** The service itself answered with an error. */
  readonly answered: boolean;
  readonly resourceIds: readonly string[];
}

interface SdkError extends Error {
  /** The wire's code in Query protocols, where `name` carries the suffix `Exception`. */
  readonly Code?: unknown;
  /** The network's code, e.g. ECONNREFUSED. */
  readonly code?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly resourceIds?: readonly string[];
}

function fieldsOf(error: unknown): ErrorFields {
  if (!(error instanceof Error)) {
    return { code: 'Unknown', message: String(error), status: undefined, answered: false, resourceIds: [] };
  }
  const sdk: SdkError = error;
  return {
    code: [sdk.Code, sdk.code].find((one) => typeof one === 'string') ?? sdk.name,
    message: sdk.message.split('\n', 1)[0] ?? '',
    status: sdk.$metadata?.httpStatusCode,
    answered: sdk.$fault !== undefined,
    resourceIds: sdk.resourceIds ?? [],
  };
}

function kindOf({ code, message, status, answered }: ErrorFields): AwsErrorKind {
  const bare = code.replace(/Exception$/, '');
  const said = MESSAGES.find(([pattern]) => pattern.test(message))?.[1] ?? KIND_OF_CODE.get(bare);
  if (said) return said;
  if (!answered || (status ?? 0) >= 500) return 'unavailable';
  if (status === 429) return 'throttled';
  if (bare.startsWith('TooMany')) return 'quota';
  return bare.endsWith('NotFound') ? 'not-found' : 'invalid';
}
