/** Pages over a list that may change between two pages: a token names the last item seen, not a position. */
import { ApiError } from './service.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextToken?: string;
}

export interface PageRequest {
  readonly limit: number;
  readonly token?: string | undefined;
}

/** `items` ascend by `keyOf`. Throws InvalidParameterException for a token that is not ours. */
export function paginate<T>(items: readonly T[], keyOf: (item: T) => string | number, request: PageRequest): Page<T> {
  const after = request.token === undefined ? undefined : decodeToken(request.token);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, request.limit);
  const last = page.at(-1);
  const more = last !== undefined && rest.length > page.length;
  return more ? { items: page, nextToken: encodeToken(keyOf(last)) } : { items: page };
}

/** Throws InvalidParameterException unless `value` is absent or within 1..`max`. */
export function pageSize(name: string, value: number | undefined, max: number): number {
  if (value === undefined) {
    return max;
  }
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new ApiError('InvalidParameterException', `${name} must be between 1 and ${max}; found ${value}`);
  }
  return value;
}

function encodeToken(key: string | number): string {
  return Buffer.from(JSON.stringify([key])).toString('base64url');
}

function decodeToken(token: string): string | number {
  try {
    const [key] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown[];
    if (typeof key === 'string' || typeof key === 'number') {
      return key;
    }
  } catch {
    // Falls through: whatever cannot be read is not a token of ours.
  }
  throw new ApiError('InvalidParameterException', 'Invalid token');
}
