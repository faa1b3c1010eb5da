/** Errors as GitHub's REST API answers them. */
export interface FieldError {
  readonly resource: string;
  readonly field: string;
  readonly code: 'missing' | 'missing_field' | 'invalid' | 'already_exists' | 'unprocessable' | 'custom';
  readonly message?: string;
}

export class RestError extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;

  constructor(status: number, message: string, errors?: readonly FieldError[]) {
    super(message);
    this.name = 'RestError';
    this.status = status;
    this.errors = errors;
  }
}

export function notFound(message = 'Not Found'): RestError {
  return new RestError(404, message);
}

export function invalid(resource: string, field: string, message: string): RestError {
  return new RestError(422, 'Validation Failed', [{ resource, field, code: 'invalid', message }]);
}

export function missingField(resource: string, field: string): RestError {
  return new RestError(422, 'Validation Failed', [{ resource, field, code: 'missing_field' }]);
}
