/** Faults of the configuration: found all at once, told by path, with what was found and what is allowed. */
import type { z } from 'zod';
import type { Fault } from '../model/environment.ts';
import { describe } from '../model/faults.ts';
import { closest } from './closest.ts';
import { type Path, pathText } from './path.ts';
import { knownKeys } from './table.ts';

/** A fault in a file has a line, one in the environment has none. */
export interface ConfigFault extends Fault {
  readonly line?: number | undefined;
}

/** One fault for each thing that zod finds wrong. The schema's messages are written as "what is allowed". */
export function faultsOfIssues(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  lineOf: (path: Path) => number | undefined,
): ConfigFault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...path, key], lineOf([...path, key])));
    }
    const keyMessage = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
    const found = keyMessage === undefined ? describe(valueAt(value, path)) : `the name "${path.at(-1) ?? ''}"`;
    return [{ path: pathText(path), found, allowed: keyMessage ?? issue.message, line: lineOf(path) }];
  });
}

function unknownKey(path: Path, line: number | undefined): ConfigFault {
  const keys = knownKeys(path.slice(0, -1));
  const guess = closest(String(path.at(-1)), keys);
  const allowed = `one of ${keys.join(', ')}`;
  return {
    path: pathText(path),
    found: 'an unknown key',
    allowed: guess === undefined ? allowed : `did you mean "${guess}"? (${allowed})`,
    line,
  };
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, part) => (at as Record<string | number, unknown> | null | undefined)?.[part], value);
}

/** For the terminal: one block a fault, in the order of the file. */
export function formatFaults(faults: readonly ConfigFault[], file?: string): string {
  const ordered = faults.toSorted((a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER));
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  const blocks = ordered.map(({ path, found, allowed, line }) => {
    const place = line === undefined ? '' : `  (${file === undefined ? 'line ' : `${file}:`}${line})`;
    return `  ${path}${place}\n    found    ${found}\n    allowed  ${allowed}`;
  });
  return [`The configuration has ${count}:`, ...blocks].join('\n\n');
}
