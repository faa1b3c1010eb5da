/** What many cases begin with, and the words in which they say what they expect. */
import assert from 'node:assert/strict';

/** The code on the wire, without the `Exception` that some of AWS's names end in. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { Code } = error as { Code?: unknown };
  return (typeof Code === 'string' ? Code : error.name).replace(/Exception$/, '');
}

/** Resolves to the error. Fails when the call succeeds, or is refused with another code or message. */
export async function refused(call: Promise<unknown>, code: string | RegExp, message?: RegExp): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error, `expected to be refused with ${code}, but the call succeeded`);
  const found = codeOf(error);
  const fits = typeof code === 'string' ? found === code : code.test(found);
  assert.ok(fits, `expected to be refused with ${code}; found ${found}: ${error.message}`);
  if (message) assert.match(error.message, message);
  return error;
}

/** The HTTP status of an answer or of an error. */
export function statusOf(answer: unknown): number | undefined {
  return (answer as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Fails, and names what is missing, when the value is absent. */
export function present<T>(value: T | undefined | null, what: string): T {
  assert.ok(value !== undefined && value !== null, `${what} is missing`);
  return value;
}

export async function inTurn<T>(times: number, fn: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < times; index++) results.push(await fn(index));
  return results;
}

/** In an order that does not depend on who made them first. */
export const sorted = (texts: Iterable<string | undefined>): readonly string[] =>
  [...texts].map(String).sort((a, b) => (a < b ? -1 : 1));
