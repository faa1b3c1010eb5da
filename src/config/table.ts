/** Facts about mayfly.yaml that are read off its schema: the reference table, and the keys that each place knows. */
import { z } from 'zod';
import type { Path } from './path.ts';
import { FileSchema } from './schema.ts';

export interface ConfigKey {
  /** With `{name}` for a key that people choose, e.g. `projects.{name}.repo`. */
  readonly key: string;
  readonly type: string;
  /** As written in YAML; `required` or `–` (optional) without one. */
  readonly default: string;
  readonly meaning: string;
}

/** The part of JSON Schema that zod makes of ours. */
interface Node {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

/** One row a key, in the order of the schema. */
export function configTable(): readonly ConfigKey[] {
  return rowsOf(toNode('input'), '');
}

function rowsOf(node: Node, prefix: string): ConfigKey[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return [...rowOf(child, key, node.required?.includes(name) ?? false), ...rowsOf(child, key)];
  });
  const values = node.additionalProperties;
  if (typeof values !== 'object') return own;
  const key = `${prefix}.{name}`;
  return [...own, ...rowOf(values, key, false), ...rowsOf(values, key)];
}

/** A group without a meaning of its own is told by its keys. */
function rowOf(node: Node, key: string, required: boolean): ConfigKey[] {
  if (node.description === undefined) return [];
  const fallback = required ? 'required' : '–';
  const shown = node.default === undefined ? fallback : defaultText(node.default);
  return [{ key, type: typeOf(node), default: shown, meaning: node.description }];
}

function defaultText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function typeOf(node: Node): string {
  if (node.title !== undefined) return node.title;
  if (node.enum) return node.enum.join(' | ');
  if (node.items) return `list of ${typeOf(node.items)}`;
  const names: Record<string, string> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'true or false',
    object: 'map',
  };
  return names[String(node.type)] ?? String(node.type);
}

/** Keys allowed at a path of the file; none where people choose the keys. */
export function knownKeys(path: Path): readonly string[] {
  const node = path.reduce<Node | undefined>(childOf, toNode('output'));
  return Object.keys(node?.properties ?? {});
}

function childOf(node: Node | undefined, part: string | number): Node | undefined {
  if (typeof part === 'number') return node?.items;
  const values = node?.additionalProperties;
  return node?.properties?.[part] ?? (typeof values === 'object' ? values : undefined);
}

function toNode(io: 'input' | 'output'): Node {
  return z.toJSONSchema(FileSchema, { io, unrepresentable: 'any' }) as Node;
}
