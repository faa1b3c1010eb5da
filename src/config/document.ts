/** Reads YAML text: its value, the line of each path in it, and syntax errors with their lines. */
import { isNode, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { ConfigFault } from './faults.ts';
import type { Path } from './path.ts';

export interface Document {
  readonly value: unknown;
  readonly faults: readonly ConfigFault[];
  /** Line of the value at `path`, counted from 1, or of the closest thing around it. */
  lineOf(path: Path): number | undefined;
}

export function readDocument(text: string): Document {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, uniqueKeys: true, merge: true });
  const lineOf = (path: Path): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  const faults = [...document.errors, ...document.warnings].map(syntaxFault);
  // What a broken document still holds would only lead to follow-up faults.
  return { value: faults.length > 0 ? undefined : toValue(document), faults, lineOf };
}

function toValue(document: ReturnType<typeof parseDocument>): unknown {
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

function syntaxFault(error: YAMLError): ConfigFault {
  const duplicate = error.code === 'DUPLICATE_KEY';
  // The first line of the message; the rest repeats the text of the file.
  const found = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.code;
  return {
    path: '(syntax)',
    found,
    allowed: duplicate ? 'every key once' : 'valid YAML',
    line: error.linePos?.[0].line,
  };
}
