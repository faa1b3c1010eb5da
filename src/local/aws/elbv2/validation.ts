/** Checks that every operation shares; each throws what AWS answers, naming the field, the value and what is allowed. */
import { ApiError } from '../service.ts';

export const validationError = (message: string): ApiError => new ApiError('ValidationError', message);

/** As AWS words it for members of the request. */
const constraint = (value: unknown, field: string, rule: string): ApiError =>
  validationError(
    `1 validation error detected: Value '${String(value)}' at '${field}' failed to satisfy constraint: ${rule}`,
  );

/** The value of a required member. */
export function required<T>(value: T | undefined | null, field: string): T {
  if (value === undefined || value === null || value === '') throw constraint(value, field, 'Member must not be null');
  return value;
}

/** A non-empty list, which a form without that member decodes to nothing. */
export function requiredList<T>(value: readonly T[] | undefined, field: string): readonly T[] {
  const list = required(value, field);
  if (list.length === 0) throw constraint('[]', field, 'Member must have length greater than or equal to 1');
  return list;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** An integer within the range, both ends included. */
export function inRange(value: number, field: string, range: Range): number {
  if (!Number.isInteger(value)) throw constraint(value, field, 'Member must be an integer');
  if (value < range.min) throw constraint(value, field, `Member must have value greater than or equal to ${range.min}`);
  if (value > range.max) throw constraint(value, field, `Member must have value less than or equal to ${range.max}`);
  return value;
}

/** An integer in digits, as attribute values are sent. */
export function digitsInRange(text: string, field: string, range: Range): number {
  if (!/^\d{1,9}$/.test(text))
    throw constraint(text, field, `Member must be an integer from ${range.min} to ${range.max}`);
  return inRange(Number(text), field, range);
}

export const ports: Range = { min: 1, max: 65535 };

/** Names of load balancers and target groups: at most 32 of A-Z a-z 0-9 and hyphen, no hyphen at the ends. */
export function checkName(name: string, what: string): string {
  if (name.length > 32) throw validationError(`${what} name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw validationError(
      `${what} name '${name}' can only contain characters that are alphanumeric characters or hyphens(-)`,
    );
  }
  if (name.startsWith('-') || name.endsWith('-')) {
    throw validationError(`${what} name '${name}' cannot begin or end with a hyphen`);
  }
  return name;
}

/** Says which part of the API the local load balancer leaves out, in place of ignoring it. */
export const unsupported = (what: string, allowed: string): ApiError =>
  validationError(`${what} is not supported by the local load balancer; ${allowed}`);
