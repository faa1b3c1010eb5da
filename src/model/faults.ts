/** Faults of anything that crosses a boundary, in words: where, what was found, what is allowed. All of them at once. */
import type { z } from 'zod';
import type { Fault } from './environment.ts';

const TEXT_SHOWN = 60;
/** Faults end in comments and in the record, which are bounded. */
const FAULTS_SHOWN = 20;

export interface FaultOptions {
  /** Path of `input` itself. */
  readonly under?: string;
  /** Paths at which no value is shown, only of what kind it is: faults are public. */
  readonly isPrivate?: (path: readonly string[]) => boolean;
}

/**
 * The faults that a schema found in `input`. Each schema's own `error` text is taken for what is allowed, so schemas
 * that are read with this carry one at every place where they can fail.
 */
export function faultsOf(
  error: z.ZodError,
  input: unknown,
  { under = '', isPrivate = () => false }: FaultOptions = {},
): readonly Fault[] {
  const faults = error.issues.flatMap((issue): readonly Fault[] => {
    const path = issue.path.map(String);
    const name = isPrivate(path) ? nameOnly : cut;
    const at = (last: readonly string[]): string =>
      [under, ...[...path, ...last].map(name)].filter((part) => part !== '').join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: at([key]), found: 'an unknown name', allowed: issue.message }));
    if (issue.code === 'invalid_key')
      return [{ path: at([]), found: `the name ${JSON.stringify(name(path.at(-1) ?? ''))}`, allowed: issue.message }];
    const value = memberAt(input, path);
    return [{ path: at([]), found: isPrivate(path) ? kindOf(value) : describe(value), allowed: issue.message }];
  });
  const more = faults.length - FAULTS_SHOWN;
  if (more <= 0) return faults;
  return [...faults.slice(0, FAULTS_SHOWN), { path: `and ${more} more`, found: 'faults like these', allowed: 'none' }];
}

/** One line for people: `wanted: found the text "yes", allowed: true or false`. */
export function faultText(fault: Fault): string {
  return `${fault.path}: found ${fault.found}, allowed: ${fault.allowed}`;
}

/** A value in words. Text is cut, so that a message stays a message. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${JSON.stringify(cut(value))}`;
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

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a text';
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number' : describe(value);
}

function cut(text: string): string {
  return text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text;
}

/** `NAME=value` that was put where a name belongs. */
function nameOnly(text: string): string {
  return cut(text.replace(/[=:\s].*/s, '…'));
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}
