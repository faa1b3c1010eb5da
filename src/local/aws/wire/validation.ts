/** Checks a decoded JSON value against an SDK schema, since the SDK's own decoder believes whatever it is given. */
import type { NormalizedSchema } from '@smithy/core/schema';
import type { StaticStructureSchema } from '@smithy/types';

/** A member that is missing or of the wrong type; the dispatcher turns it into the protocol's error code. */
export class InvalidMember extends Error {
  constructor(path: string, constraint: string, found = 'null') {
    super(
      `1 validation error detected: Value ${found} at '${path}' failed to satisfy constraint: Member must ${constraint}`,
    );
    this.name = 'InvalidMember';
  }
}

/** Names of the members that the API model marks as required: the SDK lists them first and counts them. */
export function requiredMembers(schema: NormalizedSchema): readonly string[] {
  const raw = schema.getSchema() as unknown as StaticStructureSchema;
  return raw[4].slice(0, typeof raw[6] === 'number' ? raw[6] : 0);
}

/** Throws InvalidMember when a required member is absent at any depth. */
export function checkRequired(schema: NormalizedSchema, value: object, path: string): void {
  for (const name of requiredMembers(schema)) {
    const member = (value as Record<string, unknown>)[name];
    if (member === undefined || member === null) {
      throw new InvalidMember(join(path, name), 'not be null');
    }
  }
}

/** Throws InvalidMember unless `value`, as parsed from JSON, fits the schema. Unknown members are let pass, as AWS does. */
export function checkJson(schema: NormalizedSchema, value: unknown, path = ''): void {
  if (schema.isStructSchema()) {
    checkStruct(schema, expectObject(value, path), path);
  } else if (schema.isListSchema()) {
    checkList(schema, value, path);
  } else if (schema.isMapSchema()) {
    for (const [key, item] of Object.entries(expectObject(value, path))) {
      checkJson(schema.getValueSchema(), item, join(path, key));
    }
  } else {
    checkSimple(schema, value, path);
  }
}

function checkStruct(schema: NormalizedSchema, value: Record<string, unknown>, path: string): void {
  checkRequired(schema, value, path);
  for (const [name, member] of schema.structIterator()) {
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (found !== undefined && found !== null) {
      checkJson(member, found, join(path, name));
    }
  }
}

function checkList(schema: NormalizedSchema, value: unknown, path: string): void {
  if (!Array.isArray(value)) {
    throw new InvalidMember(path, 'be a list', kindOf(value));
  }
  value.forEach((item: unknown, index) => {
    checkJson(schema.getValueSchema(), item, join(path, `${index + 1}.member`));
  });
}

function expectObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidMember(path || 'body', 'be an object', kindOf(value));
  }
  return value as Record<string, unknown>;
}

function checkSimple(schema: NormalizedSchema, value: unknown, path: string): void {
  const expected = simpleType(schema);
  if (expected !== undefined && typeof value !== expected) {
    throw new InvalidMember(path, `be a ${expected}`, kindOf(value));
  }
}

function simpleType(schema: NormalizedSchema): 'string' | 'number' | 'boolean' | undefined {
  if (schema.isStringSchema() || schema.isBlobSchema()) {
    return 'string';
  }
  if (schema.isNumericSchema() || schema.isTimestampSchema()) {
    return 'number';
  }
  return schema.isBooleanSchema() ? 'boolean' : undefined;
}

function kindOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'of type list' : `of type ${typeof value}`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
