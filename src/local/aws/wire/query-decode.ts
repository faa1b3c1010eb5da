/**
 * The request side of the AWS query protocol: a form such as `Tags.member.1.Key=a&Tags.member.1.Value=b` becomes the
 * shape that the schema describes. The inverse of the SDK's QueryShapeSerializer.
 */
import type { NormalizedSchema } from '@smithy/core/schema';
import { InvalidMember, checkRequired } from './validation.ts';

/** One level of the dotted names. A Map, so that a member called `__proto__` is only a name. */
interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/** Throws InvalidMember when a value does not fit. Unknown parameters are let pass, as AWS does. */
export function decodeQuery(schema: NormalizedSchema, form: URLSearchParams): object {
  const root: Node = { children: new Map() };
  for (const [name, value] of form) {
    insert(root, name, value);
  }
  return decodeStruct(schema, root, '');
}

function insert(root: Node, name: string, value: string): void {
  let node = root;
  for (const part of name.split('.')) {
    let child = node.children.get(part);
    if (child === undefined) {
      child = { children: new Map() };
      node.children.set(part, child);
    }
    node = child;
  }
  node.value = value;
}

function decode(schema: NormalizedSchema, node: Node, path: string): unknown {
  if (schema.isStructSchema()) {
    return decodeStruct(schema, node, path);
  }
  if (schema.isListSchema()) {
    return decodeList(schema, node, path);
  }
  if (schema.isMapSchema()) {
    return decodeMap(schema, node, path);
  }
  if (node.value === undefined) {
    throw new InvalidMember(path, 'be a single value', 'of type structure');
  }
  return decodeSimple(schema, node.value, path);
}

function decodeStruct(schema: NormalizedSchema, node: Node, path: string): object {
  const result: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const key = xmlName(member, name);
    const child = node.children.get(key);
    if (child !== undefined) {
      result[name] = decode(member, child, path === '' ? name : `${path}.${name}`);
    }
  }
  checkRequired(schema, result, path);
  return result;
}

function decodeList(schema: NormalizedSchema, node: Node, path: string): unknown[] {
  const member = schema.getValueSchema();
  const items = itemsOf(schema, node, xmlName(member, 'member'), path);
  return items.map(([index, child]) => decode(member, child, `${path}.${index}.member`));
}

function decodeMap(schema: NormalizedSchema, node: Node, path: string): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const valueSchema = schema.getValueSchema();
  for (const [index, entry] of itemsOf(schema, node, 'entry', path)) {
    const key = entry.children.get(xmlName(schema.getKeySchema(), 'key'))?.value;
    const value = entry.children.get(xmlName(valueSchema, 'value'));
    if (key === undefined || value === undefined) {
      throw new InvalidMember(`${path}.${index}`, 'have a key and a value');
    }
    result[key] = decode(valueSchema, value, `${path}.${key}`);
  }
  return { ...result };
}

/** The numbered items of a list or map in order. An empty list is written as `Name=`. */
function itemsOf(schema: NormalizedSchema, node: Node, wrapper: string, path: string): [number, Node][] {
  const flat = schema.getMergedTraits().xmlFlattened !== undefined;
  const holder = flat ? node : node.children.get(wrapper);
  if (holder === undefined) {
    if (node.children.size > 0 || (node.value ?? '') !== '') {
      throw new InvalidMember(path, `be a list, written as ${path}.${wrapper}.N`, 'of another form');
    }
    return [];
  }
  const items = [...holder.children].map(([index, child]): [number, Node] => [indexOf(index, path), child]);
  return items.sort(([a], [b]) => a - b);
}

function indexOf(text: string, path: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new InvalidMember(path, 'be numbered from 1', `index '${text.slice(0, 40)}'`);
  }
  return Number(text);
}

function decodeSimple(schema: NormalizedSchema, text: string, path: string): unknown {
  if (schema.isNumericSchema()) {
    return decodeNumber(text, path);
  }
  if (schema.isBooleanSchema()) {
    return decodeBoolean(text, path);
  }
  if (schema.isTimestampSchema()) {
    return decodeTimestamp(schema, text, path);
  }
  return schema.isBlobSchema() ? new Uint8Array(Buffer.from(text, 'base64')) : text;
}

function decodeNumber(text: string, path: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidMember(path, 'be a number', quote(text));
  }
  return value;
}

function decodeBoolean(text: string, path: string): boolean {
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') {
    throw new InvalidMember(path, 'be true or false', quote(text));
  }
  return lower === 'true';
}

/** The timestamp schema 7 is seconds since the epoch; the query protocol's own form is ISO 8601. */
const EPOCH_SECONDS = 7;

function decodeTimestamp(schema: NormalizedSchema, text: string, path: string): Date {
  const value =
    (schema.getSchema() as unknown) === EPOCH_SECONDS ? new Date(Math.round(Number(text) * 1000)) : new Date(text);
  if (Number.isNaN(value.getTime())) {
    throw new InvalidMember(path, 'be a timestamp', quote(text));
  }
  return value;
}

function xmlName(schema: NormalizedSchema, otherwise: string): string {
  const name = schema.getMergedTraits().xmlName;
  return typeof name === 'string' ? name : otherwise;
}

function quote(text: string): string {
  return `'${text.slice(0, 100)}'`;
}
