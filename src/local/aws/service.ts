/**
 * The contract between the wire protocols and the services of the local AWS. A service knows nothing of HTTP: it is a
 * table of operations over the SDK's own request and response shapes, so that the same code answers on a socket and in
 * process, under a real or a virtual clock.
 */
import type { StaticStructureSchema } from '@smithy/types';

/** Time, given from outside: a simulation passes its own. */
export interface LocalClock {
  now(): number;
  after(ms: number, fn: () => void): { cancel(): void };
}

/** An error as AWS would answer it: `code` as in the API model, e.g. `PriorityInUse`; `status` the HTTP status. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error shape, e.g. `resourceIds`. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export interface Operation<Input, Output> {
  /** The SDK's published schemas, e.g. `RunTaskRequest$` and `RunTaskResponse$`. */
  readonly input: StaticStructureSchema;
  readonly output: StaticStructureSchema;
  handle(input: Input): Output | Promise<Output>;
}

export interface Service {
  readonly protocol: 'json1.1' | 'query';
  /** `X-Amz-Target` prefix of JSON services; the `Version` of query services. */
  readonly target: string;
  /** XML namespace of a query service's answers. */
  readonly namespace?: string;
  /** As in the credential scope of a signature: `ecs`, `elasticloadbalancing`, `logs`, `ecr`. */
  readonly signingName: string;
  readonly operations: Readonly<Record<string, Operation<never, object>>>;
}
