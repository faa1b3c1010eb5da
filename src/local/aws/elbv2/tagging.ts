/** Tags: from the API's list, checked, to a record and back. */
import type { Tag } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ApiError } from '../service.ts';
import { required, validationError } from './validation.ts';

export type Tags = Readonly<Record<string, string>>;

/** `existing` with the given tags set. Throws DuplicateTagKeys, TooManyTags or ValidationError. */
export function withTags(existing: Tags, input: readonly Tag[] | undefined, most: number): Tags {
  const added = (input ?? []).map(parseTag);
  if (new Set(added.map(([key]) => key)).size < added.length) {
    throw new ApiError('DuplicateTagKeys', 'A tag key was specified more than once');
  }
  const tags = { ...existing, ...Object.fromEntries(added) };
  if (Object.keys(tags).length > most) throw new ApiError('TooManyTags', `A resource can have at most ${most} tags`);
  return tags;
}

/** The pattern of keys and values that AWS's API references give for tags; ELBv2's from memory. */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function parseTag(tag: Tag): readonly [string, string] {
  const key = required(tag.Key, 'tags.key');
  const value = tag.Value ?? '';
  if (key.length > 128) throw validationError(`Tag key '${key}' is longer than 128 characters`);
  if (value.length > 256) throw validationError(`The value of tag '${key}' is longer than 256 characters`);
  for (const text of [key, value]) {
    if (!allowed.test(text))
      throw validationError(`Tag '${text}' is not valid; allowed are letters, digits, spaces and _ . : / = + - @`);
  }
  if (/^aws:/i.test(key)) throw validationError(`Tag key '${key}' uses the reserved prefix 'aws:'`);
  return [key, value];
}

export const tagViews = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
