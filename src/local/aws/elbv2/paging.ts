/** Pages by the key of the last item shown, so that changes between two pages neither skip nor repeat an item. */
import { inRange, validationError } from './validation.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly PageSize?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextMarker?: string;
}

/** `items` in ascending order of `keyOf`, which is unique. Pages hold 1-400 items, 400 when not said. */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, request: PageRequest): Page<T> {
  const size = inRange(request.PageSize ?? 400, 'pageSize', { min: 1, max: 400 });
  const after = request.Marker === undefined || request.Marker === '' ? undefined : decode(request.Marker);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return last !== undefined && rest.length > size ? { items: page, NextMarker: encode(keyOf(last)) } : { items: page };
}

const encode = (key: string): string => Buffer.from(`k:${key}`).toString('base64url');

function decode(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith('k:')) throw validationError(`The marker '${marker}' is not valid`);
  return text.slice(2);
}

/** Sorts by the same key as `pageOf` compares. */
export const sortedBy = <T>(items: Iterable<T>, keyOf: (item: T) => string): readonly T[] =>
  [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
