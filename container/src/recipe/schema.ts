/** What may stand in `.mayfly.yml`. Each field's error says what is allowed there. */
import { z } from 'zod';
import { type Fault, found, unknownKey } from './faults.ts';
import { isRecord } from './manifest.ts';

const MOST_ENTRIES = 200;
const LONGEST_ENTRY = 300;

const COMMAND = 'a command, a list of commands, or false';
const PATHS = `a list of at most ${MOST_ENTRIES} paths or globs`;
const ENTRY = `a path or glob in the repository, of at most ${LONGEST_ENTRY} characters`;

const command = field<string | readonly string[] | false>(
  COMMAND,
  (value) => value === false || isText(value) || (isFilledList(value) && value.every(isText)),
);
const flag = field<boolean>('true or false', (value) => typeof value === 'boolean');
const entries = z
  .array(
    field<string>(ENTRY, (value) => isText(value) && value.length <= LONGEST_ENTRY),
    { error: PATHS },
  )
  .max(MOST_ENTRIES, { error: PATHS });
const env = z.record(
  z.string(),
  field<string | number | boolean>(
    'a text, a number, true or false',
    (value) => ['string', 'number', 'boolean'].includes(typeof value) && !String(value).includes('\0'),
  ),
  { error: 'variables, as NAME: value' },
);
const path = field<string>(
  'a path that begins with /, without ? and #, e.g. /api',
  (value) => typeof value === 'string' && /^\/[!-~]*$/.test(value) && !/[?#]|\/\/|\/\.\.?(?:\/|$)/.test(value),
);
const healthPath = field<string | false>(
  'a path that begins with /, e.g. /healthz, or false',
  (value) => value === false || (typeof value === 'string' && /^\/[!-~]*$/.test(value)),
);

/** How one app is run. */
const app = {
  directory: field<string>('a directory of the repository', isText).optional(),
  install: command.optional(),
  build: command.optional(),
  start: field<string>('a command', isText).optional(),
  health: healthPath.optional(),
  inputs: entries.optional(),
  cache: z
    .strictObject(
      { install: entries.optional(), build: entries.optional() },
      { error: 'install and build, each a list of paths' },
    )
    .optional(),
  hot: flag.optional(),
};

const appProcess = z.strictObject(
  { ...app, env: env.optional(), route: path.optional() },
  { error: `the keys ${[...Object.keys(app), 'env', 'route'].join(', ')}` },
);

const schema = z.strictObject(
  {
    env: env.optional(),
    robots: field<'allow' | 'noindex'>(
      'allow or noindex',
      (value) => value === 'allow' || value === 'noindex',
    ).optional(),
    ...app,
    processes: z.record(z.string(), appProcess, { error: 'processes, as name: { … }' }).optional(),
  },
  { error: `the keys env, robots, ${[...Object.keys(app), 'processes'].join(', ')}` },
);

export type Raw = z.infer<typeof schema>;
export type RawApp = z.infer<typeof appProcess>;

/** Enough to take out one layer of faults after the other; a fault cannot hide deeper ones than there are layers. */
const MOST_ROUNDS = 5;

/** The well-formed part of what was found, so that it can be checked further and all faults be told at once. */
export function validate(content: unknown): { readonly value: Raw; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  let value = content;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data, faults };
    const issues = result.error.issues.flatMap((issue) => faultsOf(issue, value));
    faults.push(...issues);
    value = without(
      value,
      issues.map(({ path }) => path),
    );
  }
  return { value: {}, faults };
}

function faultsOf(issue: z.core.$ZodIssue, value: unknown): Fault[] {
  const { path } = issue;
  if (issue.code !== 'unrecognized_keys') return [{ path, text: found(valueAt(value, path), issue.message) }];
  return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(key, keysAt(path)) }));
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.at(-1) === 'cache') return ['install', 'build'];
  return Object.keys(path[0] === 'processes' ? appProcess.shape : schema.shape);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>>)[key], value);
}

/** A list is taken out as a whole, and so is what has nothing left in it. */
function without(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  if (!isRecord(value)) return {};
  const inner = new Map<PropertyKey | undefined, PropertyKey[][]>();
  for (const [key, ...rest] of paths) {
    const known = inner.get(key);
    if (known) known.push(rest);
    else inner.set(key, [rest]);
  }
  const kept = Object.entries(value).flatMap(([key, at]): [string, unknown][] => {
    const below = inner.get(key);
    if (!below) return [[key, at]];
    if (below.some(([next]) => next === undefined || typeof next === 'number')) return [];
    const left = without(at, below);
    return isRecord(left) && Object.keys(left).length > 0 ? [[key, left]] : [];
  });
  return inner.has(undefined) ? {} : Object.fromEntries(kept);
}

function field<T>(allowed: string, check: (value: unknown) => boolean): z.ZodType<T> {
  return z.custom<T>(check, { error: allowed });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !value.includes('\0');
}

function isFilledList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}
