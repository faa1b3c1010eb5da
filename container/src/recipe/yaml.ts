/** YAML 1.2, with the line of each field. Duplicate keys and texts that grow when they are resolved are refused. */
import type { Document, LineCounter } from 'yaml';
import type { LineOf } from './faults.ts';

/** Beyond this, resolving the aliases of a small text could fill the memory. */
const MOST_ALIASES = 100;

export type Parsed =
  | { readonly content: unknown; readonly lineOf: LineOf }
  /** Each a sentence with its line. */
  | { readonly problems: readonly string[] };

/** The parser calls itself for each level, and takes a second to find out that it cannot. */
const DEEPEST = 50;

/** Loads the parser only when it is needed, since most repositories have no YAML for it and it takes memory. */
export async function parseYaml(text: string): Promise<Parsed> {
  if (isDeep(text)) return { problems: [`it is nested more than ${DEEPEST} levels deep`] };
  const { LineCounter, parseDocument, visit } = await import('yaml');
  const counter = new LineCounter();
  const lineAt = (offset: number): number => counter.linePos(offset).line;
  // Its own look for keys that are there twice takes a time that grows with the square of their number.
  const options = { version: '1.2', lineCounter: counter, prettyErrors: false, uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  const problems = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `${message} (line ${lineAt(pos[0])})`,
  );
  let aliases = 0;
  visit(document, {
    Alias: () => {
      aliases += 1;
    },
    Map: (_, { items }) => {
      problems.push(...twice(items as readonly PairLike[], lineAt));
    },
  });
  if (aliases > MOST_ALIASES) problems.push(`it has more than ${MOST_ALIASES} aliases`);
  if (problems.length > 0) return { problems };
  try {
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { content, lineOf: (path) => lineOf(document, counter, path) };
  } catch (error) {
    // An alias of nothing, or a bomb of them.
    if (error instanceof ReferenceError) return { problems: [error.message] };
    throw error;
  }
}

/** Roughly: brackets in texts count, and more of them than this are in no text that people write. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[{\]}]/g)) {
    depth += '[{'.includes(bracket) ? 1 : -1;
    if (depth > DEEPEST) return true;
  }
  return new RegExp(`(?:[-?:][ \\t]+){${DEEPEST}}`).test(text);
}

function twice(items: readonly PairLike[], lineAt: (offset: number) => number): string[] {
  const known = new Set<string>();
  return items.flatMap(({ key }) => {
    const name = String(key?.value);
    if (known.has(name)) return [`${JSON.stringify(name)} is there twice (line ${lineAt(key?.range?.[0] ?? 0)})`];
    known.add(name);
    return [];
  });
}

interface PairLike {
  readonly key: { readonly value?: unknown; readonly range?: readonly number[] | null } | null;
  readonly value: unknown;
}

/** Of the deepest part of the path that is in the text. */
function lineOf(document: Document, counter: LineCounter, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    const pair = pairOf(node, key);
    if (!pair) break;
    offset = pair.key?.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
}

function pairOf(node: unknown, key: PropertyKey): PairLike | undefined {
  if (typeof node !== 'object' || node === null || !('items' in node)) return undefined;
  const items = node.items as readonly PairLike[];
  return items.find((item) => String(item.key?.value) === String(key));
}
