/** Does a request meet a rule's conditions? Pure. AWS-FACTS ELBv2 "host-header". */
import type { Condition } from './state.ts';

export interface RoutedRequest {
  /** As in the Host header, with or without a port. */
  readonly host: string;
  /** As in the request line: path, and query after `?`. */
  readonly url: string;
}

/** Whether a request meets a set of conditions, decided ahead for many requests. */
export type Matcher = (request: RoutedRequest) => boolean;

export function compileConditions(conditions: readonly Condition[]): Matcher {
  const tests = conditions.map(compileCondition);
  return (request) => tests.every((test) => test(request));
}

function compileCondition(condition: Condition): Matcher {
  if (condition.field === 'path-pattern') {
    return (request) => condition.values.some((pattern) => matchesWildcards(pattern, pathOf(request.url)));
  }
  const patterns = condition.values.map((value) => value.toLowerCase());
  return (request) => patterns.some((pattern) => matchesWildcards(pattern, hostOf(request.host).toLowerCase()));
}

/**
 * `*` is any number of characters, `?` exactly one; all else stands for itself. Only the last star is ever tried again,
 * so the time is bounded by the product of the lengths, which a regular expression does not promise.
 */
export function matchesWildcards(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < text.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (pattern[at] === '?' || pattern[at] === text[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}

/** The host name without its port. */
export const hostOf = (header: string): string => header.replace(/:\d*$/, '');

export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** The query with its `?`, or nothing. */
export function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start + 1);
}
