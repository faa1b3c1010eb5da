/** Fields of a request, each with what it may be, so that whoever asked can correct what is named. */
import { HttpError } from './answers.ts';

export interface Rule {
  readonly valid: (value: string) => boolean;
  /** In words. */
  readonly allowed: string;
  /** Its value is in no answer. */
  readonly secret?: boolean;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Throws a 400 that names the first field that is wrong. */
export function objectWith(value: unknown, known: readonly string[], name = 'the body'): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${name} is not an object; allowed: an object with ${known.join(', ')}`);
  }
  refuseUnknown(Object.keys(value), known, name === 'the body' ? '' : `${name}.`);
  return value as Fields;
}

export function refuseUnknown(names: readonly string[], known: readonly string[], prefix = ''): void {
  const unknown = names.filter((name) => !known.includes(name)).map((name) => prefix + cut(name));
  if (unknown.length === 0) return;
  const named = unknown.slice(0, 10).join(', ');
  throw invalid(`${named} ${unknown.length === 1 ? 'is' : 'are'} not known; allowed: ${known.join(', ')}`);
}

export function text(value: unknown, name: string, rule: Rule): string {
  if (typeof value === 'string' && rule.valid(value)) return value;
  throw invalid(`${name} is ${describe(value, rule)}; allowed: ${rule.allowed}`);
}

export function invalid(message: string): HttpError {
  return new HttpError(400, 'invalid_field', message);
}

function describe(value: unknown, rule: Rule): string {
  if (value === undefined) return 'missing';
  return rule.secret ? 'not valid' : cut(JSON.stringify(value));
}

function cut(value: string): string {
  return value.slice(0, 80).toWellFormed();
}
