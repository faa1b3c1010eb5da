/** YAML 1.2, with the line of each field. Duplicate keys and texts that grow when they are resolved are refused. */
import type { Document, LineCounter } from 'yaml';
import type { LineOf } from './faults.ts';

/** Beyond this, resolving the aliases of a small text could fill the memory. */
const MOST_ALIASES = 100;

export type Parsed =
  | { readonly content: unknown; readonly lineOf: LineOf }
  /** Each a sentence with its line. */
  | { readonly problems: readonly string[] };

/** Loads the parser only when it is needed, since most repositories have no YAML for it and it takes memory. */
export async function parseYaml(text: string): Promise<Parsed> {
  const { isAlias, LineCounter, parseDocument, visit } = await import('yaml');
  const counter = new LineCounter();
  const lineAt = (offset: number): number => counter.linePos(offset).line;
  try {
    const document = parseDocument(text, { version: '1.2', lineCounter: counter, prettyErrors: false });
    const problems = [...document.errors, ...document.warnings].map(
      ({ message, pos }) => `${message} (line ${lineAt(pos[0])})`,
    );
    if (problems.length > 0) return { problems };
    let aliases = 0;
    visit(document, (_, node) => {
      aliases += Number(isAlias(node));
    });
    if (aliases > MOST_ALIASES) return { problems: [`it has more than ${MOST_ALIASES} aliases`] };
    const content: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { content, lineOf: (path) => lineOf(document, counter, path) };
  } catch (error) {
    // A bomb of aliases is a ReferenceError, a nesting too deep a RangeError.
    if (error instanceof RangeError || error instanceof ReferenceError) return { problems: [error.message] };
    throw error;
  }
}

interface PairLike {
  readonly key: { readonly value?: unknown; readonly range?: readonly number[] | null };
  readonly value: unknown;
}

/** Of the deepest part of the path that is in the text. */
function lineOf(document: Document, counter: LineCounter, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    const pair = pairOf(node, key);
    if (!pair) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
}

function pairOf(node: unknown, key: PropertyKey): PairLike | undefined {
  if (typeof node !== 'object' || node === null || !('items' in node)) return undefined;
  const items = node.items as readonly PairLike[];
  return items.find((item) => String(item.key?.value) === String(key));
}
