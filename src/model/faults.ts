/** Faults of anything that crosses a boundary, in words: where, what was found, what is allowed. All of them at once. */
import type { z } from 'zod';
import type { Fault } from './environment.ts';

const TEXT_SHOWN = 60;

/**
 * The faults that a schema found in `input`. Each schema's own `error` text is taken for what is allowed, so schemas
 * that are read with this carry one at every place where they can fail.
 */
export function faultsOf(error: z.ZodError, input: unknown, under = ''): readonly Fault[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    const at = (last: readonly string[]): string => [under, ...path, ...last].filter((part) => part !== '').join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: at([key]), found: 'an unknown name', allowed: issue.message }));
    if (issue.code === 'invalid_key')
      return [{ path: at([]), found: `the name ${quoted(path.at(-1) ?? '')}`, allowed: issue.message }];
    return [{ path: at([]), found: describe(memberAt(input, path)), allowed: issue.message }];
  });
}

/** One line for people: `wanted: found the text "yes", allowed: true or false`. */
export function faultText(fault: Fault): string {
  return `${fault.path}: found ${fault.found}, allowed: ${fault.allowed}`;
}

/** A value in words. Text is cut, so that a message stays a message. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return describeObject(value);
}

function describeObject(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Set) return 'a set';
  if (value instanceof Uint8Array) return 'binary data';
  return 'a map';
}

function quoted(text: string): string {
  return JSON.stringify(text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text);
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}
