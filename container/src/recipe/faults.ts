/** Faults of `.mayfly.yml`, in words. */
import { PhaseError } from '../updates/progress.ts';

export const FILE = '.mayfly.yml';

/** So many are told; a file with more of them is no recipe. */
const MOST_FAULTS = 30;

export interface Fault {
  /** From the top of the file; empty for the file itself. */
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

export type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/** All of them at once, so that a person corrects them in one go. */
export function faultsError(faults: readonly Fault[], lineOf: LineOf = () => undefined): PhaseError {
  const lines = faults.slice(0, MOST_FAULTS).map(({ path, text }) => {
    const line = lineOf(path);
    return `${path.length > 0 ? `${show(path)}: ` : ''}${text}${line === undefined ? '' : ` (line ${line})`}`;
  });
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return new PhaseError('recipe', `${FILE}: ${only}`);
  if (faults.length > lines.length) lines.push(`and ${faults.length - lines.length} more`);
  return new PhaseError(
    'recipe',
    `${FILE} has ${faults.length} faults:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

export function found(value: unknown, allowed: string): string {
  return `found ${shorten(value)}; allowed: ${allowed}`;
}

export function unknownKey(key: string, allowed: readonly string[]): string {
  const [closest] = allowed
    .map((each) => ({ each, distance: distance(key.toLowerCase(), each) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(one.each.length / 3)))
    .sort((one, other) => one.distance - other.distance);
  return closest ? `is not known; did you mean ${closest.each}?` : `is not known; allowed: ${allowed.join(', ')}`;
}

/** `processes.web.inputs[0]` */
function show(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = /^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(key);
    return text === '' ? name : `${text}.${name}`;
  }, '');
}

function shorten(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Levenshtein's: how many letters have to be changed, added or left out. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1];
    for (let index = 0; index < other.length; index += 1) {
      const changed = (row[index] ?? 0) + Number(one[at] !== other[index]);
      next.push(Math.min(changed, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
