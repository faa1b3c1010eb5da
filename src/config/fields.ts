/** The kinds of values in mayfly.yaml. Each message is what is allowed there, since faults show it as such. */
import { z } from 'zod';
import { DURATION_ALLOWED, formatDuration, parseDuration } from './duration.ts';

export function text(allowed: string, pattern: RegExp = /\S/): z.ZodString {
  return z.string({ error: allowed }).regex(pattern, { error: allowed });
}

export function integer(min: number, max: number): z.ZodNumber {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.number({ error: allowed }).int({ error: allowed }).min(min, { error: allowed }).max(max, { error: allowed });
}

export function flag(): z.ZodBoolean {
  return z.boolean({ error: 'true or false' });
}

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

/** Keys in camelCase, none but these. */
export function group<T extends z.core.$ZodShape>(shape: T) {
  return z.strictObject(shape, { error: unlessUnknownKey('a map of keys') });
}

export function named<K extends z.ZodString, V extends z.ZodType>(keys: K, values: V, allowed: string) {
  return z.record(keys, values, { error: unlessUnknownKey(allowed) });
}

export function list<T extends z.ZodType>(items: T, min: number, max: number) {
  const allowed = `a list of ${min} to ${max}`;
  return z.array(items, { error: allowed }).min(min, { error: allowed }).max(max, { error: allowed });
}

/** Text, where YAML may have read a number or a truth value. */
export function scalarText(allowed: string, pattern: RegExp = /^/) {
  return z
    .union([z.string(), z.number(), z.boolean()], { error: allowed })
    .transform(String)
    .refine((value) => pattern.test(value), { error: allowed })
    .meta({ title: 'text' });
}

export interface DurationLimits {
  readonly min?: number;
  readonly max?: number;
  /** The API behind it counts seconds. */
  readonly wholeSeconds?: boolean;
}

/** Milliseconds. */
export function duration({ min = 0, max = Number.MAX_SAFE_INTEGER, wholeSeconds = false }: DurationLimits = {}) {
  const limits = [
    ...(min > 0 ? [`at least ${formatDuration(min)}`] : []),
    ...(max < Number.MAX_SAFE_INTEGER ? [`at most ${formatDuration(max)}`] : []),
    ...(wholeSeconds ? ['in whole seconds'] : []),
  ];
  const allowed = [DURATION_ALLOWED, ...limits].join(', ');
  const fits = (ms: number): boolean => ms >= min && ms <= max && !(wholeSeconds && ms % 1_000 !== 0);
  return z
    .union([z.string(), z.number()], { error: allowed })
    .transform((value) => parseDuration(value) ?? Number.NaN)
    .refine(fits, { error: allowed })
    .meta({ title: 'duration' });
}

export function url(allowed: string) {
  return z
    .string({ error: allowed })
    .refine(isHttpUrl, { error: allowed })
    .transform((value) => value.replace(/\/+$/, ''))
    .meta({ title: 'URL' });
}

export function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

/** Leaves unknown keys to the caller, who knows better words for them. */
function unlessUnknownKey(allowed: string): (issue: { readonly code: string }) => string | undefined {
  return ({ code }) => (code === 'invalid_type' ? allowed : undefined);
}
